# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that does not exist yet is formed only with all its members. An existing one continues with the members that can be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..agent.lib.plural import counted
from .findings import Code, Finding, Level

CODES = (
    Code(
        "contact-new-cluster",
        "No member that answered has been in the cluster yet, and another one cannot be reached, has failed, or is left out by `--limit`:"
        " the run would form a new cluster without it. A cluster that exists is converged with a member down.",
        "Make the member reachable and run again without `--limit`, or take it out of the cluster's group (where its members vote and an"
        " even number would be left, put another host in its place). For a new member of an existing cluster,"
        " include one of its members in the limit.",
    ),
    Code(
        "contact-joins-incomplete",
        "A host is to join a cluster whose members vote, and a member cannot be reached or has failed: the cluster accepts no new member"
        " until all of its members are connected, and the run would wait until its timeout.",
        "Return the member, or replace it under its own name; or remove the new host from the group until then.",
    ),
    Code(
        "contact-cluster-data-missing",
        "A member of a cluster has run on the server, and its data are missing: a disk is not mounted, or the data are lost. The run"
        " would create an empty cluster in their place, or the member could never start.",
        "Mount the file system of the path (`findmnt`, `/etc/fstab`), then run the same command again. Where the data"
        " are permanently lost, see docs/day2.md, Lost data.",
    ),
    Code(
        "contact-member-data-missing",
        "A member of a cluster has run on the server, and its data are missing, while other members have theirs: it copies them.",
        "Change nothing where the disk was replaced. Where it is only not mounted: mount it before the member has filled"
        " the file system below.",
        Level.WARNING,
    ),
    Code(
        "contact-forks",
        "The run would form a new cluster whose members wait at their first start until most of them run, and it works on fewer hosts at"
        " once than that (`-f`, `--forks`).",
        "Use -f with the number that the message names, or set forks in ansible.cfg, or ANSIBLE_FORKS in the environment.",
    ),
)
#: Why a member is not there that may know of the cluster.
LEFT_OUT = "is left out of this run (--limit)"
#: The switch that names the hosts on which the data of clusters are lost for good.
DATA_LOST = "site_data_lost_hosts"
#: What the host checks themselves may have done.
UNCHANGED = "No host was changed, but for python3 and sudo where they were missing."


@dataclass(frozen=True)
class Cluster:
    """A cluster of the site.

    :ivar missing: member -> why it is not there; None where it answered
    :ivar exists: what the members that answered say of it; empty where none of them forms it
    :ivar joining: members that answered and have not been in it yet
    :ivar majority: a member's first start waits until most of them run
    :ivar odd: its members vote, and an even number of them is refused
    :ivar missing: member that has run -> the paths of its data, none of which is there
    :ivar holding: members that have their data
    :ivar lost: what else to do before a cluster whose data are lost is created again
    :ivar voters: names of the members that count for the quorum, by those that have their data
    :ivar forgotten: voters that have run and have no data, whether or not :data:`DATA_LOST` names them
    """

    name: str
    group: str
    role: str
    members: Mapping[str, str | None]
    exists: tuple[bool, ...] = ()
    joining: tuple[str, ...] = ()
    majority: bool = False
    odd: bool = False
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    holding: tuple[str, ...] = ()
    lost: str = ""
    voters: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()

    @property
    def quorum_lost(self) -> bool:
        """Whether fewer voters have their data than a quorum: no leader can be elected, and no member can be added or removed."""
        return self.odd and bool(self.forgotten) and len(self.voters) - len(self.forgotten) < len(self.voters) // 2 + 1

    @property
    def new(self) -> bool:
        """Whether members answered that it would be formed by, and none of them knows of it."""
        return bool(self.exists) and not any(self.exists)


def findings(clusters: Iterable[Cluster], forks: int = 0) -> Iterator[Finding]:
    """One for each cluster that would be formed without all of its members, or that could not be formed by this run.

    :param forks: hosts that the run works on at once; 0 where that is not known
    """
    for cluster in clusters:
        needed = len(cluster.members) // 2 + 1
        if cluster.new and cluster.majority and 0 < forks < needed:
            problem = (
                f"{needed} of the {len(cluster.members)} members of the new cluster {cluster.name} have to start at the same time, and this"
                f" run works on {counted(forks, 'host')} at once. {UNCHANGED}"
            )
            yield Finding("contact-forks", cluster.group, "forks", problem, f"use -f {len(cluster.members)} (or more), or leave -f out")
        missing = {name: why for name, why in cluster.members.items() if why is not None}
        if cluster.quorum_lost:
            yield _without_quorum(cluster)
            continue
        if cluster.missing:
            yield from _without_data(cluster, list(missing))
        yield from _joins(cluster, {name: why for name, why in missing.items() if why != LEFT_OUT})
        if not cluster.new or not missing or cluster.missing:
            continue
        names = ", ".join(missing)
        reasons = "; ".join(f"{name} {why}" for name, why in missing.items())
        problem = f"the cluster {cluster.name} does not exist yet and is formed only with all its members: {reasons}. {UNCHANGED}"
        fix = f"make {names} reachable and run again for all hosts, or {_smaller(cluster, list(missing))}"
        if LEFT_OUT in missing.values():
            problem = (
                f"no member of the cluster {cluster.name} that is known to exist is in this run, and a new one is formed only with all its"
                f" members: {reasons}. {UNCHANGED}"
            )
            fix = f"remove --limit; or, where the cluster exists, use a --limit with one of its members that run, beside {_listed(cluster)}"
        yield Finding("contact-new-cluster", cluster.group, "-", problem, fix)


