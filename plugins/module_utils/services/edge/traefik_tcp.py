# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP sites in Traefik's dynamic configuration. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .plan import AUTHORITY, Plan
from .sites import EdgeSite
from .traefik_http import entries

if TYPE_CHECKING:
    from ...agent.definition import Json


def tcp(plan: Plan) -> Json:
    """``tcp`` of the dynamic configuration."""
    routers: Json = {}
    services: Json = {}
    middlewares: Json = {}
    transports: Json = {}
    for site in plan.sites:
        if not site.is_tcp:
            continue
        routers[site.name] = _router(site, plan)
        if site.allow_from:
            middlewares[f"{site.name}-allow"] = {"ipAllowList": {"sourceRange": list(site.allow_from)}}
            routers[site.name]["middlewares"] = [f"{site.name}-allow"]
        balancer: Json = {"servers": [_server(site, server) for server in site.pool.servers], "serversTransport": site.name}
        if len(site.pool.servers) > 1:
            # A connection that failed is not tried elsewhere: Traefik has to know before.
            balancer["healthCheck"] = {"interval": f"{min(site.pool.pause, 5)}s", "timeout": f"{min(site.timeouts.connect, 4)}s"}
        services[site.name] = {"loadBalancer": balancer}
        transports[site.name] = {"dialTimeout": f"{site.timeouts.connect}s"}
        if site.pool.tls:
            transports[site.name]["tls"] = {"serverName": site.pool.server_name, "rootCAs": [site.pool.authority or AUTHORITY]}
    found = {"routers": routers, "services": services, "middlewares": middlewares, "serversTransports": transports}
    return {key: value for key, value in found.items() if value}


def _server(site: EdgeSite, server: str) -> Json:
    return {"address": server, "tls": True} if site.pool.tls else {"address": server}


def _router(site: EdgeSite, plan: Plan) -> Json:
    rule = "HostSNI(`*`)"
    found: Json = {"entryPoints": entries(plan, site.port), "service": site.name}
    if site.tls == "passthrough":
        found["tls"] = {"passthrough": True}
        rule = " || ".join(_name(name) for name in site.names) or rule
    elif site.terminates:
        # The port is the site's alone, and a client need not name it.
        found["tls"] = {"options": site.name}
    found["rule"] = rule
    return found


def _name(name: str) -> str:
    if name.startswith("*."):
        return f"HostSNIRegexp(`^.+{re.escape(name[1:])}$`)"
    return f"HostSNI(`{name}`)"
