# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP sites in Traefik's dynamic configuration. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .plan import AUTHORITY, LIST_PATH, Plan, prepared
from .sites import EdgeSite, Pool, Redirect
from .tls_profiles import Profile

if TYPE_CHECKING:
    from ...agent.definition import Json

_STRATEGY = {"round_robin": "wrr", "least_connections": "p2c", "source": "hrw"}
_HSTS = "Strict-Transport-Security"
#: Above every path of a site.
FIRST = 100000
#: Where files/edge-revocation gives out revocation lists, and answers whether a client's certificate was revoked: Traefik does neither.
REVOCATION_PORT = 8098


def entries(plan: Plan, port: int) -> list[str]:
    """The entry points of a port."""
    return [f"port-{port}-{index}" for index in range(len(plan.settings.bind))]


def http(plan: Plan, profile: Profile) -> Json:
    """``http`` of the dynamic configuration."""
    routers: Json = {}
    services: Json = {}
    middlewares: Json = {}
    transports: Json = {}
    _plain(plan, routers, services, middlewares)
    for site in plan.sites:
        if site.is_tcp:
            continue
        names = list(_middlewares(site, profile, middlewares))
        base = {"entryPoints": entries(plan, site.port), "tls": {"options": site.name} if site.clients is not None else {}}
        for index, redirect in enumerate(site.redirects):
            name = f"{site.name}-redirect-{index}"
            middlewares[name] = {"redirectRegex": _redirect(redirect)}
            rule = f"({host_rule(site)}) && Path(`{redirect.path}`)"
            routers[name] = {**base, "rule": rule, "priority": FIRST, "middlewares": [*names, name], "service": "noop@internal"}
        pools = site.pools()
        for index, (path, pool) in enumerate(pools):
            name = f"{site.name}-{index}"
            rule = host_rule(site) if path == "/" else f"({host_rule(site)}) && PathPrefix(`{path}`)"
            routers[name] = {**base, "rule": rule, "priority": 10 + len(path), "middlewares": [*names], "service": name}
            if len(pool.servers) > 1:
                middlewares[f"{name}-retry"] = {"retry": {"attempts": len(pool.servers)}}
                routers[name]["middlewares"].append(f"{name}-retry")
            services[name] = {"loadBalancer": _service(site, pool, name)}
            transports[name] = _transport(site, pool)
        if site.redirect_to and not any(path == "/" for path, _pool in pools):
            name = f"{site.name}-away"
            to = site.redirect_to.rstrip("/") + "/${1}"
            middlewares[name] = {"redirectRegex": {"regex": "^https?://[^/]+/(.*)$", "replacement": to, "permanent": True}}
            routers[name] = {**base, "rule": host_rule(site), "priority": 10, "middlewares": [*names, name], "service": "noop@internal"}
    found = {"routers": routers, "services": services, "middlewares": middlewares, "serversTransports": transports}
    return {key: value for key, value in found.items() if value}


def host_rule(site: EdgeSite) -> str:
    """A request for one of the site's names."""
    return " || ".join(_host(name) for name in site.names)


def _host(name: str) -> str:
    if name.startswith("*."):
        return f"HostRegexp(`^.+{re.escape(name[1:])}$`)"
    return f"Host(`{name}`)"


