# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of ``meta/components.yml``: the specification of a component as types, in which any text may be a template.

The specification itself validates a component once a host's variables are known; this finds what is wrong on every host.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NotRequired

from ..component_spec import COMPONENT_SPEC
from ..task_types import Written
from .forms import Known, is_template
from .forms import problems as form_problems

#: What a role may say of a component, and of each item of a list in it, beside the specification.
_OF_COMPONENT = {"when": NotRequired[bool | str | list[Any]], "note": NotRequired[str]}
_OF_ITEM = {"when": NotRequired[bool | str | list[Any]]}
_PLAIN = {"str": str | int | float, "path": str, "int": int, "bool": bool, "raw": Any}


def _form(spec: Written, name: str) -> Any:
    """The type of an option; a text in it that is a template counts as anything (:mod:`.forms`)."""
    if "choices" in spec and spec["type"] != "list":
        return Literal[tuple(spec["choices"])]
    if spec["type"] == "list":
        if spec.get("elements") == "dict":
            item = _mapping(spec["options"], name, _OF_ITEM)
            # A package may be its name alone.
            return list[str | item] if name == "packages" else list[item]  # type: ignore[valid-type]
        inner = {"list": list[Any]}.get(spec["elements"]) or _form({**spec, "type": spec["elements"]}, name)
        return list[inner]  # type: ignore[valid-type]
    if spec["type"] == "dict":
        return _mapping(spec["options"], name, {}) if spec.get("options") else Written
    return _PLAIN[spec["type"]]


def _mapping(options: Written, name: str, beside: Written) -> Any:
    keys = {key: _form(spec, key) if spec.get("required") else NotRequired[_form(spec, key) | None] for key, spec in options.items()}
    return typing.TypedDict(name, {**keys, **beside})  # type: ignore[operator]


COMPONENT: Any = _mapping(COMPONENT_SPEC, "component", _OF_COMPONENT)


def problems(given: Any) -> Iterator[str]:
    """What is wrong with the content of a file, each with the name of its component. An item may be a template of one or several."""
    if is_template(given):
        return
    if not isinstance(given, list | tuple):
        yield "must be a list of components"
        return
    for number, item in enumerate(given):
        name = item.get("name") if isinstance(item, Mapping) else None
        yield from form_problems(item, COMPONENT, f"component {name}" if isinstance(name, str) else f"component {number + 1}", Known())
