# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the servers are those of this site, each under its own name, and none a copy of another one."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..agent.core.identity import differences, foreign, site
from .findings import Code, Finding, Level
from .model import parse_address

if TYPE_CHECKING:
    from ..agent.contract import Site
    from ..agent.records import SiteRecord

SWITCH = "site_takeover_hosts"
DOCS = 'docs/day2.md, "A second checkout"'

OTHER_SITE = "contact-other-site"

CODES = (
    Code(
        "contact-other-site",
        "The server belongs to another site, or to another authority than the one in this inventory's pki/.",
        "Restore pki/ and secrets.yml of the site, from the recovery kit or the original checkout; or use -e site_takeover_hosts=<host>.",
    ),
    Code(
        "contact-other-name",
        "The server is known under another name: the inventory calls it otherwise than the one it was converged with, or it is a clone.",
        "Use the server's own name; or -e site_takeover_hosts=<host> where it was renamed.",
    ),
    Code(
        "contact-stale-checkout",
        "The server was converged with newer secrets, or a newer CA certificate, than this checkout has.",
        "Restore secrets.yml and pki/ from the checkout that changed them, or from the last recovery kit.",
    ),
    Code(
        "contact-other-site-data",
        "A server that is to be taken over from another site has data of that site.",
        "Keep the data and do not take the server over; or empty the paths on the server, or let the role adopt the data"
        " (<role>_adopt: true).",
    ),
    Code("contact-same-server", "Two names of the inventory reach one server.", "Keep one of the names."),
    Code(
        "contact-clone",
        "Two servers have the same machine ID or the same SSH host key: one of them is a clone that did not get an identity of its own.",
        "Give the clone a new machine ID and new SSH host keys, before its first converge.",
    ),
    Code(
        "contact-clone-member",
        "Two servers of the site have the same machine ID or the same SSH host key. Both were converged with it, so the run continues.",
        "Give one of them a new machine ID and new SSH host keys, at the next occasion.",
        Level.WARNING,
    ),
    Code(
        "contact-address",
        "The address that the server's roles listen on, or tell the others, is on none of its interfaces. One that is translated may be"
        " told to others where Ansible itself comes in by it.",
        "Set site_address: the address of the server's own interface that the other hosts reach.",
    ),
    Code(
        "contact-address-member",
        "The address that the server's roles tell the others is on none of its interfaces. The server was converged with it,"
        " and nothing listens on it, so the run continues.",
        "Change nothing where the address is translated or floats; else set site_address: the address of the server's own interface.",
        Level.WARNING,
    ),
    Code(
        "contact-address-bind",
        "A service is to listen on an address that is on no interface of the server: it would not start.",
        "Use addresses that the server has, in the variable that the message names.",
    ),
    Code(
        "contact-address-sender",
        "The inventory says another address of a server than the one that the site knows it by, and the server still sends from that one:"
        " the firewalls and the database would no longer accept it.",
        "Set site_address: the previous address (ansible_host may be another one); or let the server send from the new one first.",
    ),
)


@dataclass(frozen=True)
class Belonging:
    """What the inventory says of a host, to be compared with what the host says."""

    own: Site | None = None  # which site the run is of, as controller/identity.py has it; None: not judged
    address: str = ""  # what the others reach the host by
    variable: str = "ansible_host"  # the variable that says so; empty where it is the host's name
    takeover: bool = False
    adopted: Callable[[], frozenset[str]] = field(default=frozenset)  # paths whose data a role may adopt
    users: Callable[[], Sequence[str]] = field(default=tuple)  # who of the host's roles needs the address on an interface
    binds: Callable[[], Sequence[tuple[str, str]]] = field(default=tuple)  # variables, and addresses in them that the host has to have
    listens: Callable[[], bool] = field(default=bool)  # whether one of them listens on it

    def is_foreign(self, host: str, facts: Mapping[str, Any]) -> bool:
        """Whether the host is taken over from another site, so that neither its data nor its values are this one's."""
        found = _record(facts)
        return self.takeover and self.own is not None and found is not None and foreign(found, {**self.own, "host": host})


