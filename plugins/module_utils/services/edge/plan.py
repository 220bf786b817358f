# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sites of an edge with everything resolved that depends on the inventory: servers and sources are addresses, PEM texts are files.

Pure.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...addresses import addresses_of
from ...task_types import Written
from .fields import BadSiteError
from .sites import EdgeSite, Pool, parse

#: The site's own authority on each of its hosts.
AUTHORITY = "/etc/vannah/pki/ca.crt"
#: PEM texts of the inventory, named after their content.
PEM_FILES = "/etc/vannah/edge/pem"
#: Certificates, keys and hashes of passwords as the engine reads them: made by files/edge-server before each start and reload. Not below
#: /run: a configuration that was restored after a failed change may need one whose source is gone.
PREPARED = "/var/lib/vannah-edge"
#: A request for a revocation list of the site's own authorities, which files/edge-server makes in LISTS.
LIST_PATH = "^/pki/[0-9A-F]{40}[.]crl$"
LISTS = f"{PREPARED}/.lists"
#: A name that every certificate of the site's own authority carries, so that one check fits all servers of a pool.
OF_EVERY_HOST = "localhost"


@dataclass(frozen=True)
class Settings:
    """What the variables of the role say of all sites.

    :ivar release: Debian's version, such as ``13``
    :ivar challenge: servers that answer ``/.well-known/acme-challenge/``
    :ivar workers: nginx's ``worker_connections``
    :ivar revoked: the file with the revocation lists of the site's own authorities; empty where one of them signs none
    """

    bind: tuple[str, ...] = ("0.0.0.0",)
    http_port: int = 80
    https_port: int = 443
    profile: str = "intermediate"
    release: str = "13"
    challenge: tuple[str, ...] = ()
    workers: int = 8192
    access_log: bool = True
    status_port: int = 8099
    metrics: str = ""
    revoked: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """From the mapping that the role's variables make; numbers may be texts."""
        numbers = {name: int(given[name]) for name in ("http_port", "https_port", "workers", "status_port") if name in given}
        texts = {name: str(given[name]) for name in ("profile", "release", "metrics", "revoked") if name in given}
        lists = {name: tuple(map(str, given[name])) for name in ("bind", "challenge") if name in given}
        truths = {name: bool(given[name]) for name in ("access_log",) if name in given}
        return cls(**numbers, **texts, **lists, **truths)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Plan:
    """Sites in the order of their names, with their ports; ``pem`` maps a path to the text that has to be there."""

    sites: tuple[EdgeSite, ...]
    settings: Settings
    pem: Mapping[str, str] = field(default_factory=dict)

    def on(self, port: int) -> list[EdgeSite]:
        """The sites of a port."""
        return [site for site in self.sites if site.port == port]

    def ports(self, *, tcp: bool) -> list[int]:
        """Ports of TCP sites, or of the others."""
        return sorted({site.port for site in self.sites if site.is_tcp is tcp})


def merge(declared: Sequence[Any], exported: Iterable[Mapping[str, Any]], domain: str, wanted: Sequence[str]) -> list[Any]:
    """The entries of ``edge_sites``, and those that roles export (kind ``ingress``).

    :param exported: items of all hosts: ``name``, ``servers``, other keys of an entry; the servers of all hosts are one pool. Without
        ``names`` the name below the site's domain.
    :param wanted: names of exports that are served; ``all`` for every one
    :return: a declared entry with the name of an export has its own keys over it
    """
    found: dict[str, Written] = {}
    for item in exported:
        name = str(item["name"])
        if "all" not in wanted and name not in wanted:
            continue
        known = found.setdefault(name, {**{key: value for key, value in item.items() if key not in ("role", "when")}, "servers": []})
        known["servers"] += [server for server in item.get("servers") or () if server not in known["servers"]]
        known.setdefault("names", [f"{name}.{domain}"])
    made: list[Any] = []
    for entry in declared:
        base = found.pop(str(entry.get("name")), {}) if isinstance(entry, Mapping) else {}
        made.append({**base, **entry} if base else entry)
    return [*made, *found.values()]


