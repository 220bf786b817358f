# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that a component runs with: recorded once they run, asked for by the host checks, and never changed as a side effect.

The ledger's section ``values`` maps a variable to its value, as the controller writes it; with path and number of a line where the
host itself shows what runs. That line wins: a service may have been restarted with what waited for it. The section ``member`` says
by which unit the host is a member of a cluster.
"""

from __future__ import annotations

import os

from . import generations
from .model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..facts import Facts, RunningValues
    from ..records import Entry
    from .model import Component, Context

#: Where systemd keeps the processes of a unit that runs, with cgroup v2 and v1.
CGROUPS = ("/sys/fs/cgroup/system.slice/", "/sys/fs/cgroup/systemd/system.slice/")
UNITS = "/etc/systemd/system"


def running(ctx: Context, entries: dict[str, Entry]) -> dict[str, RunningValues]:
    """What runs here, for the host checks: component -> ``values`` (variable -> value), ``role``, ``enabled`` (whether its unit starts).

    A member that was taken out of its cluster has no values.
    """
    found: dict[str, RunningValues] = {}
    for name, entry in entries.items():
        if entry.get("values"):
            member = entry.get("member") or {}
            values = {} if given_up(ctx, entry) else {variable: now(ctx, known) for variable, known in entry["values"].items()}
            found[name] = {"values": values}
            if member:
                found[name].update({"role": member["role"], "unit": member["unit"], "enabled": enabled(ctx, member["unit"])})
    return found


def unrecorded(ctx: Context, entries: dict[str, Entry]) -> Facts:
    """What an older release left: ``unrecorded`` (components that run and say nothing of their values); empty where there is none.

    Before the first converge of this release also ``tcp`` (ports that others reach): what they listen on is all that says how they run.
    """
    names = sorted(name for name, entry in entries.items() if entry.get("running") and not entry.get("values"))
    if not names:
        return {}
    if any(entry.get("values") for entry in entries.values()):
        return {"unrecorded": names}
    from ..host.listening import ports

    return {"unrecorded": names, "tcp": sorted(port for protocol, port in ports(ctx) if protocol == "tcp")}


def now(ctx: Context, known: list[Any], value: str | None = None) -> str:
    """The value that runs: of the line that shows it, else ``value``, else as it was recorded."""
    value = str(known[0]) if value is None else value
    if len(known) == 3:
        try:
            with open(ctx.path(known[1]), encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
            value = lines[known[2] - 1].strip() or value
        except (OSError, IndexError):
            pass
    return value


def enabled(ctx: Context, unit: str) -> bool:
    """Whether a unit starts at boot."""
    try:
        wants = [name for name in os.listdir(ctx.path(UNITS)) if name.endswith((".wants", ".requires"))]
    except OSError:
        return False
    return any(os.path.lexists(ctx.path(f"{UNITS}/{name}/{unit}")) for name in wants)


def given_up(ctx: Context, entry: Entry) -> bool:
    """Whether the host is no longer a member: the unit neither runs nor starts at boot. What it ran with binds a new member to nothing."""
    unit = str((entry.get("member") or {}).get("unit") or "")
    return bool(unit) and not enabled(ctx, unit) and not any(os.path.isdir(ctx.path(f"{base}{unit}")) for base in CGROUPS)


def refuse_changed(component: Component, ctx: Context) -> None:
    """Leave a component as it is where a value would change that a converge does not change on a running site.

    :raises AgentError: ``setting-differs``
    """
    from . import identity

    site = ctx.call.site or {}
    taken = bool(site.get("takeover"))
    if given_up(ctx, ctx.entry) or (taken and identity.foreign(identity.recorded(ctx) or {}, site)):
        return
    fixes = component.get("fixes") or {}
    for name, wanted in component["values"].items():
        known = ctx.entry["values"].get(name)
        fix, secret, follows = fixes.get(name) or ("", False, False)
        if not fix or known is None or (taken and name == identity.SITE_NAME):
            continue
        value = now(ctx, known)
        if value != wanted[0] and not (follows and _overlap(value, wanted[0])):
            both = "" if secret else f" ({value} runs, {wanted[0]} is asked for)"
            raise AgentError("setting-differs", f"{name} cannot be changed here on a running site{both}: {fix}")


def _overlap(one: str, other: str) -> bool:
    """Whether two recorded lists have something in common, or one has nothing: members come and go."""
    import json

    here, there = set(json.loads(one)), set(json.loads(other))
    return not here or not there or bool(here & there)


def record(component: Component, ctx: Context) -> None:
    """Write down what runs now. What has not been seen to work with all hosts yet is recorded by the call that has seen it."""
    if generations.kept(ctx, component["name"]):
        return
    section = ctx.entry.setdefault("values", {})
    wanted = component.get("values") or {} if component["state"] == "present" else {}
    for name in set(section) - set(wanted):
        del section[name]
    for name, new in wanted.items():
        known = section.get(name)
        # Where nothing shows what runs, that is what ran before: the service is down just now.
        section[name] = [now(ctx, new, known[0] if known and len(new) == 3 else None), *new[1:]]
    member = component.get("member") if wanted else None
    ctx.entry["member"] = {**member} if member else {}
