# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not opened is closed."""

from __future__ import annotations

import socket

import pytest
from server import Server
from site_under_test import Site

#: Ports of the data tier that nobody but the site's own servers may reach.
INNER_PORTS = (2379, 2380, 5432, 8008)


def enabled(site: Site, name: str) -> bool:
    return bool(site.values.get(name, "firewall_enabled", True))


def test_input_is_dropped_by_default(site: Site, servers: dict[str, Server]) -> None:
    """The input chain accepts what is named and drops the rest."""
    for name, server in servers.items():
        if enabled(site, name):
            assert "hook input priority filter; policy drop;" in server.seen("firewall"), name


@pytest.mark.parametrize("group", ["etcd", "postgresql"])
def test_controller_does_not_reach_the_data_tier(site: Site, group: str) -> None:
    """From here, which is no server of the site, no port of the data tier answers."""
    if site.values.hosts(group) and site.values.get(site.hosts(group)[0], "postgresql_client_addresses"):
        pytest.skip("the site lets further clients in (postgresql_client_addresses); this machine may be one of them")
    for name in site.hosts(group):
        if not enabled(site, name):
            continue
        for port in INNER_PORTS:
            try:
                with socket.create_connection((site.address(name), port), timeout=1):
                    pytest.fail(f"{name} lets everybody reach port {port}")
            except OSError:
                pass


def test_clients_do_not_reach_etcd(site: Site, servers: dict[str, Server]) -> None:
    """A server of applications has no business with etcd."""
    clients = [name for name in site.hosts("postgresql_client") if name not in {*site.hosts("etcd"), *site.hosts("postgresql")}]
    if not clients or not site.hosts("etcd"):
        pytest.skip("the site has no client apart from its database servers")
    member = site.hosts("etcd")[0]
    client = servers[clients[0]]
    try_it = "timeout 3 bash -c 'exec 3<>/dev/tcp/{}/{}'"
    if site.hosts("postgresql"):
        assert client.shell(try_it.format(site.address(site.hosts("postgresql")[0]), 5432)).status == 0, "not even PostgreSQL is reached"
    assert client.shell(try_it.format(site.address(member), 2379)).status != 0
