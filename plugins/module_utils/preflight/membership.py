# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of clusters that run and that the inventory no longer has: what a host knows of them is asked before anything is changed.

A host reports in its answer the members that it knows (``peers`` of a service's ``host_facts.py``: by the cluster's name, each with
``name``, ``address`` and ``what`` it is): members know each other, and a client knows the servers that it uses now. So it does not matter
which hosts a run contacts, and which playbook it is: no configuration loses a server that is in use.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .answers import Answer
from .findings import Code, Finding

CODES = (
    Code(
        "contact-member-not-in-group",
        "A member of a cluster runs, or a client on the server uses it now, and is not in the cluster's group: firewall, names, the other"
        " members and the clients would no longer know it, and it could become the leader.",
        "Put the host back into the group; or take the member out of the cluster first, as the message says.",
    ),
)
#: Stands for a member's name in what a role says of how it leaves.
MEMBER = "MEMBER"


@dataclass(frozen=True)
class Group:
    """The members of a cluster, as the inventory has them.

    :ivar hosts: name -> address
    :ivar remove: how a member leaves the cluster
    """

    cluster: str
    group: str
    hosts: Mapping[str, str]
    remove: str

    def knows(self, name: str, address: str) -> bool:
        """Whether a member is a host of the group: by its name, or under another name than before by its address."""
        return name in self.hosts or (bool(address) and plain(address) in {plain(one) for one in self.hosts.values()})


def findings(answers: Iterable[Answer], groups: Iterable[Group]) -> Iterator[Finding]:
    """One finding for each member, with all hosts that say the same of it."""
    known = {group.cluster: group for group in groups}
    alike: dict[tuple[str, str, str, str], list[str]] = {}
    said = [(answer.host, *peer) for answer in answers for peer in _peers(answer)]
    # Some hosts know a member by its address alone.
    names = {(cluster, plain(address)): name for _host, cluster, name, address, _what in said if name and address}
    for host, cluster, unclear, address, what in said:
        if cluster in known and not known[cluster].knows(unclear, address):
            name = unclear or names.get((cluster, plain(address)), "")
            alike.setdefault((cluster, name, address, what), []).append(host)
    for (cluster, name, address, what), hosts in alike.items():
        group, who = known[cluster], name or address
        problem = f"{name or 'a member without a name'} ({address}) is not in the group {group.group} of the inventory, and {what}."
        fix = f"put {who} back into the group {group.group}; to remove it: {group.remove.replace(MEMBER, who)}"
        yield Finding("contact-member-not-in-group", ",".join(dict.fromkeys(hosts)), "-", problem, fix)


def _peers(answer: Answer) -> Iterator[tuple[str, str, str, str]]:
    for service in answer.facts.get("services") or {}:
        for cluster, peers in (answer.of_service(service).get("peers") or {}).items():
            for peer in peers:
                yield str(cluster), str(peer["name"]), str(peer["address"]), str(peer["what"])


def plain(address: str) -> str:
    """An address in its one shortest form; a name as it is."""
    try:
        return str(ipaddress.ip_address(address.strip("[]")))
    except ValueError:
        return address
