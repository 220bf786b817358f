# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first firewall of a host: what it would close that is served today, and whether another firewall stands there already."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..ip_protocols import WITHOUT_PORTS, name_of, protocol
from .findings import Code, Finding

CODES = (
    Code(
        "contact-firewall-closes",
        "The server gets its first firewall from this collection, which would close a port or a protocol that is in use there: TCP, UDP or"
        " SCTP listeners, VRRP, ESP, GRE, OSPF and the like.",
        "Add each port or protocol that should stay open to firewall_ports, with from: [] one that may be closed; or set"
        " firewall_enabled: false.",
    ),
    Code(
        "contact-admin-address",
        "The firewall would close SSH for the address that Ansible comes from: the run would be locked out, and the change reverted.",
        "Add that address, or its network, to site_admin_addresses.",
    ),
    Code(
        "contact-firewall-foreign",
        "Another firewall is active on the server (ufw, firewalld): it would drop what the site's servers ask of each other.",
        "Run ufw disable, or systemctl disable --now firewalld; or set firewall_enabled: false, and open the roles'"
        " ports in the other firewall.",
    ),
)

#: What listens on servers without being set up: DHCP and NTP clients, names in the local network, rpcbind, printers that are looked for.
#: Nothing reaches it from outside that would be missed, but see :func:`_is_asked`.
UNASKED = frozenset(
    {"udp/68", "udp/546", "udp/123", "udp/323", "udp/5353", "udp/5355", "tcp/5355", "udp/111", "tcp/111", "udp/631"},
)

Port = tuple[str, int, int]  # protocol, first, last; ("ip", number, number) is a protocol as such


def ports(ssh: Iterable[Any], rules: Iterable[Mapping[str, Any]], lines: Iterable[str]) -> tuple[Port, ...]:
    """The ports and protocols that the firewall knows, for any source: the site has decided about them.

    :param ssh: firewall_ssh_ports
    :param rules: what the host's roles export, and firewall_ports
    :param lines: firewall_extra_rules
    """
    found = [("tcp", str(port)) for port in ssh]
    for rule in rules:
        number = protocol(rule.get("proto") or "tcp")
        if rule.get("port") in (None, ""):
            found.append(("ip", str(number)))
        else:
            found.append((name_of(number or 0), str(rule.get("port"))))
    for line in lines:
        for name, what in re.findall(r"\b(tcp|udp|sctp|udplite|dccp) dport (\{[^}]*\}|\S+)", str(line)):
            found += [(name, part) for part in re.findall(r"\d+(?:-\d+)?", what)]
        for what in re.findall(r"\b(?:ip protocol|meta l4proto|ip6 nexthdr) (\{[^}]*\}|\S+)", str(line)):
            found += [("ip", str(protocol(word))) for word in re.findall(r"\w+", what)]
    known = []
    for name, text in found:
        first, _dash, last = text.partition("-")
        if first.isdigit() and (last or first).isdigit():
            known.append((name, int(first), int(last or first)))
    return tuple(known)


def admitted(host: str, facts: Mapping[str, Any], admins: Iterable[str] | None) -> Iterator[Finding]:
    """Whether the firewall lets Ansible in.

    :param facts: ``caller`` says from which address it came
    :param admins: addresses and networks for which SSH is open; None for any address, or where that is unknown
    """
    found = facts.get("caller")
    if admins is None or not isinstance(found, Mapping):
        return
    try:
        address = ipaddress.ip_address(str(found["address"]))
        networks = [ipaddress.ip_network(item, strict=False) for item in admins]
    except ValueError:
        return
    itself = address.is_loopback or str(address) in {str(own) for own in facts.get("addresses") or ()}
    if not itself and not any(address in network for network in networks):
        problem = (
            f"the firewall would lock this run out: Ansible comes from {address}, and SSH is open for {', '.join(map(str, networks))}."
        )
        fix = f"add {address}, or a network that it is of, to site_admin_addresses"
        yield Finding("contact-admin-address", host, "site_admin_addresses", problem, fix)


def findings(host: str, facts: Mapping[str, Any], known: tuple[Port, ...] | None) -> Iterator[Finding]:
    """What is wrong with a first firewall.

    :param facts: of the agent; they say nothing of this where the host has our firewall already
    :param known: see :func:`ports`; None where the host is to have none
    """
    if known is None:
        return
    programs = facts.get("listeners") or {}
    listening = frozenset(facts.get("listening") or ())
    closed = [text for text in facts.get("listening") or () if _is_asked(text, listening, programs) and not _is_known(text, known)]
    if closed:
        listed = ", ".join(_told(text, programs.get(text, "")) for text in closed)
        them = "them" if len(closed) > 1 else "it"
        problem = f"{listed} can be reached on this server today, and its first firewall would close {them}."
        entries = ", ".join(_entry(text) for text in closed)
        fix = f"set firewall_ports: [{entries}] (from: [] for one that may be closed), or firewall_enabled: false"
        fix += "".join(f"; {note}" for text, note in _NOTES.items() if text in closed)
        yield Finding("contact-firewall-closes", host, "firewall_ports", problem, fix)
    for name in facts.get("firewalls") or ():
        stop = "ufw disable" if name == "ufw" else f"systemctl disable --now {name}"
        problem = f"{name} is active on this server, and drops what the site's servers ask of each other."
        fix = f"run '{stop}' on the server, or set firewall_enabled: false and open the roles' ports in {name}"
        yield Finding("contact-firewall-foreign", host, "firewall_enabled", problem, fix)


def _is_asked(text: str, listening: frozenset[str], programs: Mapping[str, str]) -> bool:
    """Whether a port is asked about: one that clients have too is, where this host can be seen to serve there."""
    if text == "udp/123":
        return programs.get(text) == "chronyd"  # it opens the port only where its settings allow clients; ntpd always has it
    if text in ("tcp/111", "udp/111"):
        # Versions 2 and 3 of NFS, and NIS, find their ports by it.
        return bool(listening & {"tcp/2049", "udp/2049"}) or bool({"rpc.mountd", "ypserv"} & set(programs.values()))
    return text not in UNASKED


#: What more than the port it takes.
_NOTES = {
    "tcp/21": "where that is FTP, its passive ports too, as a range that its own settings name: {name: ftp-data, port: 40000-40100}",
    "udp/123": "its 'allow' lines in a file of /etc/chrony/conf.d, as site_time_servers replace /etc/chrony/chrony.conf",
    "tcp/111": "NFS: the ports of rpc.mountd and rpc.statd too, made fixed in /etc/nfs.conf; version 4 needs 2049 only",
}


def _told(text: str, program: str) -> str:
    """A port or a protocol for a person: ``udp 51821 (wg-agent)``, ``VRRP (IP protocol 112)``."""
    kind, _slash, number = text.partition("/")
    if kind != "ip":
        return f"{kind} {number}" + (f" ({program})" if program else "")
    name = name_of(int(number))
    return f"IP protocol {number}" if name == number else f"{name.upper()} (IP protocol {number})"


def _entry(text: str) -> str:
    """The item of firewall_ports that keeps it open."""
    kind, _slash, number = text.partition("/")
    if kind == "ip":
        name = name_of(int(number))
        return f"{{name: {name if name in WITHOUT_PORTS else 'NAME'}, proto: {name}}}"
    return f"{{name: NAME, port: {number}{'' if kind == 'tcp' else f', proto: {kind}'}}}"


def _is_known(text: str, known: Iterable[Port]) -> bool:
    protocol, _slash, port = text.partition("/")
    return any(protocol == name and first <= int(port) <= last for name, first, last in known)
