# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All members of a cluster, stopped and started together: what they have then is taken over by all of them or by none. Pure.

What members compare with each other when they start (``rolling.compare``) cannot be taken over by one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict


class Call(TypedDict):
    """A call of a service: a module of the collection, with its parameters."""

    module: str
    params: NotRequired[Any]


class Together(TypedDict, total=False):
    """``rolling.together`` of a role's exports. Any of it may be a template until it is asked for; calls are run on every member."""

    verb: str
    policy: str
    forced: str | bool
    silent: str
    forcing: str
    works: str
    broken: str
    guide: str
    picture: str
    info: Call
    info_before: Call
    stop: Call
    healthy: Call
    healthy_before: Call


KEYS = tuple(Together.__annotations__)


@dataclass(frozen=True)
class Answer:
    """What a member says of the cluster.

    :ivar answers: it answers, and takes part in the cluster: one that waits for the others knows little of it
    :ivar problems: those that starting all members together would not end
    :ivar error: why it gave no answer, as it or its host says
    """

    answers: bool = False
    problems: tuple[str, ...] = ()
    error: str = ""

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Answer:
        """Read a module's result."""
        problems = result.get("lasting_problems", result.get("problems"))
        return cls(speaks(result), tuple(problems or ()), str(result.get("error") or ""))


def speaks(result: Mapping[str, Any]) -> bool:
    """Whether what a member says of the cluster is worth something: it answers, and is not a member that still waits for the others."""
    return bool(result.get("answers")) and result.get("mode") != "initializing"


def refusal(
    present: Sequence[str],
    away: Mapping[str, str],
    members: Sequence[str],
    answers: Mapping[str, Answer],
    silent: str,
    forcing: str = "",
    forced: bool = False,
    unanswered: bool = False,
    cut_off: bool = False,
) -> str:
    """Why nothing is restarted; empty where it may be.

    :param present: members that take part
    :param away: those of them that cannot be reached, and why
    :param members: all of the cluster
    :param answers: of those that were asked; the first that answers speaks for all
    :param silent: what to do where none answers
    :param forcing: how a cluster that is unhealthy is restarted all the same
    :param forced: whether a cluster that is unhealthy is restarted all the same: a drive that is known to be lost is no reason to leave
        the others with an old version
    :param unanswered: whether members that do not answer are no reason against it
    :param cut_off: whether a run that did this was interrupted: members that it has stopped do not answer, and the others miss them
    """
    if sorted(present) != sorted(members):
        return "Servers with different versions or settings do not work together: run it with all of them, without --limit."
    if away:
        named = ", ".join(away)
        said = "; ".join(dict.fromkeys(why.rstrip(". ") for why in away.values()))
        text = (
            f"{named} cannot be reached ({said}). All servers are restarted together, as those with different versions or settings do not"
        )
        text += f" work together. Fix: start {named} and check that Ansible reaches it over SSH, then run this again"
        return f"{text}; a server that is lost is replaced first"
    if forced or (cut_off and not all(answers.get(host, Answer()).answers for host in present)):
        return ""
    spoken = next((answers[host] for host in present if answers.get(host, Answer()).answers), None)
    if spoken is None:
        errors = list(dict.fromkeys(answer.error.rstrip(".") for answer in answers.values() if answer.error))
        return "" if unanswered else f"{silent} Reason: {'; '.join(errors)}." if errors else silent
    if spoken.problems:
        said = "; ".join(spoken.problems)
        return f"Nothing is restarted while the cluster is unhealthy: {said}. {forcing}"
    return ""


@dataclass(frozen=True)
class Attempt:
    """How all members took over what is new.

    :ivar hosts: all members, in their order
    :ivar not_started: member -> why it did not start with it
    :ivar unhealthy: member -> why the cluster is unhealthy with it, as it says. A member alone is ready once it answers
    :ivar forced: whether some of them are enough
    """

    hosts: Sequence[str]
    not_started: Mapping[str, str] = field(default_factory=dict)
    unhealthy: Mapping[str, str] = field(default_factory=dict)
    forced: bool = False

    @property
    def left_behind(self) -> list[str]:
        """Members that did not take it over; first those that did not start."""
        started = [host for host in self.hosts if host in self.unhealthy and host not in self.not_started]
        return [host for host in self.hosts if host in self.not_started] + started

    @property
    def going_back(self) -> bool:
        """Whether all members go back to what they had."""
        return len(self.left_behind) > (len(self.hosts) - 1 if self.forced else 0)

    @property
    def cause(self) -> str:
        """Why, from the first that did not apply it; empty where all did."""
        if not self.left_behind:
            return ""
        first = self.left_behind[0]
        return f"{first}: {self.not_started.get(first) or self.unhealthy.get(first) or 'no reason given'}"

    def waits(self, host: str) -> bool:
        """Whether it is worth to wait for the cluster on a member: where one did not start, only some of them may be enough."""
        return host not in self.not_started and (not self.not_started or self.forced)

    def verdict(self, again: bool, works: str, broken: str, guide: str) -> str:
        """What the run ends with; empty where all members took it over.

        :param again: whether the cluster works with what it had
        :param works: says that it does
        :param broken: says that it does not, and where to look
        :param guide: where more about it stands
        """
        if not self.left_behind:
            return ""
        if self.going_back:
            what = f"All servers went back to their previous version and settings, and {works if again else broken}"
        else:
            what = f"{', '.join(self.left_behind)} did not apply the change, the others did"
        return f"{self.cause.rstrip('. ')}. {what}. See {guide}."
