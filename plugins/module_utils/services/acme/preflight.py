# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a public authority: names that it can issue one for, how it sees them, and the account."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...preflight.findings import Code, Finding, Level
from ...preflight.model import Host, Site
from ...preflight.rules import Area
from ...preflight.rules.entries import entries
from ...preflight.rules.places import finding, place

ROLE = "acme"
GROUP = "edge"
#: Names that only a network of one's own knows (RFC 2606, 6761, 6762, 8375, 9476, and what ICANN keeps free).
PRIVATE = re.compile(r".*\.(?:lan|local|localdomain|localhost|internal|intranet|corp|home|private|test|invalid|home\.arpa)")
EXAMPLE = re.compile(r"(?:.*\.)?example(?:\.(?:com|net|org))?")
NAME = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")
#: What an authority puts into one certificate at most (Let's Encrypt: 100).
MOST_NAMES = 100

CODES = (
    Code(
        "acme-name",
        "A name of a certificate is not one that a public authority issues for: a URL, an address, a private name, or one of an example.",
        "Set acme_certificates: names that are in the public DNS, such as pacs.hospital.com.",
    ),
    Code(
        "acme-certificate",
        "An entry of acme_certificates has no names, too many, or the name of another one.",
        "Set acme_certificates: entries with different names, each with 1 to 100 DNS names.",
    ),
    Code(
        "acme-wildcard",
        "A wildcard is to be proved with the challenge http. Authorities accept only a record of the zone for it.",
        "Set challenge: dns, with acme_dns_provider and acme_dns_credentials.",
    ),
    Code(
        "acme-dns",
        "The challenge dns has no provider, or no credentials of it.",
        "Set acme_dns_provider: a provider of lego, and acme_dns_credentials with the settings of its documentation.",
    ),
    Code(
        "acme-account",
        "There are certificates to obtain, and the account has no mail address, or the terms are not accepted.",
        "Set acme_email: an address that is read, and acme_accept_terms: true.",
    ),
    Code(
        "acme-host",
        "The host that obtains the certificates is not one of the group.",
        "Set acme_host: a host of the group edge, or remove it for the first one.",
    ),
    Code(
        "acme-staging",
        "The certificates come from the staging environment: no client trusts them.",
        "Set acme_staging: false, once a certificate was obtained.",
        Level.WARNING,
    ),
)


def acme_hosts(site: Site) -> Iterator[Host]:
    """Hosts with the role that are to have certificates."""
    for host in site.hosts.values():
        if ROLE in host.roles and host.known("acme_certificates"):
            yield host


def _listed(host: Host) -> list[Mapping[str, Any]]:
    given = host.known("acme_certificates")
    return list(entries(list(given))) if isinstance(given, list | tuple) else []


def check_certificates(site: Site) -> Iterator[Finding]:
    """Each entry and its names."""
    for host in acme_hosts(site):
        where, name, source = place(site, host, ("acme_certificates",), GROUP)
        known: set[str] = set()
        for index, entry in enumerate(_listed(host)):
            at, called, names = f"{name}[{index}]", entry.get("name"), entry.get("names")
            problem = ""
            if isinstance(called, str):
                problem = "" if FOLDER.fullmatch(called) else "its name has characters that the name of a folder here may not have."
                problem = f"{called} is listed twice." if called in known else problem
                known.add(called)
            if isinstance(names, list | tuple) and not 1 <= len(names) <= MOST_NAMES:
                problem = f"it has {len(names)} names."
            if problem:
                yield Finding("acme-certificate", where, at, problem, "use another name, and 1 to 100 names", source)
            for one in names if isinstance(names, list | tuple) else ():
                if not isinstance(one, str):
                    continue
                wrong = name_problem(one.lower())
                if wrong:
                    fix = "use a name in the public DNS; use the site's own CA for names of its own network"
                    yield Finding("acme-name", where, f"{at}.names", f"{one}: {wrong}", fix, source)
                elif one.startswith("*.") and entry.get("challenge", "http") != "dns":
                    yield Finding("acme-wildcard", where, f"{at}.challenge", f"{one} is a wildcard.", "set challenge: dns", source)


def name_problem(name: str) -> str:
    """Why no public authority issues for a name; empty where one may."""
    if "://" in name or "/" in name or ":" in name:
        return "it is a URL or has a port."
    if re.fullmatch(r"[0-9.]+", name):
        return "it is an address."
    if not NAME.fullmatch(name):
        return "it is not a DNS name of at least two parts."
    if EXAMPLE.fullmatch(name.removeprefix("*.")):
        return "it belongs to an example."
    return "it is a private name." if PRIVATE.fullmatch(name) else ""


def check_challenge(site: Site) -> Iterator[Finding]:
    """What the challenge dns needs."""
    for host in acme_hosts(site):
        if not any(entry.get("challenge") == "dns" for entry in _listed(host)):
            continue
        if host.known("acme_dns_provider") == "":
            fix = "set acme_dns_provider: a provider of `lego dnshelp`, such as cloudflare"
            yield finding(site, host, ("acme_dns_provider",), GROUP, "acme-dns", "a certificate has the challenge dns.", fix)
        elif host.known("acme_dns_credentials") == {}:
            fix = "set acme_dns_credentials with the settings of the provider, encrypted"
            yield finding(site, host, ("acme_dns_credentials",), GROUP, "acme-dns", "the provider gets no credentials.", fix)


def check_account(site: Site) -> Iterator[Finding]:
    """The account, its terms, and who asks."""
    for host in acme_hosts(site):
        mail = host.known("acme_email")
        if isinstance(mail, str) and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", mail):
            problem = "the authority has no address to write to." if not mail else f"{mail} is not a mail address."
            yield finding(site, host, ("acme_email",), GROUP, "acme-account", problem, "set acme_email: an address that is read")
        if host.known("acme_accept_terms") is False:
            problem = "the authority issues nothing before its terms are accepted."
            fix = "read them (Let's Encrypt: letsencrypt.org/repository), then acme_accept_terms: true"
            yield finding(site, host, ("acme_accept_terms",), GROUP, "acme-account", problem, fix)
        chosen = host.text("acme_host")
        if chosen and chosen not in {one.name for one in site.hosts.values() if ROLE in one.roles}:
            problem = f"{chosen} is not a host with the role."
            yield finding(site, host, ("acme_host",), GROUP, "acme-host", problem, "set acme_host: a host of the group edge")
        if host.known("acme_staging") is True:
            problem = "no client trusts what the staging environment issues."
            yield finding(site, host, ("acme_staging",), GROUP, "acme-staging", problem, "set acme_staging: false")


AREA = Area("Certificates of a public authority", CODES, (check_certificates, check_challenge, check_account))
