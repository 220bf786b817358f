# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Patroni cluster is like, and what is safe to do with it: pure decisions about what ``GET /cluster`` says."""

from __future__ import annotations

from ...core.model import AgentError
from ...lib.plural import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ...definition import Json
    from .types import Member as Report

#: Bytes a standby may be behind and still count as up to date.
MAX_LAG = 1048576
LEADERS = ("leader", "standby_leader")
#: The standby that commits wait for; ``quorum_standby`` from Patroni 4 on.
SYNCHRONOUS = ("sync_standby", "quorum_standby")


class Member:
    """One member, as ``/cluster`` lists it."""

    __slots__ = ("api", "host", "lag", "name", "pending", "port", "reasons", "role", "state", "tags", "timeline")

    def __init__(self, said: Json) -> None:
        self.name = str(said.get("name", ""))
        self.role = str(said.get("role", ""))
        self.state = str(said.get("state", ""))
        self.api = str(said.get("api_url", ""))
        self.host = str(said.get("host", ""))
        self.port = int(said.get("port") or 5432)
        self.timeline: int | None = said.get("timeline")
        lag = said.get("lag")
        #: bytes; None where it is not known ("unknown"), or the member leads
        self.lag: int | None = lag if isinstance(lag, int) else None
        self.pending = bool(said.get("pending_restart"))
        self.reasons = sorted(said.get("pending_restart_reason") or {})
        self.tags: Json = said.get("tags") or {}

    @property
    def leads(self) -> bool:
        """Whether it is the leader, or that of a standby cluster."""
        return self.role in LEADERS

    @property
    def synchronous(self) -> bool:
        """Whether commits wait for it."""
        return self.role in SYNCHRONOUS

    def follows(self, max_lag: int = MAX_LAG) -> bool:
        """A standby that streams and is up to date. Patroni before 3.0.3 says ``running`` for ``streaming``."""
        return not self.leads and self.state in ("streaming", "running") and self.lag is not None and self.lag <= max_lag

    def report(self) -> Report:
        """The member as results show it."""
        return {
            "name": self.name,
            "role": self.role,
            "state": self.state,
            "timeline": self.timeline,
            "lag": self.lag,
            "pending_restart": self.pending,
            "pending_restart_reason": self.reasons,
            "tags": self.tags,
        }


class Cluster:
    """All members at one moment.

    :param said: the answer of ``GET /cluster``
    """

    def __init__(self, said: Json) -> None:
        self.scope = str(said.get("scope", ""))
        self.paused = bool(said.get("pause"))
        self.members = [Member(item) for item in said.get("members") or ()]
        #: why the reported leader is not confirmed; a sentence
        self.doubt = ""

    @property
    def leader(self) -> Member | None:
        """The leader, if it runs."""
        return next((member for member in self.members if member.leads and member.state == "running" and not self.doubt), None)

    def find(self, name: str) -> Member | None:
        """A member by name."""
        return next((member for member in self.members if member.name == name), None)

    @property
    def synchronous(self) -> list[str]:
        """Names of the members that commits wait for."""
        return [member.name for member in self.members if member.synchronous]

    @property
    def pending(self) -> list[str]:
        """Members whose PostgreSQL has settings that only a restart makes true."""
        return [member.name for member in self.members if member.pending]

    def followers(self, max_lag: int = MAX_LAG, without: str = "") -> list[Member]:
        """Standbys that are up to date."""
        return [member for member in self.members if member.follows(max_lag) and member.name != without]

    def problems(self, expected: Iterable[str] = (), max_lag: int = MAX_LAG, synchronous: bool = False, without: str = "") -> list[str]:
        """Why the cluster is unhealthy, a sentence each; empty when it is healthy.

        :param expected: names of members that have to be there
        :param synchronous: commits are to wait for a standby, so there has to be one that they wait for
        :param without: a member that does not count
        """
        return [problem for problem, _fix in self.findings(expected, max_lag, synchronous, without)]

    def findings(
        self, expected: Iterable[str] = (), max_lag: int = MAX_LAG, synchronous: bool = False, without: str = ""
    ) -> list[tuple[str, str]]:
        """:meth:`problems`, each with what to do about it."""
        found = []
        leader = self.leader
        if self.paused:
            found.append(("automatic failover is paused (patronictl pause)", "run patronictl -c /etc/patroni/config.yml resume"))
        if leader is None:
            found.append(
                (self.doubt or "the cluster has no leader", "run systemctl status etcd patroni on all members, and start what is down")
            )
        for name in expected:
            if name != without and self.find(name) is None:
                found.append((f"{name} is not in the cluster", f"start {name} (systemctl start patroni there), or `make converge`"))
        for member in self.members:
            if member.leads or member.name == without:
                continue
            look = f"run journalctl -u patroni on {member.name}; where it cannot follow, run playbooks/postgresql/reinit.yml"
            if member.state not in ("streaming", "running"):
                found.append((f"{member.name} is {member.state or 'silent'}", look))
            elif member.lag is None:
                found.append((f"{member.name} does not say how far it is behind", look))
            elif member.lag > max_lag:
                found.append((f"{member.name} is {counted(member.lag, 'byte')} behind", f"wait until it has caught up; else {look}"))
            elif leader is not None and None not in (member.timeline, leader.timeline) and member.timeline != leader.timeline:
                found.append((f"{member.name} is on timeline {member.timeline}, the leader on {leader.timeline}", look))
        if synchronous and not self.synchronous and any(not member.leads for member in self.members):
            found.append(
                ("no standby is synchronous", "wait until a standby has caught up; else run journalctl -u patroni on the standbys")
            )
        return found


