# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who of a cluster is restarted now, in which order, and what is done to one member. Pure: who asks the hosts is in :mod:`.rolling_action`.

A role whose hosts are restarted or updated one after the other says in ``meta/exports.yml`` what is known of it alone, see :data:`KEYS`:

    rolling:
      name: PostgreSQL                            # in texts
      policy: "{{ postgresql_restart_policy }}"   # when a run of the site restarts what waits: one of maintenance.POLICIES
      ask: {module: ..., params: {...}}           # the leader, members with waiting settings: see Asked
      gate: {module: ..., params: {...}}          # fails where this member must not be interrupted now
      healthy: {module: ..., params: {...}}       # waits until the cluster is healthy with this member
      leave: {module: ..., params: {...}}         # before: has others take this member's work over; run on a member that `ask` says directs
      resume: {module: ..., params: {...}}        # after: gives it work again; run there too, also where the restart has failed
      update: {module: ..., params: {...}}        # installs the updates of its packages

Hosts that are no cluster, and of which nothing waits for a restart, have only ``name`` and ``update``: whether a host works is what its
components' units say when they are converged (``ready``).

A call is a module of the collection that calls a service, with its parameters, templated for each host.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, Protocol, TypedDict

from ..task_types import Result as Result
from .together import Call as Call
from .together import Together

#: What is done to a group of members, the last part of the group's name.
NOW, AGAIN, TOGETHER = "now", "again", "together"


class MemberUnit(TypedDict):
    """A unit of a member that is restarted."""

    component: str
    unit: str


class Unit(MemberUnit):
    """A unit that waits for a restart."""

    role: str


class Calls(TypedDict):
    """What of ``rolling`` is run on a member."""

    gate: NotRequired[Call]
    healthy: NotRequired[Call]
    formed: NotRequired[Call]
    ask: NotRequired[Call]
    hand_over: NotRequired[Call]
    leave: NotRequired[Call]
    resume: NotRequired[Call]
    restart: NotRequired[Call]
    restart_in_place: NotRequired[Call]
    update: NotRequired[Call]
    compare: NotRequired[Call]


class Rolling(Calls):
    """``rolling`` of a role's exports. Any of it may be a template until it is asked for."""

    name: str
    policy: NotRequired[str]
    known: NotRequired[str]
    refused: NotRequired[str]
    asked: NotRequired[str | bool]
    units: NotRequired[list[MemberUnit]]
    together: NotRequired[Together]


CALLS = tuple(Calls.__annotations__)
KEYS = tuple(Rolling.__annotations__)
REQUIRED = ("name", "policy", "gate", "healthy")
#: All that there is of hosts that are only updated one after the other.
ONLY_UPDATED = ("name", "update")


def problems(said: Mapping[str, Any], together: Iterable[str]) -> list[str]:
    """What is wrong with the keys of a role's ``rolling``.

    :param together: what ``together`` may hold
    """
    unknown = sorted({*said} - {*KEYS} | {*(said.get("together") or ())} - {*together})
    missing = [] if {*said} == {*ONLY_UPDATED} else [key for key in REQUIRED if key not in said]
    return [f"{key} is not a known key" for key in unknown] + [f"{key} is missing" for key in missing]


def group(role: str, part: str) -> str:
    """The dynamic group of a role's members to which something is done."""
    return f"rolling_{part}_{role}"


@dataclass(frozen=True)
class Asked:
    """What the call ``ask`` says; a service without it has no leader, and only its units wait.

    :ivar leader: name of the member that leads, as the one that was asked knows it
    :ivar names: members of which settings wait for a restart
    :ivar pending: whether those of the member that was asked do
    :ivar lowered: of these, settings that only the leader's own restart makes less
    :ivar after_leader: whether a restart of this member would change nothing before the leader's
    :ivar problems: why the cluster is unhealthy
    :ivar member: what the cluster knows the member by, where others take its work over
    :ivar directs: whether the member can have others take work over
    :ivar directors: members, as the cluster knows them, that can do so for this one; empty where it does not say which
    """

    leader: str = ""
    names: tuple[str, ...] = ()
    pending: bool = False
    lowered: tuple[str, ...] = ()
    after_leader: bool = False
    problems: tuple[str, ...] = ()
    member: str = ""
    directs: bool = False
    directors: tuple[str, ...] = ()

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Asked:
        """Read a module's result."""
        member = result.get("member") or {}
        return cls(
            leader=str(result.get("leader") or ""),
            names=tuple(result.get("pending_restart") or ()),
            pending=bool(member.get("pending_restart")),
            lowered=tuple(member.get("lowered") or ()),
            after_leader=bool(member.get("waits_for_leader")),
            problems=tuple(result.get("problems") or ()),
            member=str(member.get("id") or ""),
            directs=bool(result.get("directs")),
            directors=tuple(result.get("directors") or ()),
        )


