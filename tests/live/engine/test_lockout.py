# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first firewall that locks us out, on a real server: it is gone again by itself, also where the power went in between."""

from __future__ import annotations

import json
import socket
import subprocess

import pytest

from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

PLAYBOOK = "../molecule/engine/firewall.yml"
#: This machine is not there.
LOCKS_OUT = json.dumps({"site_admin_addresses": ["192.0.2.1"]})
#: What the guard keeps while it is armed.
GUARD = "/var/lib/vannah/guard"
LEFT = (
    GUARD,
    "/etc/vannah/firewall.nft",
    "/etc/systemd/system/vannah-firewall.service",
    "/etc/systemd/system/sysinit.target.wants/vannah-firewall.service",
    "/etc/systemd/system/vannah-guard-boot.service",
    "/etc/systemd/system/sysinit.target.wants/vannah-guard-boot.service",
    "/run/vannah/guard-armed",
)


@pytest.fixture(scope="module")
def host(site: Site) -> str:
    """The server, without a managed firewall."""
    name = site.hosts("all")[0]
    assert left(site, name) == []
    return name


def answers(site: Site, host: str) -> bool:
    """Whether SSH can be reached from here."""
    try:
        socket.create_connection((site.address(host), 22), timeout=2).close()
    except OSError:
        return False
    return True


def left(site: Site, host: str) -> list[str]:
    """What is there of the firewall and of its guard."""
    found = site.run(host, "find", *LEFT, "-maxdepth", "0", check=False).stdout.split()
    table = site.run(host, "nft", "list", "table", "inet", "vannah", check=False)
    return found + (["table inet vannah"] if table.returncode == 0 else [])


def lock_out(site: Site, host: str) -> subprocess.CompletedProcess[str]:
    """A run whose firewall does not let its next connection in."""
    done = site.playbook(PLAYBOOK, "-e", LOCKS_OUT)
    assert done.returncode != 0, done.stdout[-3000:]
    assert "reverts it by itself" in done.stdout, done.stdout[-3000:]
    assert not answers(site, host), "nobody was locked out, so nothing is proven"
    return done


def test_a_first_firewall_that_locks_out_goes_by_itself(site: Site, host: str) -> None:
    """Table, unit and file are gone after the guard's minute, and the server is reached again."""
    lock_out(site, host)
    wait_until(lambda: answers(site, host), "the firewall has let go", ceiling(90))
    wait_until(lambda: GUARD not in left(site, host), "the revert has ended", ceiling(20))
    assert left(site, host) == []


def test_a_power_cut_does_not_keep_it(site: Site, host: str) -> None:
    """The countdown dies with the power; the next boot puts everything back before the firewall would start."""
    lock_out(site, host)
    site.docker("kill", site.container(host))
    site.start(host)
    wait_until(lambda: answers(site, host), "the server is reached after its boot", ceiling(30))
    assert left(site, host) == []


def test_a_third_try_is_refused(site: Site, host: str) -> None:
    """What has locked us out twice is not tried again, and another definition is."""
    refused = site.playbook(PLAYBOOK, "-e", LOCKS_OUT)
    assert refused.returncode != 0 and "locked-out" in refused.stdout, refused.stdout[-3000:]
    assert answers(site, host) and left(site, host) == []
    good = site.playbook(PLAYBOOK)
    assert good.returncode == 0, good.stdout[-3000:]
    assert answers(site, host) and "table inet vannah" in left(site, host) and GUARD not in left(site, host)
    away = site.playbook(PLAYBOOK, "-e", json.dumps({"firewall_enabled": False}))
    assert away.returncode == 0, away.stdout[-3000:]
    assert left(site, host) == []
