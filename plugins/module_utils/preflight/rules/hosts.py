# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, their addresses, their groups and the ports of what runs on them."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from ...agent.lib.plural import counted
from ...task_types import Written
from ..findings import Code, Finding, Level
from ..model import UNKNOWN, Host, Port, Site, parse_address
from ..nearby import Names
from .places import finding, place

CODES = (
    Code(
        "host-address-twice",
        "Two hosts have one address.",
        "Give each host its own address; one server is one host, in several groups if it serves several.",
    ),
    Code("host-two-names", "One host is in the inventory under two names.", "Use one name for the host, in all its groups."),
    Code(
        "host-is-localhost",
        "A member of a cluster is named localhost or has a loopback address: the other members would connect to themselves.",
        "Use the name of the server; ansible_host, or site_address where Ansible connects to another address: what the others reach it by.",
    ),
    Code(
        "host-address-invalid",
        "An address is neither an IP address nor a host name (a URL, a port or a space in it), or is one that no host can have.",
        "Write an IP address or a host name, nothing else; where a name is not enough, host-address-name says so.",
    ),
    Code(
        "host-address-documentation",
        "An address is from the ranges that are set aside for documentation.",
        "Use the server's real address.",
        Level.WARNING,
    ),
    Code(
        "host-name-invalid",
        "A host's name is not a valid host name: it has other characters than letters, digits, hyphens and dots, or is too long.",
        "Use a name of letters, digits and hyphens.",
    ),
    Code("host-exclusive-groups", "A host is in two groups that exclude each other.", "Remove the host from one of the two groups."),
    Code(
        "host-port-twice",
        "Two services of one host listen on one port.",
        "Set another port for one of the two, or put one of them on another host.",
    ),
    Code(
        "host-network-invalid",
        "A list of addresses and networks contains something else, or a group that the inventory does not have.",
        "Write an address, a network such as 10.0.0.0/24, or (where the variable's description says so) a group.",
    ),
    Code(
        "host-in-container-subnet",
        "A network of containers contains the address of a host: packets to that host would never leave the machine.",
        "Set site_container_subnets: networks that no host is in.",
    ),
)

