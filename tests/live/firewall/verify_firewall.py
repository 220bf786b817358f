# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not opened is closed."""

from __future__ import annotations

import socket

import pytest

from tests.live.lib.server import Server
from tests.live.lib.site import Site

#: Group -> variables with the ports that no one but the site's own servers may reach.
INNER_PORTS = {"etcd": ("etcd_client_port", "etcd_peer_port"), "postgresql": ("postgresql_port", "postgresql_rest_port")}


def enabled(reached: Site, name: str) -> bool:
    """Whether the site wants a firewall there."""
    return bool(reached.values.get(name, "firewall_enabled", True))


def test_input_is_dropped_by_default(reached: Site, servers: dict[str, Server]) -> None:
    """The input chain accepts what is named and drops the rest."""
    for name, server in servers.items():
        if enabled(reached, name):
            assert "hook input priority filter; policy drop;" in server.seen("firewall"), name


@pytest.mark.parametrize("group", INNER_PORTS)
def test_controller_does_not_reach_the_data_tier(reached: Site, servers: dict[str, Server], group: str) -> None:
    """No port of the data tier answers this controller, which is not a server of the site."""
    if reached.values.hosts(group) and reached.values.get(reached.hosts(group)[0], "postgresql_client_addresses"):
        pytest.skip("the site lets further clients in (postgresql_client_addresses); this machine may be one of them")
    for name in reached.hosts(group):
        if not enabled(reached, name):
            continue
        for port in (reached.values.setting(name, variable) for variable in INNER_PORTS[group]):
            assert f":{port} " in servers[name].seen("listening"), f"nobody listens on port {port} of {name}: this would prove nothing"
            try:
                with socket.create_connection((reached.address(name), port), timeout=1):
                    pytest.fail(f"{name} lets everybody reach port {port}")
            except OSError:
                pass


def test_clients_do_not_reach_etcd(reached: Site, servers: dict[str, Server]) -> None:
    """etcd does not answer a server of applications."""
    clients = [name for name in reached.hosts("postgresql_client") if name not in {*reached.hosts("etcd"), *reached.hosts("postgresql")}]
    if not clients or not reached.hosts("etcd"):
        pytest.skip("the site has no client apart from its database servers, or none that can be judged now")
    member = reached.hosts("etcd")[0]
    client = servers[clients[0]]
    try_it = "timeout 3 bash -c 'exec 3<>/dev/tcp/{}/{}'"
    if reached.hosts("postgresql"):
        database = reached.hosts("postgresql")[0]
        port = reached.values.setting(database, "postgresql_port")
        assert client.shell(try_it.format(reached.address(database), port)).status == 0, "not even PostgreSQL is reached"
    assert client.shell(try_it.format(reached.address(member), reached.values.setting(member, "etcd_client_port"))).status != 0
