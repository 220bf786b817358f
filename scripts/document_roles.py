#!/usr/bin/env python3
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of variables in roles/*/README.md from meta/argument_specs.yml. A unit test fails while the two differ.

    .venv/bin/python scripts/document_roles.py

A table stands between two markers; what is written around it stays. Where meta/exports.yml has `effects`, the table says what a change of
each variable does on a running site.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROLES = Path(__file__).resolve().parent.parent / "roles"
BEGIN = "<!-- variables: written by scripts/document_roles.py from meta/argument_specs.yml -->"
END = "<!-- end of variables -->"
_MARKUP = re.compile(r"\b(?:[CVOM]|RV)\(([^)]*)\)")


class DocumentationError(Exception):
    """A README without the markers, or with one of them."""


def readme(role: Path) -> str:
    """The README of a role with its table as it should be.

    :raises DocumentationError: there is no place for the table
    """
    text = (role / "README.md").read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end or BEGIN in old + after or END in before + after:
        raise DocumentationError(f"{role.name}/README.md: the table needs one line {BEGIN} and one line {END} below it")
    return f"{before}{BEGIN}\n{table(_load(role / 'meta/argument_specs.yml'), _load(role / 'meta/exports.yml'))}{END}{after}"


def table(specs: Mapping[str, Any], exports: Mapping[str, Any]) -> str:
    """A role's table: a row for each variable, and for each key of those that have described keys."""
    options = specs["argument_specs"]["main"].get("options") or {}
    effects = exports.get("effects")
    head = ["variable", "type", "default", "description"]
    if effects:
        head.append("change")
    lines = [_row(head), _row(["---"] * len(head))]
    for cells in _rows(options):
        if effects:
            cells = [*cells, _effect(effects.get(cells[0].strip("`"), ""))]
        lines.append(_row(cells))
    return "\n".join(lines) + "\n"


def _rows(options: Mapping[str, Any], where: str = "") -> Iterator[list[str]]:
    for name, option in options.items():
        path = f"{where}{name}"
        default = f"`{_value(option['default'])}`" if "default" in option else "required" if option.get("required") else ""
        yield [f"`{path}`", _type(option), default, _text(option)]
        inside = option.get("options") or {}
        yield from _rows(inside, f"{path}[]." if option.get("type") == "list" else f"{path}.")


def _type(option: Mapping[str, Any]) -> str:
    kind = str(option.get("type", "str"))
    return f"list of {option['elements']}" if option.get("elements") else kind


def _text(option: Mapping[str, Any]) -> str:
    description = option["description"]
    text = " ".join(description) if isinstance(description, list) else str(description)
    text = _MARKUP.sub(r"`\1`", text).strip()
    choices = option.get("choices")
    return f"{text} One of {', '.join(f'`{_value(choice)}`' for choice in choices)}." if choices else text


def _value(value: Any) -> str:
    """A value as YAML has it on one line."""
    if isinstance(value, str):
        return value if value and yaml.safe_load(f"[{value}]") == [value] else json.dumps(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_value(key)}: {_value(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def _effect(effect: Any) -> str:
    return str(effect["effect"] if isinstance(effect, Mapping) else effect)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def main() -> None:
    """Write all of them."""
    for path in sorted(ROLES.glob("*/README.md")):
        path.write_text(readme(path.parent), encoding="utf-8")


if __name__ == "__main__":
    main()
