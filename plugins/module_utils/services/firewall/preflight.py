# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of firewall_ports (a protocol that exists, a port where it has ports) and of firewall_extra_rules (one rule each).

The port of SSH has to stay open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...ip_protocols import problem
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Site
from ...preflight.rules import Area
from ...preflight.rules.places import finding, place
from ...preflight.texts import has_control

_CODES = {"proto": "firewall-protocol-unknown", "port": "firewall-port-mismatch"}
CODES = (
    Code("firewall-protocol-unknown", "proto of firewall_ports is not an IP protocol.", "Write a protocol's name, or its number."),
    Code(
        "firewall-port-mismatch",
        "An entry of firewall_ports has no port although its protocol has ports, or a port although its protocol has none.",
        "Write a port for tcp, udp, sctp, dccp and udplite; remove it for the others.",
    ),
    Code(
        "firewall-rule-invalid",
        "An entry of firewall_extra_rules is not one rule of nft: it is empty, has a line break, or is a command or a definition.",
        "Write one rule in each entry, such as ip saddr 10.0.0.0/8 tcp dport 104 accept.",
    ),
    Code(
        "safety-ssh-port-closed",
        "The firewall would close the port of SSH: firewall_ssh_ports lacks the inventory's port.",
        "Add ansible_port to firewall_ssh_ports, or remove the variable.",
    ),
    Code(
        "safety-admin-addresses-empty",
        "site_admin_addresses is an empty list: it looks as if SSH were closed for all, but the "
        "firewall would leave it open for any address.",
        "Set site_admin_addresses to your networks, or remove it.",
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
                option, text, fix = found
                where, name, source = place(site, host, ("firewall_ports",), host.name)
                yield Finding(_CODES[option], where, f"{name}[{index}].{option}", f"{text}.", fix, source)


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
            fix = "write one rule of nft in each entry, such as ip saddr 10.0.0.0/8 tcp dport 104 accept"
            yield Finding("firewall-rule-invalid", where, f"{name}[{index}]", text, fix, source)


def check_ssh_port(site: Site) -> Iterator[Finding]:
    """The firewall and the port that the inventory connects to."""
    for host in site.hosts.values():
        if host.is_local or "firewall" not in host.roles or host.get("firewall_enabled") is False:
            continue
        ports = host.get("firewall_ssh_ports")
        if (
            isinstance(ports, list | tuple)
            and UNKNOWN not in ports
            and host.connection_port_known
            and not _contains(ports, host.connection_port)
        ):
            listed = f"{host.connection_port} of ansible_port is not among them" if ports else "there is none"
            fix = f"add {host.connection_port} to firewall_ssh_ports, or leave it out"
            problem = f"the firewall leaves these ports open for SSH, and {listed}."
            yield finding(site, host, ("firewall_ssh_ports",), host.name, "safety-ssh-port-closed", problem, fix)
        admins = host.get("site_admin_addresses")
        if isinstance(admins, list | tuple) and not admins:
            problem = "an empty list counts as not set, and SSH would be open for any address."
            fix = "set site_admin_addresses: the networks you come from, or leave it out for any"
            yield finding(site, host, ("site_admin_addresses",), "all", "safety-admin-addresses-empty", problem, fix)


def _contains(ports: list[Any] | tuple[Any, ...], port: int) -> bool:
    """Numbers written as texts count: the type check speaks of them."""
    return any(str(item) == str(port) for item in ports)


RULES = (check_protocols, check_extra_rules, check_ssh_port)

AREA = Area("Firewall", CODES, RULES)
