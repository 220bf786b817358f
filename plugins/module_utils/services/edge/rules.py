# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the sites of an edge, all of it at once. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ...preflight.findings import Code, Level
from ...preflight.model import parse_address
from ...preflight.values import Problem
from . import certificates
from .fields import BadSiteError
from .sites import DOMAIN, EdgeSite, parse

CODES = (
    Code("edge-site-invalid", "An entry of edge_sites does not describe a site.", "Correct what the message names."),
    Code(
        "edge-site-twice",
        "Two sites have one name, serve one name on one port, or use one port for different protocols.",
        "Use another name or port for one of them.",
    ),
    Code(
        "edge-name-example", "A site has a name that is reserved for examples (example.org and similar).", "Use a name of your own domain."
    ),
    Code(
        "edge-name-private",
        "A public certificate (ACME) is wanted for a name that no public authority signs: .lan, .local and similar.",
        "Set certificate: {source: internal} for the site, or a name of a public domain.",
    ),
    Code(
        "edge-server-unknown",
        "A server of a site is a single word that is not a host of the inventory.",
        "Use a host of the inventory, an address, or a full name of the DNS, each with its port.",
    ),
    Code(
        "edge-user-unknown",
        "basic_auth of a site names a user that edge_users does not have.",
        "Add an entry to edge_users, or use the name of one.",
    ),
    Code(
        "edge-user-invalid",
        "A user of the edge is listed twice, or its name or its password is one that basic authentication cannot take.",
        "Set edge_users: entries of different names without colon, passwords of at most 72 bytes.",
    ),
    Code(
        "edge-certificate-provided",
        "A certificate of edge_certificates is missing, is for another name, has expired, or does not match its key.",
        "Provide fullchain and key of a valid certificate for all names of its sites.",
    ),
    Code(
        "edge-certificate-chain",
        "A certificate of edge_certificates comes without the certificates of its issuers: some clients would not trust it.",
        "Set fullchain: the certificate, then those of its issuers.",
        Level.WARNING,
    ),
    Code(
        "edge-floating-address",
        "A floating address of the edge has no prefix, is that of a host or a network, is in no network of the edge's hosts, or no second"
        " host could have it.",
        "Set edge_floating_addresses: addresses with their prefix that no host has, such as 10.0.0.100/24; two hosts in the group edge.",
    ),
    Code(
        "edge-revocation-name",
        "edge_revocation_name is not a DNS name, and certificates would carry a URL that leads nowhere.",
        "Set edge_revocation_name: a name that leads to the edge, without http:// and path; none for no URL.",
    ),
    Code(
        "edge-revocation-unchecked",
        "Traefik accepts a certificate of the site's own authority on a TCP site after it was revoked.",
        "Set edge_engine: nginx, or tls: passthrough to a server that looks at the list.",
        Level.WARNING,
    ),
    Code(
        "edge-engine-lacks",
        "The engine of the edge cannot do what a site asks for.",
        "Set edge_engine: nginx, or remove the site.",
    ),
)
#: Codes that do not stop a run.
WARNINGS = frozenset(code.name for code in CODES if code.level is Level.WARNING)
#: RFC 2606 and RFC 6761.
EXAMPLES = re.compile(r"(?:^|\.)(?:example\.(?:org|com|net|edu)|example|invalid)$")
#: Names that no public authority signs: RFC 6761, RFC 6762, RFC 8375, and what routers use. Names below .internal and .test may have an
#: ACME directory of their own.
PRIVATE = re.compile(r"(?:^|\.)(?:local|localhost|home\.arpa|lan|home|corp|intranet|private|localdomain)$")
#: What bcrypt looks at (crypt(5)).
LONGEST_PASSWORD = 72


@dataclass(frozen=True)
class Surroundings:
    """What the sites of an edge are judged with; None where something is not known before the host checks.

    :ivar users: names of ``edge_users``
    :ivar certificates: ``edge_certificates``; keys that are encrypted may be missing
    :ivar hosts: names of the inventory
    """

    engine: str = "nginx"
    http_port: int = 80
    https_port: int = 443
    users: Collection[str] | None = None
    certificates: Mapping[str, Mapping[str, Any]] | None = None
    hosts: Collection[str] | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of(cls, settings: Mapping[str, Any], given: Mapping[str, Any]) -> Surroundings:
        """Of a run, where everything is known; servers are resolved there."""
        usual = cls()
        return cls(
            engine=str(settings["engine"]),
            http_port=int(settings.get("http_port", usual.http_port)),
            https_port=int(settings.get("https_port", usual.https_port)),
            users=list(given.get("passwords") or ()),
        )


def problems(entries: Sequence[Any], around: Surroundings) -> Iterator[Problem]:
    """All that is wrong with ``edge_sites``; the path of each is that in it: ``edge_sites[2].names[0]``."""
    known: list[tuple[str, EdgeSite]] = []
    for index, entry in enumerate(entries):
        try:
            known.append((f"edge_sites[{index}]", parse(entry)))
        except BadSiteError as error:
            path = f"edge_sites[{index}]" + (f".{error.path}" if error.path else "")
            yield Problem("edge-site-invalid", path, f"{error.problem}.", error.fix)
    yield from _twice(known, around)
    yield from _ports(known, around)
    for path, site in known:
        yield from _names(path, site)
        yield from _servers(path, site, around)
        yield from _users(path, site, around)
        yield from _engine(path, site, around)
    if around.certificates is not None:
        yield from _provided(known, around.certificates, around.now)