# --- who, in which order --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """What one member was found to wait for.

    :ivar waits: a unit of it waits, or its restart was requested
    :ivar differs: what it has to take over together with all other members
    :ivar together: whether it has
    :ivar cut_off: a run that restarted all members together has not come to its end
    :ivar apart: it takes no part in the cluster: its restart interrupts no client
    :ivar why: a text of what it waits for; empty where it may be restarted now
    :ivar why_alone: the same, were it restarted without the others
    :ivar problems: why the cluster is unhealthy
    :ivar member: what the cluster knows it by, where others take its work over
    :ivar directs: whether it can have others take work over
    :ivar directors: see :class:`Asked`
    """

    host: str
    waits: bool = False
    leader: str = ""
    names: tuple[str, ...] = ()
    together: bool = False
    differs: tuple[str, ...] = ()
    cut_off: bool = False
    apart: bool = False
    why: str = ""
    why_alone: str = ""
    problems: tuple[str, ...] = ()
    member: str = ""
    directs: bool = False
    directors: tuple[str, ...] = ()

    @classmethod
    def of(cls, host: str, result: Mapping[str, Any]) -> Look:
        """Read the result of the action that looked."""
        return cls(
            host=host,
            waits=bool(result.get("waits")),
            leader=str(result.get("leader") or ""),
            names=tuple(result.get("names") or ()),
            together=bool(result.get("together")),
            differs=tuple(result.get("differs") or ()),
            cut_off=bool(result.get("cut_off")),
            apart=bool(result.get("apart")),
            why=str(result.get("why") or ""),
            why_alone=str(result.get("why_alone") or ""),
            problems=tuple(result.get("problems") or ()),
            member=str(result.get("member") or ""),
            directs=bool(result.get("directs")),
            directors=tuple(result.get("directors") or ()),
        )


CONTINUES = "the restart of all servers together was interrupted, and continues"


@dataclass(frozen=True)
class Plan:
    """Members that are restarted one after the other, in this order; that are restarted all at once; and the messages about the others.

    :ivar continues: an interrupted restart of all members together is completed
    """

    now: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    postponed: tuple[str, ...] = ()
    continues: bool = False


def plan(looks: Sequence[Look], members: Iterable[str], name: str, verb: str, together_verb: str = "") -> Plan:
    """Decide about all members at once. The leader is last, so that the leader changes only once.

    :param looks: of the members that are still in the run, in their order
    :param members: of the cluster
    :param name: the service's, for people
    :param verb: the playbook that restarts what waits at once
    :param together_verb: the one that restarts all members together
    """
    # A member may have said of itself what another one, asked a moment earlier, had not heard yet.
    named = {member for look in looks for member in look.names}
    leaders = {look.leader for look in looks}
    complete = {look.host for look in looks} >= set(members)
    waiting = [look for look in looks if look.waits or look.host in named]
    # It had been requested. Where all of them still run with their previous settings, it has interrupted no client, and waits like any
    # other.
    if any(look.cut_off for look in looks) and not all(look.together and not look.apart for look in looks):
        if complete:
            return Plan(together=tuple(look.host for look in looks), postponed=(CONTINUES,), continues=True)
        return Plan(postponed=(f"{CONTINUES} once all servers are reachable; {together_verb} does it too",))
    # If the others run with the new version and settings, one that differs and takes no part joins them by its own restart. One that takes
    # part is another matter: of a store that gets another pool only the new servers have nothing to take over.
    behind = complete and len(waiting) < len(looks) and all(look.together and look.apart for look in waiting)
    said, now, together = [], [], []
    for look in sorted(waiting, key=lambda look: look.host in leaders):
        if behind and not look.why_alone:
            now.append(look.host)
        elif look.together:
            if not look.why and complete:
                together.append(look.host)
                continue
            what = f"another {', '.join(look.differs)}"
            why = look.why or "until all servers are reachable"
            said.append(f"{look.host}: {what} waits {why}; {together_verb}, which stops all servers together, does it immediately")
        elif look.why:
            said.append(f"{look.host}: the restart of {name} waits {look.why}; {verb} does it immediately")
        else:
            now.append(look.host)
    return Plan(tuple(now), tuple(together), tuple(said))


def update(looks: Sequence[Look], missing: Sequence[str] = ()) -> Plan:
    """All members, the leader last: each installs its updates.

    :param missing: members that have failed in this run
    :raises ValueError: one is missing, or the cluster is unhealthy; the text says why
    """
    if missing:
        raise ValueError(f"Nothing is updated without {', '.join(missing)}: see the error above.")
    # A member that knows a confirmed leader represents the cluster: a disconnected member shows an old state of the cluster.
    speaks = next((look for look in looks if look.leader), looks[0] if looks else None)
    if speaks and speaks.problems:
        said = "; ".join(speaks.problems)
        raise ValueError(f"Nothing is updated while the cluster is unhealthy: {said}. Fix: start what is down, or `make converge`.")
    leader = speaks.leader if speaks else ""
    return Plan(now=tuple(look.host for look in sorted(looks, key=lambda look: look.host == leader)))


def left_out(looks: Sequence[Look], members: Iterable[str], run: Collection[str]) -> list[str]:
    """Members that ``--limit`` leaves out and for which the cluster is unhealthy: no wait in this run makes them healthy.

    :param members: of the cluster, by the inventory
    :param run: the hosts of the run
    """
    said = [problem for look in looks for problem in look.problems]
    away = [host for host in members if host not in run]
    return [host for host in away if any(re.search(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", problem) for problem in said)]


def through(looks: Iterable[Look], host: str) -> str:
    """The host through which a member's work is taken over: another one where there is one, so that it does not go with the member.

    :return: empty where no other member can take over, or no member that could arrange it is in the run
    """
    found = list(looks)
    own = next((look for look in found if look.host == host), None)
    if own is None or not own.member:
        return ""
    # The group may hold the hosts of two clusters.
    able = [look.host for look in found if look.directs and (not own.directors or look.member in own.directors)]
    return next((name for name in able if name != host), host if host in able else "")


def alone(looks: Sequence[Look], order: Iterable[str]) -> list[str]:
    """Members of a cluster whose work no host in the run can move to others."""
    named = {look.host for look in looks if look.member}
    return [host for host in order if host in named and not through(looks, host)]


# --- one member -----------------------------------------------------------------------------------------------------------


class Hands(Protocol):
    """What can be done to a member. A step that fails raises."""

    def has(self, call: str) -> bool:
        """Whether the service knows such a call."""

    def call(self, call: str) -> Result:
        """Run one of :data:`CALLS`."""

    def units(self) -> list[Unit]:
        """Converge the role, and give the units that wait."""

    def restart_unit(self, unit: Unit) -> None:
        """Restart one, and see it ready."""


@dataclass
class MemberUpdate:
    """What was done to a member.

    :ivar updated: packages
    :ivar restarted: whether it was restarted, or has to be after the leader
    :ivar again: it comes again, after the leader
    """

    updated: list[str] = field(default_factory=list)
    restarted: bool = False
    again: bool = False

    def text(self, host: str) -> str:
        """In words."""
        updated = f"is updated: {', '.join(self.updated)}" if self.updated else "is up to date"
        return f"{host} {updated}, {'a restart is pending' if self.restarted else 'no restart is pending'}"


def restart_member(member: str, hands: Hands, update: bool = False, always: Sequence[Unit] = (), prepare: bool = False) -> MemberUpdate:
    """Restart what waits on one member, and wait until the cluster is healthy.

    :param member: its name
    :param update: take its packages' updates first
    :param always: units to restart where none waits
    :param prepare: end before anything is interrupted: reports what would be restarted, if permitted
    """
    done = MemberUpdate()
    if update:
        if hands.has("healthy"):
            hands.call("healthy")
        done.updated = [str(package["name"]) for package in hands.call("update").get("packages") or ()]
    units = hands.units() or list(always)
    if not units and not hands.has("ask"):
        return done
    hands.call("gate")
    asked = Asked.of(hands.call("ask")) if hands.has("ask") else Asked()
    leads = asked.leader == member
    done.restarted = bool(units or asked.pending)
    done.again = bool(asked.lowered) and not leads
    if prepare:
        return done
    if asked.lowered and leads:
        hands.call("restart_in_place")
    if hands.has("hand_over") and (units or (asked.pending and not asked.lowered)):
        hands.call("hand_over")
    for unit in units:
        hands.restart_unit(unit)
    if asked.pending and not asked.after_leader:
        hands.call("restart")
    hands.call("healthy")
    return done
