# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of an edge that serves: no client sees one, and a bad one is undone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from tests.live.edge.authority import Authority
from tests.live.edge.clients import Clients, Result, result
from tests.live.edge.engines import PUBLIC, Edge
from tests.live.edge.pebble import LONG, SHORT
from tests.live.edge.upstreams import PAYLOAD
from tests.live.lib.waiting import ceiling, wait_until

Measured = Callable[[str], None]

#: Beside which the edge changes, and how often at least. From the second time on the public authority's certificate changes, too.
REQUESTS, ROUNDS = (100_000, 2) if "VANNAH_SOAK" in os.environ else (100, 1)

PACS = "https://pacs.edge.vannah.internal"
NAME = "pacs.edge.vannah.internal"
#: edge_floating_addresses of the inventory.
FLOATING = "172.30.21.100"


def served(edge: Edge, clients: Clients) -> dict[str, str]:
    """The certificate of the public authority that each host of the edge shows."""
    return {host: Clients(edge.site, clients.host, host).certificate(PUBLIC) for host in edge.hosts}


def test_a_renewal_under_load(edge: Edge, clients: Clients, authority: Authority, measured: Measured) -> None:
    """The timer's unit renews the certificate in its last third, without a restart or a failed request."""
    process, first = edge.show(edge.hosts[0], "MainPID"), edge.obtained(edge.hosts[0])
    wait_until(lambda: edge.state() in ("due", "expired"), "the certificate ends soon", SHORT, 2)
    edge.pebble.start(authority, edge.hosts, LONG)  # which does not know the account any more: the key is registered again
    load = clients.load(NAME, "/payload", PAYLOAD)
    try:
        time.sleep(1)  # the load runs
        edge.obtain()
        time.sleep(2)  # the old processes end while the new ones serve
    finally:
        found = result(load)
    second = edge.obtained(edge.hosts[0])
    assert second not in ("", first) and edge.state() == "valid"
    wait_until(lambda: served(edge, clients)[edge.hosts[0]] == second, "the new certificate is served", ceiling(10))
    measured(f"{edge.engine}: renewed beside {found.requests} requests, {found.retried} closed idle connections")
    assert found.requests > 20 and not found.failures, found.failures[:5]
    assert edge.show(edge.hosts[0], "MainPID") == process


def test_changes_under_load(edge: Edge, clients: Clients, measured: Measured) -> None:
    """A new certificate, a new header and reloads without a reason: no answer is lost or cut off, and the process stays.

    The other host gets the certificate that the first one has obtained. `make soak` repeats it until there were enough requests, each time
    with another certificate of the public authority.
    """
    process, certificate = edge.show(edge.hosts[0], "MainPID"), clients.certificate(NAME)
    rounds: list[Result] = []
    while len(rounds) < ROUNDS or sum(found.requests for found in rounds) < REQUESTS:
        load = clients.load(NAME, "/payload", PAYLOAD)
        try:
            time.sleep(1)  # the load runs
            for _ in range(3):
                edge.site.run(edge.hosts[0], "systemctl", "reload", edge.unit)
                time.sleep(1)  # the old processes end while the new ones serve
            if rounds:
                edge.converge(edge_sites=edge.sites)
                edge.forget()
                edge.obtain()
            edge.converge(edge_sites=changed(edge))
        finally:
            rounds.append(result(load))
        assert rounds[-1].requests > 100 and not rounds[-1].failures, (len(rounds), rounds[-1].failures[:5])
    total, retried = sum(found.requests for found in rounds), sum(found.retried for found in rounds)
    measured(f"{edge.engine}: {total} requests in {len(rounds)} rounds of changes, {retried} closed idle connections, no failure")
    assert clients.get(f"{PACS}/").headers["x-changed"] == "yes"
    assert clients.certificate(NAME) != certificate and clients.certificate("also.edge.vannah.internal") == clients.certificate(NAME)
    assert edge.show(edge.hosts[0], "MainPID") == process
    second = edge.obtained(edge.hosts[0])
    wait_until(lambda: set(served(edge, clients).values()) == {second}, "both hosts serve the new certificate", ceiling(10))


def changed(edge: Edge) -> list[dict[str, Any]]:
    """Sites after the test above: a site leaves, too, with its certificate."""
    sites = edge.with_site("pacs", names=[NAME, "also.edge.vannah.internal"], response_headers={"X-Changed": "yes"})
    return [entry for entry in sites if entry["name"] != "small"]


def test_a_second_run_changes_nothing(edge: Edge) -> None:
    """Nothing is reloaded, either, although a certificate was renewed between two runs."""
    before = [edge.reloads(host) for host in edge.hosts]
    edge.site.converge_unchanged(*edge.arguments(edge_sites=changed(edge)))
    assert [edge.reloads(host) for host in edge.hosts] == before