def plan(
    entries: Sequence[Any], settings: Mapping[str, Any], groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Mapping[str, Any]]
) -> Plan:
    """All sites, resolved.

    :raises BadSiteError: an entry is not a site; ``path`` begins with the entry's index
    """
    known, pem = Settings.of(settings), dict[str, str]()
    sites = []
    for index, entry in enumerate(entries):
        try:
            sites.append(_resolved(parse(entry), known, groups, hostvars, pem))
        except BadSiteError as error:
            raise BadSiteError(f"edge_sites[{index}].{error.path}".rstrip("."), error.problem, error.fix) from error
    return Plan(tuple(sorted(sites, key=lambda site: site.name)), known, pem)


def _resolved(
    site: EdgeSite, settings: Settings, groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any], pem: dict[str, str]
) -> EdgeSite:
    clients = site.clients
    if clients is not None:
        # An empty text stands for the site's own, of the authority and of its list.
        revoked = _file(clients.revoked, pem) or ("" if clients.authority else settings.revoked)
        clients = replace(clients, authority=_file(clients.authority, pem) or AUTHORITY, revoked=revoked)
    return replace(
        site,
        port=site.port or settings.https_port,
        clients=clients,
        pool=_pool("", site.pool, hostvars, pem),
        paths=tuple((path, _pool(f"paths: {path}: ", pool, hostvars, pem)) for path, pool in site.paths),
        allow_from=tuple(sources(site.allow_from, groups, hostvars)),
    )


def _file(text: str, pem: dict[str, str]) -> str:
    """The path of a PEM text; empty where there is none."""
    if not text:
        return ""
    path = f"{PEM_FILES}/{hashlib.sha256(text.encode()).hexdigest()[:16]}.pem"
    pem[path] = f"{text}\n"
    return path


def _pool(where: str, pool: Pool, hostvars: Mapping[str, Any], pem: dict[str, str]) -> Pool:
    servers = tuple(_address(server, hostvars) for server in pool.servers)
    if not pool.tls:
        return replace(pool, servers=servers)
    name = pool.server_name or (OF_EVERY_HOST if not pool.authority else "")
    if not name:
        hosts = {server.rpartition(":")[0] for server in pool.servers}
        if len(hosts) != 1:
            problem = "the servers have several names, and which one their certificates are for is not known"
            raise BadSiteError(f"{where}upstream.server_name", problem, "set server_name: the name in their certificates")
        name = hosts.pop()
    return replace(pool, servers=servers, authority=_file(pool.authority, pem) or AUTHORITY, server_name=name)


def _address(server: str, hostvars: Mapping[str, Any]) -> str:
    """``host:port`` with the address of a host of the inventory in place of its name."""
    host, _colon, port = server.rpartition(":")
    if host not in hostvars:
        return server
    address = addresses_of([host], hostvars)[0]["address"]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def sources(given: Iterable[str], groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any]) -> list[str]:
    """Addresses and networks of what ``allow_from`` lists: groups and hosts of the inventory, addresses, networks. Empty for any.

    :raises BadSiteError: a name is unknown, or a host is known by a name only
    """
    found: list[str] = []
    listed = list(given)
    for name in listed:
        if name == "any":
            return []
        hosts = groups.get(name, [name] if name in hostvars else None)
        for text in [one["address"] for one in addresses_of(hosts, hostvars)] if hosts is not None else [name]:
            try:
                found.append(str(ipaddress.ip_network(text, strict=False)) if "/" in text else str(ipaddress.ip_address(text)))
            except ValueError as error:
                problem = f"{text} is not a group, host, address or network of the site"
                raise BadSiteError("allow_from", problem, "set allow_from: groups, hosts, addresses, networks, or any") from error
    if listed and not found:
        # An empty group: no address is let in, and an empty list would let in all.
        return ["255.255.255.255"]
    return list(dict.fromkeys(found))


def prepared(name: str, file: str) -> str:
    """Where the engine finds a file of a certificate (``fullchain.pem``, ``privkey.pem``) or of users (``htpasswd``)."""
    return f"{PREPARED}/{name}/{file}"
