# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first firewall of a host: what it would close that is served today, and whether another firewall stands there already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .findings import Code, Finding

CODES = (
    Code(
        "contact-firewall-closes",
        "The server gets its first firewall of ours, and something listens there that it would close.",
        "firewall_ports: each port that shall stay open, with from: [] one that may be closed; or firewall_enabled: false.",
    ),
    Code(
        "contact-firewall-foreign",
        "Another firewall is active on the server (ufw, firewalld): it would drop what the site's servers ask of each other.",
        "ufw disable, or systemctl disable --now firewalld; or firewall_enabled: false, and the roles' ports open in the other.",
    ),
)

#: What listens on servers that nobody has set up: DHCP and NTP clients, names in the local network, rpcbind, printers that are looked for.
#: Nobody misses it from outside.
UNASKED = frozenset(
    {"udp/68", "udp/546", "udp/123", "udp/323", "udp/5353", "udp/5355", "tcp/5355", "udp/111", "tcp/111", "udp/631"},
)

Port = tuple[str, int, int]  # protocol, first, last


def ports(ssh: Iterable[Any], rules: Iterable[Mapping[str, Any]], lines: Iterable[str]) -> tuple[Port, ...]:
    """The ports that the firewall knows, for whomever it opens them: somebody has thought of them.

    :param ssh: firewall_ssh_ports
    :param rules: what the host's roles export, and firewall_ports
    :param lines: firewall_extra_rules
    """
    found = [("tcp", str(port)) for port in ssh]
    found += [(str(rule.get("proto") or "tcp"), str(rule.get("port"))) for rule in rules]
    for line in lines:
        for protocol, what in re.findall(r"\b(tcp|udp) dport (\{[^}]*\}|\S+)", str(line)):
            found += [(protocol, part) for part in re.findall(r"\d+(?:-\d+)?", what)]
    known = []
    for protocol, text in found:
        first, _dash, last = text.partition("-")
        if first.isdigit() and (last or first).isdigit():
            known.append((protocol, int(first), int(last or first)))
    return tuple(known)


def findings(host: str, facts: Mapping[str, Any], known: tuple[Port, ...] | None) -> Iterator[Finding]:
    """What is wrong with a first firewall.

    :param facts: of the agent; they say nothing of this where the host has our firewall already
    :param known: see :func:`ports`; None where the host shall have none
    """
    if known is None:
        return
    closed = [text for text in facts.get("listening") or () if text not in UNASKED and not _is_known(text, known)]
    if closed:
        listed = ", ".join(text.replace("/", " ") for text in closed)
        protocol, _slash, port = closed[0].partition("/")
        entry = f"{{name: NAME, port: {port}{', proto: udp' if protocol == 'udp' else ''}}}"
        them, more = ("them", ", ...") if len(closed) > 1 else ("it", "")
        problem = f"{listed} can be reached on this server today, and its first firewall would close {them}."
        remedy = f"firewall_ports: [{entry}{more}] (from: [] for one that may be closed), or firewall_enabled: false"
        yield Finding("contact-firewall-closes", host, "firewall_ports", problem, remedy)
    for name in facts.get("firewalls") or ():
        stop = "ufw disable" if name == "ufw" else f"systemctl disable --now {name}"
        problem = f"{name} is active on this server, and drops what the site's servers ask of each other."
        remedy = f"'{stop}' on the server, or firewall_enabled: false with the roles' ports open in {name}"
        yield Finding("contact-firewall-foreign", host, "firewall_enabled", problem, remedy)


def _is_known(text: str, known: Iterable[Port]) -> bool:
    protocol, _slash, port = text.partition("/")
    return any(protocol == name and first <= int(port) <= last for name, first, last in known)
