# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take one member out of etcd, through another member: its server may be lost."""

from __future__ import annotations

from ...core.model import AgentError, Step
from .etcdctl import Etcdctl, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...core.model import Context
    from .types import Removed, RemoveParams, State


def remove(params: RemoveParams, ctx: Context) -> tuple[list[Step], Removed]:
    """Take a member out of the cluster. The data stay on its host.

    :param params: ``member`` (its name, or its address where it has never started), and how this host's member is asked
    :return: ``member`` (empty where the cluster no longer has such a member), ``members`` (names of the others), ``steps``
    :raises AgentError: ``etcd-silent``, ``would-lose-quorum``, ``last-member``, ``etcd-refused``
    """
    etcdctl = Etcdctl(ctx, params)
    members = states(etcdctl)
    target = find(members, params["member"])
    others = [shown(one) for one in members if one is not target]
    if target is None:
        return [], {"member": "", "members": others}
    refuse_remove(members, target)

    def apply(_ctx: Context) -> None:
        etcdctl.remove(target["id"])

    return [Step("member", shown(target), "remove", "its data stay where they are", None, apply)], {
        "member": shown(target),
        "members": others,
    }


def find(members: Sequence[State], name: str) -> State | None:
    """A member by its name; one that has never started has none, and is known by the address of its peer URL."""
    named = [one for one in members if one["name"] == name]
    return next(iter(named or [one for one in members if not one["name"] and name in one["addresses"]]), None)


def shown(member: State) -> str:
    """The member's name, or where it is expected."""
    return str(member["name"] or ", ".join(member["addresses"]) or f"member {member['id']:x}")


def refuse_remove(members: Sequence[State], target: State) -> None:
    """Whether a member may be taken out: enough of the others answer, before and after.

    :raises AgentError: ``would-lose-quorum``, ``last-member``
    """
    if target["learner"]:
        return
    voters = [one for one in members if not one["learner"]]
    others = [one for one in voters if one is not target]
    name = shown(target)
    if not others:
        raise AgentError("last-member", f"refused to remove {name}: it is the only member, and its data are the cluster's")
    answering = [shown(one) for one in voters if one["healthy"]]
    now, after = len(voters) // 2 + 1, len(others) // 2 + 1
    left = [one for one in answering if one != name]
    said = ", ".join(left) or "none"
    if len(answering) < now:
        raise AgentError(
            "would-lose-quorum",
            f"refused to remove {name}: of {len(voters)} members {now} have to agree to it, and only {len(answering)} answer ({said} of the"
            " others). Fix: start the members that do not answer",
        )
    if len(left) < after:
        raise AgentError(
            "would-lose-quorum",
            f"refused to remove {name}: {after} of the other {len(others)} members are needed for a quorum then, and only {said} answer."
            " Fix: repair or remove the members that do not answer first",
        )
