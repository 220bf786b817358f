# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of variables in the roles' READMEs. That they are up to date is in roles/test_specs.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import document_roles
import pytest
import yaml
from document_roles import BEGIN, END

SPECS: dict[str, Any] = {
    "argument_specs": {
        "main": {
            "options": {
                "x_port": {"type": "int", "default": 5, "description": "Port of C(x), see O(x_list) and RV(x.y)."},
                "x_list": {
                    "type": "list",
                    "elements": "dict",
                    "default": [],
                    "description": ["A list.", "Of a | b."],
                    "options": {"name": {"type": "str", "required": True, "description": "A name."}},
                },
                "x_mode": {"type": "str", "choices": ["off", "on, slow"], "description": "Mode."},
            }
        }
    }
}
ROWS = [
    "| `x_port` | int | `5` | Port of `x`, see `x_list` and `x.y`. |",
    "| `x_list` | list of dict | `[]` | A list. Of a \\| b. |",
    "| `x_list[].name` | str | required | A name. |",
    '| `x_mode` | str |  | Mode. One of `"off"`, `"on, slow"`. |',
]


def test_table() -> None:
    lines = document_roles.table(SPECS, {"firewall_ports": []}).splitlines()
    assert lines[0] == "| variable | type | default | description |"
    assert lines[2:] == ROWS


def test_table_with_effects() -> None:
    """What a change does on a running site, in either form; a key within a variable has none of its own."""
    lines = document_roles.table(SPECS, {"effects": {"x_port": "rolling", "x_list": {"effect": "live", "why": "x"}}}).splitlines()
    assert lines[0].endswith("| description | change |")
    assert lines[2:] == [f"{row} {change} |" for row, change in zip(ROWS, ("rolling", "live", "", ""), strict=True)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (None, "null"),
        ("", '""'),
        ("off", '"off"'),
        ("1h", "1h"),
        ("8000", '"8000"'),
        ("a, b", '"a, b"'),
        (["docker*", "x: y"], '[docker*, "x: y"]'),
        ({"encoding": "UTF8", "n": [1]}, "{encoding: UTF8, n: [1]}"),
    ],
)
def test_values_are_yaml(value: Any, shown: str) -> None:
    assert document_roles._value(value) == shown
    assert yaml.safe_load(shown) == value


def test_what_is_around_the_table_stays(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "argument_specs.yml").write_text(yaml.safe_dump(SPECS, sort_keys=False))
    (tmp_path / "meta" / "exports.yml").write_text("---\n")
    readme = tmp_path / "README.md"
    readme.write_text(f"# x\n\n{BEGIN}\nold\n{END}\n\nmore\n")
    made = document_roles.readme(tmp_path)
    assert made.startswith(f"# x\n\n{BEGIN}\n| variable")
    assert made.endswith(f"{ROWS[-1]}\n{END}\n\nmore\n")
    readme.write_text(made)
    assert document_roles.readme(tmp_path) == made


@pytest.mark.parametrize("text", ["no markers", BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}", f"{BEGIN}\n{END}\n{END}"])
def test_no_place_for_the_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "README.md").write_text(text)
    with pytest.raises(document_roles.DocumentationError, match="the table needs one line"):
        document_roles.readme(tmp_path)
