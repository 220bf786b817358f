# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value against one option.

Stricter than Ansible's own validator, which turns the text ``"false"`` into False for a module but leaves it a true text in a template.
Texts of findings describe a value and do not quote it: a password in the wrong place stays unread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .findings import Code
from .model import UNKNOWN
from .nearby import Names
from .schema import Option
from .texts import Vaulted

CODES = (
    Code(
        "variable-wrong-type",
        'The value has another type than the role expects: a quoted "false" is a text, and a text that is not empty counts as true.',
        "Write the value in the type that the message names.",
    ),
    Code(
        "variable-version-unquoted",
        "A version is written as a number, and YAML reads 15.10 as 15.1.",
        "Write the version in quotes.",
    ),
    Code("variable-port-invalid", "A port is not a number, or not one from 1 to 65535.", "Write a number from 1 to 65535, without quotes."),
    Code(
        "variable-out-of-range",
        "A number is below the least or above the greatest value that is allowed.",
        "Write a number within the range.",
    ),
    Code("variable-not-a-choice", "The value is not one of the allowed values.", "Use one of the values that the message lists."),
    Code("variable-malformed", "A text does not have the required form.", "Write a text of the form that the message names."),
    Code("variable-unknown-key", "A dict has a key that the role does not know.", "Use one of the keys that the message lists."),
    Code("variable-missing-key", "A dict lacks a required key.", "Add the missing key."),
    Code("variable-keys-exclusive", "A mapping has two keys that exclude each other.", "Keep one of them."),
)

#: What each type is called in a message.
_TYPES = {
    "str": "text",
    "path": "a path",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
}
_BOOLEAN_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one value."""

    code: str
    path: str
    problem: str
    fix: str
    #: For a wrong type: the expected type, and the given value.
    option: Option | None = None
    given: Any = None


def check(option: Option, value: Any, path: str, from_cli: bool = False) -> Iterator[Problem]:
    """What is wrong with a value.

    :param value: templates evaluated; UNKNOWN parts are never wrong. None within a value means unset and is never wrong.
    :param path: how messages call it, ``postgresql_roles[0].name``.
    :param from_cli: from ``-e``, where ``key=value`` can only be text: counts as its type for options marked ``cli``.
    """
    if value is None or value is UNKNOWN:
        return
    if option.type == "raw":
        if option.is_port_range and parse_range(value) is None:
            fix = f"set {option.name}: a number from 1 to 65535, or a range such as 8000-8010"
            yield Problem("variable-port-invalid", path, "this is neither a port nor a range of ports.", fix)
        return
    if from_cli and option.cli and isinstance(value, str):
        value = _from_text(option.type, value)
    if not _fits(option.type, value):
        yield replace(_wrong_type(option, value, path), option=option, given=value)
        return
    yield from _limits(option, value, path)
    if option.type == "list" and isinstance(value, list | tuple):
        item_option = _item(option)
        for index, item in enumerate(value):
            yield from check(item_option, item, f"{path}[{index}]", from_cli)
    elif option.type == "dict" and option.options is not None:
        yield from _keys(option, option.options, value, path, from_cli)


def parse_range(value: Any) -> tuple[int, int] | None:
    """First and last port of ``8000``, ``"8000"`` or ``"8000-8010"``; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", str(value).strip())
    if match is None:
        return None
    first = int(match[1])
    last = int(match[2]) if match[2] else first
    return (first, last) if 1 <= first <= last <= 65535 else None


def _item(option: Option) -> Option:
    """The option that each item of a list is held against."""
    return Option(
        name=option.name,
        type=option.elements or "raw",
        choices=option.choices,
        no_log=option.secret,
        options=option.options,
        mutually_exclusive=option.mutually_exclusive,
        minimum=option.minimum,
        maximum=option.maximum,
        pattern=option.pattern,
        cli=option.cli,
        role=option.role,
    )


def _from_text(kind: str, value: str) -> Any:
    if kind == "bool":
        return {"true": True, "false": False}.get(_BOOLEAN_WORDS.get(value.lower(), ""), value)
    if kind == "list":
        return [item.strip() for item in value.split(",")]
    return int(value) if kind == "int" and re.fullmatch(r"-?\d+", value) else value


def _fits(kind: str, value: Any) -> bool:
    match kind:
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "str" | "path" | "bytes" | "bits":
            return isinstance(value, str)
        case "list":
            return isinstance(value, list | tuple)
        case "dict":
            return isinstance(value, Mapping)
        case _:
            return True


