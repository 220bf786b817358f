# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Components of a host on their way through a call: planned, asked of the controller, applied one after the other, answered."""

from __future__ import annotations

import os

from .answers import told
from .model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..contract import Answer, ComponentAnswer, Csr, Error, Payload
    from ..records import Section
    from .component import Plan
    from .ledger import Ledger
    from .model import Component, Context


def converge(payload: Payload, ctx: Context, answer: Answer) -> None:
    """Plan all components, ask for everything that is to be asked at once, then apply one after the other."""
    from . import generations, identity

    ledger = open_ledger(ctx, answer)
    ctx.call.ledger = ledger
    ctx.call.staged = payload.get("staged") or {}
    try:
        runs = [Run(component, ctx, ledger) for component in payload["components"]]
        ctx.call.prepare = payload.get("prepare") or ()
        ctx.call.peers = bool(payload.get("peers")) and not ctx.check
        _once_each(runs)
        ctx.call.claims = _claims(runs)
        _expect(runs, ctx)
        for run in runs:
            run.plan()
            if run.error is not None and ctx.check:
                break
        if not ctx.check:
            identity.record(ctx)
            for run in runs:
                run.request()
                if run.refused:
                    answer["components"] = [run.answer(requests=True)]
                    return
        if not ctx.check and any(run.needs or run.csrs for run in runs):
            answer["components"] = [run.answer(requests=True) for run in runs]
            return
        # A planning call comes before one that applies, and validates, or before one that only plans, as this one.
        _apply(runs, ctx, answer, ctx.check and payload.get("op") == "converge")
        if not ctx.check and os.path.isdir(ctx.path(generations.ORIGINALS)):
            generations.prune(ctx, ledger)
    finally:
        if not ctx.check:
            for path in ctx.call.staged.values():
                _remove_staged(path)
        ledger.save(ctx)
        if ledger.warning and answer["components"]:
            answer["components"][0]["warnings"].insert(0, ledger.warning)
        if os.path.isdir(ctx.path("/var/lib/vannah/guard")):
            from . import lockout

            lockout.look(ctx)
        answer["guard"] = ctx.call.guard
        answer["warnings"] = ctx.call.warnings


def _apply(runs: list[Run], ctx: Context, answer: Answer, trying: bool) -> None:
    stale = behind = False
    for run in runs:
        if stale or run.requests:
            run.again()
            run.request()
            if run.needs or run.csrs:  # a plan that was not possible before asks now
                answer["components"].append(run.answer(requests=True))
                return
        if run.error is None and not ctx.check:
            stale = run.apply() or stale
        elif run.error is None and trying:
            run.try_out(behind)
            behind = behind or bool(run.made and run.made.visible)
        answer["components"].append(run.answer())
        if run.error is not None:
            return


def _once_each(runs: list[Run]) -> None:
    names = [run.component["name"] for run in runs]
    for name in names:
        if names.count(name) > 1:
            raise AgentError("component-twice", f"component {name} is defined twice for this host: give one of them another name")


def _claims(runs: list[Run]) -> dict[tuple[str, str], tuple[str, Section]]:
    """Everything that must be there -> component and section that want it.

    :raises AgentError: ``path-clash``
    """
    from .ledger import claims, space

    found: dict[tuple[str, str], tuple[str, Section]] = {}
    for run in runs:
        name = run.component["name"]
        for section, key in claims(run.component):
            other, what = found.setdefault((space(section), key), (name, section))
            if other != name and space(section) == "path" and "certificates" not in (section, what):
                raise AgentError("path-clash", f"{key} is defined by the components {other} and {name}: leave it to one of them")
    return found


def _expect(runs: list[Run], ctx: Context) -> None:
    from ..lib import systemd
    from . import running

    for run in runs:
        systemd.expect(ctx, running.expected_units(run.component, run.entry))


def _remove_staged(path: str) -> None:
    import contextlib

    with contextlib.suppress(OSError):
        os.unlink(path)


def open_ledger(ctx: Context, answer: Answer) -> Ledger:
    """Read the ledger; where a run was killed, undo what it left half done."""
    from . import ledger as ledgers
    from .model import STATE_DIR

    ledger = ledgers.load(ctx)
    for name in ("journal", "generations"):
        if ctx.check or not _is_filled(ctx.path(f"{STATE_DIR}/{name}")):
            continue
        if name == "journal":
            from . import journal

            answer["healed"] += journal.heal(ctx, ledger)
        else:
            from . import undo

            answer["healed"] += undo.heal(ctx, ledger)
    return ledger