def _record(facts: Mapping[str, Any]) -> SiteRecord | None:
    """Which site a host belongs to, by its own word."""
    found: SiteRecord | None = facts.get("site")
    return found if isinstance(found, Mapping) else None


Judged = tuple[str, Mapping[str, Any], Belonging]  # host, facts, what the inventory says


def findings(given: Sequence[Judged]) -> Iterator[Finding]:
    """What is wrong with the servers' identities. Hosts of one other site are one line, and so are those ahead of us."""
    apart: dict[tuple[str, ...], list[Judged]] = {}
    for one in given:
        host, facts, known = one
        if not known.takeover:
            for what in _kinds(_differences(one)):
                apart.setdefault((*what, site(facts["site"])), []).append(one)
        elif known.is_foreign(host, facts):
            yield from _data(host, facts)
        yield from _address(host, facts, known)
        yield from _binds(host, facts, known)
        if not known.takeover:
            yield from _sender(host, facts, known)
    with_us = any(_is_member(one) for one in given)
    for (kind, *_more), hosts in apart.items():
        yield _stranger(hosts) if kind == "authority" and with_us else _APART[kind](hosts)
    yield from _copies(given)


def of_other_sites(given: Sequence[Judged]) -> frozenset[str]:
    """The hosts that have another site's authority and are not taken over.

    One with our authority and another site_name is of this site: other findings about it still apply.
    """
    return frozenset(one[0] for one in given if not one[2].takeover and "authority" in _differences(one))


def _differences(one: Judged) -> Sequence[str]:
    """What of a host's record is not this inventory's; nothing where it has none, or is not judged."""
    host, facts, known = one
    found = _record(facts)
    return differences(found, {**known.own, "host": host}) if known.own is not None and found is not None else ()


