# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on the hosts and is not what the inventory says, where a converge would break the running site by changing it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .. import effects
from .findings import Code, Finding

CODES = (
    Code(
        "contact-setting-new",
        "A setting differs from what runs that only counts for a new cluster or site.",
        "The value that runs; or the way to migrate that the message names.",
    ),
    Code(
        "contact-setting-together",
        "A setting differs from what runs that all hosts have to change at the same time.",
        "The playbook that the message names; or the value that runs.",
    ),
    Code(
        "contact-group-left",
        "The host is still a member of a cluster, and its groups no longer give it the role: the firewall would close its ports.",
        "The host back in the group; or the member taken out of the cluster first, as the message says.",
    ),
)


@dataclass(frozen=True)
class Left:
    """A service that runs on a host whose groups do not give it the role any more."""

    role: str
    unit: str
    fix: str


def findings(changes: Mapping[str, Iterable[effects.Change]], left: Mapping[str, Iterable[Left]], verb: str = "") -> Iterator[Finding]:
    """One finding for each variable and value that runs, with all hosts on which it does.

    :param changes: by host
    :param left: by host
    :param verb: the playbook that runs now: what it changes is no finding
    """
    alike: dict[tuple[str, str, str], tuple[effects.Change, list[str]]] = {}
    for host, found in changes.items():
        for change in found:
            if not (verb and change.statement.verb == verb):
                key = (change.variable, effects.shown(change.running), effects.shown(change.wanted))
                alike.setdefault(key, (change, []))[1].append(host)
    for (variable, running, wanted), (change, hosts) in alike.items():
        statement = change.statement
        where = ", ".join(dict.fromkeys(hosts))
        if statement.secret:
            problem = "it is not the one that the servers run with"
        else:
            problem = f"{running or 'nothing'} runs, and the inventory says {wanted or 'nothing'}"
        why = f"; {statement.why}" if statement.why else ""
        code = "contact-setting-together" if statement.effect == "together" else "contact-setting-new"
        yield Finding(code, where, variable, f"{problem}{why}.", effects.remedy(statement, change.running))
    for host, services in left.items():
        for service in services:
            problem = f"{service.unit} still runs here, and the host's groups no longer give it the role {service.role}."
            yield Finding("contact-group-left", host, "-", problem, f"the host back into its group; or {service.fix}")