def _is_filled(folder: str) -> bool:
    try:
        return bool(os.listdir(folder))
    except OSError:
        return False


class Run:
    """One component on its way through a call."""

    def __init__(self, component: Component, ctx: Context, ledger: Ledger) -> None:
        self.component = component
        self.ctx = ctx
        self.ledger = ledger
        self.entry = ledger.entry(component["name"])
        self.made: Plan | None = None
        self.requests: list[Any] = []  # request steps that were applied
        self.error: Error | None = None
        self.refused = False  # the error is one of a request
        self.needs: list[str] = []
        self.csrs: list[Csr] = []
        self.warnings: list[str] = []
        self.drift: list[str] = []

    def plan(self) -> None:
        """Compare the component with the host; an error is kept for the answer."""
        from . import component as components

        ctx = self.ctx
        ctx.start_component(self.component, self.entry)
        self.error, self.made, self.refused = None, None, False
        try:
            self.made = components.make_plan(self.component, ctx)
        except Exception as error:
            self.error = told(error)
        self.needs, self.csrs, self.warnings, self.drift = ctx.needs, ctx.csrs, ctx.warnings, ctx.drift
        self.changing, self.packages = ctx.changing, ctx.changing_packages
        self.unproven = ctx.unproven

    def again(self) -> None:
        """Plan again: something that was applied before may have changed what was found then."""
        self.ctx.read.forget()
        drift = self.drift
        self.plan()
        self.drift += [path for path in drift if path not in self.drift]

    def _resume(self) -> None:
        ctx = self.ctx
        ctx.start_component(self.component, self.entry)
        ctx.needs, ctx.csrs, ctx.warnings, ctx.drift = self.needs, self.csrs, self.warnings, self.drift
        ctx.changing, ctx.changing_packages = self.changing, self.packages
        ctx.unproven = self.unproven

    def request(self) -> None:
        """Apply what has to be asked of the controller."""
        if self.made is None or not self.made.requests or self.error is not None:
            return
        from . import component as components

        self._resume()
        try:
            for step in self.made.requests:
                components.do([step], self.ctx, self.ledger)
                self.requests.append(step)
        except Exception as error:
            self.error = told(error)
            self.refused = True

    def apply(self) -> bool:
        """Apply the plan; whether anything may have changed. A plan without a step only tells the ledger."""
        if self.made is None:
            return False
        from . import component as components

        self._resume()
        try:
            if self.made.visible or (self.unproven and self.made.units):
                from .apply import apply

                apply(self.made, self.component, self.ctx, self.ledger)
                return bool(self.made.visible)
            components.do(self.made.steps, self.ctx, self.ledger)
            components.finish(self.made, self.component, self.ctx, self.ledger)
        except Exception as error:
            self.error = told(error)
            return True
        return False

    def try_out(self, behind: bool) -> None:
        """In check mode: ask the validators what they would say.

        :param behind: components before this one would change something, which a validator may need
        """
        if self.made is None or not self.made.visible or self.component["state"] != "present":
            return
        from .trial import judge

        self._resume()
        try:
            judge(self.made, self.component, self.ctx)
        except Exception as error:
            if behind:
                self.warnings.append(f"would be refused, unless an earlier step corrects it: {told(error)['msg']}")
            else:
                self.error = told(error)

    def _records(self, plan: Plan) -> bool:
        """Whether applying the plan would tell the ledger anything, also where the host stays as it is."""
        return bool(plan.steps) or (self.component.get("values") or {}) != (self.entry.get("values") or {}) or bool(self.entry.get("held"))

    def answer(self, requests: bool = False) -> ComponentAnswer:
        """What the call's answer says of the component.

        :param requests: only the request steps were applied
        """
        from . import component as components

        plan = components.Plan()
        if requests:
            plan.requests = self.requests
        elif self.made is not None:
            plan = self.made
            plan.requests = self.requests or plan.requests
        return {
            "name": self.component["name"],
            "role": self.component.get("role", ""),
            **components.reports(plan),
            "warnings": self.warnings,
            "drift": self.drift,
            "needs": self.needs,
            "csrs": self.csrs,
            "records": self._records(plan),
            # What cannot be planned yet may be possible once the components before it are applied.
            "error": self.error if self.refused or not requests else None,
        }
