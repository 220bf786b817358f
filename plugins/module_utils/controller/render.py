# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a definition to the normalised component that the agent gets.

Values get the types of :data:`COMPONENT_SPEC`, templates and files of the controller become contents, and what cannot be
meant is refused (:mod:`rules`) before anything is sent.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..component_spec import COMPONENT_SPEC, Spec
from ..declared.forms import kind_of
from ..task_types import Written
from . import rules

if TYPE_CHECKING:
    from ..agent.contract import Component
#: Finds a file of the controller: (``templates`` or ``files``, name) -> path.
Find = Callable[[str, str], str]
#: Renders a template file: (path, where) -> text.
Render = Callable[[str, str], str]


class ComponentError(AnsibleError):  # type: ignore[misc]
    """A definition cannot be meant as it is; the text says which one, what is wrong and what to write."""


@cache
def _validator() -> ArgumentSpecValidator:
    return ArgumentSpecValidator(COMPONENT_SPEC)


def normalise(data: Written, where: str, find: Find, render: Render, role: str = "") -> tuple[Component, dict[str, str]]:
    """One component as the agent wants it.

    :param data: options, templated
    :param where: what errors begin with
    :return: the component; and ``{sha256: path on the controller}`` of its artifacts
    :raises ComponentError: an option is unknown, of a wrong type, missing, or contradicts another one
    """
    plain = {key: value for key, value in data.items() if value is not None}
    if isinstance(plain.get("packages"), list):
        plain["packages"] = [{"name": item} if isinstance(item, str) else item for item in plain["packages"]]
    where = f"{where}, component {plain['name']}" if isinstance(plain.get("name"), str) else where
    plain = _typed(plain, COMPONENT_SPEC, where)
    _one_source(plain, where)
    result = _validator().validate(plain)
    if result.error_messages:
        raise ComponentError(f"{where}: {'; '.join(result.error_messages)}")
    made: Written = result.validated_parameters
    problems = rules.check(made)
    if problems:
        raise ComponentError(f"{where}: {'; '.join(problems)}")
    made["role"] = role
    artifacts: dict[str, str] = {}
    if made["state"] == "present":
        for file in made["files"]:
            artifacts.update(_file(file, f"{where}: file {file['path']}", find, render))
        for unit in made["units"]:
            _text(unit, f"{where}: unit {unit['name']}", find, render)
            for dropin in unit["dropins"]:
                _text(dropin, f"{where}: unit {unit['name']}, drop-in {dropin['name']}", find, render)
    return cast("Component", made), artifacts


def _one_source(plain: Written, where: str) -> None:
    """Refuse a file with two sources by its path: the validator's own text would not say which file it means."""
    for file in plain.get("files") or ():
        sources = [key for key in rules.SOURCES if key in file]
        if len(sources) > 1:
            raise ComponentError(f"{where}: file {file.get('path')} has {' and '.join(sources)}: it can have one source only")


def _text(item: Written, where: str, find: Find, render: Render) -> None:
    template = item.pop("template")
    if template is not None:
        item["content"] = render(_found(find, "templates", template, where), where)


def _file(file: Written, where: str, find: Find, render: Render) -> dict[str, str]:
    source = file.pop("src")
    _text(file, where, find, render)
    file["content_b64"] = None
    if source is not None:
        with open(_found(find, "files", source, where), "rb") as opened:
            data = opened.read()
        try:
            file["content"] = data.decode("utf-8")
        except UnicodeDecodeError:
            file["content_b64"] = base64.b64encode(data).decode("ascii")
    artifact = file["artifact"]
    if artifact is None:
        return {}
    digest, path = artifact["sha256"].lower(), artifact["src"]
    try:
        size = os.stat(path).st_size
    except OSError:
        size = 0  # a host that has it already needs nothing; one that asks for it gets an error that it is missing
    file["artifact"] = {"sha256": digest, "size": size}
    return {digest: path}


def _found(find: Find, kind: str, name: str, where: str) -> str:
    try:
        return find(kind, name)
    except AnsibleError as error:
        raise ComponentError(f"{where}: {getattr(error, 'message', error)}") from None


def _typed(values: Written, spec: Spec, where: str) -> Written:
    """``values`` without nulls, and with numbers as text where text is wanted.

    Ansible's own conversion would make ``"{'a': 1}"`` of a mapping and ``"420"`` of ``mode: 0644``: refused here.
    """
    made = {}
    for key, value in values.items():
        if value is None:
            continue
        option = spec.get(key)
        at = f"{where}: {key}"
        if option is None:
            made[key] = value  # the validator names it, with the ones that there are
        elif option["type"] in ("str", "path"):
            made[key] = _as_text(value, key, at)
        elif option["type"] == "list" and isinstance(value, list | tuple):
            made[key] = [_element(item, key, option, f"{at} {number}") for number, item in enumerate(value, 1) if item is not None]
        elif option["type"] == "dict" and isinstance(value, dict):
            made[key] = _typed(value, option["options"], at) if "options" in option else value
        elif option["type"] in ("list", "dict"):
            raise ComponentError(f"{at} must be a {'list' if option['type'] == 'list' else 'mapping'}, not {kind_of(value)}")
        else:
            made[key] = value
    return made


def _element(item: Any, key: str, option: Spec, where: str) -> Any:
    if option["elements"] == "dict":
        if not isinstance(item, dict):
            raise ComponentError(f"{where} must be a mapping, not {kind_of(item)}")
        name = item.get("path") or item.get("name")
        return _typed(item, option["options"], f"{where} ({name})" if isinstance(name, str) else where)
    if option["elements"] == "list":
        if not isinstance(item, list | tuple):
            raise ComponentError(f"{where} must be a list: the program, then its arguments")
        return [_as_text(part, key, where) for part in item]
    return _as_text(item, key, where) if option["elements"] == "str" else item


def _as_text(value: Any, key: str, where: str) -> str:
    if isinstance(value, str):
        # Without ansible-core's tags (where it was written): the validator copies all it gets, and a tagged text costs it 20 times as much.
        return str.__str__(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = ": use to_nice_yaml, to_nice_json or a template" if key == "content" else ": write it in quotes"
        raise ComponentError(f"{where} must be text, not {kind_of(value)}{hint}")
    if key.endswith("mode"):
        raise ComponentError(f'{where} must be text in quotes, like "0644": YAML reads the unquoted number as another one')
    return str(value)
