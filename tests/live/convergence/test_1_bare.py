# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on servers as they come: exits 0, says what it would do, changes nothing on the servers nor in the site's folder."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tests.live.lib.site import Site
from tests.live.lib.untouched import server


def folder(path: Path) -> dict[str, str]:
    """Hashes of the files of the site's folder."""
    return {str(f.relative_to(path)): hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(path.rglob("*")) if f.is_file()}


def test_check_mode_on_bare_servers(site: Site) -> None:
    """One run with --check --diff on servers that no one touched yet."""
    hosts = site.hosts("all")
    servers = {host: server(site, host) for host in hosts}
    site_folder = folder(site.inventory)
    done = site.playbook(site.main_playbook, "--check", "--diff")
    assert done.returncode == 0, done.stdout[-6000:]
    changed = dict(re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", done.stdout, re.MULTILINE))
    assert all(int(changed.get(host, "0")) for host in hosts), f"a bare server has nothing to do: {changed}"
    assert folder(site.inventory) == site_folder, "check mode wrote into the site's folder"
    for host in hosts:
        after = server(site, host)
        differing = sorted(path for path in {*servers[host], *after} if servers[host].get(path) != after.get(path))
        assert not differing, f"check mode changed {host}: {differing[:20]}"
    assert all(len(entries) > 100 for entries in servers.values()), "nothing was compared"