def test_a_certificate_that_comes_and_goes(edge: Edge, clients: Clients) -> None:
    """Served after a reload; until then, and when it is gone, one of the site's own authority is. Half a pair is not served."""
    name, folder, host = "later.edge.vannah.internal", "/etc/vannah/acme/later", edge.hosts[0]
    own, (certificate, key) = clients.certificate(name), edge.authority.signed("later", 6001, [name])

    def put(file: str, text: str) -> None:
        edge.site.run(host, "sh", "-c", f"umask 077; mkdir -p {folder}; cat > {folder}/{file}", stdin=text)

    def reload() -> None:
        edge.site.run(host, "systemctl", "reload", edge.unit)

    put("fullchain.pem", certificate)
    put("privkey.pem", edge.authority.signed("other", 6002, [name])[1])
    reload()
    time.sleep(2)  # both engines take over what they read a moment later
    assert clients.certificate(name) == own != ""
    put("privkey.pem", key)
    reload()
    wait_until(lambda: clients.certificate(name) not in ("", own), "the certificate of ACME is served", ceiling(10))
    edge.site.run(host, "rm", "-r", folder)
    reload()
    wait_until(lambda: clients.certificate(name) == own, "the certificate of the site's authority is served", ceiling(10))


def test_a_bad_change_is_undone(edge: Edge, clients: Clients, measured: Measured) -> None:
    """An authority that is damaged: the run fails with its reason, and the old configuration serves all the time."""
    damaged = edge.authority.certificate_pem.replace("MII", "AAA", 1)
    mutual = {"mode": "required", "authority": damaged, "revoked": edge.authority.revoked_pem}
    load = clients.load(NAME, "/payload", PAYLOAD)
    try:
        done = edge.try_converge(edge_sites=edge.with_site("mutual", client_certificates=mutual))
    finally:
        found = result(load)
    assert done.returncode != 0, done.stdout[-3000:]
    assert "/etc/vannah/edge/pem/" in done.stdout or "mutual" in done.stdout, done.stdout[-3000:]
    measured(f"{edge.engine}: {found.requests} requests beside a refused change, {len(found.failures)} failures")
    assert not found.failures, found.failures[:5]
    assert clients.get(f"{PACS}/").headers["x-changed"] == "yes"


def test_a_port_that_another_program_has(edge: Edge, clients: Clients) -> None:
    """The engine cannot serve the new site; the others are served with the old configuration afterwards."""
    port = 7443
    edge.site.run(edge.hosts[0], "systemd-run", "-q", "--unit=taken", "python3", "-m", "http.server", "--bind", "0.0.0.0", str(port))
    taken = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)"
    wait_until(
        lambda: edge.site.run(edge.hosts[0], "python3", "-c", taken, str(port), check=False).returncode == 0,
        "the port is taken",
        ceiling(20),
    )
    try:
        done = edge.try_converge(edge_sites=edge.with_site("small", port=port))
        assert done.returncode != 0, done.stdout[-3000:]
        said = " ".join(done.stdout.lower().split())  # Ansible breaks lines
        assert f":{port}" in said and "address already in use" in said, done.stdout[-5000:]
        assert clients.get(f"{PACS}/").headers["x-changed"] == "yes"
    finally:
        edge.site.run(edge.hosts[0], "systemctl", "stop", "taken.service")


def holder(edge: Edge) -> str:
    """The host that has the floating address; empty where no host or more than one has it."""
    shown = {host: edge.site.run(host, "ip", "-oneline", "address", "show", check=False).stdout for host in edge.hosts}
    having = [host for host, text in shown.items() if f" {FLOATING}/" in text]
    return having[0] if len(having) == 1 else ""


def test_the_floating_address(edge: Edge, clients: Clients, measured: Measured) -> None:
    """Goes to another host where the engine ends, and where the host does; that one serves again when it comes back."""
    floating = Clients(edge.site, clients.host, edge.hosts[0], FLOATING)
    first = wait_until(lambda: holder(edge), "a host has the floating address", ceiling(30))
    edge.site.run(first, "systemctl", "stop", edge.unit)
    begun = time.monotonic()
    wait_until(lambda: floating.get(f"{PACS}/", "--max-time", "2").status == 200, "another host serves the address", ceiling(20))
    gaps = [time.monotonic() - begun]
    second = holder(edge)
    assert second not in ("", first)
    edge.site.run(first, "systemctl", "start", edge.unit)
    wait_until(lambda: edge.alive(first), f"{first} serves again", ceiling(30))
    time.sleep(5)  # its keepalived has seen that twice
    edge.site.docker("kill", edge.site.container(second))
    begun = time.monotonic()
    wait_until(lambda: floating.get(f"{PACS}/", "--max-time", "2").status == 200, "the first host serves the address", ceiling(20))
    gaps.append(time.monotonic() - begun)
    measured(f"{edge.engine}: the address was away for {gaps[0]:.1f} s after the engine's end, {gaps[1]:.1f} s after the host's")
    edge.site.start(second)
    wait_until(lambda: edge.alive(second), f"{second} serves again", ceiling(60), 1)
    assert wait_until(lambda: holder(edge), "one host has the address", ceiling(20)) == first
