# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module gives back against its RETURN documentation, and what a call gets of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented

MODULES = "ansible_collections.vannah.healthcloud.plugins.modules"
SERVICES = "ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services"
#: The services' calls, as the agent makes them: of each folder that has any.
DOMAINS = {
    file.parent.name: import_module(f"{SERVICES}.{file.parent.name}.calls")
    for folder in import_module(SERVICES).__path__
    for file in sorted(Path(folder).glob("*/calls.py"))
}
#: Ansible's own; they are documented once for all modules.
COMMON = {"changed", "diff", "warnings", "failed", "msg", "code"}
_TYPES: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


@cache
def returned(name: str) -> dict[str, Any]:
    """A module's RETURN."""
    found: dict[str, Any] = yaml.safe_load(import_module(f"{MODULES}.{name}").RETURN)
    return found


def faults(name: str, result: Mapping[str, Any]) -> list[str]:
    """Where a result that did not fail is not what the module's RETURN says."""
    known = returned(name)
    reads = not documented.takes_lease(name)
    found = []
    for key, value in result.items():
        if key in COMMON or (reads and key == "steps" and value == []):
            continue
        said = known.get(key)
        if said is None:
            found.append(f"{name}: {key} is not documented")
        elif value is None:
            if "null" not in said["description"]:
                found.append(f"{name}: {key} is null")
        elif not _is(value, said["type"]):
            found.append(f"{name}: {key} is {value!r}, documented as {said['type']}")
        elif said["type"] == "list":
            found += [
                f"{name}: {key} holds {item!r}, documented as {said['elements']}" for item in value if not _is(item, said["elements"])
            ]
    missing = [key for key, said in known.items() if said["returned"] == "always" and key not in result]
    return found + [f"{name}: {key} is missing" for key in missing]


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    return isinstance(value, _TYPES[kind])


def filled(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Parameters with every option, as Ansible's validation hands them over."""
    assert set(given) <= set(spec), set(given) - set(spec)
    made = {}
    for name, option in spec.items():
        value = given.get(name, option.get("default"))
        if value is not None and "options" in option:
            value = [filled(option["options"], item) for item in value] if option["type"] == "list" else filled(option["options"], value)
        made[name] = value
    return made
