# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's members: who answers, and whether one of them may be interrupted without losing the quorum."""

from __future__ import annotations

from ...core.model import AgentError
from ...lib.plural import counted
from .alarms import alarms
from .etcdctl import Etcdctl, states
from .remove import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context, Step
    from ...definition import Result
    from .types import HealthParams, Shown, State

#: Seconds between two looks.
INTERVAL = 1.0
#: The public data of a member.
REPORTED: tuple[Shown, ...] = (
    "name",
    "endpoint",
    "healthy",
    "leader",
    "learner",
    "alarms",
)


def problems(members: list[State], expected: list[str]) -> list[str]:
    """What is not as it should be, a sentence each."""
    found = [f"{name} is not a member" for name in expected if name not in [member["name"] for member in members]]
    for member in members:
        if not member["name"]:
            found.append(f"a member at {', '.join(member['endpoints']) or 'an unknown address'} has never started")
        elif not member["healthy"]:
            found.append(f"{member['name']} does not answer")
        elif member["learner"]:
            found.append(f"{member['name']} is still learning and does not vote")
    if not any(member["leader"] for member in members):
        found.append("the cluster has no leader")
    return found


def refuse_interrupt(members: list[State], name: str) -> None:
    """Whether a member may be interrupted.

    :raises AgentError: ``would-lose-quorum``. Of one or two members none can be spared; where only they are, the site has accepted that.
    """
    voters = [member for member in members if not member["learner"]]
    quorum = len(voters) // 2 + 1
    left = [member["name"] for member in voters if member["healthy"] and member["name"] != name]
    if len(voters) > 2 and len(left) < quorum:
        said = ", ".join(left) or "none"
        raise AgentError(
            "would-lose-quorum",
            f"refused to interrupt {name}: of {counted(len(voters), 'member')} {counted(quorum, 'is', 'are')} needed, only {said} would be"
            " left. Repair the others",
        )


def health(params: HealthParams, ctx: Context) -> tuple[list[Step], Result]:
    """All members, asked through this host's one.

    :param params: ``endpoint``, ``ca``, ``cert``, ``key``; ``interrupt``: a name, refused where the quorum would be lost;
        ``members``: names that have to be there; ``wait``: seconds until all are healthy; ``formed``: only wait until all have started once
    :return: no steps; ``answers``, ``error``, ``healthy``, ``quorum``, ``problems``, and ``members``
        ``[{name, endpoint, healthy, leader, learner, alarms}]``
    :raises AgentError: ``etcd-silent`` (with ``interrupt`` or ``wait``), ``would-lose-quorum``, ``not-in-time``, ``not-formed``
    """
    etcdctl = Etcdctl(ctx, params)
    if params.get("formed"):
        from .formed import await_formed

        return [], {"version": await_formed(ctx, etcdctl, params, ctx.pause(INTERVAL))}
    wait = 0 if ctx.check else params["wait"]
    import time

    from ...core import waiting

    begun = time.monotonic()
    deadline = begun + wait
    while True:
        error: AgentError | None = None
        members: list[State] = []
        try:
            members = states(etcdctl)
            found = problems(members, params["members"])
        except AgentError as caught:
            error, found = caught, [caught.msg]
        if not found or time.monotonic() >= deadline:
            break
        waiting.tell(ctx, "etcd to be complete", begun, wait, "; ".join(found))
        time.sleep(ctx.pause(INTERVAL))
    # An alarm does not go by waiting, and a restart may be what ends it.
    alarmed = [f"{member['name'] or 'a member'} has raised the alarm {kind}" for member in members for kind in member["alarms"]]
    if wait and found:
        raise AgentError("not-in-time", f"etcd was not healthy within {wait} s: {'; '.join(found + alarmed)}")
    if params["interrupt"] and not ctx.check:
        if error:
            raise error
        refuse_interrupt(members, params["interrupt"])
    voters = [member for member in members if not member["learner"]]
    return [], {
        "answers": error is None,
        "error": error.msg if error else "",
        "members": [{key: member[key] for key in REPORTED} for member in members],
        "healthy": len([member for member in voters if member["healthy"]]),
        "quorum": len(voters) // 2 + 1,
        "problems": found + alarmed,
    }


CALLS = {"alarms": alarms, "health": health, "remove": remove}
