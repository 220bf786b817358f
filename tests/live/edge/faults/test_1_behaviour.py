# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients see: the same with both engines."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable

import pytest

from tests.live.edge import upstreams
from tests.live.edge.clients import CA, Clients
from tests.live.edge.engines import LOGS, Edge
from tests.live.edge.faults.conftest import ENGINES, LEFT
from tests.live.lib.waiting import ceiling, wait_until

PACS = "https://pacs.edge.vannah.internal"
#: MiB of the upload; `make soak` sends what a study of computed tomography can have.
UPLOAD_MB = 2048 if "VANNAH_SOAK" in os.environ else 192
#: MiB of memory that it may cost.
MOST_MB = 96


def test_https(edge: Edge, clients: Clients) -> None:
    """With HTTP/2, HSTS and the site's own certificate; headers as the site says. The other host serves the same."""
    found = clients.get(f"{PACS}/")
    assert (found.exit, found.status, found.version) == (0, 200, "2"), found
    assert found.body.strip() in edge.behind
    assert found.headers["strict-transport-security"] == "max-age=63072000"
    assert found.headers["x-frame-options"] == "DENY" and "x-removed" not in found.headers, found.headers
    for host in edge.hosts:
        assert Clients(edge.site, clients.host, host).get(f"{PACS}/").status == 200, host


def test_both_servers_are_asked(edge: Edge, clients: Clients) -> None:
    """One after the other."""
    assert {clients.get(f"{PACS}/").body.strip() for _ in range(8)} == set(edge.behind)


def test_http_leads_to_https(clients: Clients) -> None:
    """The method is kept."""
    found = clients.get("http://pacs.edge.vannah.internal/a?b=c")
    assert (found.status, found.headers["location"]) == (301, f"{PACS}/a?b=c")
    assert clients.get("http://pacs.edge.vannah.internal/a", "-d", "x").status == 308


@pytest.mark.parametrize(
    ("url", "location"),
    [(f"{PACS}/old", f"{PACS}/new"), ("https://any.away.edge.vannah.internal/a/b?c", f"{PACS}/a/b?c")],
)
def test_redirects(clients: Clients, url: str, location: str) -> None:
    """Of one path, and of a whole site."""
    found = clients.get(url)
    assert found.status == 301 and found.headers["location"] in (location, location.removeprefix(PACS)), found


def test_an_unknown_name(clients: Clients) -> None:
    """Sees no certificate, and no answer of a site."""
    assert clients.certificate("unknown.edge.vannah.internal") == ""
    assert clients.get("https://unknown.edge.vannah.internal/").exit == 35
    assert clients.get("http://unknown.edge.vannah.internal/").status in (0, 404)
    assert clients.get(f"{PACS}/", "--http1.1", "-H", "Host: unknown.edge.vannah.internal").status not in (200, 301)


def test_what_servers_are_told(edge: Edge, clients: Clients) -> None:
    """The client's own address, whatever it claims."""
    found = clients.get(f"{PACS}/headers", "-H", "X-Forwarded-For: 192.0.2.66", "-H", "X-Forwarded-Proto: http")
    host, proto, client = found.body.strip().split("|")
    assert (host, proto, client) == ("pacs.edge.vannah.internal", "https", edge.site.address(clients.host))
    assert clients.get(f"{PACS}/given").body.strip() == "yes|"


def test_websocket(clients: Clients) -> None:
    """Through both protocols of the edge."""
    assert clients.websocket("pacs.edge.vannah.internal", "/websocket") == "through the edge"


def test_grpc(clients: Clients) -> None:
    """Over HTTP/2 from end to end."""
    assert clients.rpc("rpc.edge.vannah.internal") == "desserts"


def test_a_server_that_ends(edge: Edge, clients: Clients) -> None:
    """No client sees it."""
    upstreams.web(edge.site, edge.behind[0], "kill")
    try:
        found = [clients.get(f"{PACS}/") for _ in range(30)]
        assert {(answer.status, answer.body.strip()) for answer in found} == {(200, edge.behind[1])}
    finally:
        upstreams.web(edge.site, edge.behind[0], "start")


