# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying a component's plan: what a run with nothing to change does not load."""

from __future__ import annotations

from ..lib import disk
from ..resources.file_steps import run_validator
from . import generations, running
from .component import Plan, do, finish
from .journal import Journal
from .model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .ledger import Ledger
    from .model import Component, Context, Step


def apply(plan: Plan, component: Component, ctx: Context, ledger: Ledger) -> None:
    """Make a host as the plan says.

    :raises AgentError: of the step that failed; files are as before where a validator refused or a unit did not start
    """
    ctx.touched = {}
    journal = Journal(component["name"])
    guarded = False
    try:
        do(plan.people, ctx, ledger)
        _keep(journal, plan.before, component, ctx)
        do(plan.before, ctx, ledger)
        do(plan.packages, ctx, ledger)
        if any(step.action for step in [*plan.people, *plan.packages]):
            ctx.read.forget()
        _keep(journal, [*plan.files, *(step for step in plan.later if step.kind == "file")], component, ctx)
        if component["lockout_guard"] and journal.data["files"]:
            from .lockout import arm

            arm(ctx, component, journal, ledger)
            guarded = True
        do(plan.files, ctx, ledger)
        if journal.open and component["state"] == "present":
            _validate(component, ctx)
    except BaseException:
        journal.put_back(ctx, ledger)
        if guarded:
            from .lockout import disarm

            disarm(ctx, ledger)
        raise
    journal.commit(ctx)
    ctx.unproven = generations.exists(ctx, component["name"])
    do(plan.later, ctx, ledger)
    try:
        do(plan.units, ctx, ledger)
    except AgentError as error:
        from .undo import undo

        said = undo(component, ctx, ledger, error)
        if guarded:
            from .lockout import disarm

            disarm(ctx, ledger)
        raise said from error
    do(plan.last, ctx, ledger)
    finish(plan, component, ctx, ledger)


def _keep(journal: Journal, steps: list[Step], component: Component, ctx: Context) -> None:
    writes: dict[str, str | None] = {}
    for step in steps:
        if step.action:
            writes.update(step.writes)
    directories = [step.target for step in steps if step.kind == "directory" and step.action == "update"]
    if writes or directories:
        journal.keep(ctx, writes, running.active_units(component, ctx), directories)


def _validate(component: Component, ctx: Context) -> None:
    disk.forget(ctx)
    sensitive = any(item["sensitive"] for item in component["files"])
    for argv in component["validate"]:
        run_validator(ctx, [str(word) for word in argv], f"component {component['name']}", sensitive)
