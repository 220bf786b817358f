# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values that a component runs with: recorded once they run, asked for by the host checks, and never changed by the way.

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

    from .model import Component, Context

UNITS = "/etc/systemd/system"


def running(ctx: Context) -> dict[str, Any]:
    """What runs here, for the host checks: component -> ``values`` (variable -> value), ``role``, ``enabled`` (whether its unit starts)."""
    from . import ledger

    found: dict[str, Any] = {}
    for name, entry in ledger.peek(ctx).items():
        if entry.get("values"):
            member = entry.get("member") or {}
            found[name] = {
                "values": {variable: now(ctx, known) for variable, known in entry["values"].items()},
                **({"role": member["role"], "unit": member["unit"], "enabled": enabled(ctx, member["unit"])} if member else {}),
            }
    return found


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


def refuse_changed(component: Component, ctx: Context) -> None:
    """Leave a component as it is where a value would change that a converge does not change on a running site.

    :raises AgentError: ``setting-differs``
    """
    fixes = component.get("fixes") or {}
    for name, wanted in component["values"].items():
        known = ctx.entry["values"].get(name)
        fix, secret, follows = fixes.get(name) or ("", False, False)
        if not fix or known is None:
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
    """Write down what runs now. What has not been seen to work with all hosts yet is recorded by the trip that has seen it."""
    if generations.kept(ctx, component["name"]):
        return
    section: dict[str, Any] = ctx.entry.setdefault("values", {})
    wanted = component.get("values") or {} if component["state"] == "present" else {}
    for name in set(section) - set(wanted):
        del section[name]
    for name, new in wanted.items():
        known = section.get(name)
        # Where nothing shows what runs, that is what ran before: the service is down just now.
        section[name] = [now(ctx, new, known[0] if known and len(new) == 3 else None), *new[1:]]
    member = component.get("member") if wanted else None
    ctx.entry["member"] = dict(member) if member else {}
