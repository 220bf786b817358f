# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a planned switchover is asked for, so that synchronous commits wait as shortly as Patroni can.

While a switchover is noted in the DCS, every member that is not its candidate sleeps two seconds before it follows the new leader
("Give a time to somebody to take the leader lock", patroni/ha.py, ``process_unhealthy_cluster``). With one synchronous standby
and strict synchronous mode the new leader's first commit waits for just that member. The note has done its work once the old
leader has begun to stop: from then on the only synchronous standby is the only one that may win the race. So the switchover is
scheduled a moment ahead, which Patroni lets one take back (``DELETE /switchover``), and the note is taken away at that moment.
"""

from __future__ import annotations

import time

from ...core import waiting
from ...core.model import AgentError
from .cluster import LEADERS, Cluster, Member
from .rest import Rest, Silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context

#: Seconds ahead: Patroni refuses a time that has passed, by the clock of the member that is asked.
AHEAD = 2
#: Seconds for the old leader to begin, from the scheduled time on.
PATIENCE = 15
#: Seconds between two looks at the old leader.
INTERVAL = 0.05


def hand_over(ctx: Context, rest: Rest, cluster: Cluster, leader: Member, candidate: Member) -> None:
    """Ask for the switchover; it has started, or is complete, when this returns.

    :raises AgentError: ``patroni-refused`` with Patroni's own reason, ``patroni-silent``, ``not-in-time``
    """
    wanted = {"leader": leader.name, "candidate": candidate.name}
    what = f"switch over from {leader.name} to {candidate.name}"
    if cluster.synchronous != [candidate.name] or len(cluster.members) < 3:
        rest.insist("POST", "/switchover", wanted, what)
        return
    begin = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(ctx.now() + AHEAD + 1))  # whole seconds: never sooner than AHEAD
    rest.insist("POST", "/switchover", {**wanted, "scheduled_at": begin}, what)
    try:
        _await_stop(ctx, rest.at(leader.api), leader, what)
    finally:
        _take_back(rest.at(candidate.api))


def _await_stop(ctx: Context, old: Rest, leader: Member, what: str) -> None:
    begun = time.monotonic()
    deadline = begun + AHEAD + 1 + PATIENCE
    while _leads(old):
        if time.monotonic() > deadline:
            raise AgentError(
                "not-in-time", f"{leader.name} has not begun to {what}; the request was withdrawn. See journalctl -u patroni there"
            )
        waiting.tell(ctx, f"{leader.name} to {what}", begun, AHEAD + 1 + PATIENCE)
        time.sleep(ctx.pause(INTERVAL))


def _leads(old: Rest) -> bool:
    """Whether the old leader still runs as one; one that does not answer is stopping."""
    try:
        _status, said = old.ask("/patroni", timeout=2)
    except Silent:
        return False
    return (
        isinstance(said, dict) and said.get("state") == "running" and said.get("role") in (*LEADERS, "primary", "master")
    )  # "master" before Patroni 4


def _take_back(member: Rest) -> None:
    """404 means that there is nothing left to withdraw. Other errors cost two seconds and nothing more."""
    try:
        member.tell("DELETE", "/switchover", None, timeout=5)
    except Silent:
        return
