# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that others must know by an IP address: a certificate, a rule of the firewall or of the database holds no name."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping

from ..findings import Code, Finding
from ..model import UNKNOWN, Host, Site, parse_address
from ..nearby import Names
from ..ports import named
from .hosts import is_name
from .places import place

CODES = (
    Code(
        "host-address-name",
        "A host is known by a name alone, and the certificates, the database's rules or the firewall's need its IP address.",
        "Set site_address: the IP address that the other hosts reach it by. ansible_host may stay a name.",
    ),
)

_VARIABLES = ("site_address", "ansible_host")
#: How a variable's addresses are judged: the export's ``form`` -> whether a text is one.
_FORMS: dict[str, Callable[[str], bool]] = {}


def check_names(site: Site) -> Iterator[Finding]:
    """Every host that is written down somewhere by its address has one."""
    opened = _opened(site)
    for host in site.hosts.values():
        known = _known_by(host)
        if not known or _is_address(known) or _said_elsewhere(site, host, known):
            continue
        own = [str(item["why"]) for item in host.exported("known_by_address")]
        by = [f"the firewall of {opened[group]}" for group in site.groups if group in opened and host.name in site.groups[group]]
        if own or by:
            problem = f"{(own or by)[0]} needs its IP address, and the inventory has only the name {known}."
            _where, variable, source = place(site, host, _VARIABLES, host.name)
            fix = f"set site_address: the IP address that the other hosts reach {host.name} by"
            meant = _meant(site, host) if known == host.name else ""
            if meant:
                problem = f"{problem[:-1]}; {meant}, a host with an address, is nearly the same name. Is {meant} meant?"
                fix = f"use one name for the server in all of its groups; or, of another server, {fix}"
            yield Finding("host-address-name", host.name, variable, problem, fix, source)


def _meant(site: Site, host: Host) -> str:
    """The host whose misspelt name this probably is: one that has an address, and that a group of this host lacks. Empty where none is.

    A further db4 beside db1 to db3 is in their groups together with them.
    """
    groups = [members for group, members in site.groups.items() if group != "all" and host.name in members]
    others = [
        other.name
        for other in site.hosts.values()
        if _is_address(_known_by(other)) and any(other.name not in members for members in groups)
    ]
    return Names(others).closest(host.name, extra=1) or ""


def _known_by(host: Host) -> str:
    """What the filter addresses_of gives for a host; empty where that is unknown before the host checks."""
    for variable in _VARIABLES:
        value = host.get(variable)
        if value is UNKNOWN:
            return ""
        if value:
            return str(value)
    return host.name


def _is_address(text: str) -> bool:
    """Whether a text is an address in the form that certificates and nft take."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _said_elsewhere(site: Site, host: Host, known: str) -> bool:
    """What is not a name either, and a member of a cluster that is its own loopback."""
    if known.lower() == "localhost" and host.groups.intersection(site.schema.clusters()):
        return True
    return parse_address(known) is None and not is_name(known)


def _opened(site: Site) -> dict[str, str]:
    """Groups that some firewall opens a port for, each with the first host whose firewall it is."""
    found: dict[str, str] = {}
    for host in site.hosts.values():
        if "firewall" not in host.roles or host.get("firewall_enabled") is False:
            continue
        ports = host.known("firewall_ports")
        sources = [item.get("from") for item in ports if isinstance(item, dict)] if isinstance(ports, list) else []
        names = {*host.admitted, *named(host.known("site_admin_addresses")), *named(sources)}
        for name in names - {"any"}:
            if name in site.groups:
                found.setdefault(name, host.name)
    return found


def check_given(site: Site) -> Iterator[Finding]:
    """Variables of roles where one address belongs, and no network."""
    stated = [item for item in site.schema.exported("addresses") if item["form"] in _FORMS]
    for host in site.hosts.values():
        for item in stated:
            yield from _check_given(site, host, str(item["variable"]), str(item.get("key") or ""), _FORMS[item["form"]])


def _check_given(site: Site, host: Host, variable: str, key: str, fits: Callable[[str], bool]) -> Iterator[Finding]:
    listed = host.known(variable)
    for index, entry in enumerate(listed if isinstance(listed, list | tuple) else ()):
        value = entry.get(key) if key and isinstance(entry, Mapping) else None if key else entry
        if isinstance(value, str) and not fits(value):
            where, _name, source = place(site, host, (variable,), host.name)
            path = f"{variable}[{index}]" + (f".{key}" if key else "")
            fix = f"set {key or variable}: an IPv4 or IPv6 address"
            yield Finding("host-network-invalid", where, path, "this is not an address.", fix, source)


def _is_one(text: str) -> bool:
    return "[" not in text and parse_address(text) is not None


def _is_bind(text: str) -> bool:
    """Whether a service can listen there: an address, a name that it resolves, * or nothing for all, or what has a prefix (ipv6@)."""
    return not text.strip("*") or "@" in text or parse_address(text) is not None or is_name(text)


_FORMS.update(address=_is_one, bind=_is_bind)

RULES = (check_names, check_given)
