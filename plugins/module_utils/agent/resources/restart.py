# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of :mod:`.units` do: systemctl, waiting until a unit is ready, and recording what it runs with."""

from __future__ import annotations

from ..core import waiting
from ..core.ledger import transfer_ownership
from ..core.model import AgentError
from ..lib import systemd
from . import watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    from ..contract import Started, Unit
    from ..core.model import Component, Context
    from ..records import Section, UnitRecord

    T = TypeVar("T")
    Apply = Callable[[Context], None]

#: Seconds a unit without a readiness check has to stay up, where its start says nothing (Type=simple).
SETTLE = 1.0
#: Seconds for systemctl: systemd's own limits for stopping and starting (90 s each) end before.
PATIENCE = 300.0


def daemon_reload(ctx: Context) -> None:
    """Have systemd read its files again."""
    systemd.reload(ctx)


def know_unit(name: str) -> Apply:
    """The unit is as it should be and was not changed by us."""

    def apply(ctx: Context) -> None:
        ctx.section("units").setdefault(name, {"found": True})

    return apply


def forget_unit(name: str, next_owner: tuple[str, Section] | None = None) -> Apply:
    """The unit is forgotten; a component that has taken it over is informed."""

    def apply(ctx: Context) -> None:
        if next_owner is not None:
            transfer_ownership(ctx, "units", name, next_owner)
            transfer_ownership(ctx, "running", name, (next_owner[0], "running"))
        ctx.section("units").pop(name, None)
        ctx.section("running").pop(name, None)

    return apply


def remove_unit(name: str, stop: bool, disable: bool, unmask: bool) -> Apply:
    """Stop and disable a unit that left the definition, before its file goes."""

    def apply(ctx: Context) -> None:
        if unmask:
            systemd.call(ctx, "unmask", name)
        if disable:
            systemd.call(ctx, "disable", name)
        if stop:
            systemd.call(ctx, "stop", name, timeout=PATIENCE)
        forget_unit(name)(ctx)

    return apply


def _known(ctx: Context, name: str) -> UnitRecord:
    known = ctx.section("units").setdefault(name, {})
    known.setdefault("found", True)  # an entry without anything in it would not be kept
    return known


def know_install(name: str, install: str | None) -> Apply:
    """What the unit was enabled with is what its file says."""

    def apply(ctx: Context) -> None:
        _known(ctx, name)["install"] = install

    return apply


def enable(name: str, install: str | None) -> Apply:
    """Enable a unit; ``install`` is the hash of its file's [Install] section."""

    def apply(ctx: Context) -> None:
        _known(ctx, name)["enabled"] = True
        systemd.call(ctx, "enable", name)
        if install is not None:
            know_install(name, install)(ctx)

    return apply


def reenable(name: str, install: str | None) -> Apply:
    """Take away what enabling has made and make it again."""

    def apply(ctx: Context) -> None:
        systemd.call(ctx, "reenable", name)
        know_install(name, install)(ctx)

    return apply


def disable(name: str) -> Apply:
    """Take a unit from the next boot."""

    def apply(ctx: Context) -> None:
        _known(ctx, name).pop("enabled", None)
        if systemd.status(ctx, name).get("UnitFileState") in ("enabled", "enabled-runtime"):
            systemd.call(ctx, "disable", name)

    return apply


def mask(name: str) -> Apply:
    """Stop a unit, and prevent every other start of it."""

    def apply(ctx: Context) -> None:
        _known(ctx, name)["masked"] = True
        if systemd.running(systemd.status(ctx, name)):
            systemd.call(ctx, "stop", name, timeout=PATIENCE)
        systemd.call(ctx, "mask", name)
        ctx.section("running").pop(name, None)

    return apply


def unmask(name: str) -> Apply:
    """Let a masked unit be started again."""

    def apply(ctx: Context) -> None:
        _known(ctx, name).pop("masked", None)
        systemd.call(ctx, "unmask", name)

    return apply


def stop(name: str) -> Apply:
    """Stop a unit and forget what it ran with."""

    def apply(ctx: Context) -> None:
        _known(ctx, name).pop("started", None)
        systemd.call(ctx, "stop", name, timeout=PATIENCE)
        ctx.section("running").pop(name, None)

    return apply


def start(unit: Unit) -> Apply:
    """Start a unit; one that something has started since it was looked at may have missed our files and is restarted."""

    def apply(ctx: Context) -> None:
        _known(ctx, unit["name"])["started"] = True
        now = systemd.status(ctx, unit["name"])
        act(ctx, unit, "restart" if systemd.running(now) else "start")
        record(ctx, unit)

    return apply