def _kinds(said: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What becomes a finding of its own."""
    if "authority" in said:
        yield ("authority",)
        return
    if "name" in said:
        yield ("name",)
    if "host" in said:
        yield ("host",)
    newer = [what for what in ("secrets", "certificate") if what in said]
    if newer:
        yield ("newer", *newer)


def _where(hosts: Sequence[Judged]) -> str:
    return ",".join(host for host, _facts, _known in hosts)


def _belongs(hosts: Sequence[Judged]) -> str:
    found, own = hosts[0][1]["site"], hosts[0][2].own or {}
    since = min(str(facts["site"].get("since")) for _host, facts, _known in hosts)
    them = "the server belongs" if len(hosts) == 1 else "the servers belong"
    return f"{them} to {site(found)} since {since}, and this inventory is of {site(own)}."


def _other_authority(hosts: Sequence[Judged]) -> Finding:
    own = hosts[0][2].own or {}
    made = ", ".join(str(item.get("begins"))[:10] for item in own.get("authorities") or ())
    away = f"move this inventory's pki/ and secrets.yml (CA of {made}) away, and " if made else ""
    fix = (
        f"{away}bring those of the servers' site from its recovery kit or the original checkout ({DOCS});"
        f" or take the servers over from that site with -e {SWITCH}={_where(hosts)}"
    )
    return Finding("contact-other-site", _where(hosts), "-", _belongs(hosts), fix)


def _stranger(hosts: Sequence[Judged]) -> Finding:
    """A server of another site among those of this one: the inventory has the right authority, and the wrong server."""
    fix = (
        "correct the address, or remove the server from the inventory;"
        f" or take over from that site with -e {SWITCH}={_where(hosts)} ({DOCS})"
    )
    return Finding("contact-other-site", _where(hosts), "-", _belongs(hosts), fix)


def _other_name(hosts: Sequence[Judged]) -> Finding:
    name = hosts[0][1]["site"]["name"]
    fix = f"set site_name: {name}, or use the right inventory; or take over from that site with -e {SWITCH}={_where(hosts)}"
    return Finding("contact-other-site", _where(hosts), "site_name", _belongs(hosts), fix)


def _other_host(hosts: Sequence[Judged]) -> Finding:
    named = ", ".join(f"{facts['site']['host']} (here {host})" for host, facts, _known in hosts)
    since = min(str(facts["site"].get("since")) for _host, facts, _known in hosts)
    problem = f"the inventory calls it otherwise than the site did when it was converged, since {since}: {named}."
    fix = f"use the old name, or correct the address; for a clone see {DOCS}; after a rename run it with -e {SWITCH}={_where(hosts)}"
    if {str(facts["site"]["host"]) for _host, facts, _known in hosts} == {host for host, _facts, _known in hosts}:
        # Each answers where another one of them should: servers are not renamed in this way.
        problem += " Their addresses are exchanged in the inventory."
        fix = f"restore the addresses (ansible_host) of {', '.join(host for host, _facts, _known in hosts)} as they were"
    return Finding("contact-other-name", _where(hosts), "-", problem, fix)


def _newer(hosts: Sequence[Judged]) -> Finding:
    _host, facts, known = hosts[0]
    said = differences(facts["site"], {**(known.own or {}), "host": hosts[0][0]})
    when = max(str(facts["site"].get("updated") or facts["site"].get("since")) for _host, facts, _known in hosts)
    what = " and ".join(text for kind, text in (("secrets", "secrets"), ("certificate", "a CA certificate")) if kind in said)
    files = " and ".join(text for kind, text in (("secrets", "secrets.yml"), ("certificate", "pki/ca.crt")) if kind in said)
    problem = f"the last converge, on {when}, had {what} that this checkout does not have or that are newer: this checkout is out of date."
    fix = (
        f"copy {files} and pki/generations from the checkout that changed them, or from the last recovery kit ({DOCS}),"
        f" then run again; if this checkout is right nevertheless, -e {SWITCH}={_where(hosts)}"
    )
    return Finding("contact-stale-checkout", _where(hosts), "-", problem, fix)


_APART: Mapping[str, Callable[[Sequence[Judged]], Finding]] = {
    "authority": _other_authority,
    "name": _other_name,
    "host": _other_host,
    "newer": _newer,
}


def _data(host: str, facts: Mapping[str, Any]) -> Iterator[Finding]:
    left = sorted(facts.get("found") or ())
    if left:
        problem = f"{', '.join(left)}: data of the other site, which the roles of this one would continue to use."
        fix = "stop what uses them on the server and empty them, or set <role>_adopt: true where this site is to have the data"
        yield Finding("contact-other-site-data", host, SWITCH, problem, fix)


def _address(host: str, facts: Mapping[str, Any], known: Belonging) -> Iterator[Finding]:
    own = [str(address) for address in facts.get("addresses") or ()]
    try:
        wanted = ipaddress.ip_address(known.address.partition("%")[0])
        if not own or wanted.is_loopback or wanted in {ipaddress.ip_address(address) for address in own}:
            return
    except ValueError:
        return  # a name: who resolves it is not asked here
    users = known.users()
    if users:
        listed = ", ".join(own)
        problem = f"{_said(known)} is on no interface of the server ({listed}), and {' and '.join(users)} cannot use it."
        if facts.get("known_by") == known.address and not known.listens():
            problem = f"{_said(known)} is on no interface of the server ({listed}). The site has reached it there until now."
            fix = "change nothing where that address is translated or floats"
            yield Finding("contact-address-member", host, "site_address", problem, fix)
            return
        fix = f"set site_address: {own[0] if len(own) == 1 else f'the one of {listed} that the other hosts reach'}"
        yield Finding("contact-address", host, "site_address", problem, fix)


def _binds(host: str, facts: Mapping[str, Any], known: Belonging) -> Iterator[Finding]:
    """Addresses that a service should listen on. Loopback and link-local ones are not among the facts, and names are not asked here."""
    own = [str(address) for address in facts.get("addresses") or ()]
    if not own or facts.get("nonlocal_bind"):
        return
    for variable, text in known.binds():
        family, _at, address = text.rpartition("@")
        wanted = parse_address(address) if family in ("", "ipv4", "ipv6") else None
        if wanted is None or wanted.is_loopback or wanted.is_unspecified or wanted.is_link_local or wanted in map(parse_address, own):
            continue
        problem = f"{text} is on no interface of the server ({', '.join(own)})."
        fix = f"set {variable}: addresses that the server has, 127.0.0.1 among them; for one that comes later, set base_sysctls:"
        name = "net.ipv6.ip_nonlocal_bind" if wanted.version == 6 else "net.ipv4.ip_nonlocal_bind"
        yield Finding("contact-address-bind", host, variable, problem, f"{fix} {{{name}: 1}}")


def _sender(host: str, facts: Mapping[str, Any], known: Belonging) -> Iterator[Finding]:
    """A server that gets another address in the inventory, and still uses the one that the others accept."""
    before = str(facts.get("known_by") or "")
    if before == known.address:
        return
    peers = sorted(name for name, own in (facts.get("senders") or {}).items() if own == before)
    if peers:
        shown = ", ".join(peers[:3]) + (", ..." if len(peers) > 3 else "")
        problem = (
            f"the site knows this server by {before}, and it still sends from there (to {shown}); the inventory now says"
            f" {known.address}{f' ({known.variable})' if known.variable else ''}, and the others would let in only that one."
        )
        fix = (
            f"set site_address: {before}, beside any ansible_host; to change the address, let the server send from {known.address} first"
            f" (take {before} off its interfaces), and converge at once"
        )
        yield Finding("contact-address-sender", host, "site_address", problem, fix)


def _said(known: Belonging) -> str:
    if known.variable == "site_address":
        return f"site_address {known.address}"
    return f"{known.address}, the {'address in ' + known.variable if known.variable else 'name'} that counts without a site_address,"


def _copies(given: Sequence[Judged]) -> Iterator[Finding]:
    """Servers that are one, or clones: each is compared with the first one of its kind."""
    told: set[str] = set()
    for fact, what in (("machine_id", "machine ID"), ("host_key", "SSH host key")):
        first: dict[str, Judged] = {}
        for one in given:
            value = str(one[1].get(fact) or "")
            other = first.setdefault(value, one)
            if value and other is not one and one[0] not in told:
                told.add(one[0])
                yield _copy(other, one, what)


def _copy(other: Judged, one: Judged, what: str) -> Finding:
    both = [facts for _host, facts, _known in (other, one)]
    same = all(both[0].get(name) == both[1].get(name) for name in ("machine_id", "host_key", "addresses", "boot_id"))
    if same and both[0].get("addresses"):
        problem = f"{other[0]} reaches the same server (machine ID, SSH host key and addresses are the same)."
        fix = f"keep one of the two names, or set the address of the server that {one[0]} is meant to be"
        return Finding("contact-same-server", one[0], "ansible_host", problem, fix)
    problem = f"the {what} is that of {other[0]} too: one of the two servers is a clone."
    fix = (
        "run on the clone: rm -f /etc/machine-id /var/lib/dbus/machine-id /etc/ssh/ssh_host_*; systemd-machine-id-setup; ssh-keygen -A;"
        f" reboot ({DOCS})"
    )
    members = all(_is_member(judged) for judged in (other, one))
    return Finding("contact-clone-member" if members else "contact-clone", one[0], "-", problem, fix)


def _is_member(judged: Judged) -> bool:
    """Whether a server was converged with this site under this name already."""
    host, facts, known = judged
    found = _record(facts)
    if found is None or known.own is None:
        return False
    return not {"authority", "name", "host"} & set(differences(found, {**known.own, "host": host}))
