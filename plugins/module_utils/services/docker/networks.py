# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that Docker makes its bridges from: none may hold what containers or their host have to reach. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...preflight.model import Site, parse_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Pool:
    """An entry of docker_address_pools that is one."""

    index: int
    base: Network
    size: int


def network(text: object) -> Network | None:
    """A network, or an address as the network of it alone; None for anything else."""
    try:
        return ipaddress.ip_network(text, strict=False) if isinstance(text, str) else None
    except ValueError:
        return None


def of_hosts(site: Site) -> Iterator[tuple[str, Network]]:
    """The addresses of the site's hosts: what each is, and its network."""
    for other in site.hosts.values():
        for text in dict.fromkeys((other.address, other.connection_address)):
            if parse_address(text) is not None and (found := network(text)):
                yield f"{text}, the address of {other.name}", found


def problem(entry: Mapping[str, Any]) -> str:
    """What is wrong with an entry by itself; empty where nothing is."""
    base, size = entry.get("base"), entry.get("size")
    found = network(base)
    if found is None or "/" not in str(base):
        return "base is not a network"
    if str(found) != str(base) and str(found.network_address) != str(base).partition("/")[0]:
        return f"base is an address within {found}, and not a network"
    if not isinstance(size, int) or isinstance(size, bool):
        return ""
    # Docker refuses a size that is larger than the pool; a bridge needs an address of its own beside its containers'.
    longest = found.max_prefixlen - 2
    if not found.prefixlen <= size <= longest:
        return f"size is not from {found.prefixlen} to {longest}"
    return ""


def pools(entries: Iterable[object]) -> Iterator[Pool]:
    """The entries that are pools."""
    for index, entry in enumerate(entries):
        if isinstance(entry, Mapping) and not problem(entry):
            base, size = network(entry.get("base")), entry.get("size")
            if base is not None and isinstance(size, int):
                yield Pool(index, base, size)


def overlaps(one: Network, other: Network) -> bool:
    """Whether two networks, perhaps of different kinds, have addresses in common."""
    if isinstance(one, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and one.overlaps(other)
    return isinstance(other, ipaddress.IPv6Network) and one.overlaps(other)


@dataclass(frozen=True)
class Taken:
    """A text of what a pool would overlap, and the larger networks that it is a part of."""

    overlapping: tuple[str, ...] = ()
    around: tuple[str, ...] = ()


def taken(pool: Pool, others: Iterable[tuple[str, Network]]) -> Taken:
    """Of (what it is, its network), those that have addresses in common with a pool."""
    found = [(what, other) for what, other in others if overlaps(pool.base, other)]
    overlapping = dict.fromkeys(what for what, other in found if other.prefixlen >= pool.base.prefixlen)
    return Taken(tuple(overlapping), tuple(dict.fromkeys(what for what, _other in found if what not in overlapping)))