def _twice(known: Iterable[tuple[str, EdgeSite]], around: Surroundings) -> Iterator[Problem]:
    sites: dict[str, str] = {}
    names: dict[tuple[int, str], str] = {}
    for path, site in known:
        first = sites.setdefault(site.name, path)
        if first != path:
            yield Problem("edge-site-twice", f"{path}.name", f"the name {site.name} is that of {first} too.", "set name: another one")
        for index, name in enumerate(site.names):
            port = site.port or around.https_port
            first = names.setdefault((port, name), path)
            if first != path:
                problem = f"{name} on port {port} is served by {first} too."
                yield Problem("edge-site-twice", f"{path}.names[{index}]", problem, "use one site with several paths, or another name")


def _ports(known: Sequence[tuple[str, EdgeSite]], around: Surroundings) -> Iterator[Problem]:
    users: dict[int, list[tuple[str, EdgeSite]]] = {}
    for path, site in known:
        port = site.port or around.https_port
        if port == around.http_port:
            problem = f"port {port} is that of HTTP without TLS (edge_http_port)."
            yield Problem("edge-site-twice", f"{path}.port", problem, "set port: another one, or remove it for the port of HTTPS")
        users.setdefault(port, []).append((path, site))
    for port, here in users.items():
        (first, one), *others = here
        for path, site in others:
            if not site.is_tcp and not one.is_tcp:
                continue
            by_name = all(entry.is_tcp and entry.tls == "passthrough" and entry.names for entry in (one, site))
            if not by_name:
                problem = f"port {port} is that of {first} too, and only HTTP sites, or TLS that passes through by name, can share one."
                yield Problem("edge-site-twice", f"{path}.port", problem, "set port: another one")
            elif site.allow_from != one.allow_from:
                problem = f"{first} on the same port lets in other addresses, and nginx judges them before it sees a name."
                yield Problem("edge-site-twice", f"{path}.allow_from", problem, "use the same allow_from for both, or another port")


def _names(path: str, site: EdgeSite) -> Iterator[Problem]:
    for index, name in enumerate(site.names):
        if EXAMPLES.search(name):
            problem = f"{name} is reserved for examples."
            yield Problem("edge-name-example", f"{path}.names[{index}]", problem, "use a name of your own domain")
        elif site.terminates and site.certificate.source == "acme" and PRIVATE.search(name):
            problem = f"no public authority signs {name}."
            yield Problem("edge-name-private", f"{path}.names[{index}]", problem, "set certificate: {source: internal}, or a public name")


def _servers(path: str, site: EdgeSite, around: Surroundings) -> Iterator[Problem]:
    if around.hosts is None:
        return
    pools = [(f"{path}.servers", site.pool), *((f"{path}.paths[{index}].servers", pool) for index, (_path, pool) in enumerate(site.paths))]
    for where, pool in pools:
        for index, server in enumerate(pool.servers):
            host = server.rpartition(":")[0]
            if host not in around.hosts and parse_address(host) is None and "." not in host and host != "localhost":
                problem = f"{host} is not a host of the inventory."
                yield Problem(
                    "edge-server-unknown", f"{where}[{index}]", problem, "use a host of the inventory, an address, or a full domain name"
                )


def _users(path: str, site: EdgeSite, around: Surroundings) -> Iterator[Problem]:
    for index, user in enumerate(site.basic_auth if around.users is not None else ()):
        if user not in (around.users or ()):
            known = ", ".join(sorted(around.users or ())) or "none"
            yield Problem(
                "edge-user-unknown", f"{path}.basic_auth[{index}]", f"edge_users has no {user}.", f"use one of {known}, or add an entry"
            )


def _engine(path: str, site: EdgeSite, around: Surroundings) -> Iterator[Problem]:
    if around.engine != "traefik":
        return
    fix = "set edge_engine: nginx"
    if site.is_tcp and site.clients is not None and site.clients.revoked:
        problem = "Traefik does not look whether the certificate of a TCP client was revoked."
        yield Problem("edge-engine-lacks", f"{path}.client_certificates.revoked", problem, f"{fix}, or tls: passthrough")
    elif site.is_tcp and site.clients is not None and not site.clients.authority:
        problem = "Traefik does not look whether the certificate of a TCP client was revoked: one that leaks is accepted until it expires."
        yield Problem("edge-revocation-unchecked", f"{path}.client_certificates", problem, f"{fix}, or tls: passthrough")
    if site.clients is not None and any(name.startswith("*.") for name in site.names) and not site.is_tcp:
        problem = "Traefik does not ask clients for a certificate where the site has a wildcard name."
        yield Problem("edge-engine-lacks", f"{path}.client_certificates", problem, f"{fix}, or names without a star")
    if site.is_tcp and site.pool.balance != "round_robin":
        problem = f"Traefik does not know {site.pool.balance} for TCP."
        yield Problem("edge-engine-lacks", f"{path}.upstream.balance", problem, f"set balance: round_robin, or {fix}")


