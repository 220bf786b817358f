# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of firewall_ports (a protocol that exists, a port where it has ports) and of firewall_extra_rules (one rule each)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...ip_protocols import problem
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Site
from ...preflight.rules import Area
from ...preflight.rules.places import place
from ...preflight.texts import has_control

_CODES = {"proto": "firewall-protocol-unknown", "port": "firewall-port-mismatch"}
CODES = (
    Code("firewall-protocol-unknown", "proto of firewall_ports is not a protocol of IP.", "A protocol's name, or its number."),
    Code(
        "firewall-port-mismatch",
        "An entry of firewall_ports has no port although its protocol has ports, or a port although its protocol has none.",
        "A port for tcp, udp, sctp, dccp and udplite; no port for the others.",
    ),
    Code(
        "firewall-rule-invalid",
        "An entry of firewall_extra_rules is not one rule of nft: it is empty, has a line break, or is a command or a definition.",
        "One rule in each entry, such as ip saddr 10.0.0.0/8 tcp dport 104 accept.",
    ),
)
#: Words with which nft(8) begins a command, a definition or a block; a rule begins with none of them.
_NO_RULE = frozenset(
    "add chain create define delete destroy flush include insert list redefine rename replace reset table undefine".split()
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


def check_extra_rules(site: Site) -> Iterator[Finding]:
    """nft itself judges the rest on the host, and names a file that is gone then."""
    for host in site.hosts.values():
        entries = host.known("firewall_extra_rules")
        for index, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
            if not isinstance(entry, str):
                continue
            if has_control(entry):
                text = "there is a line break or another control character in it."
            elif not entry.split() or entry.split()[0] in _NO_RULE:
                text = "this is not a rule."
            else:
                continue
            where, name, source = place(site, host, ("firewall_extra_rules",), host.name)
            remedy = "one rule of nft in each entry, such as ip saddr 10.0.0.0/8 tcp dport 104 accept"
            yield Finding("firewall-rule-invalid", where, f"{name}[{index}]", text, remedy, source)


RULES = (check_protocols, check_extra_rules)

AREA = Area("Firewall", CODES, RULES)
