# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of an edge, as its role exports ``firewall_ports``. Pure, and made of what the inventory says alone: preflight reads it too."""

from __future__ import annotations

from typing import Any

from ...task_types import Written
from .fields import BadSiteError
from .sites import parse


def ports(entries: Any, http_port: Any, https_port: Any, allowed: Any, metrics: Any = 0, floating: Any = ()) -> list[Written]:
    """A port for HTTP, one for HTTPS, and those that sites have of their own. Entries that are not sites are left to preflight.

    :param allowed: who may reach them (``edge_allowed_from``). The port of a TCP site with ``allow_from`` is opened to those alone
    :param metrics: the port of the metrics
    :param floating: addresses that the hosts pass on to each other (``edge_floating_addresses``)
    """
    found: dict[int, Written] = {}

    def add(name: str, port: Any, sources: Any) -> None:
        found.setdefault(int(port), {"name": name, "port": int(port), "proto": "tcp", "from": sources})

    add("edge-http", http_port, allowed)
    add("edge-https", https_port, allowed)
    for entry in entries if isinstance(entries, list | tuple) else ():
        try:
            site = parse(entry)
        except BadSiteError:
            continue
        if site.port:
            own = site.is_tcp and site.allow_from and "any" not in site.allow_from
            add(f"edge-{site.name}", site.port, list(site.allow_from) if own else allowed)
    if metrics:
        add("edge-metrics", metrics, ["monitoring"])
    vrrp: list[Written] = [{"name": "edge-vrrp", "proto": "vrrp", "from": ["edge"]}] if floating else []
    return [*found.values(), *vrrp]


def revocation_urls(entries: Any, name: Any, http_port: Any) -> list[str]:
    """Where the edge serves the revocation list of the site's authority, as its role exports ``revocation_urls``.

    Over HTTP without TLS (RFC 5280, 8): a client that asks for a list does not trust the certificate of the server yet.

    :param name: ``edge_revocation_name``; empty for the first name of a site, ``none`` for nowhere
    """
    found = str(name or "")
    for entry in entries if isinstance(entries, list | tuple) and not found else ():
        try:
            site = parse(entry)
        except BadSiteError:
            continue
        found = next((one for one in site.names if not site.is_tcp and not one.startswith("*.")), "")
        if found:
            break
    port = "" if int(http_port) == 80 else f":{http_port}"
    return [f"http://{found}{port}/pki"] if found not in ("", "none") else []
