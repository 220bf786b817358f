# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units: enabled, masked, started, and whether what a unit was started with is what should run.

What a unit was started with is known by :mod:`.watch`. Acting is :mod:`.restart`.
"""

from __future__ import annotations

from ..core.ledger import next_owner
from ..core.model import Step
from ..lib import systemd
from ..lib.unit_files import UNIT_DIRECTORY
from . import watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..contract import Unit
    from ..core.model import Component, Context
    from ..lib.systemd import Status
    from ..records import Running

    Reactions = dict[str, list[str]]  # policy -> what asks for it

#: States of a unit file that start it at boot, or in which it cannot be enabled: nothing to do.
ENABLED = ("enabled", "enabled-runtime", "static", "indirect", "generated", "alias", "transient", "linked", "linked-runtime")


def plan_units(component: Component, ctx: Context) -> list[Step]:
    """Steps for a component's units, to be planned after everything that they watch.

    Deferred restarts are noted in ``ctx.pending``.

    :raises AgentError: as :func:`.systemd.status`
    """
    pending: list[str] = []
    ctx.pending = pending
    if component["state"] != "present":
        return []
    steps: list[Step] = []
    for unit in component["units"]:
        if unit["state"] != "absent":
            steps += _plan_rivals(unit, ctx)
            found = _plan_unit(unit, component, ctx, pending)
            if found and unit["name"] not in ctx.section("units"):
                found[0].claims += (("units", unit["name"]),)
            steps += found
    if _needs_reload(component, ctx):
        from .restart import daemon_reload

        steps.insert(0, Step("unit", "systemd", "daemon-reload", apply=daemon_reload))
    return steps


def plan_units_gone(component: Component, ctx: Context) -> list[Step]:
    """Steps that stop and disable units which left the definition or are to be absent, before their files go."""
    present = component["state"] == "present"
    wanted = {unit["name"] for unit in component["units"] if unit["state"] != "absent"} if present else set()
    absent = {unit["name"] for unit in component["units"] if unit["state"] == "absent"} if present else set()
    steps: list[Step] = []
    for name in sorted({*ctx.section("units"), *absent} - wanted):
        from .restart import forget_unit, remove_unit

        known = ctx.section("units").get(name)
        kept = next_owner(ctx, "units", name) if known is not None else None
        found = {} if systemd.is_template(name) else systemd.status(ctx, name)
        managed = f"{UNIT_DIRECTORY}/{name}" in ctx.section("unit_files") or name in absent
        known = known or {}
        stop = (
            kept is None
            and systemd.exists(found)
            and (managed or known.get("started", False))
            and found.get("ActiveState") not in ("inactive", "failed", None)
        )
        disable = kept is None and (managed or known.get("enabled", False)) and found.get("UnitFileState") == "enabled"
        unmask = kept is None and known.get("masked", False) and found.get("UnitFileState") == "masked"
        if stop or disable or unmask:
            words = [word for word, so in (("stopped", stop), ("disabled", disable), ("unmasked", unmask)) if so]
            steps.append(Step("unit", name, "remove", ", ".join(words), apply=remove_unit(name, stop, disable, unmask)))
        elif known or name in ctx.section("units"):
            steps.append(Step("unit", name, "", apply=forget_unit(name, kept)))
    return steps


def plan_reload_gone(ctx: Context) -> list[Step]:
    """systemd reads its files again where unit files of an absent component were removed."""
    if not any(path.startswith(UNIT_DIRECTORY) for path in ctx.changing):
        return []
    from .restart import daemon_reload

    return [Step("unit", "systemd", "daemon-reload", apply=daemon_reload)]


def _plan_rivals(unit: Unit, ctx: Context) -> list[Step]:
    """What the unit's driver knows to stand in its way: steps before the unit's own."""
    if unit["driver"] == "systemd" or not unit["driver_options"]:
        return []
    from ..services import part

    driver = part(unit["driver"], "rivals")
    steps: list[Step] = driver.plan(ctx, unit["driver_options"])
    return steps


def _act(verb: str, *args: Any) -> Callable[[Context], None]:
    """What a step does; its module is loaded only where there is a step."""
    from . import restart

    apply: Callable[[Context], None] = getattr(restart, verb)(*args)
    return apply


def _needs_reload(component: Component, ctx: Context) -> bool:
    if any(path.startswith(UNIT_DIRECTORY) for path in ctx.changing):
        return True
    names = [unit["name"] for unit in component["units"] if unit["state"] != "absent" and not systemd.is_template(unit["name"])]
    return any(systemd.status(ctx, name).get("NeedDaemonReload") == "yes" for name in names)


def _plan_unit(unit: Unit, component: Component, ctx: Context, pending: list[str]) -> list[Step]:
    name = unit["name"]
    if systemd.is_template(name):
        return []
    found = systemd.status(ctx, name)
    steps: list[Step] = []
    unit_file_state = found.get("UnitFileState", "")
    masked = unit_file_state in ("masked", "masked-runtime")
    if unit["masked"]:
        if not masked:
            detail = "stopped" if systemd.running(found) else ""
            steps.append(Step("unit", name, "mask", detail, apply=_act("mask", name)))
        return steps
    if masked and unit["state"] != "unmanaged":
        steps.append(Step("unit", name, "unmask", apply=_act("unmask", name)))
        unit_file_state = "disabled"
    if unit["state"] != "unmanaged":
        steps += _plan_enabled(unit, found, unit_file_state, ctx)
    if unit["state"] == "stopped" and found.get("ActiveState") not in ("inactive", "failed", "", None):
        steps.append(Step("unit", name, "stop", apply=_act("stop", name)))
    elif unit["state"] == "started":
        steps += _plan_started(unit, component, found, ctx, pending)
    if not steps and name not in ctx.section("units"):
        steps.append(Step("unit", name, "", apply=_act("know_unit", name)))
    return steps


def _plan_enabled(unit: Unit, found: Status, unit_file_state: str, ctx: Context) -> list[Step]:
    name = unit["name"]
    if not unit["enabled"]:
        bare = not unit_file_state and not systemd.exists(found)
        wrong = unit_file_state == "enabled" or (bare and ctx.changing_packages)
        return [Step("unit", name, "disable", apply=_act("disable", name))] if wrong else []
    if systemd.by_socket(ctx, unit):
        return []  # the socket is what is enabled; the service beside it would take its port at the next boot
    if unit_file_state not in ENABLED:
        return [Step("unit", name, "enable", apply=_act("enable", name, systemd.installs(unit["content"])))]
    return _plan_installed(unit, ctx) if unit["content"] is not None else []


def _plan_installed(unit: Unit, ctx: Context) -> list[Step]:
    """What enabling has made is of another [Install] section: it is made again (systemd itself would call the unit enabled)."""
    name, wanted = unit["name"], systemd.installs(unit["content"])
    known = ctx.section("units").get(name, {}).get("install")
    if known == wanted:
        return []
    if known is None and f"{UNIT_DIRECTORY}/{name}" not in ctx.changing:
        return [Step("unit", name, "", apply=_act("know_install", name, wanted))]
    return [Step("unit", name, "reenable", apply=_act("reenable", name, wanted))]


def _plan_started(unit: Unit, component: Component, found: Status, ctx: Context, pending: list[str]) -> list[Step]:
    name = unit["name"]
    record = ctx.section("running").get(name) or _record_elsewhere(name, component, ctx)
    by_socket = systemd.by_socket(ctx, unit)
    if by_socket and not systemd.running(found):
        return []  # it reads its files at the next connection
    if systemd.keeps_failing(found):
        return [Step("unit", name, "start", "it has failed at each attempt of systemd", apply=_act("start", unit))]
    if not systemd.running(found) and not _has_run(found, record, unit, component, ctx):
        return [Step("unit", name, "start", "it had failed" if found.get("ActiveState") == "failed" else "", apply=_act("start", unit))]
    asked = watch.reactions(unit, component, found, record, ctx)
    if asked["restart"] or (asked["reload"] and (by_socket or found.get("CanReload") == "no")):
        why = asked["restart"] or asked["reload"]
        return [Step("unit", name, "restart", _why(why), apply=_act("restart", unit))]
    steps = []
    if asked["reload"]:
        steps.append(Step("unit", name, "reload", _why(asked["reload"]), apply=_act("reload", unit, asked["defer"])))
    if asked["defer"]:
        pending.append(name)
        return steps
    if not steps and (ctx.unproven or not watch.recorded(unit, component, found, record, ctx)):
        steps.append(Step("unit", name, "", apply=_act("confirm", unit)))
    return steps


def _record_elsewhere(name: str, component: Component, ctx: Context) -> Running | None:
    """What the component knows of the unit that it is taken over from."""
    ledger = ctx.call.ledger
    if ledger is None:
        return None
    other = ledger.elsewhere(component["name"], "running", name)
    record: Running | None = ledger.entry(other)["running"][name] if other else None
    return record


def _why(what: list[str]) -> str:
    return ", ".join(what[:4]) + (f" and {len(what) - 4} more" if len(what) > 4 else "")


def _has_run(found: Status, record: Running | None, unit: Unit, component: Component, ctx: Context) -> bool:
    """A unit that ends by itself (Type=oneshot) is in the desired state once it has run with the current files."""
    if found.get("Type") != "oneshot" or found.get("RemainAfterExit") == "yes" or found.get("ActiveState") != "inactive" or not record:
        return False
    same = {**found, "InvocationID": record["invocation"]}
    asked = watch.reactions(unit, component, same, record, ctx)
    return not asked["restart"] and not asked["reload"]
