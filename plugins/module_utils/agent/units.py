# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units: enabled, masked, started, and whether what a unit was started with is what should run.

Restart follows from recorded state. The ledger keeps for each unit (section ``running``) the InvocationID it was last
seen good with, and the hash and stamp of each watched file and the versions of packages at that time:

- same InvocationID: nobody has started it since, hashes decide;
- another one, or no record: somebody has started it since. A file that was not touched since the record, or that is
  older than the start, is what the unit runs with. Where the clock was stepped since the start that cannot be told:
  it is said as a warning, and the policy of the file decides as if it had changed.

Acting is :mod:`.restart`.
"""

from __future__ import annotations

import os

from . import disk, files, systemd
from .ledger import heir
from .model import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .model import Component, Context
    from .systemd import Status

    Unit = dict[str, Any]
    Reactions = dict[str, list[str]]  # policy -> what asks for it

#: From the strongest to the weakest.
POLICIES = ("restart", "reload", "defer", "none")
#: States of a unit file that start it at boot, or in which nobody can enable it: nothing to do.
ENABLED = ("enabled", "enabled-runtime", "static", "indirect", "generated", "alias", "transient", "linked", "linked-runtime")


def plan_units(component: Component, ctx: Context) -> list[Step]:
    """Steps for a component's units, to be planned after everything that they watch.

    Deferred restarts are noted in ``ctx.memo["pending"]``.

    :raises AgentError: as :func:`.systemd.status`
    """
    pending: list[str] = []
    ctx.memo["pending"] = pending
    if component["state"] != "present":
        return []
    steps: list[Step] = []
    for unit in component["units"]:
        if unit["state"] != "absent":
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
        kept = heir(ctx, "units", name) if known is not None else None
        found = {} if systemd.is_template(name) else systemd.status(ctx, name)
        ours = f"{files.UNIT_DIRECTORY}/{name}" in ctx.section("unit_files") or name in absent
        known = known or {}
        stop = (
            kept is None
            and systemd.exists(found)
            and (ours or known.get("started", False))
            and found.get("ActiveState") not in ("inactive", "failed", None)
        )
        disable = kept is None and (ours or known.get("enabled", False)) and found.get("UnitFileState") == "enabled"
        unmask = kept is None and known.get("masked", False) and found.get("UnitFileState") == "masked"
        if stop or disable or unmask:
            words = [word for word, so in (("stopped", stop), ("disabled", disable), ("unmasked", unmask)) if so]
            steps.append(Step("unit", name, "remove", ", ".join(words), apply=remove_unit(name, stop, disable, unmask)))
        elif known or name in ctx.section("units"):
            steps.append(Step("unit", name, "", apply=forget_unit(name, kept)))
    return steps


def plan_reload_gone(ctx: Context) -> list[Step]:
    """systemd reads its files again where unit files of an absent component were removed."""
    if not any(path.startswith(files.UNIT_DIRECTORY) for path in ctx.changing):
        return []
    from .restart import daemon_reload

    return [Step("unit", "systemd", "daemon-reload", apply=daemon_reload)]


def _act(verb: str, *args: Any) -> Callable[[Context], None]:
    """What a step does; its module is loaded only where there is a step."""
    from . import restart

    apply: Callable[[Context], None] = getattr(restart, verb)(*args)
    return apply


def _needs_reload(component: Component, ctx: Context) -> bool:
    if any(path.startswith(files.UNIT_DIRECTORY) for path in ctx.changing):
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
        bare = not unit_file_state and not systemd.exists(found)
        if unit["enabled"] and unit_file_state not in ENABLED:
            steps.append(Step("unit", name, "enable", apply=_act("enable", name, systemd.installs(unit["content"]))))
        elif unit["enabled"] and unit["content"] is not None:
            steps += _plan_installed(unit, ctx)
        elif not unit["enabled"] and (unit_file_state == "enabled" or (bare and ctx.changing_packages)):
            steps.append(Step("unit", name, "disable", apply=_act("disable", name)))
    if unit["state"] == "stopped" and found.get("ActiveState") not in ("inactive", "failed", "", None):
        steps.append(Step("unit", name, "stop", apply=_act("stop", name)))
    elif unit["state"] == "started":
        steps += _plan_started(unit, component, found, ctx, pending)
    if not steps and name not in ctx.section("units"):
        steps.append(Step("unit", name, "", apply=_act("know_unit", name)))
    return steps


def _plan_installed(unit: Unit, ctx: Context) -> list[Step]:
    """What enabling has made is of another [Install] section: it is made anew (systemd itself would call the unit enabled)."""
    name, wanted = unit["name"], systemd.installs(unit["content"])
    known = ctx.section("units").get(name, {}).get("install")
    if known == wanted:
        return []
    if known is None and f"{files.UNIT_DIRECTORY}/{name}" not in ctx.changing:
        return [Step("unit", name, "", apply=_act("know_install", name, wanted))]
    return [Step("unit", name, "reenable", apply=_act("reenable", name, wanted))]


def _plan_started(unit: Unit, component: Component, found: Status, ctx: Context, pending: list[str]) -> list[Step]:
    name = unit["name"]
    record = ctx.section("running").get(name) or _record_elsewhere(name, component, ctx)
    if not systemd.running(found) and not _has_run(found, record, unit, component, ctx):
        return [Step("unit", name, "start", "it had failed" if found.get("ActiveState") == "failed" else "", apply=_act("start", unit))]
    asked = reactions(unit, component, found, record, ctx)
    if asked["restart"] or (asked["reload"] and found.get("CanReload") == "no"):
        why = asked["restart"] or asked["reload"]
        return [Step("unit", name, "restart", _why(why), apply=_act("restart", unit))]
    steps = []
    if asked["reload"]:
        steps.append(Step("unit", name, "reload", _why(asked["reload"]), apply=_act("reload", unit, asked["defer"])))
    if asked["defer"]:
        pending.append(name)
        return steps
    if not steps and (ctx.memo.get("unproven") or not _recorded(unit, component, found, record, ctx)):
        steps.append(Step("unit", name, "", apply=_act("confirm", unit)))
    return steps


def _record_elsewhere(name: str, component: Component, ctx: Context) -> dict[str, Any] | None:
    """What the component knows of the unit that it is taken over from."""
    ledger = ctx.memo.get("ledger")
    if ledger is None:
        return None
    other = ledger.elsewhere(component["name"], "running", name)
    record: dict[str, Any] | None = ledger.entry(other)["running"][name] if other else None
    return record


def _why(what: list[str]) -> str:
    return ", ".join(what[:4]) + (f" and {len(what) - 4} more" if len(what) > 4 else "")


def _has_run(found: Status, record: dict[str, Any] | None, unit: Unit, component: Component, ctx: Context) -> bool:
    """A unit that ends by itself (Type=oneshot) is as it should be once it has run with what there is now."""
    if found.get("Type") != "oneshot" or found.get("RemainAfterExit") == "yes" or found.get("ActiveState") != "inactive" or not record:
        return False
    same = {**found, "InvocationID": record["invocation"]}
    asked = reactions(unit, component, same, record, ctx)
    return not asked["restart"] and not asked["reload"]


# --- what a unit watches ------------------------------------------------------------------------------------------------


def watched(unit: Unit, component: Component, found: Status) -> dict[str, str]:
    """Path -> policy of everything a unit reacts to; where several say something about a path, the strongest.

    Configuration files that name no unit belong to every service of the component; a timer or socket has only its own.
    """
    name, own = unit["name"], unit["on_change"]
    service = name.endswith(".service")
    result: dict[str, str] = {}

    def add(path: str, policy: str) -> None:
        if path not in result or POLICIES.index(policy) < POLICIES.index(result[path]):
            result[path] = policy

    def concerns(units: list[str] | None) -> bool:
        return name in units if units else service

    for item in component["files"]:
        if item["state"] == "present" and concerns(item["units"]) and not _attributes_only(item):
            add(item["path"], item["on_change"] or own)
    for item in component["certificates"]:
        if concerns(item["units"]):
            for path in (item["cert"], item["ca"]):
                if path:
                    add(path, item["on_change"])
    for path in unit_paths(unit, found):
        add(path, _hard(own))
    for path, policy in unit["watch"].items():
        add(path, policy)
    return result


def _attributes_only(item: dict[str, Any]) -> bool:
    return item.get("content") is None and item.get("content_b64") is None and not item.get("artifact")


def _hard(policy: str) -> str:
    """A new unit file or a new binary takes more than a reload."""
    return "restart" if policy == "reload" else policy


def unit_paths(unit: Unit, found: Status) -> list[str]:
    """The unit's own files: those of the definition, and those that systemd has loaded."""
    paths = [f"{files.UNIT_DIRECTORY}/{unit['name']}"] if unit["content"] is not None else []
    paths += [f"{files.UNIT_DIRECTORY}/{unit['name']}.d/{item['name']}.conf" for item in unit["dropins"]]
    return paths + [path for path in systemd.files(found) if path not in paths]


