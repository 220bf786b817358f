# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a host's firewall: which ports are open for which addresses, as the lines and sets of nft(8).

A rule opens a port, a range or a protocol for sources: groups and hosts of the inventory, addresses, networks, or ``any``.
Rules for the same sources share a set of addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ansible.errors import AnsibleFilterError

from ... import ip_protocols
from ...addresses import addresses_of

#: An address or a network; only its form: nft says what is wrong with one.
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}(/[0-9]+)?$|[0-9a-fA-F]*:[0-9a-fA-F:.]*(/[0-9]+)?$")
#: What a host of a group must be known by.
_HOST_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}$|[0-9a-fA-F]*:")
_NOT_IN_COMMENT = re.compile(r"[^A-Za-z0-9 ._:/-]")
#: nft allows 128 characters in a comment. A name that is a little longer than 100 is not cut.
_LONGEST_COMMENT = 105
ANY = "any"


class RuleError(AnsibleFilterError):  # type: ignore[misc]  # ansible-core ships no types
    """A rule cannot be meant as it is; the text says which one, what is wrong and what to write."""


class Sources(TypedDict):
    """A set of addresses: its number from 1 on, what it is for, its IPv4 and IPv6 addresses."""

    number: int
    owners: str
    four: list[str]
    six: list[str]


class Ruleset(TypedDict):
    """Sets, and the lines that accept: what comes to the host, and what is forwarded to a container."""

    sets: list[Sources]
    input: list[str]
    published: list[str]


@dataclass(frozen=True)
class Rule:
    """One port or protocol, and the sources that it is open for.

    :ivar owner: what errors and comments of sets call it
    :ivar matches: see :func:`..ip_protocols.matches`
    """

    name: str
    owner: str
    matches: Mapping[str, str]
    sources: tuple[str, ...]


def ruleset(
    exported: Iterable[Mapping[str, Any]],
    own: Iterable[Mapping[str, Any]],
    ssh_ports: Iterable[int],
    administrators: Any,
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Mapping[str, Any]],
) -> Ruleset:
    """The rules of a host.

    :param exported: ``firewall_ports`` of its roles. A group that the site does not have opens nothing
    :param own: the variable ``firewall_ports``. What is not a group, host, address or network is refused
    :param ssh_ports: ports of SSH
    :param administrators: the sources that SSH is open for
    :raises RuleError: a source or a protocol is none, or a host of a group is known by a name only
    """
    rules = []
    for port in dict.fromkeys(ssh_ports):
        sources = _sources(administrators, "site_admin_addresses", True, groups, hostvars)
        rules.append(Rule("ssh", "site_admin_addresses", _matches({"port": port}, "firewall_ssh_ports"), sources))
    for item in exported:
        name = str(item.get("name", ""))
        sources = _sources(item.get("from", []), item.get("name", item.get("port")), False, groups, hostvars)
        rules.append(Rule(name, f"{item.get('name', 'a port')} of a role", _matches(item, name), sources))
    for item in own:
        name, owner = str(item["name"]), f"firewall_ports: {item['name']}"
        sources = _sources(item.get("from", ANY), owner, True, groups, hostvars)
        rules.append(Rule(name, f"firewall_ports {name}", _matches(item, owner), sources))
    sets = [sources for sources in dict.fromkeys(rule.sources for rule in rules) if sources not in ((ANY,), ())]
    return {
        "sets": [_set(number, sources, rules) for number, sources in enumerate(sets, 1)],
        "input": list(_accepting(rules, "input", sets)),
        "published": list(_accepting(rules, "published", sets)),
    }


def _matches(rule: Mapping[str, Any], owner: str) -> Mapping[str, str]:
    try:
        return ip_protocols.matches(rule)
    except ValueError as error:
        raise RuleError(f"firewall: {owner or 'a rule'}: {error}") from error


def _sources(who: Any, owner: Any, strict: bool, groups: Mapping[str, Sequence[str]], hostvars: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    for item in _flat(who):
        if item == ANY or _ADDRESS.match(item):
            found.append(item)
        elif item in groups:
            for host in addresses_of(groups[item], hostvars):
                if not _HOST_ADDRESS.match(host["address"]):
                    what = f"{host['name']} of the group {item} is known by the name {host['address']} and not by an address"
                    raise RuleError(f"firewall: {what}, so {owner} cannot be opened for it. Fix: set its site_address")
                found.append(host["address"])
        elif item in groups["all"]:
            found.append(addresses_of([item], hostvars)[0]["address"])
        elif strict:
            raise RuleError(
                f"firewall: {owner} is opened for {item}, which is not a group, host, address or network of this site. Fix: name one"
            )
    return (ANY,) if ANY in found else tuple(dict.fromkeys(found))


def _flat(who: Any) -> Iterator[str]:
    if isinstance(who, str):
        if who:
            yield who
    elif isinstance(who, Iterable):
        for item in who:
            yield from _flat(item)
    elif who is not None:
        yield str(who)


def _accepting(rules: Iterable[Rule], chain: str, sets: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for rule in rules:
        what = rule.matches[chain]
        if not rule.sources or not what:
            continue
        words = f'accept comment "{_comment(rule.name)}"'
        if rule.sources == (ANY,):
            yield f"{what} {words}"
            continue
        number = sets.index(rule.sources) + 1
        if any(":" not in source for source in rule.sources):
            yield f"ip saddr @from_{number}_ip4 {what} {words}"
        if any(":" in source for source in rule.sources):
            yield f"ip6 saddr @from_{number}_ip6 {what} {words}"


def _set(number: int, sources: tuple[str, ...], rules: Iterable[Rule]) -> Sources:
    owners = ", ".join(dict.fromkeys(rule.owner for rule in rules if rule.sources == sources))
    return {
        "number": number,
        "owners": re.sub(r"[^A-Za-z0-9 ._:,/-]", "_", owners),
        "four": [source for source in sources if ":" not in source],
        "six": [source for source in sources if ":" in source],
    }


def _comment(name: str) -> str:
    text = _NOT_IN_COMMENT.sub("_", name)
    return text if len(text) <= _LONGEST_COMMENT else text[:100]


__all__ = ["RuleError", "Ruleset", "ruleset"]
