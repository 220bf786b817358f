# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a value is written on the command line: after ``-e``, ``name=value`` is always a text, and only JSON has other types."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .texts import Vaulted

if TYPE_CHECKING:
    from .schema import Option

#: What stands for an unknown value.
_PLACES = {"int": "NUMBER", "float": "NUMBER", "bool": "true", "list": "[...]", "dict": "{...}"}
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
#: Characters that mean something to make or to a shell, also within quotes.
_SHELL = re.compile(r"['\\`$!]")


def fix(variable: str, path: str, option: Option, value: Any) -> str:
    """What to write after ``-e`` for a value of another type than the option has.

    :param variable: the variable; ``path`` is the place within it, or the same
    :param option: the specification at ``path``; ``value`` is the given value
    """
    text = _json(option, value)
    if path != variable:
        return f"""write {path.removeprefix(variable).lstrip(".")}: {text} within -e '{{"{variable}": ...}}'"""
    said = json.dumps({variable: "\0"}).replace(json.dumps("\0"), text)
    if _SHELL.search(said):
        return f"write -e with JSON: {said}"
    within_make = said.replace('"', '\\"')
    return f"""write -e '{said}', with make: ARGS="-e '{within_make}'\""""


def _json(option: Option, value: Any) -> str:
    """The value as JSON in the option's type, where that is beyond doubt and may be shown; else what stands for it."""
    place = _PLACES.get(option.type, '"TEXT"')
    if option.secret or isinstance(value, Vaulted):
        return place
    if option.type in ("str", "path"):
        # How a number with a point was written is unknown: 15.10 becomes 15.1.
        return json.dumps(str(value)) if isinstance(value, int) and not isinstance(value, bool) else place
    if not isinstance(value, str):
        return place
    meant = _meant(option.type, value.strip())
    return place if meant is None or _holds_secret(option, meant) else json.dumps(meant)


def _meant(kind: str, text: str) -> Any:
    if kind == "int":
        return int(text) if re.fullmatch(r"-?\d+", text) else None
    if kind == "float":
        return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
    if kind == "bool":
        return _WORDS.get(text.lower())
    if kind == "list" and re.fullmatch(r"[\w.:/@-]+(\s*,\s*[\w.:/@-]+)*", text):
        return [item.strip() for item in text.split(",")]
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, {"list": list, "dict": dict}.get(kind, ())) else None


def _holds_secret(option: Option, value: Any) -> bool:
    """Whether a list or mapping may have secrets in it: mappings, whose keys may hold one, are never shown."""
    return isinstance(value, Mapping) or (isinstance(value, list) and option.elements == "dict")
