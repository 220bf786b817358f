# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup jobs of cron on test servers, and wrong bytes in what they have stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.live.lib.site import Site

#: Turns a bit of the byte in the middle of a file, and back again.
FLIP = """import sys
with open(sys.argv[1], "r+b") as file:
    at = file.seek(0, 2) // 2
    file.seek(at)
    byte = file.read(1)
    file.seek(at)
    file.write(bytes([byte[0] ^ 1]))
"""


def cron(site: Site, host: str, entry: str) -> tuple[int, str]:
    """Run the command of an entry of /etc/cron.d as cron runs it: /bin/sh, its own few variables, no terminal."""
    lines = site.read(host, "cat", f"/etc/cron.d/{entry}").splitlines()
    (line,) = [one for one in lines if one and not one.startswith("#")]
    user, command = line.split(None, 6)[5:]
    assert user == "root"
    argv = ["env", "-i", "PATH=/usr/bin:/bin", "SHELL=/bin/sh", "HOME=/root", "LOGNAME=root", "/bin/sh", "-c", command]
    done = site.run(host, *argv, check=False, timeout=240)
    return done.returncode, done.stdout + done.stderr


@contextmanager
def flipped(site: Site, host: str, path: str) -> Iterator[None]:
    """A bit of a file is wrong."""
    site.run(host, "python3", "-c", FLIP, path)
    try:
        yield
    finally:
        site.run(host, "python3", "-c", FLIP, path)