def _without_data(cluster: Cluster, away: Sequence[str]) -> Iterator[Finding]:
    """Where other members have the data a member copies them, unless members vote: then it must not come back under its old ID.

    :param away: members that did not answer
    """
    gone = list(cluster.missing)
    if cluster.holding and cluster.odd:
        gone = [host for host in gone if host not in cluster.joining]  # one that was made empty on purpose comes as a new member
    if not gone:
        return
    hosts = ", ".join(gone)
    paths = ", ".join(dict.fromkeys(path for host in gone for path in cluster.missing[host]))
    there = f"{paths} {'does' if ',' not in paths else 'do'} not exist on {hosts}, although the cluster {cluster.name} has run there"
    mount = f"mount the file system of {paths} (findmnt, /etc/fstab) and run again"
    if cluster.holding and not cluster.odd:
        problem = (
            f"{there}. {', '.join(cluster.holding)} {'has' if len(cluster.holding) == 1 else 'have'} the data, which {hosts} will copy."
        )
        fix = "change nothing where the disk was replaced; where it is only not mounted, mount it now"
        yield Finding("contact-member-data-missing", ",".join(gone), "-", problem, fix)
        return
    if cluster.holding:
        problem = f"{there}: it cannot start again as the same member. {UNCHANGED}"
        fix = f"{mount}; where the data are lost for good: docs/day2.md, Lost data"
    else:
        besides = f" {', '.join(away)} did not answer and may have the data." if away else ""
        problem = f"{there}, and no member that answered has its data: the run would begin an empty cluster.{besides} {UNCHANGED}"
        more = f"{cluster.lost}, then " if cluster.lost else ""
        fix = f"{mount}; where the data are lost for good, {more}-e {DATA_LOST}={','.join(gone)} (docs/day2.md, Lost data)"
    yield Finding("contact-cluster-data-missing", ",".join(gone), "-", problem, fix)


def _without_quorum(cluster: Cluster) -> Finding:
    """Too few voters have their data. A new member cannot join them, and their own state is of no use without the others' consent."""
    lost, holding = ", ".join(cluster.forgotten), ", ".join(cluster.holding)
    paths = ", ".join(dict.fromkeys(path for host in cluster.forgotten for path in cluster.missing.get(host, ())))
    problem = (
        f"the cluster {cluster.name} has lost its quorum: {lost} {'has' if len(cluster.forgotten) == 1 else 'have'} no data, and"
        f" {len(cluster.voters) // 2 + 1} of its {counted(len(cluster.voters), 'member')} are needed ({', '.join(cluster.voters)})."
        f" {UNCHANGED}"
    )
    mount = f"mount the file system of {paths or 'the data'} on {lost} (findmnt, /etc/fstab) and run again"
    every = ",".join(sorted({*cluster.forgotten, *cluster.holding}))
    fix = (
        f"{mount}; where the data are lost for good, delete those of {holding} as well and create the cluster again with"
        f" -e {DATA_LOST}={every} (docs/day2.md, Lost data)"
    )
    return Finding("contact-cluster-data-missing", ",".join(cluster.forgotten), "-", problem, fix)


def _joins(cluster: Cluster, away: Mapping[str, str]) -> Iterator[Finding]:
    """etcd refuses ``member add`` while one of its members is not connected ("unhealthy cluster"), so that a quorum is not lost by it.

    Without a quorum nothing is reported: a member that the first run did not get to start may be what is missing.
    """
    if not (cluster.odd and cluster.joining and away) or sum(cluster.exists) <= len(away):
        return
    names, others = ", ".join(cluster.joining), ", ".join(away)
    are, reasons = "is" if len(cluster.joining) == 1 else "are", "; ".join(f"{name} {why}" for name, why in away.items())
    problem = (
        f"{names} {are} to join the cluster {cluster.name}, which accepts no new member while one of its members is unreachable: {reasons}."
        f" {UNCHANGED}"
    )
    fix = f"make {others} reachable (or replace it under its own name) and run again, or take {names} out of the group"
    yield Finding("contact-joins-incomplete", cluster.group, "-", problem, f"{fix} {cluster.group} until then")


def _smaller(cluster: Cluster, missing: list[str]) -> str:
    """How the inventory does without the members that are missing; preflight has to accept it."""
    names, left = ", ".join(missing), len(cluster.members) - len(missing)
    if cluster.odd and left % 2 == 0:
        fewer = f", or leave {left - 1} of the others in it" if left else ""
        return f"put another host into the group {cluster.group} for each of {names}{fewer}: the number of members has to be odd"
    if not left:
        return f"put other hosts into the group {cluster.group}"
    return f"take {names} out of the group {cluster.group}"


def _listed(cluster: Cluster) -> str:
    return ", ".join(name for name, why in cluster.members.items() if why is None)


def absence(failure: str, answered: bool, asked: bool) -> str | None:
    """Why a member is not there; None where it is.

    :param failure: what its host answered instead of facts
    :param answered: whether it gave its facts, or in check mode could not yet without python3
    :param asked: whether the run is for it
    """
    if not asked:
        return LEFT_OUT
    if answered:
        return None
    said = " ".join(failure.split()).rstrip(".")
    return f"cannot be reached or has failed ({said[:300]})" if said else "did not answer"