def test_password(edge: Edge, clients: Clients) -> None:
    """The server does not get it."""
    url = "https://locked.edge.vannah.internal/given"
    assert clients.get(url).status == 401 and clients.get(url, "-u", "ann:wrong").status == 401
    found = clients.get(url, "-u", f"ann:{edge.password('ann')}")
    assert (found.status, found.body.strip()) == (200, "|")


def test_rate(clients: Clients) -> None:
    """The first requests are answered, and too many are not."""
    found = [clients.get("https://limited.edge.vannah.internal/").status for _ in range(12)]
    assert found[0] == 200 and 429 in found and set(found) == {200, 429}, found


def test_addresses(edge: Edge, clients: Clients) -> None:
    """One host is let in, another one not."""
    url = "https://closed.edge.vannah.internal/"
    assert clients.get(url, host=edge.behind[0]).status == 200
    assert clients.get(url, host=edge.behind[1]).status == 403


def test_mutual_tls(clients: Clients, identities: dict[str, list[str]]) -> None:
    """Without a certificate, with another authority's, an expired and a revoked one no request reaches the server."""
    url = "https://mutual.edge.vannah.internal/"
    assert clients.get(url, *identities["good"]).status == 200
    for name in ("", "revoked", "expired", "other", "staff"):
        found = clients.get(url, *identities.get(name, []))
        assert found.status in (0, 400, 403) and "app" not in found.body, (name, found)
    # A connection to another site is no way around it.
    found = clients.get(f"{PACS}/", "--http1.1", "-H", "Host: mutual.edge.vannah.internal")
    assert found.status in (400, 403, 421), found


def test_mutual_tls_with_the_sites_authority(edge: Edge, clients: Clients, identities: dict[str, list[str]]) -> None:
    """A certificate that pki/revoke_certificate.yml has revoked is refused by both hosts, without a list in the inventory's text."""
    url = "https://staff.edge.vannah.internal/"
    before = clients.get(url, *identities["left"]).status
    assert before == 200 or edge.engine != ENGINES[0]
    if before == 200:
        done = edge.site.playbook("pki/revoke_certificate.yml", *edge.arguments(), "-e", f"certificate_serial={LEFT:X}")
        assert done.returncode == 0, done.stdout[-3000:]
    assert clients.get(url, *identities["staff"]).status == 200
    for host in edge.hosts:
        for name in ("", "left", "good"):
            found = Clients(edge.site, clients.host, host).get(url, *identities.get(name, []))
            assert found.status in (0, 400, 403) and "app" not in found.body, (host, name, found)


def test_the_revocation_list(edge: Edge, clients: Clients) -> None:
    """Is where the site's certificates say, without TLS, on both hosts: the CA's own, as OpenSSL judges it, with what was revoked above."""
    shown = f"openssl s_client -connect {clients.address}:443 -servername pacs.edge.vannah.internal </dev/null 2>/dev/null"
    text = edge.site.read(clients.host, "sh", "-c", f"{shown} | openssl x509 -noout -ext crlDistributionPoints")
    (url,) = re.findall(r"URI:(\S+)", text)
    assert re.fullmatch(r"http://pacs\.edge\.vannah\.internal/pki/[0-9A-F]{40}\.crl", url), text
    judged = ["openssl", "crl", "-inform", "DER", "-in", "/root/found.crl", "-CAfile", CA, "-noout", "-text"]
    for host in edge.hosts:
        found = Clients(edge.site, clients.host, host).get(url, "-o", "/root/found.crl")
        assert (found.status, found.headers["content-type"]) == (200, "application/pkix-crl"), found
        done = edge.site.run(clients.host, *judged)
        assert "verify OK" in done.stderr and f"{LEFT:X}" in done.stdout, done
        assert clients.get("http://pacs.edge.vannah.internal/pki/other.crl").status == 301


def test_certificates_of_servers(clients: Clients) -> None:
    """A server with another name's certificate, or an expired one, gets no request."""
    assert clients.get("https://to-good.edge.vannah.internal/").status == 200
    for name in ("wrong", "expired"):
        found = clients.get(f"https://to-{name}.edge.vannah.internal/")
        assert found.status in (500, 502) and "behind" not in found.body, found