def package_names(unit: Unit, component: Component) -> list[str]:
    """The packages whose version a unit reacts to: those it names, else those of its component."""
    if unit["watch_packages"] is not None:
        names: list[str] = unit["watch_packages"]
        return names
    if not unit["name"].endswith(".service"):
        return []
    return [item["name"] for item in component["packages"] if item["state"] == "present"]


def reactions(unit: Unit, component: Component, found: Status, record: dict[str, Any] | None, ctx: Context) -> Reactions:
    """What each policy is asked for by, and an empty list for the others."""
    asked: Reactions = {policy: [] for policy in POLICIES}
    judge = Judge(found, record, ctx)
    current = watched(unit, component, found)
    for path, policy in current.items():
        if policy != "none" and judge.file_changed(path):
            asked[policy].append(path)
    for path in sorted(judge.files):
        if path not in current and judge.gone(path):
            asked[_hard(unit["on_change"])].append(path)
    for name in package_names(unit, component):
        if judge.package_changed(name):
            asked[_hard(unit["on_change"])].append(f"package {name}")
    if judge.unknown:
        ctx.warn(
            f"{unit['name']}: the clock was set since it started, so whether it runs with {', '.join(judge.unknown)} cannot be told;"
            " it is treated as changed"
        )
    asked["none"] = []
    return asked


