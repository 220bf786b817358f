# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not opened is closed."""

from __future__ import annotations

import socket

import pytest

from tests.live.lib.server import Server
from tests.live.lib.site import Site

#: Ports of the data tier that nobody but the site's own servers may reach.
INNER_PORTS = (2379, 2380, 5432, 8008)


def enabled(reached: Site, name: str) -> bool:
    return bool(reached.values.get(name, "firewall_enabled", True))


def test_input_is_dropped_by_default(reached: Site, servers: dict[str, Server]) -> None:
    """The input chain accepts what is named and drops the rest."""
    for name, server in servers.items():
        if enabled(reached, name):
            assert "hook input priority filter; policy drop;" in server.seen("firewall"), name


@pytest.mark.parametrize("group", ["etcd", "postgresql"])
def test_controller_does_not_reach_the_data_tier(reached: Site, group: str) -> None:
    """From here, which is no server of the site, no port of the data tier answers."""
    if reached.values.hosts(group) and reached.values.get(reached.hosts(group)[0], "postgresql_client_addresses"):
        pytest.skip("the site lets further clients in (postgresql_client_addresses); this machine may be one of them")
    for name in reached.hosts(group):
        if not enabled(reached, name):
            continue
        for port in INNER_PORTS:
            try:
                with socket.create_connection((reached.address(name), port), timeout=1):
                    pytest.fail(f"{name} lets everybody reach port {port}")
            except OSError:
                pass


def test_clients_do_not_reach_etcd(reached: Site, servers: dict[str, Server]) -> None:
    """A server of applications has no business with etcd."""
    clients = [name for name in reached.hosts("postgresql_client") if name not in {*reached.hosts("etcd"), *reached.hosts("postgresql")}]
    if not clients or not reached.hosts("etcd"):
        pytest.skip("the site has no client apart from its database servers")
    member = reached.hosts("etcd")[0]
    client = servers[clients[0]]
    try_it = "timeout 3 bash -c 'exec 3<>/dev/tcp/{}/{}'"
    if reached.hosts("postgresql"):
        database = reached.address(reached.hosts("postgresql")[0])
        assert client.shell(try_it.format(database, 5432)).status == 0, "not even PostgreSQL is reached"
    assert client.shell(try_it.format(reached.address(member), 2379)).status != 0
