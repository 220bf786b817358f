# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which member has the newest data, where etcd starts empty and no longer knows it.

The first Patroni that an empty etcd sees would lead, and the others would be rewound to its data. On the hosts postgresql-may-start keeps
each from starting but the one that a person has named; here that person is told how far each member's data go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...agent.services.postgresql import wal as positions
from ...agent.services.postgresql.host_facts import NEWEST as MARK
from ...preflight.answers import Answer
from ...preflight.findings import Code, Finding

ROLE, DCS = "postgresql", "etcd"

CODES = (
    Code(
        "contact-newest-member",
        "etcd starts empty, and several database servers have data of the cluster. etcd does not know which of them has the newest: the"
        " first one that starts would lead, and the others would lose what it does not have.",
        f"Stop Patroni on all of them, and run `touch {MARK}` on the one that the message names; see docs/day2.md, Lost data.",
    ),
    Code(
        "contact-leader-data-missing",
        "Database servers have lost their data, or a disk is not mounted, and those that have theirs may lack rows that were acknowledged:"
        " Patroni lets none of them lead, and the run would wait for a leader.",
        "Mount the file system of the path, then run the same command again. Where the data are permanently lost: fail"
        " over to a member that has data, with the command that the message names; rows that it does not have are lost.",
    ),
)


def findings(answers: Iterable[Answer]) -> Iterator[Finding]:
    """One where members have data that etcd knows nothing of, and it is not said which of them is to lead."""
    given = list(answers)
    yield from _without_leader(given)
    known = [bool(answer.facts["clusters"][DCS]) for answer in given if DCS in (answer.facts.get("clusters") or {})]
    members = {answer.host: answer.of_service(ROLE).get("member") or {} for answer in given if ROLE in answer.roles}
    holding = {host: said for host, said in members.items() if said}
    if not known or any(known) or not holding or len(members) < 2:
        return
    running = [host for host, said in holding.items() if said.get("runs")]
    named = [host for host, said in holding.items() if said.get("newest")]
    if len(named) == 1 and not running:
        return
    hosts = ",".join(holding)
    if running:
        problem = (
            f"etcd starts empty, and Patroni runs on {', '.join(running)}: the first one that etcd sees would lead, and the others would"
            " lose what it does not have. No host was changed."
        )
        fix = f"run systemctl stop patroni on {', '.join(members)}, then run again: the run then says which member has the newest data"
        yield Finding("contact-newest-member", hosts, "-", problem, fix)
        return
    best = max(holding, key=lambda host: _order(holding[host].get("wal")))
    silent = [answer.host for answer in given if answer.host in members and not answer.facts]
    besides = f" {', '.join(silent)} did not answer and may have newer data." if silent else ""
    problem = (
        f"etcd starts empty and does not know whose data are the newest: {'; '.join(_said(host, holding[host]) for host in holding)}."
        f"{besides} No host was changed."
    )
    if len(named) > 1:
        problem = f"{problem[:-1]}, and {MARK} is on {', '.join(named)}."
    fix = f"touch {MARK} on {best}{' alone' if len(named) > 1 else ''}, then run again; the others copy what they lack from {best}"
    yield Finding("contact-newest-member", hosts, "-", problem, fix)


def _without_leader(answers: Iterable[Answer]) -> Iterator[Finding]:
    """Where each member that has data runs and none may lead: the leader and its synchronous standbys are among those without data."""
    given = [answer for answer in answers if ROLE in answer.roles]
    gone = {answer.host: list((answer.facts.get("data_missing") or {}).get(ROLE) or ()) for answer in given}
    gone = {host: paths for host, paths in gone.items() if paths}
    said = {answer.host: answer.of_service(ROLE) for answer in given if (answer.of_service(ROLE).get("member") or {})}
    if not gone or not said or any(one.get("leader") != "" or not one["member"].get("runs") for one in said.values()):
        return
    lost, holding = ", ".join(gone), ", ".join(said)
    paths = ", ".join(dict.fromkeys(path for host in gone for path in gone[host]))
    one = next(iter(said))
    problem = (
        f"{paths} {'does' if ',' not in paths else 'do'} not exist on {lost}, and no member leads: {holding} may lack rows that were"
        f" acknowledged on {lost}, so that Patroni does not let {'it' if len(said) == 1 else 'them'} lead. No host was changed."
    )
    fix = (
        f"mount the file system of {paths} on {lost} (findmnt, /etc/fstab) and run again; where the data are lost for good, on {one}"
        f" patronictl -c /etc/patroni/config.yml failover --candidate {one} --force, after which rows that {one} does not have are lost"
    )
    yield Finding("contact-leader-data-missing", ",".join(gone), "-", problem, fix)


def _order(wal: Mapping[str, Any] | None) -> tuple[int, int]:
    if not wal:
        return (0, 0)
    return int(wal["timeline"]), positions.number(str(wal["lsn"]))


def _said(host: str, said: Mapping[str, Any]) -> str:
    wal = said.get("wal")
    return f"{host} has timeline {wal['timeline']} up to {wal['lsn']}" if wal else f"{host} has data of an unknown position"
