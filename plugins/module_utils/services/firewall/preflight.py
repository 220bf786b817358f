# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of firewall_ports: a protocol that exists, and a port where the protocol has ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...ip_protocols import problem
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Site
from ...preflight.rules import Area
from ...preflight.rules.places import place

_CODES = {"proto": "firewall-protocol-unknown", "port": "firewall-port-mismatch"}
CODES = (
    Code("firewall-protocol-unknown", "proto of firewall_ports is not a protocol of IP.", "A protocol's name, or its number."),
    Code(
        "firewall-port-mismatch",
        "An entry of firewall_ports has no port although its protocol has ports, or a port although its protocol has none.",
        "A port for tcp, udp, sctp, dccp and udplite; no port for the others.",
    ),
)


def check_protocols(site: Site) -> Iterator[Finding]:
    """Protocol and port of each entry."""
    for host in site.hosts.values():
        entries = host.known("firewall_ports")
        for index, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
            if not isinstance(entry, Mapping) or any(entry.get(option) is UNKNOWN for option in _CODES):
                continue
            found = problem(entry)
            if found:
                option, text, remedy = found
                where, name, source = place(site, host, ("firewall_ports",), host.name)
                yield Finding(_CODES[option], where, f"{name}[{index}].{option}", f"{text}.", remedy, source)


RULES = (check_protocols,)

AREA = Area("Firewall", CODES, RULES)
