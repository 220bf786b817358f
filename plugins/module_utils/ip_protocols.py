# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols of IP that a firewall rule can name (IANA, Assigned Internet Protocol Numbers).

Rules are written with numbers: nft looks names up in /etc/protocols, which a minimal Debian does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Protocols with ports. nft knows these names itself.
WITH_PORTS = {"tcp": 6, "udp": 17, "dccp": 33, "sctp": 132, "udplite": 136}
WITHOUT_PORTS = {
    "igmp": 2,
    "ipip": 4,
    "sit": 41,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "eigrp": 88,
    "ospf": 89,
    "pim": 103,
    "ipcomp": 108,
    "vrrp": 112,
    "l2tp": 115,
}
NUMBERS = {**WITH_PORTS, **WITHOUT_PORTS}
NAMES = {number: name for name, number in NUMBERS.items()}
LAST = 254  # 255 is reserved, 0 is an option header of IPv6


def protocol(value: Any) -> int | None:
    """The number of a protocol given as a name or a number; None where it is neither."""
    if isinstance(value, bool):
        return None
    text = str(value).strip().lower()
    if text.isascii() and text.isdigit():
        return int(text) if 0 < int(text) <= LAST else None
    return NUMBERS.get(text)


def name_of(number: int) -> str:
    """How a rule names a protocol: by its name where it has one here."""
    return NAMES.get(number, str(number))


def problem(rule: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """What is wrong with protocol and port of a rule: the option, the problem, and what to write; None where nothing is."""
    given = rule.get("proto", "tcp")
    number = protocol("tcp" if given is None else given)
    if number is None:
        known = ", ".join(sorted(NUMBERS))
        return "proto", f"{given!r} is not a protocol", f"set proto: one of {known}, or a number from 1 to {LAST}"
    name, port = name_of(number), rule.get("port")
    if number in WITH_PORTS.values():
        return ("port", f"{name} needs a port", "set port: a port, or a range such as 8000-8010") if port in (None, "") else None
    if port not in (None, ""):
        return "port", f"{name} has no ports", f"set proto: {name} without port; or proto: tcp, or udp, with the port"
    return None


def matches(rule: Mapping[str, Any]) -> dict[str, str]:
    """Statements of nft that match a rule's packets: ``input``, and ``published`` by the port of the host that a container publishes.

    :raises ValueError: see :func:`problem`
    """
    wrong = problem(rule)
    if wrong:
        raise ValueError(f"{wrong[1]}. Write {wrong[2]}")
    number = protocol(rule.get("proto") or "tcp") or 0
    if number in WITHOUT_PORTS.values() or number not in NAMES:
        return {"input": f"meta l4proto {number}", "published": ""}
    name, port = NAMES[number], rule["port"]
    word = name if name in ("tcp", "udp") else number
    return {"input": f"{name} dport {port}", "published": f"meta l4proto {word} ct original proto-dst {port}"}
