# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site of the edge is. Nothing here knows which program serves it: the renderers beside this file do. Pure.

An entry of ``edge_sites``; the keys are described in ``roles/edge/meta/argument_specs.yml``:

    name: pacs
    names: [pacs.clinic.health]
    protocol: http                       # also HTTP/2 and websockets; grpc; tcp
    certificate: {source: internal}
    servers: ["app1:8042", "app2:8042"]
    paths: [{path: /viewer, servers: ["app1:3000"]}]
    timeouts: {read: 600}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .fields import BadSiteError, listed, mapping, number, refuse_unknown, text, truth

NAME = re.compile(r"(?=.{1,40}$)[a-z](?:-?[a-z0-9])*")
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
#: A name of the DNS; the first label may be a star.
DOMAIN = re.compile(rf"(?=.{{1,253}}$)(?:\*\.)?{LABEL}(?:\.{LABEL})+")
#: What stands in a configuration of nginx and in a rule of Traefik without quotes.
PATH = re.compile(r"/[A-Za-z0-9._~+:@%/-]*")
SERVER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):(\d{1,5})")
#: RFC 9110, field-name.
HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
#: nginx reads a dollar as the beginning of a variable, and has no way to write one.
VALUE = re.compile(r"[^\x00-\x1f\x7f\"\\$`{}]*")
URL = re.compile(r"(?:https?://[A-Za-z0-9.-]+(?::\d{1,5})?)?/?[A-Za-z0-9._~+:@%/?&=#-]*")
PROTOCOLS = ("http", "grpc", "tcp")
TLS = ("terminate", "passthrough", "none")
SOURCES = ("internal", "acme", "provided")
MODES = ("required", "optional")
BALANCE = ("round_robin", "least_connections", "source")
KEYS = (
    "name names protocol port tls certificate client_certificates servers upstream paths max_body_mb timeouts request_headers "
    "response_headers rate_limit allow_from basic_auth redirects redirect_to hsts"
).split()  # fmt: skip
#: Longest time that can be set, in seconds: a day.
DAY = 86400


@dataclass(frozen=True)
class Certificate:
    """Where a site's certificate comes from. ``name``: of an ACME certificate, or of an entry of ``edge_certificates``."""

    source: str = "internal"
    name: str = ""


@dataclass(frozen=True)
class ClientCertificates:
    """Mutual TLS. ``authority`` and ``revoked`` are PEM texts; an empty authority is the site's own."""

    required: bool = True
    authority: str = ""
    revoked: str = ""


@dataclass(frozen=True)
class Pool:
    """Servers to which requests go, and how they are reached.

    :ivar authority: a PEM text; empty for the site's own
    :ivar server_name: what their certificate has to be for; empty for each server's own name
    :ivar fails: failed requests within ``pause`` seconds after which a server gets none for as long
    :ivar health: a path that Traefik asks; empty for none
    """

    servers: tuple[str, ...] = ()
    tls: bool = False
    authority: str = ""
    server_name: str = ""
    balance: str = "round_robin"
    fails: int = 1
    pause: int = 10
    health: str = ""


@dataclass(frozen=True)
class Timeouts:
    """Seconds. ``read`` and ``send``: without a byte from or to the server; ``idle``: of a TCP connection."""

    connect: int = 5
    read: int = 300
    send: int = 300
    idle: int = 3600


@dataclass(frozen=True)
class RateLimit:
    """So many requests in so many seconds from one address, and ``burst`` more at once."""

    requests: int
    seconds: int = 1
    burst: int = 0


@dataclass(frozen=True)
class Redirect:
    """A path that leads elsewhere."""

    path: str
    to: str
    permanent: bool = True


