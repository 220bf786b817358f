# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A public authority asks through the edge for what proves a name, and its certificates are served and renewed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.live.edge.authority import Authority
from tests.live.edge.clients import Clients, result
from tests.live.edge.engines import Edge
from tests.live.edge.pebble import CA, Pebble
from tests.live.edge.upstreams import PAYLOAD
from tests.live.lib.waiting import ceiling, wait_until

#: One that a public authority would issue for. No server outside of the scenario is asked: pebble has a name server of its own.
NAME = "pacs.vannah.health"
LOADED = "pacs.edge.vannah.internal"
FILE = "/etc/vannah/acme/public/fullchain.pem"
#: Seconds. The first one is renewed in its last third.
SHORT, LONG = 75, 30 * 86400


def served(edge: Edge, clients: Clients) -> dict[str, str]:
    """The certificate that each host of the edge shows."""
    return {host: Clients(edge.site, clients.host, host).certificate(NAME) for host in edge.hosts}


def on_disk(edge: Edge, host: str) -> str:
    """The SHA-256 of the certificate that is in place; empty where there is none."""
    done = edge.site.run(host, "sh", "-c", f"openssl x509 -in {FILE} -outform der | sha256sum", check=False)
    return "" if done.stderr else done.stdout.split()[0]


def state(edge: Edge) -> str:
    """What the obtaining host says of it."""
    rows = json.loads(edge.site.read(edge.hosts[0], "/usr/local/lib/vannah/acme-certificates", "status"))
    return str(rows[0]["state"])


@pytest.fixture
def pebble(edge: Edge, authority: Authority) -> Iterator[Pebble]:
    """It finds the name at the host of the edge that does not obtain certificates."""
    started = Pebble(edge.site, edge.behind[-1], edge.site.address(edge.hosts[-1]))
    started.start(authority, edge.hosts, SHORT)
    yield started
    edge.converge()
    for host in edge.hosts:
        edge.site.run(host, "rm", "-rf", "/etc/vannah/acme/public", "/etc/vannah/acme/.public", CA)
        edge.site.run(host, "systemctl", "reload", edge.unit)
    edge.site.run(edge.hosts[0], "sh", "-c", "rm -rf /var/lib/vannah-acme/*")


@pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes two minutes for each engine: `make soak` runs it")
def test_obtained_and_renewed(edge: Edge, clients: Clients, authority: Authority, pebble: Pebble, measured: Callable[[str], None]) -> None:
    """Both hosts serve it, and the timer's unit renews it under load without a restart."""
    given: dict[str, Any] = {
        "edge_sites": edge.with_site("public", names=[NAME]),
        "edge_acme_challenge_servers": [f"{edge.hosts[0]}:8402"],
        "acme_certificates": [{"name": "public", "names": [NAME], "units": [edge.unit]}],
        "acme_directory": pebble.directory,
        "acme_ca": CA,
        "acme_email": "it@vannah.health",
        "acme_accept_terms": True,
    }
    processes = [edge.show(host, "MainPID") for host in edge.hosts]
    edge.converge(**given)
    first = on_disk(edge, edge.hosts[0])
    assert first and all(on_disk(edge, host) == first for host in edge.hosts)
    wait_until(lambda: set(served(edge, clients).values()) == {first}, "both hosts serve the certificate", ceiling(10))

    wait_until(lambda: state(edge) in ("due", "expired"), "it ends soon", SHORT, 2)
    pebble.start(authority, edge.hosts, LONG)  # which does not know the account any more: the key is registered again
    load = clients.load(LOADED, "/payload", PAYLOAD, 10)
    try:
        time.sleep(1)  # the load runs
        edge.site.run(edge.hosts[0], "systemctl", "start", "vannah-acme.service", timeout=120)
    finally:
        found = result(load)
    second = on_disk(edge, edge.hosts[0])
    assert second not in ("", first) and state(edge) == "valid"
    wait_until(lambda: served(edge, clients)[edge.hosts[0]] == second, "the new certificate is served", ceiling(10))
    assert found.requests > 20 and not found.failures, found.failures[:5]
    measured(f"{edge.engine}: renewed beside {found.requests} requests, {len(found.failures)} failures")
    # A run gives it to the other host, and no later one asks for another.
    edge.converge(**given)
    wait_until(lambda: set(served(edge, clients).values()) == {second}, "both hosts serve the new certificate", ceiling(10))
    assert [edge.show(host, "MainPID") for host in edge.hosts] == processes
    # The engine's unit watches the file, which came after it in that run: it is reloaded once more.
    edge.converge(**given)
    edge.site.converge_unchanged(*edge.arguments(**given))
    assert on_disk(edge, edge.hosts[0]) == second
