# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role says of changes on a running site: effects that wait for a restart, restarts, and the calls that do them.

The engine refuses the same while it runs; here a mistake is found before any host is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..controller import rolling as restarts
from ..controller import together
from ..task_types import Written
from .tree import EXPORTS, Problem, Role, World, literal

#: Calls of ``rolling`` that only look, also below ``together``.
LOOKS = ("gate", "healthy", "ask", "formed", "compare", "info", "info_before", "healthy_before")


def problems(role: Role, world: World) -> Iterator[Problem]:
    """What of it the engine would refuse."""
    given = role.exports.get("rolling")
    rolling = given if isinstance(given, Mapping) else {}
    yield from _effects(role, rolling)
    if rolling:
        parts: Written = {} if isinstance(rolling.get("together", {}), Mapping) else {"together": {}}  # a template of all parts
        for problem in restarts.problems({**rolling, **parts}, together.KEYS):
            fix = f"write {', '.join(restarts.REQUIRED)} in rolling, or {' and '.join(restarts.ONLY_UPDATED)} alone"
            yield Problem(EXPORTS, "rolling", problem, fix)
    ports = role.exports.get("change_ports")
    takes_over = ports.get("takes_over") if isinstance(ports, Mapping) else None
    if (takes_over == "rolling" and "policy" not in rolling) or (takes_over == "together" and "together" not in rolling):
        needs = "rolling" if takes_over == "rolling" else "rolling.together"
        problem = f"members would take over a port by {needs}, and the role has none"
        yield Problem(EXPORTS, "change_ports.takes_over", problem, f"add {needs}, or remove takes_over")
    for path, call, looks in _calls(role, rolling):
        yield from _call(path, call, looks, world)


def _effects(role: Role, rolling: Mapping[str, Any]) -> Iterator[Problem]:
    effects = role.exports.get("effects")
    for name, said in effects.items() if isinstance(effects, Mapping) else ():
        effect = said.get("effect") if isinstance(said, Mapping) else said
        if said == "together":
            fix = f"write {name}: {{effect: together, verb: PLAYBOOK, why: REASON}}, or waits: PLAYBOOK in place of verb"
            yield Problem(EXPORTS, f"effects.{name}", "together needs a verb, or waits for one", fix)
        if effect == "rolling" and "policy" not in rolling:
            problem = "the change waits for a restart of one member after the other, and the role has no rolling that does one"
            yield Problem(EXPORTS, f"effects.{name}", problem, f"add rolling, or correct the effect of {name}")


def _calls(role: Role, rolling: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Each call with its path, and whether it must only look."""
    for number, item in enumerate(role.items("calls")):
        yield f"calls[{number}]", item, False
    together_calls = rolling.get("together")
    for where, said in (("rolling", rolling), ("rolling.together", together_calls if isinstance(together_calls, Mapping) else {})):
        for key, call in said.items():
            if isinstance(call, Mapping) and "module" in call:
                yield f"{where}.{key}", call, key in LOOKS


def _call(path: str, call: Mapping[str, Any], looks: bool, world: World) -> Iterator[Problem]:
    module = literal(call.get("module"))
    if module not in world.modules:
        return
    if looks and world.module_changes(module):
        problem = f"{module} changes the host, and this call must only look"
        yield Problem(
            EXPORTS, f"{path}.module", problem, f"use a module that only looks, such as SERVICE_info or SERVICE_health, in {path}"
        )
    params = call.get("params") or {}
    if not isinstance(params, Mapping):
        return  # A template; the module itself judges what it gives.
    options = world.module_options(module)
    for name in params:
        if name not in options:
            known = ", ".join(sorted(options)) or "no parameters"
            yield Problem(EXPORTS, f"{path}.params.{name}", f"{module} has no parameter {name}", f"use one of {known}, or remove {name}")
    missing = [name for name, option in options.items() if option.get("required") and name not in params]
    if missing:
        problem = f"{module} requires {', '.join(missing)}"
        yield Problem(EXPORTS, f"{path}.params", problem, f"add {', '.join(missing)} to {path}.params")