def _wrong_type(option: Option, value: Any, path: str) -> Problem:
    name = option.name
    quotable = not option.secret and not isinstance(value, Vaulted)
    if option.is_port:
        return Problem(
            "variable-port-invalid",
            path,
            f"{_called(value)} is not a port number.",
            f"set {name}: a number from 1 to 65535, without quotes",
        )
    if option.type in ("str", "path") and isinstance(value, float) and "version" in name:
        given = repr(float(value)) if quotable else "the version"
        whole = f'; where the major version is meant, "{int(value)}"' if quotable else ""
        return Problem(
            "variable-version-unquoted",
            path,
            f"YAML reads an unquoted version as a number, so 15.10 becomes 15.1; here it became {given}.",
            f"set {name}: the version you mean, in quotes{whole}",
        )
    fix = f"set {name}: {_TYPES.get(option.type, option.type)}"
    if option.type == "bool" and isinstance(value, str) and value.lower() in _BOOLEAN_WORDS:
        fix = f"set {name}: {_BOOLEAN_WORDS[value.lower()]}, without quotes"
    elif option.type == "int" and isinstance(value, str) and value.isdigit() and quotable:
        fix = f"set {name}: {int(value)}, without quotes"
    elif option.type == "str" and isinstance(value, int | float) and not isinstance(value, bool) and quotable:
        fix = f'set {name}: "{value}", in quotes'
    elif option.type == "str" and isinstance(value, bool | date):
        fix = f"set {name}: the text in quotes"
    elif option.type == "list" and isinstance(value, str):
        fix = f"set {name}: a list, one item in each line behind a hyphen"
    return Problem("variable-wrong-type", path, f"{_called(value)} where {_TYPES.get(option.type, option.type)} belongs.", fix)


def _called(value: Any) -> str:
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case str():
            word = value.lower()
            return f'the text "{word}"' if word in _BOOLEAN_WORDS else "a text"
        case int():
            return "a whole number"
        case float():
            return "a number with a decimal point"
        case date():
            return "a date"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return "something else"


def _limits(option: Option, value: Any, path: str) -> Iterator[Problem]:
    if option.type == "list":
        return  # limits and choices are those of the items
    if option.choices is not None and value not in option.choices:
        listed = ", ".join(str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in option.choices)
        guess = Names(str(choice) for choice in option.choices).closest(str(value), extra=1)
        hint = f" Did you mean {guess}?" if guess else ""
        yield Problem(
            "variable-not-a-choice", path, f"the value is not one of the allowed values.{hint}", f"set {option.name}: one of {listed}"
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = option.minimum, option.maximum
        if option.is_port:
            low, high = 1 if low is None else low, 65535 if high is None else high
        if (low is not None and value < low) or (high is not None and value > high):
            allowed = f"a number {_range(low, high)}"
            code = "variable-port-invalid" if option.is_port else "variable-out-of-range"
            shown = "the number" if option.secret else f"{value}"
            yield Problem(code, path, f"{shown} is not {allowed}.", f"set {option.name}: {allowed}")
    if option.pattern is not None and isinstance(value, str) and not re.fullmatch(option.pattern, value):
        yield Problem(
            "variable-malformed", path, f"the text does not match {option.pattern}.", f"set {option.name}: a text that matches it"
        )


def _range(low: int | None, high: int | None) -> str:
    if low is None:
        return f"up to {high}"
    return f"of at least {low}" if high is None else f"from {low} to {high}"


def _keys(option: Option, options: Mapping[str, Option], value: Mapping[str, Any], path: str, from_cli: bool) -> Iterator[Problem]:
    known = Names(options)
    listed = ", ".join(sorted(options))
    for key, item in value.items():
        name = str(key)
        inner = options.get(name)
        if inner is None:
            guess = known.closest(name, extra=1)
            hint = f" Did you mean {guess}?" if guess else ""
            yield Problem(
                "variable-unknown-key", f"{path}.{name}", f"{option.name} has no such key.{hint}", f"use {guess or f'one of {listed}'}"
            )
        else:
            yield from check(inner, item, f"{path}.{name}", from_cli)
    for name, inner in options.items():
        if inner.required and value.get(name) is None:
            kind = _TYPES.get(inner.type, inner.type)
            yield Problem("variable-missing-key", f"{path}.{name}", f"the key {name} is missing.", f"set {name}: {kind}")
    for group in option.mutually_exclusive:
        given = [name for name in group if value.get(name) is not None]
        if len(given) > 1:
            yield Problem(
                "variable-keys-exclusive", path, f"{' and '.join(given)} exclude each other.", f"use only one of {', '.join(group)}"
            )
