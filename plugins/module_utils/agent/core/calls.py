# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls other than a converge: one unit restarted, a call of a domain, a revert disarmed."""

from __future__ import annotations

from ..services import part
from .answers import told
from .model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..contract import Answer, CallAnswer, Params, Payload, Restart, Unit
    from .component import Plan
    from .ledger import Ledger
    from .model import Component, Context


class Refused(AgentError):
    """A unit's driver has done nothing, as it would not be safe now: there is nothing to undo, and the definition is not to blame."""


def restart_unit(payload: Payload, ctx: Context, answer: Answer) -> None:
    """Restart a unit whose restart was deferred, see it ready, and bring the last good generation back where it is not.

    A driver that refuses leaves all as it is: the unit still waits for its restart. With ``previous`` nothing is restarted: it says what
    becomes of that generation (see :func:`_judge`).

    :raises AgentError: ``unknown-unit``
    """
    from . import component as components
    from . import converge, undo

    ledger = converge.open_ledger(ctx, answer)
    ctx.call.ledger = ledger
    component, name = payload["components"][0], payload["restart"]["unit"]
    unit = next((unit for unit in component["units"] if unit["name"] == name), None)
    if unit is None or component["state"] != "present" or unit["state"] != "started":
        raise AgentError("unknown-unit", f"component {component['name']} has no unit {name} that should run: name one of its units")
    run = converge.Run(component, ctx, ledger)
    ctx.start_component(component, run.entry)
    plan = run.made = components.Plan()
    if payload["restart"].get("previous"):
        try:
            if not ctx.check:
                _judge(payload["restart"], plan, unit, ctx, ledger)
        except Exception as error:
            run.error = told(error)
        answer["components"] = [run.answer()]
        return
    plan.units = [Step("unit", name, "restart", "asked for", claims=[("units", name)])]
    try:
        undo.refuse_held(component, ctx)
        if not ctx.check:
            components.do(plan.units, ctx, ledger)
            _restart(unit, ctx)
            plan.pending = _pending(component, ctx)
            ctx.unproven = True
            components.finish(plan, component, ctx, ledger)
    except AgentError as error:
        untouched = isinstance(error, Refused) or error.code == "held-back"
        if untouched:
            run.made = None
        run.error = told(error if untouched or ctx.check else undo.undo(component, ctx, ledger, error))
    except Exception as error:
        run.error = told(error)
    run.warnings = ctx.warnings
    answer["components"] = [run.answer()]


def _judge(asked: Restart, plan: Plan, unit: Unit, ctx: Context, ledger: Ledger) -> None:
    """What becomes of the last good generation of a component whose unit only works together with those of other hosts.

    ``kept``: a good start does not end it. ``forgotten``: the current files are good. ``restored``: they are not, and the generation is
    restored.

    :raises AgentError: ``not-proven`` with ``reason``, where it was restored
    """
    from ..lib import systemd
    from ..resources import restart
    from . import component as components
    from . import generations, undo

    component, name = ctx.component, ctx.component["name"]
    if asked["previous"] != "restored":
        generations.keep(ctx, name, asked["previous"] == "kept")
        if asked["previous"] == "forgotten":
            plan.pending = _pending(component, ctx)
            ctx.unproven = generations.exists(ctx, name)
            components.finish(plan, component, ctx, ledger)
    elif generations.kept(ctx, name):
        raise undo.undo(component, ctx, ledger, AgentError("not-proven", asked.get("reason") or "the new configuration was not confirmed"))
    elif not systemd.running(systemd.status(ctx, unit["name"])):
        plan.units = [Step("unit", unit["name"], "start", claims=[("units", unit["name"])])]
        components.do(plan.units, ctx, ledger)
        restart.act(ctx, {"name": unit["name"], "no_block": unit["no_block"], "ready": None}, "start")
        restart.record(ctx, unit)
        ledger.save(ctx)


def _restart(unit: Unit, ctx: Context) -> None:
    from ..lib import systemd
    from ..resources import restart

    if unit["driver"] == "systemd":
        restart.act(ctx, unit, "restart")
    else:
        # What restarts is not systemd's unit but what it looks after. Going back means that it reads its old file again.
        ctx.touched[unit["name"]] = "reload"
        part(unit["driver"], "restart").restart(ctx, unit)
        restart.await_ready(ctx, unit)
    systemd.forget(ctx)
    restart.record(ctx, unit)


def _pending(component: Component, ctx: Context) -> list[str]:
    """What else of the component waits for a restart."""
    from ..resources import units

    units.plan_units(component, ctx)
    return ctx.pending


def domain(payload: Payload, ctx: Context, answer: Answer) -> None:
    """Call a function of a domain module, and apply the steps it plans."""
    answer["domain"] = call(payload["domain"], payload["call"], payload.get("params") or {}, ctx)


def call(name: str, function: str, params: Params, ctx: Context) -> CallAnswer:
    """What a function of a domain module did, or would do in check mode.

    :return: ``changed``, ``steps``, ``diff``, ``warnings``, ``result``, ``error``
    """
    from . import waiting

    said: CallAnswer = {"changed": False, "steps": [], "diff": [], "warnings": [], "result": {}, "error": None}
    ctx.start_component({"name": name, "state": "present"}, {})  # type: ignore[typeddict-item]  # a service: steps only read its name
    try:
        steps, result = _function(name, function)(params, ctx)
        said["result"] = result
        for step in steps:
            if not ctx.check and step.apply is not None:
                waiting.doing(ctx, f"{name}: {step.subject}: {step.action}")
                step.apply(ctx)
            if step.action:
                said["steps"].append(step.report())
                said["changed"] = True
                if step.diff:
                    said["diff"].append(step.diff)
    except Exception as error:
        said["error"] = told(error)
    said["warnings"] = ctx.warnings
    return said


def _function(name: str, call: str) -> Any:
    try:
        known = part(name, "calls").CALLS
    except LookupError as error:
        raise AgentError("unknown-call", f"unknown service: {error}. Controller and agent are of different versions") from None
    if call not in known:
        raise AgentError("unknown-call", f"service {name} has no call {call}; it has {', '.join(sorted(known))}")
    return known[call]


def disarm(ctx: Context) -> None:
    """The controller has connected again: the applied changes stay."""
    from . import ledger as ledgers
    from . import lockout

    lockout.disarm(ctx, ledgers.load(ctx))