def restart(unit: Unit) -> Apply:
    """Restart a unit, and record what it runs with."""

    def apply(ctx: Context) -> None:
        act(ctx, unit, "restart")
        record(ctx, unit)

    return apply


def reload(unit: Unit, deferred: Iterable[str]) -> Apply:
    """Reload a unit; what waits for a restart stays recorded as it was."""

    def apply(ctx: Context) -> None:
        act(ctx, unit, "reload")
        record(ctx, unit, deferred)

    return apply


def confirm(unit: Unit) -> Apply:
    """Take over a unit that runs with the current files; after an interrupted run check first that it is ready."""
    name = unit["name"]

    def apply(ctx: Context) -> None:
        if ctx.unproven:
            await_ready(ctx, unit)
        _known(ctx, name)
        record(ctx, unit)

    return apply


# --- acting -------------------------------------------------------------------------------------------------------------


def act(ctx: Context, unit: Started, verb: str) -> None:
    """``start``, ``restart`` or ``reload`` a unit and wait until it is ready.

    :raises AgentError: ``start-failed``, ``reload-failed``, ``not-ready``, with the journal's tail
    """
    name = unit["name"]
    code = "reload-failed" if verb == "reload" else "start-failed"
    if verb != "reload":
        # It also begins systemd's count of starts at zero: several runs in a row would be refused for being too many.
        ctx.run(["systemctl", "reset-failed", name], check=False)
    systemd.forget(ctx)
    ctx.touched[name] = "reload" if verb == "reload" else "restart"
    waiting.doing(ctx, f"systemctl {verb} {name}", PATIENCE)
    result = ctx.run(["systemctl", *(["--no-block"] if unit["no_block"] else []), verb, name], check=False, timeout=PATIENCE)
    if result.rc != 0:
        said = result.err.strip().splitlines()
        raise AgentError(code, f"{name} did not {verb}: {said[0] if said else f'exit status {result.rc}'}", systemd.journal(ctx, name))
    await_ready(ctx, unit)


def await_ready(ctx: Context, unit: Started) -> None:
    """Wait until a unit answers its readiness check; without one, see that it stays up.

    :raises AgentError: ``start-failed``, ``not-ready``
    """
    if unit["ready"]:
        from . import ready

        ready.wait(ctx, unit["ready"], unit["name"], patient=unit["no_block"])
    if not unit["no_block"]:
        _stays(ctx, unit["name"], SETTLE if not unit["ready"] else 0)
    systemd.forget(ctx)


def _stays(ctx: Context, name: str, seconds: float) -> None:
    """See that a unit is up, and for ``seconds`` where its kind counts as started as soon as its process exists."""
    import time

    begun = time.monotonic()
    until = begun + seconds
    while True:
        waiting.tell(ctx, f"{name} to stay up", begun, seconds)
        systemd.forget(ctx)
        found = systemd.show(ctx, [name])[name]
        state = found.get("ActiveState")
        if state == "failed" or (state == "inactive" and found.get("Type") != "oneshot") or found.get("SubState") == "auto-restart":
            raise AgentError("start-failed", f"{name} was started and is {state} ({found.get('SubState')})", systemd.journal(ctx, name))
        if found.get("Type") not in ("simple", "exec", "idle") or time.monotonic() >= until:
            return
        time.sleep(min(0.25, max(until - time.monotonic(), 0.01)))


def record(ctx: Context, unit: Unit, deferred: Iterable[str] = ()) -> None:
    """Write down what a unit runs with; what was deferred keeps its old record."""
    from ..lib import disk

    disk.forget(ctx)
    name = unit["name"]
    new = watch.snapshot(unit, ctx.component, systemd.status(ctx, name), ctx)
    old = ctx.section("running").get(name)
    for what in deferred:
        if what.startswith("package "):
            _keep(new["packages"], old["packages"] if old else {}, what[8:])
        else:
            _keep(new["files"], old["files"] if old else {}, what)
    ctx.section("running")[name] = new


def _keep(new: dict[str, T], old: dict[str, T], key: str) -> None:
    if key in old:
        new[key] = old[key]
    else:
        new.pop(key, None)


def units_to_start(component: Component) -> list[Unit]:
    """The units of a component that must run."""
    return [
        unit for unit in component["units"] if unit["state"] == "started" and not unit["masked"] and not systemd.is_template(unit["name"])
    ]
