# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of lists that a module takes, judged by the module's own specification and checks, before there is a server to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.module_utils.common.parameters import DEFAULT_TYPE_VALIDATORS

from ...agent.core.model import AgentError
from ...task_types import Written
from ..model import UNKNOWN
from ..schema import Option
from ..texts import Vaulted, walk
from ..values import check

Entry = Written

#: Keys whose values no message of the checks quotes.
_SECRETS = frozenset({"secret", "secret_key"})


def entries(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list; what else is in it, the type check speaks of."""
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def is_open(value: Any) -> bool:
    """Whether any part of a value is not known yet."""
    return any(leaf is UNKNOWN for _path, _key, leaf in walk(value, ""))


def taken(spec: Mapping[str, Any], entry: Mapping[str, Any]) -> Entry:
    """An entry as the module takes it: ``"30"`` for a number is one, a number for a text is a text. What does not fit stays as it is."""
    return {str(key): _taken(spec.get(str(key), {"type": "raw"}), value) for key, value in entry.items() if value is not None}


def _taken(option: Mapping[str, Any], value: Any) -> Any:
    kind = option.get("type", "str")
    if value is UNKNOWN or isinstance(value, Vaulted):
        return value if kind in ("str", "raw") else UNKNOWN
    try:
        made = DEFAULT_TYPE_VALIDATORS[kind](value)
    except (TypeError, ValueError):
        return value
    if kind == "list" and isinstance(made, list):
        inner = {"type": option.get("elements", "raw"), "options": option.get("options")}
        return [_taken(inner, one) for one in made]
    if kind == "dict" and option.get("options") and isinstance(made, Mapping):
        return taken(option["options"], made)
    return made


def shape(option: Option, entry: Entry, at: str) -> Iterator[tuple[str, str, str, str]]:
    """Keys that the module does not know or misses, and values of another type."""
    for problem in check(option, entry, at):
        yield problem.code, problem.path, problem.problem, problem.fix


def filled(spec: Mapping[str, Any], entry: Mapping[str, Any]) -> Entry:
    """An entry with every option, as Ansible's validation hands it to the module."""
    made: Entry = {}
    for name, option in spec.items():
        value = entry.get(name)
        value = option.get("default") if value is None else value
        inner = option.get("options")
        if inner and isinstance(value, Mapping):
            value = filled(inner, value)
        elif inner and isinstance(value, list):
            value = [filled(inner, one) if isinstance(one, Mapping) else one for one in value]
        made[name] = value
    return made


def refusal(entry: Any, call: Callable[..., Any], *arguments: Any) -> str:
    """What a check of the module says, in a sentence behind its code; empty where it has nothing to say.

    :param entry: what it is about: where that is encrypted, only the code is reported
    """
    try:
        call(*arguments)
    except AgentError as error:
        hidden = any(isinstance(leaf, Vaulted) and key not in _SECRETS for _path, key, leaf in walk(entry, ""))
        return f"{error.code}: " + ("the module refuses this; the value is vaulted and not shown." if hidden else f"{error.msg}.")
    return ""