def test_a_certificate_of_the_inventory(edge: Edge, clients: Clients) -> None:
    """Its authority is not the site's."""
    edge.site.run(clients.host, "sh", "-c", "cat > /root/brought-ca.pem", stdin=edge.authority.certificate_pem)
    found = clients.get("https://brought.edge.vannah.internal/", "--cacert", "/root/brought-ca.pem")
    assert (found.exit, found.status) == (0, 200), found


def test_tls_that_ends_at_the_edge(clients: Clients) -> None:
    """A DICOM echo of a client that names no host."""
    assert clients.echo(4242) == 0


def test_tls_that_passes_through(edge: Edge, clients: Clients) -> None:
    """To the server that the name leads to, with its own certificate; another name does not lead there."""
    own = edge.site.read(edge.behind[0], "sh", "-c", "openssl x509 -in /srv/behind-tls/cert.pem -outform der | sha256sum").split()[0]
    assert clients.certificate("secure.edge.vannah.internal", 8443) == own
    assert clients.certificate("pacs.edge.vannah.internal", 8443) != own


def test_a_body_that_is_too_large(edge: Edge, clients: Clients) -> None:
    """Refused before the server gets it."""
    edge.site.run(clients.host, "sh", "-c", "head -c 3000000 /dev/zero > /root/three")
    assert clients.get("https://small.edge.vannah.internal/uploads/three", "-T", "/root/three").status == 413
    edge.site.run(clients.host, "sh", "-c", "head -c 500000 /dev/zero > /root/half")
    assert clients.get("https://small.edge.vannah.internal/uploads/half", "-T", "/root/half").status in (201, 204)


def test_a_large_upload(edge: Edge, clients: Clients, measured: Callable[[str], None]) -> None:
    """Arrives whole, and little of it is in the edge's memory at any time."""
    before = edge.memory_mb(edge.hosts[0])
    edge.site.run(clients.host, "sh", "-c", f"head -c {UPLOAD_MB << 20} /dev/urandom > /root/large", timeout=300)
    found = clients.get(
        "https://locked.edge.vannah.internal/uploads/large", "-T", "/root/large", "-u", f"ann:{edge.password('ann')}", "--max-time", "600"
    )
    assert found.status in (201, 204), found
    sums = [
        edge.site.read(host, "sha256sum", path, timeout=300).split()[0]
        for host, path in ((clients.host, "/root/large"), (edge.behind[0], "/srv/behind/uploads/large"))
    ]
    assert sums[0] == sums[1]
    grown = edge.memory_mb(edge.hosts[0]) - before
    measured(f"{edge.engine}: {UPLOAD_MB} MiB uploaded, {grown:.0f} MiB more memory at the peak")
    assert grown < MOST_MB
    edge.site.run(clients.host, "rm", "/root/large")
    edge.site.run(edge.behind[0], "rm", "/srv/behind/uploads/large")


def test_no_patient_in_a_log(edge: Edge, clients: Clients) -> None:
    """Each request is a line of JSON; the query string, which carries names in DICOMweb, is nowhere."""
    clients.get(f"{PACS}/dicom-web/studies?PatientName=DOE^JANE", "-H", "Referer: https://a.b/?PatientName=DOE^JANE")
    clients.get("https://closed.edge.vannah.internal/dicom-web/studies?PatientName=DOE^JANE")

    def logged() -> list[str]:
        return edge.site.read(edge.hosts[0], "tail", "-n", "40", LOGS[edge.engine]).splitlines()

    # nginx writes a second's lines at once.
    wait_until(lambda: sum("/dicom-web/studies" in line for line in logged()) > 1, "both requests are in the log", ceiling(10))
    assert all(json.loads(line) for line in logged())
    everything = f"cat /var/log/nginx/* /var/log/traefik/* 2>/dev/null; journalctl -b -q --no-pager -u {edge.unit}"
    said = edge.site.read(edge.hosts[0], "sh", "-c", f"{{ {everything}; }} | grep -c DOE || true").strip()
    assert said == "0", f"{said} lines have the patient's name"
