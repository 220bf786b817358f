# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trips other than a converge: one unit restarted, a call of a domain, a revert disarmed."""

from __future__ import annotations

from .model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .model import Component, Context

    Payload = dict[str, Any]
    Answer = dict[str, Any]


def restart_unit(payload: Payload, ctx: Context, answer: Answer) -> None:
    """Restart a unit whose restart was deferred, see it ready, and bring the last good generation back where it is not.

    :raises AgentError: ``unknown-unit``
    """
    from . import component as components
    from . import main, undo

    ledger = main.open_ledger(ctx, answer)
    ctx.memo["ledger"] = ledger
    component, name = payload["components"][0], payload["restart"]["unit"]
    unit = next((unit for unit in component["units"] if unit["name"] == name), None)
    if unit is None or component["state"] != "present" or unit["state"] != "started":
        raise AgentError("unknown-unit", f"component {component['name']} has no unit {name} that shall run: name one of its units")
    run = main.Run(component, ctx, ledger)
    ctx.start_component(component, run.entry)
    plan = run.made = components.Plan()
    plan.units = [Step("unit", name, "restart", "asked for", claims=[("units", name)])]
    try:
        undo.refuse_held(component, ctx)
        if not ctx.check:
            components.do(plan.units, ctx, ledger)
            _restart(component, unit, ctx)
            plan.pending = _pending(component, ctx)
            ctx.memo["unproven"] = True
            components.finish(plan, component, ctx, ledger)
    except AgentError as error:
        held = error.code == "held-back"
        run.error = main.told(error if held or ctx.check else undo.undo(component, ctx, ledger, error))
    except Exception as error:
        run.error = main.told(error)
    run.warnings = ctx.warnings
    answer["components"] = [run.answer()]


def _restart(component: Component, unit: dict[str, Any], ctx: Context) -> None:
    from . import restart, systemd

    if unit["driver"] == "systemd":
        restart.act(ctx, unit, "restart")
    else:
        # What restarts is not systemd's unit but what it looks after. Going back means that it reads its old file again.
        ctx.memo.setdefault("touched", {})[unit["name"]] = "reload"
        driver = __import__(f"{__package__}.domains.{unit['driver']}_restart", fromlist=["restart"])
        driver.restart(ctx, unit)
        restart.await_ready(ctx, unit)
    systemd.forget(ctx)
    restart.record(ctx, unit)


def _pending(component: Component, ctx: Context) -> list[str]:
    """What else of the component waits for a restart."""
    from . import units

    units.plan_units(component, ctx)
    pending: list[str] = ctx.memo["pending"]
    return pending


def domain(payload: Payload, ctx: Context, answer: Answer) -> None:
    """Call a function of a domain module, and apply the steps it plans."""
    from .main import told

    name, call = payload["domain"], payload["call"]
    said: Answer = {"changed": False, "steps": [], "diff": [], "warnings": [], "result": {}, "error": None}
    answer["domain"] = said
    ctx.start_component({"name": name, "state": "present"}, {})
    try:
        function = _function(name, call)
        steps, result = function(payload.get("params") or {}, ctx)
        said["result"] = result
        for step in steps:
            if not ctx.check and step.apply is not None:
                step.apply(ctx)
            if step.action:
                said["steps"].append(step.report())
                said["changed"] = True
                if step.diff:
                    said["diff"].append(step.diff)
    except Exception as error:
        said["error"] = told(error)
    said["warnings"] = ctx.warnings


def _function(name: str, call: str) -> Any:
    if not name.isidentifier() or name.startswith("_"):
        raise AgentError("unknown-call", f"{name!r} is no domain")
    try:
        module = __import__(f"{__package__}.domains.{name}", fromlist=["CALLS"])
    except ModuleNotFoundError as error:
        if error.name != f"{__package__}.domains.{name}":
            raise
        raise AgentError("unknown-call", f"there is no domain {name}: controller and agent are of different versions") from error
    if call not in module.CALLS:
        raise AgentError("unknown-call", f"domain {name} has no call {call}; it has {', '.join(sorted(module.CALLS))}")
    return module.CALLS[call]


def disarm(ctx: Context) -> None:
    """The controller has come back over a new connection: what it applied stays."""
    from . import ledger as ledgers
    from . import lockout

    lockout.disarm(ctx, ledgers.load(ctx))