#: Characters of a server's name: sethostname(2), and the common name of a certificate (RFC 5280, ub-common-name).
NAME = 64
_DOCUMENTATION = tuple(ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"))
_FOUR_NUMBERS = re.compile(r"\d+(?:\.\d+){3}")
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


def check_addresses(site: Site) -> Iterator[Finding]:
    """Two hosts with one address, and one host under two names."""
    by_address: dict[tuple[str, int], list[Host]] = defaultdict(list)
    by_site_address: dict[str, list[Host]] = defaultdict(list)
    for host in site.hosts.values():
        if host.is_local:
            by_address["(local)", 0].append(host)
            continue
        by_address[alike(host.connection_address), host.connection_port].append(host)
        by_site_address[alike(host.address)].append(host)
    # The name of another host as an address: that host, once by its name and once by another.
    for host in site.hosts.values():
        named = site.hosts.get(host.connection_address)
        if named is not None and named is not host and not host.is_local and named.connection_port == host.connection_port:
            by_address[alike(named.connection_address), named.connection_port].append(host)
    named_twice: set[frozenset[str]] = set()
    for hosts in (*by_address.values(), *by_site_address.values()):
        # Each with the first alone: three hundred hosts with one address are as many lines, not one for each pair of them.
        first, *others = {host.name: host for host in hosts}.values()
        for other in others:
            pair = frozenset((first.name, other.name))
            if pair in named_twice:
                continue
            named_twice.add(pair)
            yield _same(site, first, other)
    for one, other in _name_twins(site):
        if frozenset((one.name, other.name)) not in named_twice:
            yield _same_name(one, other)


def alike(text: str) -> str:
    """An address or name in the form that all ways to write it have."""
    address = parse_address(text)
    # fe80::1 is another one on each interface.
    return text.lower().rstrip(".") if address is None or "%" in text else str(address)


def _same(site: Site, one: Host, other: Host) -> Finding:
    shared = one.address if alike(one.address) == alike(other.address) else one.connection_address
    if one.is_local and other.is_local:
        problem = f"{one.name} and {other.name} both have ansible_connection: local, so both are this machine."
        return Finding("host-two-names", other.name, "ansible_connection", problem, "use one of the two names, in all its groups")
    # An address that is the other's very name: the same server, written once as an address and once as a name.
    if (
        one.name in (other.connection_address, other.address)
        or other.name in (one.connection_address, one.address)
        or _twin_names(one.name, other.name)
    ):
        return _same_name(one, other)
    said = any(alike(host.text("site_address")) == alike(shared) for host in (one, other))
    variable = "site_address" if said else "ansible_host"
    source = next((source for _owner, source in site.sources([other], variable)), "")
    return Finding(
        "host-address-twice",
        other.name,
        variable,
        f"{one.name} has the address {shared} too.",
        f"set {variable}: the address of {other.name}",
        source,
    )


def _same_name(one: Host, other: Host) -> Finding:
    return Finding(
        "host-two-names",
        other.name,
        "-",
        f"this is {one.name} under another name.",
        f"use one of {one.name} and {other.name}, in all its groups",
    )


def _twin_names(one: str, other: str) -> bool:
    """Whether two names are one but for case or a domain that one of them leaves out."""
    left, right = one.lower().rstrip("."), other.lower().rstrip(".")
    if parse_address(left) or parse_address(right):
        return left == right
    return left == right or (left.partition(".")[0] == right.partition(".")[0] and ("." in left) != ("." in right))


def _name_twins(site: Site) -> Iterator[tuple[Host, Host]]:
    by_label: dict[str, list[Host]] = defaultdict(list)
    for host in site.hosts.values():
        label = host.name.lower() if parse_address(host.name) else host.name.lower().partition(".")[0]
        by_label[label].append(host)
    for hosts in by_label.values():
        for one, other in combinations(hosts, 2):
            if _twin_names(one.name, other.name):
                yield one, other


def check_names(site: Site) -> Iterator[Finding]:
    """Names and addresses that no network knows."""
    for host in site.hosts.values():
        for variable in ("ansible_host", "site_address"):
            given = host.text(variable)
            if given and parse_address(given) is None and not is_name(given):
                problem = f"{given!r} is neither an IP address nor a host name."
                fix = f"set {variable}: an IP address or a host name, without scheme, port and spaces"
                yield finding(site, host, (variable,), host.name, "host-address-invalid", problem, fix)
            elif given and _is_of_no_host(given):
                problem = f"{given} is an address that no host can have (multicast, broadcast, reserved or none at all)."
                fix = f"set {variable}: the server's own address"
                yield finding(site, host, (variable,), host.name, "host-address-invalid", problem, fix)
        address = parse_address(host.address)
        if address is not None and any(address in network for network in _DOCUMENTATION if network.version == address.version):
            variable = "site_address" if host.text("site_address") else "ansible_host"
            problem = f"{address} is from a range set aside for documentation."
            yield finding(
                site, host, (variable,), host.name, "host-address-documentation", problem, f"set {variable}: the server's address"
            )
        if parse_address(host.name) is None and not is_name(host.name):
            yield Finding(
                "host-name-invalid",
                host.name,
                "-",
                "this is not a valid host name, and the server would get it as its name.",
                "use letters, digits and hyphens, at most 63 between two dots",
            )
        elif len(host.name) > NAME:
            problem = f"it has {counted(len(host.name), 'character')}, and a name has at most {NAME}, also in a certificate."
            yield Finding(
                "host-name-invalid", host.name, "-", problem, "use a shorter name in the inventory, and set ansible_host: the address"
            )


def _is_of_no_host(text: str) -> bool:
    """Multicast, 0.0.0.0, the broadcast address, and class E."""
    address = parse_address(text)
    return address is not None and (address.is_multicast or address.is_unspecified or (address.version == 4 and address.is_reserved))


def is_name(text: str) -> bool:
    """Whether a text can be a name on the network. Four numbers with dots are an address, or a slip in one."""
    if _FOUR_NUMBERS.fullmatch(text):
        return False
    labels = text.lower().rstrip(".").split(".")
    return len(text) <= 253 and all(
        0 < len(label) <= 63 and set(label) <= _LABEL and not label.startswith("-") and not label.endswith("-") for label in labels
    )


def check_localhost(site: Site) -> Iterator[Finding]:
    """Members of clusters that the other members cannot find: none can have the machine's own name for itself."""
    for group in site.schema.clusters():
        for host in site.members(group):
            address = parse_address(host.address)
            if host.name.lower().partition(".")[0] == "localhost":
                yield Finding(
                    "host-is-localhost",
                    host.name,
                    "-",
                    f"a member of {group} cannot be named localhost.",
                    "use the server's own name, with its ansible_host",
                )
            elif (address is not None and (address.is_loopback or address.is_unspecified)) or host.address.lower() == "localhost":
                variable = "site_address" if host.text("site_address") else "ansible_host"
                yield Finding(
                    "host-is-localhost",
                    host.name,
                    variable,
                    f"a member of {group} cannot have the address {host.address}.",
                    "set site_address: the address that the other hosts reach it by",
                )


def check_exclusive(site: Site) -> Iterator[Finding]:
    """Hosts in groups that exclude each other: as the site's variables say, and as the roles do (``excludes``)."""
    for host in site.hosts.values():
        pairs = [(*exclusive.groups, exclusive.why) for exclusive in site.schema.exclusive]
        pairs += [(str(item["group"]), str(item["other"]), str(item["why"])) for item in host.exported("excludes")]
        for one, other, why in pairs:
            if one != other and one in host.groups and other in host.groups:
                why = why if why.endswith((".", "?")) else f"{why}."
                yield Finding(
                    "host-exclusive-groups", host.name, "-", f"it is in {one} and in {other}: {why}", f"use another host for {other}"
                )


def check_ports(site: Site) -> Iterator[Finding]:
    """Two services on one port of one host, as the roles export their ports and name them in their options."""
    for host in site.hosts.values():
        for one, other in combinations(host.ports, 2):
            if one.proto == other.proto and one.first <= other.last and other.first <= one.last and _service(one) != _service(other):
                port = max(one.first, other.first)
                problem = f"{_service(one)} and {_service(other)} both listen on port {port}/{one.proto}."
                variables = [name for name in (other.option, one.option) if name]
                if variables:
                    where, variable, source = place(site, host, variables, host.name)
                    yield Finding("host-port-twice", where, variable, problem, f"set {variable}: a free port", source)
                else:
                    yield Finding("host-port-twice", host.name, "-", problem, f"use another host for {_service(other)}")


def _service(port: Port) -> str:
    return port.role if port.name == port.role else f"{port.role} ({port.name})"


#: The site's variables that list addresses and networks, and whether groups of the inventory and the word any may stand there too.
_NETWORKS = {"site_admin_addresses": True, "site_container_subnets": False}


def check_networks(site: Site) -> Iterator[Finding]:
    """Invalid addresses and networks, and groups that the inventory does not have: in the site's variables and the roles'."""
    stated = [(str(item["variable"]), item.get("key"), item["form"] == "source") for item in _networks(site)]
    for host in site.hosts.values():
        for variable, groups in _NETWORKS.items():
            yield from _check_list(site, host, variable, variable, host.known(variable), groups)
        for variable, key, groups in stated:
            value = host.known(variable)
            if not key:
                yield from _check_list(site, host, variable, variable, value, groups)
                continue
            for index, item in enumerate(value if isinstance(value, list | tuple) else ()):
                if isinstance(item, Mapping):
                    yield from _check_list(site, host, variable, f"{variable}[{index}].{key}", item.get(key), groups)


def _networks(site: Site) -> list[Written]:
    """What the roles say of their variables that hold networks; groups of the inventory may stand where a packet's source is meant."""
    return [item for item in site.schema.exported("addresses") if item["form"] in ("network", "source")]


def _check_list(site: Site, host: Host, variable: str, path: str, value: Any, groups: bool) -> Iterator[Finding]:
    if value is None or value is UNKNOWN or (groups and value == "any"):
        return
    # Of lists with a type of their own the type check speaks.
    option = site.schema.options.get(path)
    typed = option is not None and option.type != "raw"
    items = value if isinstance(value, list | tuple) else [value]
    for index, item in enumerate(items):
        if isinstance(item, list | tuple) and not typed:
            yield from _check_list(site, host, variable, f"{path}[{index}]", item, groups)
            continue
        if item is UNKNOWN or (typed and not isinstance(item, str)):
            continue
        if isinstance(item, str) and (_is_network(item) or (groups and (item == "any" or item in site.groups))):
            continue
        where, _name, source = place(site, host, (variable,), host.name)
        guess = Names(site.groups).closest(item) if groups and isinstance(item, str) else None
        hint = f" Did you mean {guess}?" if guess else ""
        also = ", or a group of the inventory" if groups else ""
        short = path.rpartition(".")[2]
        yield Finding(
            "host-network-invalid",
            where,
            f"{path}[{index}]",
            f"this is neither an address nor a network.{hint}",
            f"set {short}: addresses and networks such as 10.0.0.0/24{also}",
            source,
        )


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def check_container_subnets(site: Site) -> Iterator[Finding]:
    """Networks of containers that hide a host: packets to it would never leave the machine."""
    for host in site.hosts.values():
        subnets = host.known("site_container_subnets")
        for text in subnets if isinstance(subnets, list | tuple) else ():
            if not isinstance(text, str) or not _is_network(text):
                continue
            network = ipaddress.ip_network(text, strict=False)
            for other in site.hosts.values():
                address = parse_address(other.address)
                if address is not None and address in network:
                    problem = f"{network} contains {address}, the address of {other.name}."
                    fix = f"set site_container_subnets: another network than {network}"
                    yield finding(site, host, ("site_container_subnets",), "all", "host-in-container-subnet", problem, fix)


RULES = (
    check_addresses,
    check_names,
    check_localhost,
    check_exclusive,
    check_ports,
    check_networks,
    check_container_subnets,
)
