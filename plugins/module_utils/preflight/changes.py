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
        "A setting that only applies to a new cluster or site differs from the running value.",
        "Restore the value that runs; or migrate in the way that the message names.",
    ),
    Code(
        "contact-setting-together",
        "A setting that all hosts have to change at the same time differs from the running value.",
        "Run the playbook that the message names; or restore the value that runs.",
    ),
    Code(
        "contact-group-left",
        "The host is still a member of a cluster, and its groups no longer give it the role: the firewall would close its ports.",
        "Put the host back into the group; or take the member out of the cluster first, as the message says.",
    ),
    Code(
        "contact-setting-unknown",
        "An older release installed the service, and its running value is not recorded yet: the setting cannot be changed before.",
        "Restore the value that runs, for one run of site.yml, which records it.",
    ),
    Code(
        "contact-new-port-taken",
        "Another program listens on the port that a service is to have: the service would not be reached there.",
        "Set another port in the variable that the message names; or stop the program on the server.",
    ),
)


@dataclass(frozen=True)
class Left:
    """A service that runs on a host whose groups no longer give it the role."""

    role: str
    unit: str
    fix: str


@dataclass(frozen=True)
class Taken:
    """A port that a service of the site is to have, and who listens on it: program and unit, empty where they are unknown."""

    variable: str
    role: str
    port: str
    program: str
    unit: str


@dataclass(frozen=True)
class Unrecorded:
    """A setting of a service that an older release made: which value runs is not recorded.

    :ivar runs: the value that runs, where the host's ports show that it is not the wanted one
    """

    statement: effects.Statement
    wanted: str
    runs: str = ""


def findings(
    changes: Mapping[str, Iterable[effects.Change]],
    left: Mapping[str, Iterable[Left]],
    verb: str = "",
    unrecorded: Mapping[str, Iterable[Unrecorded]] | None = None,
    taken: Mapping[str, Iterable[Taken]] | None = None,
) -> Iterator[Finding]:
    """One finding for each variable and value that runs, with all hosts on which it does.

    :param changes: by host
    :param left: by host
    :param verb: the playbook that runs now: what it changes is no finding
    :param unrecorded: by host
    :param taken: by host
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
        yield Finding(code, where, variable, f"{problem}{why}.", effects.fix(statement, change.running))
    yield from _unknown(unrecorded or {}, verb)
    for host, ports in (taken or {}).items():
        for one in ports:
            who = f"{one.program or 'another program'}{f' ({one.unit})' if one.unit else ''}"
            problem = f"{who} listens on port {one.port} of this server, which the role {one.role} is to have."
            stop = f"systemctl disable --now {one.unit}" if one.unit.endswith(".service") else f"stop {one.program or 'it'}"
            fix = f"set {one.variable}: a port that is free on all of its servers; or, on {host}: {stop}"
            yield Finding("contact-new-port-taken", host, one.variable, problem, fix)
    for host, services in left.items():
        for service in services:
            problem = f"{service.unit} still runs here, and the host's groups no longer give it the role {service.role}."
            yield Finding("contact-group-left", host, "-", problem, f"put the host back into its group; or {service.fix}")


def _unknown(unrecorded: Mapping[str, Iterable[Unrecorded]], verb: str) -> Iterator[Finding]:
    """What the verb cannot change yet, and what ``site.yml`` would change although another value runs."""
    alike: dict[tuple[str, str, str], tuple[Unrecorded, list[str]]] = {}
    for host, settings in unrecorded.items():
        for one in settings:
            if one.runs or (verb and one.statement.verb == verb):
                alike.setdefault((one.statement.name, one.runs, one.wanted), (one, []))[1].append(host)
    for (variable, runs, wanted), (one, hosts) in alike.items():
        if runs:
            problem = f"the service listens on {runs}, and the inventory says {wanted}; an older release recorded no value."
        else:
            problem = "an older release installed the service, and its running value is not recorded yet."
        then = f"; then run {effects.COMMAND.format(one.statement.verb)}" if one.statement.verb else ""
        fix = f"set {variable}: {runs or 'the value that runs'}, and run `make converge` once, which records it{then}"
        yield Finding("contact-setting-unknown", ", ".join(dict.fromkeys(hosts)), variable, problem, fix)