class Judge:
    """Whether what a unit was started with is what there is, or will be after the planned steps."""

    def __init__(self, found: Status, record: dict[str, Any] | None, ctx: Context) -> None:
        self.found = found
        self.ctx = ctx
        self.files: dict[str, list[Any]] = record["files"] if record else {}
        self.packages: dict[str, str] = record["packages"] if record else {}
        self.same = bool(record) and record is not None and record["invocation"] == found.get("InvocationID")
        self.unknown: list[str] = []
        self._start: tuple[float, bool] | None = None

    def file_changed(self, path: str) -> bool:
        ctx, known = self.ctx, self.files.get(path)
        now = disk.hash_path(ctx, path, known_file(known))
        if path in ctx.changing:
            expected = ctx.changing[path]
            if expected is None or expected != now:
                return not (self.same and known is not None and expected == known[0])
        if known is not None and self.same:
            return bool(known[0] != now)
        status = follow(ctx, path)
        if status is None:
            return bool(known is not None and known[0] != disk.ABSENT)
        if known is not None and known[0] == now and known[1:] == disk.stamp(status):
            return False  # not touched since the record, and the unit was started after it
        return self._later(status.st_ctime, path)

    def gone(self, path: str) -> bool:
        """A recorded file that is watched no longer: its removal counts, or that its original is back; what to watch alone does not."""
        if self.files[path][0] == disk.ABSENT:
            return False
        if path in self.ctx.changing:
            return self.ctx.changing[path] is None
        if not self.same:
            return False
        return bool(disk.hash_path(self.ctx, path, known_file(self.files[path])) != self.files[path][0])

    def package_changed(self, name: str) -> bool:
        from .packages import versions

        known, now = self.packages.get(name), versions(self.ctx, [name])[name]
        if name in self.ctx.changing_packages:
            return bool(now)  # installed and changing; one that is new to the host is nothing the unit had
        if self.same or (known and known == now):
            return bool(known and now and known != now)
        listed = f"/var/lib/dpkg/info/{name}.list"
        status = disk.status(self.ctx.path(listed))
        return status is not None and bool(now) and self._later(status.st_ctime, f"package {name}")

    def _later(self, when: float, what: str) -> bool:
        """Whether something happened after the start, or may have."""
        if self._start is None:
            self._start = systemd.started(self.ctx, self.found)
        start, stepped = self._start
        if stepped or when > self.ctx.now() + 1:
            self.unknown.append(what)
            return True
        return when >= start


def follow(ctx: Context, path: str) -> os.stat_result | None:
    """The status of what lies at a path, links followed: what a program gets that opens it."""
    try:
        return os.stat(ctx.path(path))
    except OSError:
        return None


def known_file(known: list[Any] | None) -> dict[str, Any] | None:
    """A record's word on a file as :func:`.disk.hash_path` takes it, where the file is so large that it saves something."""
    if known and len(known) == 5 and known[2] >= disk.LARGE:
        return {"sha256": known[0], "stamp": known[1:]}
    return None


def snapshot(unit: Unit, component: Component, found: Status, ctx: Context) -> dict[str, Any]:
    """What is recorded of a unit that runs with what there is now."""
    seen: dict[str, list[Any]] = {}
    for path in watched(unit, component, found):
        status = follow(ctx, path)
        sha256 = disk.hash_path(ctx, path)
        seen[path] = [sha256, *disk.stamp(status)] if status is not None and sha256 else [disk.ABSENT]
    names = package_names(unit, component)
    known: dict[str, str] = {}
    if names:
        from .packages import versions

        known = versions(ctx, names)
    return {"invocation": found.get("InvocationID", ""), "files": seen, "packages": known}


def _recorded(unit: Unit, component: Component, found: Status, record: dict[str, Any] | None, ctx: Context) -> bool:
    """Whether the record says already what there is (files that will be written are recorded by the step that follows)."""
    if record is None or record["invocation"] != found.get("InvocationID", ""):
        return False
    current = watched(unit, component, found)
    if set(current) != set(record["files"]) or any(path in ctx.changing for path in current):
        return False
    if any(disk.hash_path(ctx, path, known_file(record["files"][path])) != record["files"][path][0] for path in current):
        return False  # of a file that asks for nothing
    names = package_names(unit, component)
    if names:
        from .packages import versions

        return bool(record["packages"] == versions(ctx, names))
    return not record["packages"]
