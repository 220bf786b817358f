# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel parameters: a file in /etc/sysctl.d for the next boot, /proc/sys for now.

What differs is written to /proc/sys directly, which is all that sysctl(8) does; procps may not be installed.
"""

from __future__ import annotations

import os

from ..core.ledger import next_owner, transfer_ownership
from ..core.model import AgentError, Step
from ..lib import disk
from ..lib.kernel_parameter import normal_name
from ..lib.text_file import header, read_text, text_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..core.model import Component, Context
    from ..records import Section, SysctlRecord

#: In a container these reach the machine itself: neither set now nor left in a file for the container's systemd-sysctl.
HOST_WIDE = ("vm.", "kernel.", "fs.", "dev.", "debug.", "abi.")


def plan_sysctls(component: Component, ctx: Context) -> list[Step]:
    """Steps for a component's parameters: each value that differs from what the kernel has, then the file for the next boot.

    In this order, so that a value that the kernel refuses does not get into the file. One that an older release left there leaves it.
    A parameter that leaves the definition gets back the value it had before, if it still has the managed one.

    :raises AgentError: ``bad-sysctl`` for an invalid name or a value of several lines
    """
    wanted = _wanted(component, ctx) if component["state"] == "present" else {}
    managed = ctx.section("sysctls")
    steps: list[Step] = []
    path = conf_path(component["name"])
    before = read_text(ctx, path)
    after = header(component["name"]) + "".join(f"{name} = {value}\n" for name, value in wanted.items()) if wanted else ""
    for name, value in wanted.items():
        steps += _set(name, value, ctx)
    if before != after:
        steps.append(text_step(ctx, "sysctl", path, before, after, "parameters for the next boot", section="sysctl_files"))
    for name in sorted(set(managed) - set(wanted)):
        to = next_owner(ctx, "sysctls", name)
        steps.append(_restore(name, managed[name], ctx) if to is None else _hand_over(name, to))
    return steps


def conf_path(component: str) -> str:
    """The file that holds a component's kernel parameters."""
    return f"/etc/sysctl.d/60-vannah-{component}.conf"


def proc_path(name: str) -> str:
    """The file of a parameter below /proc/sys."""
    return "/proc/sys/" + name.translate({ord("/"): ".", ord("."): "/"})


def normal_value(value: str) -> str:
    """A value for comparison: the kernel separates several numbers by tabs, people by spaces."""
    return " ".join(value.split())


def _wanted(component: Component, ctx: Context) -> dict[str, str]:
    wanted: dict[str, str] = {}
    container: bool | None = None
    for item in component["sysctls"]:
        name = normal_name(item["name"])
        if "\n" in item["value"].strip():
            raise AgentError("bad-sysctl", f"the value of {name} has more than one line")
        if name.startswith(HOST_WIDE):
            if container is None:
                from ..host.facts import is_container

                container = is_container(ctx)
            if container:
                ctx.warn(f"{name} is left alone: this host is a container, and the parameter belongs to the machine around it")
                continue
        wanted[name] = normal_value(item["value"])
    return wanted


def _now(name: str, ctx: Context) -> str | None:
    """The kernel's value, None where it has no such parameter (its module is not loaded) or does not show it."""
    try:
        found = disk.read(ctx.path(proc_path(name)))
    except OSError:
        return None
    return None if found is None else normal_value(found.decode("utf-8", "replace"))


def _set(name: str, value: str, ctx: Context) -> list[Step]:
    now = _now(name, ctx)
    known = ctx.section("sysctls").get(name, {})
    if now == value or (known.get("value") == value and known.get("said", value) == now):
        return []
    if now is None:
        ctx.warn(f"the kernel has no parameter {name} now; it is set at the next boot if the module it belongs to is loaded by then")
        return []
    if not os.access(ctx.path(proc_path(name)), os.W_OK):
        ctx.warn(f"{name} is {now} and cannot be set: /proc/sys is read-only here")
        return []

    def apply(ctx: Context) -> None:
        entry = ctx.section("sysctls").setdefault(name, {})
        entry.setdefault("before", now)
        entry["value"] = value
        try:
            entry["said"] = _write(name, value, ctx)  # the kernel may write it in another way
        except AgentError:
            path = conf_path(ctx.component["name"])
            text = read_text(ctx, path)
            without = text.replace(f"\n{name} = {value}\n", "\n")
            if without != text:
                text_step(ctx, "sysctl", path, text, without, section="sysctl_files").apply(ctx)  # type: ignore[misc]
            raise

    return [Step("sysctl", name, "set", f"{now} -> {value}", apply=apply, claims=[("sysctls", name)])]


def _hand_over(name: str, to: tuple[str, Section]) -> Step:
    """Another component sets the parameter now: it gets the previous value, which may be managed."""

    def apply(ctx: Context) -> None:
        before, ledger = ctx.section("sysctls").get(name, {}).get("before"), ctx.call.ledger
        transfer_ownership(ctx, "sysctls", name, to)
        if before is not None and ledger is not None:
            ledger.entry(to[0])["sysctls"][name]["before"] = before

    return Step("sysctl", name, "", apply=apply)


def _restore(name: str, known: SysctlRecord, ctx: Context) -> Step:
    """Restore the previous value, unless it was changed since."""
    back = known.get("before")
    restore = back is not None and _now(name, ctx) == known.get("said", known.get("value"))

    def apply(ctx: Context) -> None:
        if restore and back is not None:
            _write(name, back, ctx)
        ctx.section("sysctls").pop(name, None)

    return Step("sysctl", name, "restore" if restore else "forget", f"{known.get('value')} -> {back}" if restore else "", apply=apply)


def _write(name: str, value: str, ctx: Context) -> str:
    """Set a parameter; returns what the kernel says then.

    :raises AgentError: ``sysctl-failed``
    """
    try:
        with open(ctx.path(proc_path(name)), "w", encoding="utf-8") as file:
            file.write(value + "\n")
    except OSError as error:
        said = f"the kernel rejects {value!r} for {name} ({error.strerror}): correct the value; the old one stays in force"
        raise AgentError("sysctl-failed", said) from error
    now = _now(name, ctx) or ""
    if now != value:
        ctx.warn(f"{name} was set to {value}, the kernel says {now or 'nothing'}")
    return now