@dataclass(frozen=True)
class EdgeSite:
    """A site of the edge; see the head of this file. ``port`` 0 is that of HTTPS."""

    name: str
    names: tuple[str, ...] = ()
    protocol: str = "http"
    port: int = 0
    tls: str = "terminate"
    certificate: Certificate = Certificate()
    clients: ClientCertificates | None = None
    pool: Pool = Pool()
    paths: tuple[tuple[str, Pool], ...] = ()
    max_body_mb: int = 0
    timeouts: Timeouts = Timeouts()
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    rate_limit: RateLimit | None = None
    allow_from: tuple[str, ...] = ()
    basic_auth: tuple[str, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    redirect_to: str = ""
    hsts: bool = True

    @property
    def is_tcp(self) -> bool:
        """Whether connections are forwarded, not requests."""
        return self.protocol == "tcp"

    @property
    def terminates(self) -> bool:
        """Whether the edge needs a certificate for it."""
        return self.tls == "terminate"

    @property
    def certificate_name(self) -> str:
        """The name of its certificate."""
        return self.certificate.name or self.name

    def pools(self) -> list[tuple[str, Pool]]:
        """(path, pool) with the longest path first; the site's own servers have the path /."""
        found = dict(self.paths)
        if self.pool.servers:
            found.setdefault("/", self.pool)
        return sorted(found.items(), key=lambda item: (-len(item[0]), item[0]))


def parse(entry: Any) -> EdgeSite:
    """An entry of ``edge_sites`` as a site.

    :raises BadSiteError: it is not one; the first thing that is wrong
    """
    if not isinstance(entry, Mapping):
        raise BadSiteError("", "this is not a mapping", "name, names and servers")
    refuse_unknown("", entry, KEYS)
    name = text(entry, "name")
    if not NAME.fullmatch(name):
        fix = "lower-case letters, digits and single hyphens, at most 40, a letter first"
        raise BadSiteError("name", f"{name!r} is not a valid name of a site", fix)
    upstream = mapping(entry, "upstream")
    pool = _pool("", listed(entry, "servers"), upstream)
    site = EdgeSite(
        name=name,
        names=tuple(_domain(f"names[{index}]", item) for index, item in enumerate(listed(entry, "names"))),
        protocol=text(entry, "protocol", "http", PROTOCOLS),
        port=number(entry, "port", 0, 65535, 0),
        tls=text(entry, "tls", "terminate", TLS),
        certificate=_certificate(mapping(entry, "certificate")),
        clients=_clients(entry),
        pool=pool,
        paths=tuple(_path_of(index, item, upstream) for index, item in enumerate(listed(entry, "paths"))),
        max_body_mb=number(entry, "max_body_mb", 0, 1 << 30, 0),
        timeouts=_timeouts(mapping(entry, "timeouts")),
        request_headers=_headers(entry, "request_headers"),
        response_headers=_headers(entry, "response_headers"),
        rate_limit=_rate_limit(entry),
        allow_from=tuple(str(item) for item in listed(entry, "allow_from")),
        basic_auth=tuple(str(item) for item in listed(entry, "basic_auth")),
        redirects=tuple(_redirect(index, item) for index, item in enumerate(listed(entry, "redirects"))),
        redirect_to=_url("redirect_to", text(entry, "redirect_to")),
        hsts=truth(entry, "hsts", True),
    )
    _refuse_contradictions(site)
    return site


def _refuse_contradictions(site: EdgeSite) -> None:
    """:raises BadSiteError: parts of it do not go together"""
    if site.is_tcp:
        _refuse_of_tcp(site)
    else:
        if site.tls != "terminate":
            raise BadSiteError(
                "tls", f"{site.tls} is not possible with the protocol {site.protocol}", "set tls: terminate, or protocol: tcp"
            )
        if not site.names:
            raise BadSiteError("names", "there is none", "set names: [pacs.clinic.health]")
        if not site.pools() and not site.redirect_to and not site.redirects:
            raise BadSiteError("servers", "there is none", 'set servers: ["app1:8042"], paths with servers of their own, or redirect_to')
        if site.protocol == "grpc" and site.redirect_to:
            raise BadSiteError("redirect_to", "clients of gRPC do not follow redirects", "set protocol: http")
    if site.clients is not None and not site.terminates:
        raise BadSiteError("client_certificates", "the edge does not see them without terminating TLS", "set tls: terminate")
    twice = [
        ("names", site.names),
        ("servers", site.pool.servers),
        ("paths", [path for path, _pool in site.paths]),
        ("redirects", [one.path for one in site.redirects]),
        ("basic_auth", site.basic_auth),
    ]
    for what, values in twice:
        found = next((value for index, value in enumerate(values) if value in values[:index]), None)
        if found is not None:
            raise BadSiteError(what, f"{found} is listed twice", "merge both into one entry")


#: Keys that are about requests.
_OF_REQUESTS = (
    ("paths", "paths"),
    ("request_headers", "request_headers"),
    ("response_headers", "response_headers"),
    ("rate_limit", "rate_limit"),
    ("basic_auth", "basic_auth"),
    ("redirects", "redirects"),
    ("redirect_to", "redirect_to"),
    ("max_body_mb", "max_body_mb"),
)


def _refuse_of_tcp(site: EdgeSite) -> None:
    for key, attribute in _OF_REQUESTS:
        if getattr(site, attribute):
            raise BadSiteError(key, "a TCP connection has no requests", "set protocol: http, or remove it")
    if not site.port:
        raise BadSiteError("port", "a TCP site has no port of its own yet", "set port: the port on which clients connect, such as 4242")
    if not site.pool.servers:
        raise BadSiteError("servers", "there is none", 'set servers: ["app1:4242"]')
    if site.pool.tls and site.tls == "passthrough":
        raise BadSiteError("upstream.tls", "TLS passes through unopened", "remove tls from upstream")
    if site.tls == "terminate" and not site.names and site.certificate.source != "provided":
        raise BadSiteError("names", "a certificate needs a name", "set names: [dicom.clinic.health]")


def _domain(where: str, given: Any) -> str:
    name = str(given).strip().lower().rstrip(".")
    # A last label of digits alone is that of an IPv4 address.
    if DOMAIN.fullmatch(name) and not name.rpartition(".")[2].isdigit():
        return name
    problem = f"{given!r} is not a domain name"
    if "://" in name or "/" in name:
        problem = f"{given!r} is a URL"
    elif re.fullmatch(r"[0-9.]+|\[?[0-9a-f]*:[0-9a-f:.]+\]?", name):
        problem = f"{given!r} is an address"
    elif "_" in name:
        problem = f"{given!r} has an underscore"
    elif ":" in name:
        problem = f"{given!r} has a port"
    raise BadSiteError(where, problem, "write a name such as pacs.clinic.health, without scheme and port")


def _pool(where: str, servers: list[Any], given: Mapping[str, Any]) -> Pool:
    at = f"{where}upstream"
    refuse_unknown(at, given, ("tls", "authority", "server_name", "balance", "max_fails", "fail_timeout", "health_path"))
    for index, item in enumerate(servers):
        found = SERVER.fullmatch(str(item))
        if not found or not 0 < int(found[1]) < 65536:
            raise BadSiteError(f"{where}servers[{index}]", f"{item!r} is not a server", 'write "host:port", such as "app1:8042"')
    name = text(given, "server_name", where=at)
    if name and not DOMAIN.fullmatch(name.lower()) and not re.fullmatch(LABEL, name.lower()):
        raise BadSiteError(f"{at}.server_name", f"{name!r} is not a name", "write the name in the servers' certificate")
    health = text(given, "health_path", where=at)
    if health and not PATH.fullmatch(health):
        raise BadSiteError(f"{at}.health_path", f"{health!r} is not a path", "write a path such as /healthz")
    return Pool(
        servers=tuple(str(item) for item in servers),
        tls=truth(given, "tls", False, at),
        authority=_pem(given, "authority", "CERTIFICATE", at),
        server_name=name.lower(),
        balance=text(given, "balance", "round_robin", BALANCE, at),
        fails=number(given, "max_fails", 1, 1000, 1, at),
        pause=number(given, "fail_timeout", 1, DAY, 10, at),
        health=health,
    )


def _path_of(index: int, item: Any, inherited: Mapping[str, Any]) -> tuple[str, Pool]:
    where = f"paths[{index}]"
    if not isinstance(item, Mapping):
        raise BadSiteError(where, "this is not a mapping", "write path and servers")
    refuse_unknown(where, item, ("path", "servers", "upstream"))
    path = text(item, "path", where=where)
    if not PATH.fullmatch(path):
        raise BadSiteError(f"{where}.path", f"{path!r} is not a path", "write a path that begins with /, without spaces")
    servers = listed(item, "servers", where)
    if not servers:
        raise BadSiteError(f"{where}.servers", "there is none", 'set servers: ["app1:8042"]')
    return path, _pool(f"{where}.", servers, {**inherited, **mapping(item, "upstream", where)})


def _certificate(given: Mapping[str, Any]) -> Certificate:
    refuse_unknown("certificate", given, ("source", "name"))
    name = text(given, "name", where="certificate")
    if name and not NAME.fullmatch(name):
        raise BadSiteError("certificate.name", f"{name!r} is not a name of a certificate", "lower-case letters, digits and single hyphens")
    return Certificate(text(given, "source", "internal", SOURCES, "certificate"), name)


def _clients(entry: Mapping[str, Any]) -> ClientCertificates | None:
    given = mapping(entry, "client_certificates")
    if not given:
        return None
    at = "client_certificates"
    refuse_unknown(at, given, ("mode", "authority", "revoked"))
    mode = text(given, "mode", "required", MODES, at)
    authority, revoked = _pem(given, "authority", "CERTIFICATE", at), _pem(given, "revoked", "X509 CRL", at)
    return ClientCertificates(mode == "required", authority, revoked)


def _pem(given: Mapping[str, Any], key: str, what: str, where: str) -> str:
    """A PEM text. Whether its content is good, the engine's own checker says."""
    value = text(given, key, where=where).strip()
    if value and f"-----BEGIN {what}-----" not in value:
        raise BadSiteError(
            f"{where}.{key}", f"this is not a PEM text of a {what}", f"set {key}: the text between BEGIN {what} and END {what}, with both"
        )
    return value


def _timeouts(given: Mapping[str, Any]) -> Timeouts:
    refuse_unknown("timeouts", given, ("connect", "read", "send", "idle"))
    usual = Timeouts()
    values = {key: number(given, key, 1, DAY, getattr(usual, key), "timeouts") for key in ("connect", "read", "send", "idle")}
    return Timeouts(**values)


def _headers(entry: Mapping[str, Any], key: str) -> dict[str, str]:
    found = {}
    for name, value in mapping(entry, key).items():
        if not HEADER.fullmatch(str(name)):
            raise BadSiteError(key, f"{name!r} is not a name of a header", "use letters, digits and hyphens")
        if not isinstance(value, str | int) or isinstance(value, bool) or not VALUE.fullmatch(str(value)):
            problem = "the value is not a text, or has a quote, a dollar, a brace, a backslash or a control character"
            raise BadSiteError(f"{key}.{name}", problem, "write a text without them")
        found[str(name)] = str(value)
    return found


def _rate_limit(entry: Mapping[str, Any]) -> RateLimit | None:
    given = mapping(entry, "rate_limit")
    if not given:
        return None
    at = "rate_limit"
    refuse_unknown(at, given, ("requests", "seconds", "burst"))
    requests, seconds = number(given, "requests", 1, 1000000, 0, at), number(given, "seconds", 1, 60, 1, at)
    if not requests:
        raise BadSiteError(f"{at}.requests", "there is none", "set requests: 20")
    return RateLimit(requests, seconds, number(given, "burst", 0, 1000000, requests, at))


def _redirect(index: int, item: Any) -> Redirect:
    where = f"redirects[{index}]"
    if not isinstance(item, Mapping):
        raise BadSiteError(where, "this is not a mapping", "write path and to")
    refuse_unknown(where, item, ("path", "to", "permanent"))
    path, to = text(item, "path", where=where), text(item, "to", where=where)
    if not PATH.fullmatch(path):
        raise BadSiteError(f"{where}.path", f"{path!r} is not a path", "write a path that begins with /")
    if not to:
        raise BadSiteError(f"{where}.to", "there is none", "write a path, or a URL with https://")
    return Redirect(path, _url(f"{where}.to", to), truth(item, "permanent", True, where))


def _url(where: str, given: str) -> str:
    if given and (not URL.fullmatch(given) or not given.startswith(("/", "http://", "https://"))):
        raise BadSiteError(where, f"{given!r} is neither a path nor a URL", "write /path or https://name/path")
    return given
