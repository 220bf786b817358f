# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for certificates of a public authority."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.acme.preflight import name_problem

from tests.unit.lib.sites import Judge, points, site

SITE = "edge: edge1 edge2"
ACCOUNT = "acme_email: ops@hospital.com\nacme_accept_terms: true\n"
ONE = "acme_certificates: [{name: web, names: [pacs.hospital.com]}]"
DNS = "acme_certificates: [{name: web, names: ['*.hospital.com'], challenge: dns}]"
PROVIDER = 'acme_dns_provider: cloudflare\nacme_dns_credentials: {CF_DNS_API_TOKEN: "{{ vault_token }}"}'


def said(judged: Judge, variables: str) -> set[tuple[str, str]]:
    """(code, variable) of the role's findings."""
    return {(code, name) for code, _where, name in points(judged(site(SITE, variables))) if code.startswith("acme-")}


@pytest.mark.parametrize("variables", ["", f"{ACCOUNT}{ONE}", f"{ACCOUNT}{DNS}\n{PROVIDER}", f"{ACCOUNT}{ONE}\nacme_host: edge2"])
def test_good(judged: Judge, variables: str) -> None:
    """Nothing is wrong, without certificates either."""
    assert said(judged, variables) == set()


@pytest.mark.parametrize(
    ("variables", "code", "variable"),
    [
        (ONE, "acme-account", "acme_email"),
        (ONE, "acme-account", "acme_accept_terms"),
        (f"{ACCOUNT}{ONE}\nacme_host: db1", "acme-host", "acme_host"),
        (f"{ACCOUNT}{ONE}\nacme_staging: true", "acme-staging", "acme_staging"),
        (f"{ACCOUNT}{DNS}", "acme-dns", "acme_dns_provider"),
        (f"{ACCOUNT}{DNS}\nacme_dns_provider: cloudflare", "acme-dns", "acme_dns_credentials"),
        (f"{ACCOUNT}acme_certificates: [{{name: web, names: ['*.hospital.com']}}]", "acme-wildcard", "acme_certificates[0].challenge"),
        (f"{ACCOUNT}acme_certificates: [{{name: web, names: []}}]", "acme-certificate", "acme_certificates[0]"),
        (f"{ACCOUNT}acme_certificates: [{{name: '../x', names: [a.hospital.com]}}]", "acme-certificate", "acme_certificates[0]"),
        (
            f"{ACCOUNT}acme_certificates: [{{name: a, names: [a.hospital.com]}}, {{name: a, names: [b.hospital.com]}}]",
            "acme-certificate",
            "acme_certificates[1]",
        ),
        (f"{ACCOUNT}acme_certificates: [{{name: web, names: [pacs.clinic.lan]}}]", "acme-name", "acme_certificates[0].names"),
    ],
)
def test_bad(judged: Judge, variables: str, code: str, variable: str) -> None:
    assert (code, variable) in said(judged, variables)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("pacs.hospital.com", ""),
        ("*.hospital.com", ""),
        ("a.co.tz", ""),
        ("https://pacs.hospital.com", "URL"),
        ("pacs.hospital.com:443", "port"),
        ("192.0.2.5", "address"),
        ("pacs", "two parts"),
        ("my_pacs.hospital.com", "not a DNS name"),
        ("a.*.hospital.com", "not a DNS name"),
        ("pacs.example.org", "example"),
        ("*.example.com", "example"),
        ("pacs.clinic.local", "private"),
        ("pacs.home.arpa", "private"),
    ],
)
def test_names(name: str, part: str) -> None:
    assert part in name_problem(name) and bool(part) == bool(name_problem(name))
