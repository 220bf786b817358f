# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge: its sites, users and certificates, as the inventory has them and with what the site's roles export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...preflight.findings import Finding
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules import Area
from ...preflight.rules.entries import entries as entries_of
from ...preflight.rules.entries import is_open
from ...preflight.rules.places import place
from ...task_types import Written
from . import rules
from .plan import merge

ROLE = "edge"
CODES = rules.CODES


def edge_hosts(site: Site) -> list[Host]:
    """Hosts with the role, in the inventory's order."""
    return [host for host in site.hosts.values() if ROLE in host.roles]


def check_sites(site: Site) -> Iterator[Finding]:
    """All that is wrong with the sites of each edge."""
    for host in edge_hosts(site):
        declared = host.known("edge_sites")
        if not isinstance(declared, list | tuple) or is_open(list(declared)):
            continue
        where, _variable, source = place(site, host, ("edge_sites",), ROLE)
        entries = merge(list(declared), exported(site), host.text("site_domain"), wanted(host))
        for one in rules.problems(entries, surroundings(site, host)):
            yield Finding(one.code, where, one.path, one.problem, one.fix, source)


def check_users(site: Site) -> Iterator[Finding]:
    """Names and passwords."""
    for host in edge_hosts(site):
        where, _variable, source = place(site, host, ("edge_users",), ROLE)
        for one in rules.user_problems(entries_of(host.known("edge_users"))):
            yield Finding(one.code, where, one.path, one.problem, one.fix, source)


def check_floating(site: Site) -> Iterator[Finding]:
    """Addresses that the hosts pass on to each other."""
    hosts = edge_hosts(site)
    known = {host.address: host.name for host in site.hosts.values()}
    for host in hosts:
        given = host.known("edge_floating_addresses")
        if isinstance(given, list | tuple) and not is_open(list(given)):
            where, _variable, source = place(site, host, ("edge_floating_addresses",), ROLE)
            own, interface = [other.address for other in hosts], host.text("edge_floating_interface")
            for one in rules.floating_problems(given, known, own, interface):
                yield Finding(one.code, where, one.path, one.problem, one.fix, source)


def check_revocation_name(site: Site) -> Iterator[Finding]:
    """The name in the URL of the revocation list."""
    for host in edge_hosts(site):
        where, _variable, source = place(site, host, ("edge_revocation_name",), ROLE)
        for one in rules.revocation_name_problems(host.text("edge_revocation_name")):
            yield Finding(one.code, where, one.path, one.problem, one.fix, source)


def exported(site: Site) -> list[Mapping[str, Any]]:
    """What the roles of all hosts export for the edge, as far as it is known before the host checks."""
    found = [item for host in site.hosts.values() for item in host.exported("ingress")]
    return [item for item in found if not is_open(item)]


def wanted(host: Host) -> list[str]:
    """The exports that a host's edge serves."""
    given = host.known("edge_ingress")
    return [name for name in given if isinstance(name, str)] if isinstance(given, list | tuple) else []


def surroundings(site: Site, host: Host) -> rules.Surroundings:
    """What the sites of a host are judged with."""
    users, given = host.known("edge_users"), host.known("edge_certificates")
    return rules.Surroundings(
        engine=host.text("edge_engine", "nginx"),
        http_port=host.number("edge_http_port") or 80,
        https_port=host.number("edge_https_port") or 443,
        users=[str(entry.get("name")) for entry in entries_of(users)] if isinstance(users, list) else None,
        certificates=_certificates(given) if isinstance(given, Mapping) else None,
        hosts=frozenset(site.hosts),
        now=site.controller.now,
    )


def _certificates(given: Mapping[str, Any]) -> dict[str, Written]:
    """What of ``edge_certificates`` is known: texts."""
    return {
        str(name): {key: value for key, value in entry.items() if isinstance(value, str)} if isinstance(entry, Mapping) else {}
        for name, entry in given.items()
        if entry is not UNKNOWN
    }


RULES = (check_sites, check_users, check_floating, check_revocation_name)

AREA = Area("The edge", CODES, RULES)
