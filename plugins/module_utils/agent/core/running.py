# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The units of a component that a call is about, and those of them that run."""

from __future__ import annotations

from ..lib import systemd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import Entry
    from .model import Component, Context


def expected_units(component: Component, entry: Entry) -> list[str]:
    """The names of all units that planning a component will ask systemd for."""
    names = [unit["name"] for unit in component["units"]] if component["state"] == "present" else []
    names += [socket for unit in component["units"] if (socket := unit.get("socket"))] if names else []
    return names + [name for name in entry.get("units", {}) if name not in names]


def active_units(component: Component, ctx: Context) -> dict[str, str]:
    """The component's units that run now, those that leave it included, with their InvocationID."""
    found = {}
    named = {unit["name"] for unit in component["units"]}
    for name in expected_units(component, ctx.entry):
        if systemd.is_template(name):
            continue
        status = systemd.status(ctx, name)
        ends = status.get("Type") == "oneshot" and status.get("RemainAfterExit") != "yes"  # nothing to start again
        if systemd.running(status) and (name in named or not ends):
            found[name] = status.get("InvocationID", "")
    return found