def require_healthy(cluster: Cluster, what: str, expected: Iterable[str], max_lag: int, synchronous: bool) -> None:
    """Refuse what an unhealthy cluster cannot spare; the parameters are those of :meth:`Cluster.findings`.

    :raises AgentError: ``cluster-unhealthy``
    """
    found = cluster.findings(expected, max_lag, synchronous)
    if found:
        said = "; ".join(problem for problem, _fix in found)
        fix = "; ".join(dict.fromkeys(fix for _problem, fix in found))
        raise AgentError("cluster-unhealthy", f"refused to {what}: cluster {cluster.scope} is unhealthy: {said}. Fix: {fix}")


def refuse_unknown(cluster: Cluster, wanted: str, expected: Iterable[str] = ()) -> None:
    """Refuse an unknown candidate before any other check.

    :param expected: names of members that may be down now
    :raises AgentError: ``unknown-member``
    """
    known = dict.fromkeys([*(member.name for member in cluster.members), *expected])
    if wanted and wanted not in known:
        names = ", ".join(sorted(known))
        raise AgentError(
            "unknown-member",
            f"postgresql_candidate: cluster {cluster.scope} has no member {wanted}. Fix: use one of {names}, or none for the best standby",
        )


def choose_candidate(cluster: Cluster, wanted: str, synchronous: bool, max_lag: int = MAX_LAG) -> str:
    """Who is to lead after a switchover.

    :param wanted: a member's name, or empty: the best one
    :param synchronous: replication is synchronous, so only a synchronous standby has every acknowledged row
    :raises AgentError: ``unknown-member``, ``no-candidate``, ``candidate-not-synchronous``, ``candidate-lags``
    """
    able = [member for member in cluster.followers(max_lag) if not member.tags.get("nofailover")]
    if synchronous:
        able = [member for member in able if member.synchronous]
    if not wanted:
        if not able:
            kind = "synchronous standby" if synchronous else "standby"
            raise AgentError("no-candidate", f"refused to switch over: no healthy {kind} could become leader. {_list(cluster)}")
        return min(able, key=lambda member: (member.lag or 0, member.name)).name
    member = cluster.find(wanted)
    if member is None:
        raise AgentError("unknown-member", f"cluster {cluster.scope} has no member {wanted} now. {_list(cluster)}")
    if member in able:
        return wanted
    if member.tags.get("nofailover"):
        raise AgentError("no-candidate", f"refused to switch over: {wanted} must not become leader (tag nofailover)")
    if not member.follows(max_lag):
        lag = "an unknown number of bytes" if member.lag is None else counted(member.lag, "byte")
        raise AgentError("candidate-lags", f"refused to switch over: {wanted} is {member.state} and {lag} behind, {max_lag} are allowed")
    raise AgentError(
        "candidate-not-synchronous",
        f"refused to switch over: {wanted} is not a synchronous standby and may lack acknowledged rows. Synchronous: "
        f"{', '.join(cluster.synchronous) or 'none'}; write one of them as the candidate, or none",
    )


def refuse_restart(cluster: Cluster, name: str, max_lag: int = MAX_LAG) -> None:
    """Whether a member may be interrupted now.

    :raises AgentError: ``member-leads``, ``would-lose-standby``, ``no-leader``
    """
    member = cluster.find(name)
    others = [other for other in cluster.members if other.name != name]
    if member is not None and member.leads and others:
        raise AgentError(
            "member-leads",
            f"refused to restart {name}: it leads cluster {cluster.scope}. Switch over first (playbooks/postgresql/switchover.yml)",
        )
    if cluster.leader is None and others:
        raise AgentError("no-leader", f"refused to restart {name}: cluster {cluster.scope} has no leader. {_list(cluster)}")
    if member is not None and not member.leads:
        _refuse_last_standby(cluster, name, 1, "restart", max_lag)