def _plain(plan: Plan, routers: Json, services: Json, middlewares: Json) -> None:
    """HTTP without TLS: leads to HTTPS, answers challenges of ACME, and gives out the revocation lists of the site's authorities."""
    settings = plan.settings
    sites = sorted((site for site in plan.sites if not site.is_tcp), key=lambda site: (site.port != settings.https_port, site.port))
    taken: set[str] = set()
    for site in sites:
        names = [name for name in site.names if name not in taken]
        taken.update(names)
        if not names:
            continue
        middleware = f"to-https-{site.port}"
        port = {} if site.port == 443 else {"port": str(site.port)}
        middlewares[middleware] = {"redirectScheme": {"scheme": "https", "permanent": True, **port}}
        routers[f"{site.name}-plain"] = {
            "entryPoints": entries(plan, settings.http_port),
            "rule": " || ".join(_host(name) for name in names),
            "priority": 10,
            "middlewares": [middleware],
            "service": "noop@internal",
        }
    if settings.revoked:
        routers["revocation-lists"] = {
            "entryPoints": entries(plan, settings.http_port),
            "rule": f"PathRegexp(`{LIST_PATH}`)",
            "priority": FIRST,
            "service": "revocation-lists",
        }
        services["revocation-lists"] = {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{REVOCATION_PORT}"}]}}
    if settings.challenge:
        routers["acme-challenge"] = {
            "entryPoints": entries(plan, settings.http_port),
            "rule": "PathPrefix(`/.well-known/acme-challenge/`)",
            "priority": FIRST,
            "service": "acme-challenge",
        }
        services["acme-challenge"] = {"loadBalancer": {"servers": [{"url": f"http://{server}"} for server in settings.challenge]}}


def _middlewares(site: EdgeSite, profile: Profile, found: Json) -> list[str]:
    """The middlewares of a site, in the order in which a request passes them."""
    names: list[str] = []

    def add(what: str, options: Json) -> None:
        names.append(f"{site.name}-{what}")
        found[names[-1]] = options

    # First: an answer of the others carries them, too.
    headers: Json = {}
    # As any other header: stsSeconds is a handler of its own, which each request would pass besides.
    own = {name.lower() for name in site.response_headers}
    answers = {_HSTS: f"max-age={profile.hsts}"} if site.hsts and _HSTS.lower() not in own else {}
    if site.request_headers:
        headers["customRequestHeaders"] = dict(site.request_headers)
    if answers or site.response_headers:
        headers["customResponseHeaders"] = {**answers, **site.response_headers}
    if headers:
        add("headers", {"headers": headers})
    if site.allow_from:
        add("allow", {"ipAllowList": {"sourceRange": list(site.allow_from)}})
    if site.clients is not None and site.clients.revoked:
        add("certificate", {"passTLSClientCert": {"info": {"serialNumber": True}}})
        where = f"http://127.0.0.1:{REVOCATION_PORT}/{site.name}"
        # What a client claims of its certificate never gets here: an entry point removes it.
        asked = {"authRequestHeaders": ["X-Forwarded-Tls-Client-Cert-Info"], "trustForwardHeader": True, "maxResponseBodySize": 4096}
        add("revoked", {"forwardAuth": {"address": where, **asked}})
    if site.rate_limit is not None:
        limit = site.rate_limit
        add("rate", {"rateLimit": {"average": limit.requests, "period": f"{limit.seconds}s", "burst": limit.burst + 1}})
    if site.basic_auth:
        add("users", {"basicAuth": {"usersFile": prepared(site.name, "htpasswd"), "realm": site.name, "removeHeader": True}})
    if site.max_body_mb:
        # Traefik has no other limit. The body is kept on the disk until it is complete.
        add("body", {"buffering": {"maxRequestBodyBytes": site.max_body_mb << 20}})
    return names


def _redirect(redirect: Redirect) -> Json:
    to = redirect.to if "://" in redirect.to else "${1}" + redirect.to
    return {"regex": f"^(https?://[^/]+){re.escape(redirect.path)}(\\?.*)?$", "replacement": to, "permanent": redirect.permanent}


def _service(site: EdgeSite, pool: Pool, name: str) -> Json:
    scheme = "https" if pool.tls else "h2c" if site.protocol == "grpc" else "http"
    found: Json = {
        "servers": [{"url": f"{scheme}://{server}"} for server in pool.servers],
        "strategy": _STRATEGY[pool.balance],
        "serversTransport": name,
        "responseForwarding": {"flushInterval": "100ms"},
    }
    if pool.health:
        found["healthCheck"] = {"path": pool.health, "interval": f"{pool.pause}s", "timeout": f"{site.timeouts.connect}s"}
    return found


def _transport(site: EdgeSite, pool: Pool) -> Json:
    found: Json = {
        # As many as Traefik's own transport keeps; Go keeps two, and each further request at the same time would connect again.
        "maxIdleConnsPerHost": 200,
        "forwardingTimeouts": {
            "dialTimeout": f"{site.timeouts.connect}s",
            "responseHeaderTimeout": f"{site.timeouts.read}s",
            "idleConnTimeout": "60s",
        },
    }
    if pool.tls:
        found |= {"serverName": pool.server_name, "rootCAs": [pool.authority or AUTHORITY]}
    return found
