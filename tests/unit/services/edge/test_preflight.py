# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the edge: its sites, users, certificates and ports."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from tests.unit.lib.sites import Judge, points, site

from .conftest import Made, certificate

HOSTS = "edge: e1\ndocker: app1 app2"
ONE = "{name: pacs, names: [pacs.clinic.health], servers: ['app1:8042']}"


def said(judged: Judge, variables: str, hosts: str = HOSTS) -> set[tuple[str, str]]:
    """(code, variable) of the edge's findings."""
    return {(code, name) for code, _where, name in points(judged(site(hosts, variables))) if code.startswith("edge-")}


def provided(made: Made, more: str = "") -> str:
    """A site with a certificate of the inventory."""
    given = yaml.safe_dump({"edge_certificates": {"pacs": {"fullchain": made[0], "key": made[1]}}})
    return f"edge_sites: [{ONE[:-1]}, certificate: {{source: provided}}{more}}}]\n{textwrap.dedent(given)}"


@pytest.mark.parametrize(
    "variables",
    [
        "",
        f"edge_sites: [{ONE}]",
        f"edge_sites: [{ONE}, {{name: b, names: [b.clinic.health], servers: ['10.0.0.1:80'], port: 8443}}]",
        f"edge_engine: traefik\nedge_sites: [{ONE}]",
        f"edge_users: [{{name: ann}}]\nedge_sites: [{ONE[:-1]}, basic_auth: [ann], allow_from: [docker]}}]",
        "edge_sites: [{name: a, names: [a.clinic.health], protocol: tcp, port: 5432, tls: passthrough, servers: ['app1:1']}, "
        "{name: b, names: [b.clinic.health], protocol: tcp, port: 5432, tls: passthrough, servers: ['app2:1']}]",
        "edge_sites: [{name: a, names: [a.clinic.health], certificate: {source: acme}, redirect_to: 'https://b.clinic.health'}]",
        'edge_sites: "{{ unknown_before_the_run }}"',
    ],
)
def test_good(judged: Judge, variables: str) -> None:
    """No rule at all has anything to say of it."""
    report = judged(site(HOSTS, variables))
    known = [
        finding.line()
        for finding in (*report.errors, *report.warnings)
        if "unknown_before_the_run" not in variables or "edge-" in finding.code
    ]
    assert known == []


@pytest.mark.parametrize(
    ("variables", "code", "variable"),
    [
        ("edge_sites: [{name: a, names: ['https://a.clinic.health'], servers: ['app1:1']}]", "edge-site-invalid", "edge_sites[0].names[0]"),
        (f"edge_sites: [{ONE}, {ONE.replace('pacs.', 'b.')}]", "edge-site-twice", "edge_sites[1].name"),
        (f"edge_sites: [{ONE}, {ONE.replace('name: pacs', 'name: b')}]", "edge-site-twice", "edge_sites[1].names[0]"),
        (f"edge_sites: [{ONE[:-1]}, port: 80}}]", "edge-site-twice", "edge_sites[0].port"),
        (
            f"edge_sites: [{ONE}, {{name: b, names: [b.clinic.health], protocol: tcp, port: 443, servers: ['app1:1']}}]",
            "edge-site-twice",
            "edge_sites[1].port",
        ),
        (
            "edge_sites: [{name: a, names: [a.clinic.health], protocol: tcp, port: 5432, tls: passthrough, servers: ['app1:1']}, "
            "{name: b, names: [b.clinic.health], protocol: tcp, port: 5432, servers: ['app1:1']}]",
            "edge-site-twice",
            "edge_sites[1].port",
        ),
        (
            "edge_sites: [{name: a, names: [a.clinic.health], protocol: tcp, port: 5432, tls: passthrough, servers: ['app1:1']}, "
            "{name: b, names: [b.clinic.health], protocol: tcp, port: 5432, tls: passthrough, servers: ['app1:1'], allow_from: [app1]}]",
            "edge-site-twice",
            "edge_sites[1].allow_from",
        ),
        (f"edge_sites: [{ONE.replace('pacs.clinic.health', 'pacs.example.org')}]", "edge-name-example", "edge_sites[0].names[0]"),
        (
            f"edge_sites: [{ONE.replace('clinic.health', 'clinic.lan')[:-1]}, certificate: {{source: acme}}}}]",
            "edge-name-private",
            "edge_sites[0].names[0]",
        ),
        (f"edge_sites: [{ONE.replace('app1:8042', 'app3:8042')}]", "edge-server-unknown", "edge_sites[0].servers[0]"),
        (
            f"edge_sites: [{ONE[:-1]}, paths: [{{path: /a, servers: ['app1:1', 'app9:1']}}]}}]",
            "edge-server-unknown",
            "edge_sites[0].paths[0].servers[1]",
        ),
        (f"edge_sites: [{ONE[:-1]}, basic_auth: [ann]}}]", "edge-user-unknown", "edge_sites[0].basic_auth[0]"),
        ("edge_revocation_name: http://pacs.clinic.health", "edge-revocation-name", "edge_revocation_name"),
        ("edge_revocation_name: '*.clinic.health'", "edge-revocation-name", "edge_revocation_name"),
        ("edge_floating_addresses: [10.1.0.100/24]", "edge-floating-address", "edge_floating_addresses"),
        ("edge_users: [{name: ann}, {name: ann}]", "edge-user-invalid", "edge_users[1].name"),
        ("edge_users: [{name: 'a:b'}]", "edge-user-invalid", "edge_users[0].name"),
        (f"edge_users: [{{name: ann, password: {'x1y2z3w4' * 10}}}]", "edge-user-invalid", "edge_users[0].password"),
        (f"edge_sites: [{ONE[:-1]}, certificate: {{source: provided}}}}]", "edge-certificate-provided", "edge_sites[0].certificate"),
        (
            "edge_engine: traefik\nedge_sites: [{name: a, names: [a.clinic.health], protocol: tcp, port: 104, servers: ['app1:1'], "
            "client_certificates: {mode: required, revoked: '-----BEGIN X509 CRL-----'}}]",
            "edge-engine-lacks",
            "edge_sites[0].client_certificates.revoked",
        ),
        (
            "edge_engine: traefik\nedge_sites: [{name: a, names: [a.clinic.health], protocol: tcp, port: 104, servers: ['app1:1'], "
            "client_certificates: {mode: required}}]",
            "edge-revocation-unchecked",
            "edge_sites[0].client_certificates",
        ),
        (
            "edge_engine: traefik\nedge_sites: [{name: a, names: ['*.clinic.health'], servers: ['app1:1'], "
            "client_certificates: {mode: required}}]",
            "edge-engine-lacks",
            "edge_sites[0].client_certificates",
        ),
        (
            "edge_engine: traefik\nedge_sites: [{name: a, names: [a.clinic.health], protocol: tcp, port: 104, servers: ['app1:1'], "
            "upstream: {balance: source}}]",
            "edge-engine-lacks",
            "edge_sites[0].upstream.balance",
        ),
    ],
)
def test_bad(judged: Judge, variables: str, code: str, variable: str) -> None:
    assert said(judged, variables) == {(code, variable)}


