# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Swarm and CapRover on a converged site."""

from __future__ import annotations

import json

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site

PART = "docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}'"
REPLICAS = "docker service ls --filter name=captain-captain --format '{{.Name}} {{.Replicas}}'"
NETWORK = "docker network inspect captain-overlay-network --format '{{json .Options}}'"
#: What CapRover answers to a login, on its own host: 1105 is a wrong password, 1113 that there were too many, 100 that it is right.
LOGIN = """python3 - {port} {password} <<'END'
import json, sys, urllib.request
request = urllib.request.Request(
    f"http://127.0.0.1:{{sys.argv[1]}}/api/v2/login",
    data=json.dumps({{"password": sys.argv[2]}}).encode(),
    headers={{"content-type": "application/json", "x-namespace": "captain", "x-forwarded-proto": "https"}},
)
print(json.load(urllib.request.urlopen(request, timeout=20))["status"])
END
"""


@pytest.fixture
def hosts(reached: Site) -> list[str]:
    """The hosts of the group, of which there is at least one."""
    return required(reached, "caprover", "nodes of a Swarm with CapRover")


def managers(reached: Site, host: str) -> list[str]:
    """The managers as the inventory has them; CapRover runs on the first."""
    named = reached.values.setting(host, "caprover_managers")
    return list(named or reached.values.in_order("caprover")[:1])


@pytest.fixture
def captain(reached: Site, hosts: list[str], servers: dict[str, Server]) -> tuple[str, Server]:
    """CapRover's host."""
    name = managers(reached, hosts[0])[0]
    if name not in servers:
        pytest.skip(f"{name}, on which CapRover runs, cannot be tested")
    return name, servers[name]


def test_each_host_has_its_part_in_the_swarm(reached: Site, hosts: list[str], servers: dict[str, Server]) -> None:
    """Manager or worker, as the inventory says."""
    for name in hosts:
        expected = f"active {str(name in managers(reached, name)).lower()}"
        assert servers[name].shell(PART).text.strip() == expected, name


def test_caprover_runs(captain: tuple[str, Server]) -> None:
    """Docker sees its one task running."""
    assert captain[1].shell(REPLICAS).text.split() == ["captain-captain", "1/1"]


def test_the_known_default_password_is_refused(reached: Site, captain: tuple[str, Server]) -> None:
    """One wrong login of the five that CapRover allows."""
    name, server = captain
    port = reached.values.setting(name, "caprover_admin_port")
    answer = server.shell(LOGIN.format(port=port, password="captain42"))
    assert answer.text.strip() in ("1105", "1113"), answer.text


def test_the_network_of_the_apps(reached: Site, captain: tuple[str, Server]) -> None:
    """Encrypted as the inventory says."""
    name, server = captain
    options = json.loads(server.shell(NETWORK).text)
    assert (options.get("encrypted") == "true") == bool(reached.values.setting(name, "caprover_network_encrypted"))
