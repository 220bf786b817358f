# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One edge, served by each engine in turn: the same tests for both."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.edge import upstreams
from tests.live.edge.authority import Authority
from tests.live.edge.clients import Clients
from tests.live.edge.engines import PUBLIC, Edge
from tests.live.edge.pebble import CA, SHORT, Pebble
from tests.live.lib.site import Site

#: The serial number of a certificate of the site's own authority that a test revokes: there is no undo, so each run has its own.
LEFT = 2**100 + secrets.randbits(64)
#: The one of the inventory first, so that the first one needs no change.
ENGINES = ("traefik", "nginx")


@pytest.fixture(scope="session")
def behind(site: Site, authority: Authority) -> list[str]:
    """The hosts with services. The last one has the clients, too."""
    hosts = site.hosts("behind")
    upstreams.secure(site, hosts[0], authority)
    upstreams.start(site, hosts)
    return hosts


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority for clients, with a list of revoked certificates."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def more_sites(authority: Authority) -> list[dict[str, Any]]:
    """Sites with texts that are different each time."""
    mutual = {"mode": "required", "authority": authority.certificate_pem, "revoked": authority.revoked_pem}
    return [
        {"name": "mutual", "names": ["mutual.edge.vannah.internal"], "servers": ["app1:8042"], "client_certificates": mutual},
        {"name": "brought", "names": ["brought.edge.vannah.internal"], "servers": ["app1:8042"], "certificate": {"source": "provided"}},
        # The port is open, and nothing listens there.
        {"name": "to-nothing", "names": ["to-nothing.edge.vannah.internal"], "servers": ["app1:14000"]},
        *(
            {
                "name": f"to-{name}",
                "names": [f"to-{name}.edge.vannah.internal"],
                "servers": ["app1:8443"],
                "upstream": {"tls": True, "authority": authority.certificate_pem, "server_name": f"{name}.behind"},
            }
            for name in ("good", "wrong", "expired")
        ),
    ]


@pytest.fixture(scope="session")
def pebble(site: Site, behind: list[str]) -> Pebble:
    """A public authority, which finds each name at the host of the edge that does not obtain certificates."""
    return Pebble(site, behind[-1], site.address(site.hosts("edge")[-1]))


@pytest.fixture(scope="session", params=ENGINES)
def edge(
    request: pytest.FixtureRequest, site: Site, behind: list[str], authority: Authority, more_sites: list[dict[str, Any]], pebble: Pebble
) -> Iterator[Edge]:
    """Converged with one engine. The second one finds the certificate of the public authority that the first one has obtained."""
    sites = [*site.variable(site.hosts("edge")[0], "edge_sites"), *more_sites]
    sites = [{**entry, "names": [PUBLIC]} if entry["name"] == "public" else entry for entry in sites]
    made = Edge(site, str(request.param), behind, sites, authority, pebble)
    pebble.start(authority, made.hosts, SHORT)
    made.converge()
    yield made
    if request.param == ENGINES[-1]:
        site.converge()
        made.forget()
        for host in made.hosts:
            site.run(host, "rm", CA)
            site.run(host, "systemctl", "reload", "traefik.service")


@pytest.fixture(scope="session")
def clients(edge: Edge) -> Clients:
    """Clients of the first host of the edge; their address is not among those that a site lets in."""
    return Clients(edge.site, edge.behind[-1], edge.hosts[0])


@pytest.fixture(scope="session")
def staff(site: Site) -> Authority:
    """The site's own authority, as clients have certificates of it."""
    return Authority.of_site(site)


@pytest.fixture(scope="session")
def identities(
    edge: Edge, clients: Clients, authority: Authority, staff: Authority, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[str]]:
    """Certificates of clients, on their host: name -> arguments of curl."""
    folder: Path = tmp_path_factory.mktemp("identities")
    other = Authority(folder)
    made = {
        "good": authority.client(1001),
        "revoked": authority.client(authority.revoked),
        "expired": authority.client(1003, -1),
        "other": other.client(1002),
        "staff": staff.client(0x5A5A00000001),
        "left": staff.client(LEFT),
    }
    found = {}
    for name, (certificate, key) in made.items():
        for kind, text in (("pem", certificate), ("key", key)):
            edge.site.run(clients.host, "sh", "-c", f"umask 077; cat > /root/client-{name}.{kind}", stdin=text)
        found[name] = ["--cert", f"/root/client-{name}.pem", "--key", f"/root/client-{name}.key"]
    return found
