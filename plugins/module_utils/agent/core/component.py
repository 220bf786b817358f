# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One component of a host: planned as a list of steps, applied in their order, recorded, and undone where it does not run.

Order: groups and users, files marked ``before: packages``, packages, directories, links, files, certificates, unit
files, validators, kernel parameters, cron entries, units. What goes away goes in the opposite direction: units are
stopped before their files, packages and users leave.
"""

from __future__ import annotations

from ..resources import files, units
from . import generations, waiting
from .model import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..contract import Steps
    from .ledger import Ledger
    from .model import Component, Context


class Plan:
    """The steps of one component, by the phase in which they are applied; a silent step (no action) only tells the ledger."""

    __slots__ = ("requests", "people", "before", "packages", "files", "later", "units", "last", "pending", "prepared")

    def __init__(self) -> None:
        self.requests: list[Step] = []  # asked of the controller before everything else
        self.people: list[Step] = []
        self.before: list[Step] = []
        self.packages: list[Step] = []
        self.files: list[Step] = []  # restored if a validator refuses
        self.later: list[Step] = []
        self.units: list[Step] = []  # undone if a unit does not start
        self.last: list[Step] = []
        self.pending: list[str] = []
        self.prepared = False  # its units are left for a later call, which sees whether the files are good

    @property
    def steps(self) -> list[Step]:
        """All steps in the order in which they are applied."""
        return [*self.requests, *self.people, *self.before, *self.packages, *self.files, *self.later, *self.units, *self.last]

    @property
    def visible(self) -> list[Step]:
        """The steps that are changes of the host."""
        return [step for step in self.steps if step.action]


def make_plan(component: Component, ctx: Context) -> Plan:
    """Compare a component with the host; ``ctx.start_component`` has been called for it.

    :raises AgentError: ``held-back``, ``setting-differs``, and whatever a definition that cannot be is refused with
    """
    if ctx.entry.get("held"):
        from .undo import refuse_held

        refuse_held(component, ctx)
    if ctx.entry.get("guard"):
        from .lockout import refuse_reverted

        refuse_reverted(component, ctx)
    if component.get("values") and ctx.entry.get("values") not in (None, component["values"]):
        from .values import refuse_changed

        refuse_changed(component, ctx)
    ctx.unproven = generations.exists(ctx, component["name"])
    if component["state"] != "present":
        return _absent(component, ctx)
    plan = _present(component, ctx)
    if component["name"] in ctx.call.prepare:
        plan.prepared, plan.units, plan.pending = True, [], []
    return plan


def _present(component: Component, ctx: Context) -> Plan:
    plan = Plan()
    leaving: list[Step] = []
    if _concerns(component, ctx, "groups", "users"):
        from ..resources.users import plan_groups, plan_users

        for step in ctx.plan([*plan_groups(component, ctx), *plan_users(component, ctx)]):
            (leaving if step.action == "remove" else plan.people).append(step)
    plan.before = ctx.plan(files.plan_files(component, ctx, before_packages=True))
    _packages(plan, component, ctx)
    plan.files = ctx.plan(files.plan_directories(component, ctx)) + ctx.plan(files.plan_links(component, ctx))
    plan.files += ctx.plan(files.plan_files(component, ctx))
    _certificates(plan, component, ctx)
    plan.files += ctx.plan(files.plan_unit_files(component, ctx))
    plan.files += ctx.plan(files.plan_gone(component, ctx))
    _settings(plan, component, ctx)
    plan.later += ctx.plan(units.plan_units_gone(component, ctx))
    plan.later += ctx.plan(files.plan_gone(component, ctx, "unit_files"))
    plan.later += ctx.plan(files.plan_directories_gone(component, ctx))
    plan.units = ctx.plan(units.plan_units(component, ctx))
    plan.last = leaving
    plan.pending = list(ctx.pending)
    return plan


def _absent(component: Component, ctx: Context) -> Plan:
    plan = Plan()
    if not any(ctx.entry.values()):
        return plan
    plan.later = ctx.plan(units.plan_units_gone(component, ctx))
    plan.later += ctx.plan(files.plan_gone(component, ctx, "unit_files"))
    plan.later += units.plan_reload_gone(ctx)
    plan.later += ctx.plan(files.plan_links(component, ctx)) + ctx.plan(files.plan_gone(component, ctx))
    found = Plan()
    _certificates(found, component, ctx)
    plan.later += found.files
    _settings(plan, component, ctx)
    _packages(plan, component, ctx)
    plan.last, plan.packages = plan.packages, []
    plan.last += ctx.plan(files.plan_directories_gone(component, ctx))
    if _concerns(component, ctx, "groups", "users"):
        from ..resources.users import plan_users

        plan.last += ctx.plan(plan_users(component, ctx))
    return plan


def _concerns(component: Component, ctx: Context, *sections: str) -> bool:
    return any(component.get(section) or ctx.entry.get(section) for section in sections)


def _packages(plan: Plan, component: Component, ctx: Context) -> None:
    if not _concerns(component, ctx, "packages", "certificates", "holds", "pins"):
        return
    from ..resources.packages import plan_packages

    for step in ctx.plan(plan_packages(component, ctx)):
        (plan.requests if step.request else plan.packages).append(step)


def _certificates(plan: Plan, component: Component, ctx: Context) -> None:
    if not _concerns(component, ctx, "certificates"):
        return
    from ..resources.certificates import plan_certificates

    for step in ctx.plan(plan_certificates(component, ctx)):
        (plan.requests if step.request else plan.files).append(step)


def _settings(plan: Plan, component: Component, ctx: Context) -> None:
    if _concerns(component, ctx, "sysctls", "sysctl_files"):
        from ..resources.sysctl import plan_sysctls

        plan.later += ctx.plan(plan_sysctls(component, ctx))
    if _concerns(component, ctx, "cron"):
        from ..resources.cron import plan_cron

        plan.later += ctx.plan(plan_cron(component, ctx))


def do(steps: list[Step], ctx: Context, ledger: Ledger) -> None:
    """Apply steps one after the other, the ledger saved before (claims) and after each.

    :raises AgentError: of the first step that fails
    """
    for step in steps:
        ledger.claim(ctx, step)
        if step.action:
            waiting.give_up(ctx)
            waiting.doing(ctx, f"{ctx.component['name']}: {step.subject}: {step.action}")
        if step.apply is not None:
            step.apply(ctx)
        if step.action:
            ledger.save(ctx)


def finish(plan: Plan, component: Component, ctx: Context, ledger: Ledger) -> None:
    """All is as it should be: nothing is held back, and without a deferred restart the current files are good."""
    if plan.prepared:
        ledger.save(ctx)
        return
    ctx.entry.pop("held", None)
    if (ctx.entry.get("guard") or {}).get("forgotten"):
        # Nothing had to be written, so no revert has put old files back: it was disarmed, and a call that was dying kept it in the ledger.
        del ctx.entry["guard"]
    if not plan.pending and (component.get("values") or {}) != (ctx.entry.get("values") or {}):
        from .values import record

        record(component, ctx)
    if ctx.unproven and not plan.pending and not generations.kept(ctx, component["name"]):
        generations.discard(ctx, component["name"])
    ledger.save(ctx)


def reports(plan: Plan) -> Steps:
    """What an answer says of a plan's steps."""
    visible = plan.visible
    return {
        "changed": bool(visible),
        "steps": [step.report() for step in visible],
        "diff": [step.diff for step in visible if step.diff],
        "restarted": [step.target for step in plan.units if step.action == "restart"],
        "reloaded": [step.target for step in plan.units if step.action == "reload"],
        "pending_restart": plan.pending,
    }
