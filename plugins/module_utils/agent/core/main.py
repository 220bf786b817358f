# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's entry: a payload in, an answer out (the controller's bundle calls :func:`main`)."""

from __future__ import annotations

import os
import time

from .answers import held_text, told
from .model import AgentError, Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..contract import Answer, Payload
    from .model import Runner


PROTOCOL = 1


def main(payload: Payload, *, root: str = "/", runner: Runner | None = None) -> Answer:
    """Do what a payload asks; never raises for what goes wrong on the host.

    :param root: below what everything lies; tests give a folder
    :param runner: runs programs; tests give a simulated host
    """
    begun = time.monotonic()
    answer: Answer = {"protocol": PROTOCOL, "error": None, "components": [], "healed": [], "guard": None}
    ctx = Context(
        payload.get("mode", "apply"),
        diff=bool(payload.get("diff")),
        root=root,
        runner=runner,
        policy=payload.get("policy"),
        run_info=payload.get("run"),
    )
    try:
        if payload.get("protocol") != PROTOCOL:
            raise AgentError(
                "wrong-protocol", f"protocol {payload.get('protocol')!r} is not {PROTOCOL}: controller and agent are of different versions"
            )
        if not ctx.root and os.geteuid() != 0:
            raise AgentError("need-root", "this requires root: set become: true (ansible_become) for this host")
        _operate(payload, ctx, answer)
    except Exception as error:
        answer["error"] = told(error)
    if ctx.call.told is not None:
        from . import waiting

        waiting.done(ctx)
    answer["cost"] = cost(begun)
    return answer


def _operate(payload: Payload, ctx: Context, answer: Answer) -> None:
    from . import identity, lease

    op = payload.get("op")
    identity.guard(payload, ctx)
    wanted = payload.get("lease") or {}
    answer["lease"] = lease.handle(ctx, wanted)
    if not answer["lease"]["ok"] and wanted.get("action") == "take" and not ctx.check:
        raise AgentError("lease-held", held_text(answer["lease"]))
    if op in ("converge", "facts", "plan"):
        from ..host.facts import facts

        answer["facts"] = facts(ctx)
    if op in ("facts", "plan"):
        from ..host.checks import look

        look(payload, ctx, answer)
    if op == "converge":
        from .converge import converge

        converge(payload, ctx, answer)
    elif op == "plan":
        from .planning import plan

        plan(payload, ctx, answer)
    else:
        _operate_alone(op, payload, ctx, answer)
    if op in ("converge", "lease"):
        from . import generations

        answer["kept"] = generations.all_kept(ctx)


def _operate_alone(op: str | None, payload: Payload, ctx: Context, answer: Answer) -> None:
    """What is not a plan of components."""
    if op == "survey":
        from ..host.survey import survey

        answer["survey"] = survey(ctx, payload["paths"], payload["checks"], payload.get("ports") or ())
    elif op == "restart":
        from .calls import restart_unit

        restart_unit(payload, ctx, answer)
    elif op == "domain":
        from .calls import domain

        domain(payload, ctx, answer)
    elif op == "disarm":
        from .calls import disarm

        disarm(ctx)
    elif op == "lease":
        answer["clock"] = time.time()
    elif op != "facts":
        raise AgentError("unknown-op", f"op {op!r} is unknown: controller and agent are of different versions")


def cost(begun: float) -> dict[str, float]:
    """Seconds of CPU of this process and of the programs it ran, seconds of wall time, peak memory in KiB."""
    import resource

    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "self": round(own.ru_utime + own.ru_stime, 4),
        "children": round(children.ru_utime + children.ru_stime, 4),
        "wall": round(time.monotonic() - begun, 4),
        "maxrss_kb": max(own.ru_maxrss, children.ru_maxrss),
    }