def _provided(known: Iterable[tuple[str, EdgeSite]], given: Mapping[str, Mapping[str, Any]], now: datetime) -> Iterator[Problem]:
    warned = set()
    for path, site in known:
        if not site.terminates or site.certificate.source != "provided":
            continue
        name = site.certificate_name
        entry = given.get(name)
        if entry is None:
            problem = f"edge_certificates has no {name}."
            yield Problem(
                "edge-certificate-provided", f"{path}.certificate", problem, f"set edge_certificates: {name} with fullchain and key"
            )
            continue
        chain, key = entry.get("fullchain"), entry.get("key")
        if not isinstance(chain, str):
            continue
        found = certificates.chain_problems(chain, site.names, now)
        found += certificates.key_problems(chain, key) if isinstance(key, str) else []
        for problem, fix in found:
            yield Problem("edge-certificate-provided", f"{path}.certificate", f"edge_certificates.{name}: {problem}", fix)
        if name not in warned and certificates.is_chain_missing(chain):
            warned.add(name)
            problem = f"edge_certificates.{name}.fullchain has one certificate, which another one has signed."
            yield Problem(
                "edge-certificate-chain", f"{path}.certificate", problem, "set fullchain: the certificate, then those of its issuers"
            )


def user_problems(users: Iterable[Mapping[str, Any]]) -> Iterator[Problem]:
    """What is wrong with ``edge_users``."""
    known: list[str] = []
    for index, entry in enumerate(users):
        name, password = entry.get("name"), entry.get("password")
        if isinstance(name, str):
            problem = "a name with a colon cannot log in." if ":" in name else "" if name.strip() else "there is no name."
            problem = f"{name} is listed twice." if name in known else problem
            if problem:
                yield Problem("edge-user-invalid", f"edge_users[{index}].name", problem, "set name: letters and digits")
            known.append(name)
        if isinstance(password, str) and len(password.encode()) > LONGEST_PASSWORD:
            problem = f"the password is longer than {LONGEST_PASSWORD} bytes, and bcrypt does not look at the rest."
            yield Problem("edge-user-invalid", f"edge_users[{index}].password", problem, "set password: a shorter one, or remove it")


def floating_problems(given: Iterable[Any], hosts: Mapping[str, str], own: Sequence[str], interface: str) -> Iterator[Problem]:
    """What is wrong with ``edge_floating_addresses``.

    :param hosts: the addresses of all hosts -> their names
    :param own: the addresses or names of the edge's hosts
    :param interface: that gets the addresses; empty for the one with a host's own address
    """
    listed = list(given)
    for index, text in enumerate(listed):
        path, fix = f"edge_floating_addresses[{index}]", "use an address with its prefix that no host has, such as 10.0.0.100/24"
        try:
            if not isinstance(text, str) or "/" not in text:
                raise ValueError
            floating = ipaddress.ip_interface(text)
            address = str(floating.ip)
        except ValueError:
            yield Problem("edge-floating-address", path, f"{text} is not an address with a prefix.", fix)
            continue
        if address in hosts:
            yield Problem("edge-floating-address", path, f"{address} is that of {hosts[address]}.", fix)
        elif floating.network.num_addresses > 2 and floating.ip in (floating.network.network_address, floating.network.broadcast_address):
            problem = f"{address} is the network's own address or its broadcast address, and no host can have it."
            yield Problem("edge-floating-address", path, problem, fix)
        elif not interface and not _is_beside(floating, own):
            problem = (
                f"no host of the edge has an address in {floating.network}, and the interface with its own address would get this one."
            )
            also = "use an address in the subnet of the edge's hosts, or set edge_floating_interface: the interface in that network"
            yield Problem("edge-floating-address", path, problem, also)
    if listed and len(own) < 2:
        problem = "the edge has one host, and no other one could take over an address."
        yield Problem(
            "edge-floating-address",
            "edge_floating_addresses",
            problem,
            "put another host in the group edge, or remove the floating address",
        )


def _is_beside(floating: ipaddress.IPv4Interface | ipaddress.IPv6Interface, own: Iterable[str]) -> bool:
    """Whether a host is in its network, or that cannot be known: of an address alone (/32), of names and of the other IP version."""
    known = [address for address in map(parse_address, own) if address is not None and address.version == floating.version]
    return not known or floating.network.num_addresses == 1 or any(address in floating.network for address in known)


def revocation_name_problems(name: str) -> Iterator[Problem]:
    """What is wrong with ``edge_revocation_name``."""
    if name not in ("", "none") and (not DOMAIN.fullmatch(name) or name.startswith("*.")):
        fix = "set edge_revocation_name: a name such as pacs.clinic.health, without http:// and path"
        yield Problem("edge-revocation-name", "edge_revocation_name", f"{name!r} is not a DNS name.", fix)