def refuse_reinit(cluster: Cluster, name: str, max_lag: int = MAX_LAG) -> None:
    """Whether a member's data may be deleted and copied again.

    :raises AgentError: ``unknown-member``, ``member-leads``, ``no-leader``, ``would-lose-standby``
    """
    member = cluster.find(name)
    if member is None:
        raise AgentError("unknown-member", f"cluster {cluster.scope} has no member {name}. {_list(cluster)}")
    if member.leads:
        raise AgentError(
            "member-leads",
            f"refused to reinitialise {name}: it leads cluster {cluster.scope}, its data are the cluster's. Switch over first",
        )
    if cluster.leader is None:
        raise AgentError(
            "no-leader",
            f"refused to reinitialise {name}: cluster {cluster.scope} has no leader, so there is no source for the copy. {_list(cluster)}",
        )
    if member.follows(max_lag):
        _refuse_last_standby(cluster, name, 1, "reinitialise", max_lag)


def refuse_remove(cluster: Cluster, name: str, needed: int, max_lag: int = MAX_LAG) -> None:
    """Whether a member may leave for good. A reported leader may not, whether or not it confirms that.

    :param needed: standbys that have to be left (``synchronous_node_count`` where replication is synchronous and strict, else 0)
    :raises AgentError: ``member-leads``, ``no-leader``, ``would-lose-standby``
    """
    member = cluster.find(name)
    if member is None:
        return
    if member.leads:
        doubt = f" {cluster.doubt}: it may do so again." if cluster.doubt else ""
        raise AgentError(
            "member-leads",
            f"refused to remove {name}: it leads cluster {cluster.scope}.{doubt} Switch over first (playbooks/postgresql/switchover.yml)",
        )
    if cluster.leader is None:
        raise AgentError(
            "no-leader",
            f"refused to remove {name}: cluster {cluster.scope} has no leader, and this member may have to become its "
            f"leader. {_list(cluster)}",
        )
    if needed:
        _refuse_last_standby(cluster, name, needed, "remove", max_lag)


def _refuse_last_standby(cluster: Cluster, name: str, needed: int, what: str, max_lag: int) -> None:
    standbys = [member for member in cluster.members if not member.leads and member.name != name]
    left = cluster.followers(max_lag, without=name)
    # Of a leader and one standby the standby has to be restarted some time: commits wait for it meanwhile.
    if len(left) < needed and (standbys or what != "restart"):
        standbys_left = counted(len(left), "healthy standby", "healthy standbys")
        raise AgentError(
            "would-lose-standby",
            f"refused to {what} {name}: {standbys_left} would be left and commits need {needed}. {_list(cluster)}",
        )


def _list(cluster: Cluster) -> str:
    members = [
        f"{member.name} {member.role} {member.state}" + (f" lag {member.lag}" if member.lag is not None else "")
        for member in cluster.members
    ]
    return f"Members: {', '.join(members) or 'none'}" + (f". {cluster.doubt}" if cluster.doubt else "")


# --- the configuration that Patroni keeps for the whole cluster -----------------------------------------------------------


def config_patch(wanted: Json, current: Json, path: tuple[str, ...] = ()) -> Json:
    """What to PATCH so that ``wanted`` is true; null removes a key. What ``wanted`` does not name stays as it is."""
    patch: Json = {}
    for key, value in wanted.items():
        there = current.get(key)
        if isinstance(value, dict) and (there is None or isinstance(there, dict)):
            inner = config_patch(value, there or {}, (*path, key))
            if inner:
                patch[key] = inner
        elif value is None:
            if key in current:
                patch[key] = None
        elif not same(value, there, parameter=path == ("postgresql", "parameters")):
            patch[key] = value
    return patch


def same(one: Any, other: Any, parameter: bool = False) -> bool:
    """Whether two values say the same: PostgreSQL takes 5 and "5", true and "on" alike."""
    if parameter:
        return _word(one) == _word(other)
    return type(one) is type(other) and bool(one == other)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def lines(patch: Json, current: Json, prefix: str = "") -> tuple[list[str], list[str]]:
    """A patch as lines before and after, for a diff."""
    before, after = [], []
    for key in sorted(patch):
        value, there = patch[key], current.get(key)
        if isinstance(value, dict):
            inner = lines(value, there if isinstance(there, dict) else {}, f"{prefix}{key}.")
            before += inner[0]
            after += inner[1]
            continue
        if there is not None:
            before.append(f"{prefix}{key}: {_word(there)}")
        if value is not None:
            after.append(f"{prefix}{key}: {_word(value)}")
    return before, after