def test_nginx_does_what_traefik_lacks(judged: Judge) -> None:
    entry = "{name: a, names: ['*.clinic.health'], servers: ['app1:1'], client_certificates: {mode: required}}"
    assert said(judged, f"edge_sites: [{entry}]") == set()


def test_provided_certificates(judged: Judge, good: Made) -> None:
    """A certificate that fits; one of another name, one that has expired, one with another key, one without its chain."""
    now = datetime.now(UTC)
    names = ["pacs.clinic.health"]
    assert said(judged, provided(good)) == set()
    wrong = {("edge-certificate-provided", "edge_sites[0].certificate")}
    assert said(judged, provided(certificate(["other.clinic.health"], now))) == wrong
    assert said(judged, provided(certificate(names, now - timedelta(days=100)))) == wrong
    assert said(judged, provided((good[0], certificate(names, now)[1]))) == wrong
    assert said(judged, provided(("nonsense", good[1]))) == wrong
    assert said(judged, provided(certificate(names, now, issuer="An authority"))) == {
        ("edge-certificate-chain", "edge_sites[0].certificate")
    }


def test_ports_of_one_host(judged: Judge) -> None:
    """CapRover's proxy has 80 and 443, too; the ports of sites count."""
    both = "edge: e1\ndocker: e1\ncaprover: e1"
    terms = "caprover_accept_terms: true\n"
    found = {code for code, _where, _name in points(judged(site(both, f"{terms}edge_sites: [{ONE.replace('app1', 'e1')}]")))}
    assert "host-port-twice" in found
    moved = f"{terms}edge_http_port: 8080\nedge_https_port: 8443\nedge_sites: [{ONE.replace('app1', 'e1')}]"
    found = {code for code, _where, _name in points(judged(site(both, moved)))}
    assert "host-port-twice" not in found
    own = "edge_sites: [{name: a, names: [a.clinic.health], protocol: tcp, port: 5000, servers: ['e1:1']}]"
    found = {code for code, _where, _name in points(judged(site("edge: e1\nregistry: e1", own)))}
    assert found == {"host-port-twice"}


def test_an_unknown_source(judged: Judge) -> None:
    """allow_from is judged with the other lists of sources."""
    found = points(judged(site(HOSTS, f"edge_sites: [{ONE[:-1]}, allow_from: [unknown-group]}}]")))
    assert found, "an unknown group is not reported"


@pytest.mark.parametrize(
    ("address", "bad"),
    [
        ("10.1.0.100/24", False),
        ("10.1.0.100/32", False),
        ("10.9.0.100/32", False),
        ("2001:db8::9/64", False),
        ("10.1.0.100", True),
        ("10.1.0.3/24", True),
        ("10.1.0.0/24", True),
        ("10.1.0.255/24", True),
        ("10.9.0.100/24", True),
        ("vip/24", True),
    ],
)
def test_floating_addresses(judged: Judge, address: str, bad: bool) -> None:
    """Between two hosts; not that of another host."""
    found = said(judged, f"edge_floating_addresses: ['{address}']", "edge: e1 e2\ndocker: app1")
    assert found == ({("edge-floating-address", "edge_floating_addresses[0]")} if bad else set())


def test_a_floating_address_of_another_interface(judged: Judge) -> None:
    """Which networks a host's other interfaces are in, only the host knows."""
    text = "edge_floating_addresses: [10.9.0.100/24]\nedge_floating_interface: eth1"
    assert said(judged, text, "edge: e1 e2\ndocker: app1") == set()
