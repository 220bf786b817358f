# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the agent as results of tasks: short lines of changes, Ansible's own diffs, errors that begin with the host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from ..agent.core.model import subject
from ..task_types import Result as Result
from .scrub import Scrubber

if TYPE_CHECKING:
    from ..agent.contract import Answer, CallAnswer, ComponentAnswer, Error, StepReport


class Shown(TypedDict):
    """A component in a result."""

    name: str
    role: str
    changed: bool
    steps: list[str]
    drift: NotRequired[list[str]]
    restarted: NotRequired[list[str]]
    reloaded: NotRequired[list[str]]
    pending_restart: NotRequired[list[str]]


#: What of a result never holds anything of a secret: looking through facts would only cost time.
_CLEAN = frozenset(
    ["ansible_facts", "cost", "changed", "failed", "pending_restart", "lease", "clock_offset", "work", "add_group", "parent_groups"]
)


def step(step: StepReport) -> str:
    """A step in a line: ``file /etc/x: update (detail)``."""
    detail = f" ({step['detail']})" if step.get("detail") else ""
    return f"{subject(step['kind'], step['target'])}: {step['action']}{detail}"


def message(error: Error, where: str) -> str:
    """An error's text, then the journal of the unit that failed. ``where`` is empty where the text names it."""
    text = f"{where + ': ' if where else ''}{error.get('msg', '')} [{error.get('code', 'unknown')}]"
    return f"{text}\n{error['journal'].rstrip()}" if error.get("journal") else text


def call_error(answer: Answer) -> tuple[str, Result]:
    """Message and result of a call that failed as a whole."""
    error: Error = answer["error"] or {"code": "unknown", "msg": ""}
    result: Result = {"code": error.get("code", "unknown")}
    if error.get("code") == "lease-held":
        result["lease"] = answer.get("lease")
        return str(error.get("msg", "")), result
    if error.get("trace"):
        result["trace"] = error["trace"]
    result.update(_common(answer))
    return message(error, "" if str(error.get("msg", "")).startswith("this host ") else "the host"), result


def components(answer: Answer, diff: bool, variables: Mapping[str, str] | None = None) -> Result:
    """The result of a call that made components; ``failed`` and ``msg`` where one of them failed.

    :param variables: component -> the variable that says its packages, for people to know where to look
    """
    found = list(answer.get("components") or ())
    result: Result = {
        "changed": any(item.get("changed") for item in found) or bool(answer.get("healed")),
        "steps": [step(item) for component in found for item in component.get("steps") or ()],
        "components": [_component(item) for item in found],
        "pending_restart": pending(found),
        **_common(answer),
    }
    for component in found:
        drift = component.get("drift") or ()
        if drift:
            result.setdefault("warnings", []).append(f"{component['name']}: changed outside of this collection: {', '.join(drift)}")
        result.setdefault("warnings", []).extend(f"{component['name']}: {text}" for text in component.get("warnings") or ())
    if not result.get("warnings"):
        result.pop("warnings", None)
    if diff:
        result["diff"] = [item for component in found for item in component.get("diff") or ()]
    for component in found:
        error = component.get("error")
        if error:
            variable = (variables or {}).get(component["name"])
            said_by = f", variable {variable}" if variable else ""
            role = f" (role {component['role']}{said_by})" if component.get("role") else ""
            result["failed"] = True
            result["code"] = error.get("code", "unknown")
            result["msg"] = message(error, f"component {component['name']}{role}")
    return result


def completed(asked: list[Answer], last: Answer) -> Answer:
    """The last answer with what its components did in the calls that ended by asking (a key was generated, an earlier call was made)."""
    for answer in reversed(asked):
        before = {item["name"]: item for item in answer.get("components") or ()}
        for component in last.get("components") or ():
            earlier = before.get(component["name"])
            if earlier is not None:
                component["changed"] = bool(component.get("changed") or earlier.get("changed"))
                component["steps"] = [*(earlier.get("steps") or ()), *(component.get("steps") or ())]
                component["diff"] = [*(earlier.get("diff") or ()), *(component.get("diff") or ())]
                component["restarted"] = [*(earlier.get("restarted") or ()), *(component.get("restarted") or ())]
                component["reloaded"] = [*(earlier.get("reloaded") or ()), *(component.get("reloaded") or ())]
        last["healed"] = [*(answer.get("healed") or ()), *(last.get("healed") or ())]
    return last


def pending(found: Iterable[ComponentAnswer]) -> list[dict[str, str]]:
    """Units that wait for a restart in an order across hosts."""
    return [
        {"component": component["name"], "role": component.get("role", ""), "unit": unit}
        for component in found
        for unit in component.get("pending_restart") or ()
    ]


def domain(answer: Answer, host: str) -> Result:
    """The result of a domain call."""
    found: CallAnswer = answer.get("domain") or {}
    result: Result = dict(found.get("result") or {})
    result["changed"] = bool(found.get("changed"))
    result["steps"] = [step(item) for item in found.get("steps") or ()]
    result["diff"] = list(found.get("diff") or ())
    if found.get("warnings"):
        result["warnings"] = list(found["warnings"])
    error = found.get("error")
    if error:
        result["failed"] = True
        result["code"] = error.get("code", "unknown")
        result["msg"] = message(error, host)
    return result


def worth_scrubbing(result: Mapping[str, Any]) -> bool:
    """Whether a result holds any text that could carry a secret. A quiet one does not, and costs nothing."""
    if result.get("failed") or any(result.get(key) for key in ("steps", "diff", "warnings", "healed", "msg")):
        return True
    return bool(set(result) - _CLEAN - {"steps", "diff", "components", "warnings"})


def scrubbed(result: Mapping[str, Any], scrubber: Scrubber) -> Result:
    """The result without secrets."""
    return {key: value if key in _CLEAN else scrubber(value) for key, value in result.items()}


def _common(answer: Answer) -> Result:
    result: Result = {}
    if answer.get("facts"):
        result["ansible_facts"] = {"vannah": answer["facts"]}
    if answer.get("cost"):
        result["cost"] = answer["cost"]
    if answer.get("kept"):
        result["kept"] = list(answer["kept"])
    if answer.get("healed"):
        result["healed"] = list(answer["healed"])
        result["warnings"] = [f"left by an interrupted run, and undone: {text}" for text in answer["healed"]]
    if answer.get("warnings"):
        result.setdefault("warnings", []).extend(answer["warnings"])
    return result


def _component(component: ComponentAnswer) -> Shown:
    shown: Shown = {"name": component["name"], "role": component.get("role", ""), "changed": bool(component.get("changed")), "steps": []}
    shown["steps"] = [step(item) for item in component.get("steps") or ()]
    for key in ("drift", "restarted", "reloaded", "pending_restart"):
        if component.get(key):
            shown[key] = list(component[key])
    return shown
