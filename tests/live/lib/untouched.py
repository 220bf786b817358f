# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that may not change a server is compared by."""

from __future__ import annotations

from tests.live.lib.site import Site

#: What is hashed on a server: configuration, packages, users' homes, our own state. Logs and caches are not.
PLACES = (
    "/etc",
    "/usr/local",
    "/root",
    "/home",
    "/opt",
    "/srv",
    "/var/lib/dpkg/status",
    "/var/lib/vannah",
    "/var/spool/cron",
    "/run/vannah",
)
#: find(1) follows nothing and prints one line for each file: kind, mode, owner, group, name, target; contents come from sha256sum.
LIST = ["find", *PLACES, "-xdev", "-printf", "%y %m %u %g %p %l\\n"]
SUMS = ["find", *PLACES, "-xdev", "-type", "f", "-exec", "sha256sum", "{}", "+"]


def server(site: Site, host: str) -> dict[str, str]:
    """What may not change on a server: path -> what it is. Places that do not exist are as good as empty."""
    found: dict[str, str] = {}
    for line in site.run(host, *LIST, check=False).stdout.splitlines():
        kind, mode, owner, group, path = line.split(" ", 4)
        found[path.split(" ")[0] + "#"] = f"{kind} {mode} {owner} {group} {path}"
    for line in site.run(host, *SUMS, check=False).stdout.splitlines():
        digest, path = line.split(maxsplit=1)
        found[path] = digest
    return found
