# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit files and drop-ins of a component."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..contract import File
    from ..core.model import Component

UNIT_DIRECTORY = "/etc/systemd/system"


def unit_items(component: Component) -> list[File]:
    """Unit files and drop-ins of a component as items of files."""
    items: list[File] = []
    if component["state"] != "present":
        return items
    for unit in component["units"]:
        if unit["state"] == "absent":
            continue
        texts: list[tuple[str, str | None]] = [(f"{UNIT_DIRECTORY}/{unit['name']}", unit["content"])] if unit["content"] is not None else []
        texts += [(f"{UNIT_DIRECTORY}/{unit['name']}.d/{item['name']}.conf", item["content"]) for item in unit["dropins"]]
        items += [
            {"path": path, "content": text or "", "owner": "root", "group": "root", "mode": "0644", "state": "present"}
            for path, text in texts
        ]
    return items
