# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failed start: the last good generation is restored.

Where that interrupted a unit that ran before, the definition is held back until it changes: there is a service to protect. A first
start that failed has interrupted nothing and is tried again by the next run.
"""

from __future__ import annotations

import os

from ..lib import backup_copy, disk, systemd
from ..resources import restart
from . import generations
from .model import AgentError
from .running import active_units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import Entry, Generation, Held
    from .ledger import Ledger
    from .model import Component, Context

#: Keys of a component that say what else the site knows of it. Its files say all that it runs with.
TOLD = ("values", "fixes", "member", "packages_from")
STAYS = "Packages, users and data stay as they are."


def definition_hash(component: Component) -> str:
    """The sha256 of a definition, without what is made again for each run of the same one, or only tells the agent of the site.

    A release that adds an option must not change it where the option is not used: what is held back would be tried again after the upgrade.
    """
    import json

    definition = {key: value for key, value in component.items() if key not in TOLD}
    definition["certificates"] = [
        {key: value for key, value in item.items() if key not in ("issued", "ca_pem", "trust_pem")} for item in component["certificates"]
    ]
    definition["units"] = [
        {key: value for key, value in unit.items() if key != "driver_options" and (key, value) != ("socket", None)}
        for unit in component["units"]
    ]
    return disk.digest(json.dumps(definition, sort_keys=True).encode())


def refuse_held(component: Component, ctx: Context) -> None:
    """Refuse a definition that is held back, without touching anything. Where no unit of it runs, there is nothing to protect.

    :raises AgentError: ``held-back``
    """
    held = ctx.entry.get("held")
    if not held or ctx.policy.get("retry") or component["state"] != "present":
        return
    if held["hash"] == definition_hash(component) and active_units(component, ctx):
        raise AgentError(
            "held-back",
            f"component {component['name']}: this definition failed on {held['since']} and is not tried again:"
            f" {held['reason'].rstrip('. ')}."
            " Change the definition, or run with -e component_retry=true.",
        )


def undo(component: Component, ctx: Context, ledger: Ledger, error: AgentError) -> AgentError:
    """Bring the last good generation back after ``error``; returns the error to report.

    Without a generation nothing managed has changed: there is nothing to go back to and nothing to hold back.
    """
    name = component["name"]
    generation = generations.load(ctx, name)
    if generation is None:
        return error
    verbs = _verbs(component, ctx, generation["active"])
    ran = sorted(unit for unit, verb in verbs.items() if verb != "stop")
    stopped = sorted(unit for unit, verb in verbs.items() if verb == "stop")
    # One write says all: a run that is killed from here on is brought to its end by the next one.
    held: Held | None = {"hash": definition_hash(component), "since": ctx.today(), "reason": error.msg} if ran else None
    generation["undoing"] = {"units": verbs, "held": held}
    generations.store(ctx, name, generation)
    problem = bring_back(ctx, ledger, generation)
    what = "The previous files were restored."
    if problem:
        what = f"The previous files were restored, but the service does not run with them either: {problem}."
    elif ran:
        what = f"The previous files were restored, and {', '.join(ran)} runs with them."
    if stopped:
        what += f" {', '.join(stopped)} did not run before and is stopped."
    then = "Not tried again until the definition changes or component_retry=true." if held else "The next run tries again."
    return AgentError(error.code, f"{error.msg.rstrip('. ')}. {what} {STAYS} {then}", error.journal)


def _verbs(component: Component, ctx: Context, active: dict[str, str]) -> dict[str, str]:
    """What has to be done to each unit that was touched since the generation: ``restart``, ``reload`` or ``stop``."""
    touched = ctx.touched
    verbs = {}
    systemd.forget(ctx)
    for unit in restart.units_to_start(component):
        name = unit["name"]
        found = systemd.status(ctx, name)
        if name not in active:
            if name in touched or systemd.running(found):
                verbs[name] = "stop"
        elif found.get("InvocationID") != active[name] or not systemd.running(found):
            verbs[name] = "restart"
        elif name in touched:
            verbs[name] = touched[name]
    # Units that the new definition has stopped, or no longer names, ran with the old files.
    wanted = {unit["name"] for unit in component["units"] if unit["masked"] or unit["state"] in ("started", "unmanaged")}
    for name in active:
        if name not in wanted and not systemd.running(systemd.status(ctx, name)):
            verbs[name] = "restart"
    return verbs


def bring_back(ctx: Context, ledger: Ledger, generation: Generation) -> str:
    """Restore a generation's files and let the units run that ran with them; stop the others.

    :return: why a unit does not run with the old files; empty where all do
    """
    name = generation["component"]
    entry = ledger.entry(name)
    verbs: dict[str, str] = generation["undoing"]["units"]
    made = {saved["path"] for saved in generation["files"] if saved["kind"] == "absent"}
    for unit, verb in verbs.items():
        if verb == "stop":
            _stop_first(ctx, unit, f"/etc/systemd/system/{unit}" in made)
    for saved in generation["files"]:
        backup_copy.restore(ctx, generations.folder(name), saved)
    disk.forget(ctx)
    entry.update(generation["entry"])
    entry["held"] = generation["undoing"]["held"]
    if not entry["held"]:
        entry.pop("held")
    ledger.save(ctx)
    if any(saved["path"].startswith("/etc/systemd/") for saved in generation["files"]):
        systemd.reload(ctx)
    problem = ""
    for unit, verb in verbs.items():
        if verb == "stop":
            entry.get("running", {}).pop(unit, None)
        else:
            known = generation.get("units", {}).get(unit)
            if known and known != entry.get("units", {}).get(unit):
                entry.setdefault("units", {})[unit] = known
                if known.get("enabled"):
                    ctx.run(["systemctl", "reenable", unit], check=False)
            problem = _run_again(ctx, unit, verb, entry) or problem
    ledger.save(ctx)
    generations.discard(ctx, name)
    return problem


def _stop_first(ctx: Context, unit: str, made: bool) -> None:
    """A unit that did not run: stop it; where its unit file is managed, disable it before the file goes."""
    if made:
        ctx.run(["systemctl", "disable", unit], check=False)
    ctx.run(["systemctl", "stop", unit], check=False, timeout=restart.PATIENCE)
    ctx.run(["systemctl", "reset-failed", unit], check=False)
    systemd.forget(ctx)


def _run_again(ctx: Context, name: str, verb: str, entry: Entry) -> str:
    """Restart (or reload) a unit with its old files; its readiness check may belong to the new ones and is not asked."""
    try:
        restart.act(ctx, {"name": name, "no_block": False, "ready": None}, verb)
    except AgentError as error:
        return error.msg
    record = entry.get("running", {}).get(name)
    if record:
        record["invocation"] = systemd.show(ctx, [name])[name].get("InvocationID", "")
    return ""


def heal(ctx: Context, ledger: Ledger) -> list[str]:
    """Finish an undo that was interrupted by a kill; returns the text for the answer."""
    try:
        names = os.listdir(ctx.path(generations.FOLDER))
    except FileNotFoundError:
        return []
    said = []
    for name in sorted(names):
        generation = generations.load(ctx, name)
        if generation is None:
            backup_copy.drop(ctx, f"{generations.FOLDER}/{name}")
        elif generation.get("undoing"):
            problem = bring_back(ctx, ledger, generation)
            said.append(
                f"component {generation['component']}: the undo of a failed start was interrupted and is done now"
                + (f"; {problem}" if problem else "")
            )
    return said
