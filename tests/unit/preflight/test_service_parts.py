# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service's part of preflight that cannot be used is a finding that names the file, never an error of Python."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import service_parts
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Code
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules import Area, declarations

from tests.unit.lib.instructions import is_instruction

CODE = Code("web-x", "It is wrong.", "Correct it.")


def tried(part: str, source: str) -> list[tuple[str, str]]:
    """What is wrong with a part that has this content."""
    broken: list[tuple[str, str]] = []

    def load(name: str) -> ModuleType:
        module = ModuleType(name)
        module.__dict__.update(Area=Area, CODE=CODE)
        exec(compile(source, "part.py", "exec"), module.__dict__)  # noqa: S102 # a table of this test
        return module

    used = list(service_parts.loaded("web", part, broken, load))
    assert len(used) + len(broken) == 1
    return broken


def test_every_part_is_used() -> None:
    assert service_parts.BROKEN == [] and service_parts.modules("preflight") and service_parts.modules("host_checks")


@pytest.mark.parametrize(
    ("part", "source", "problem"),
    [
        ("preflight", "AREA = Area('Web', (CODE,), (print,))\n", ""),
        ("preflight", "\ndef (:\n", "cannot be imported: SyntaxError: invalid syntax (line 2)"),
        ("preflight", "import nothing_of_that_name\n", "cannot be imported: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("preflight", "1 / 0\n", "cannot be imported: ZeroDivisionError: division by zero"),
        ("preflight", "X = 1\n", "has no AREA that is an Area of preflight.rules"),
        ("preflight", "AREA = 5\n", "has no AREA that is an Area of preflight.rules"),
        (
            "preflight",
            "AREA = Area('Web', ('web-x',), ())\n",
            "has an AREA whose codes are not all Code, or whose rules are not all functions",
        ),
        ("preflight", "AREA = Area('Web', (), (1,))\n", "has an AREA whose codes are not all Code, or whose rules are not all functions"),
        ("host_checks", "CODES = (CODE,)\ndef findings(answers): return []\n", ""),
        ("host_checks", "X = 1\n", "has no CODES that are a tuple of Code"),
        ("host_checks", "CODES = (CODE,)\n", "has no function findings(answers)"),
        ("host_facts", "def facts(ctx, asked): return {}\n", ""),
        ("host_facts", "def facts(:\n", "cannot be imported: SyntaxError: invalid syntax (line 1)"),
        ("host_facts", "fact = 1\n", "has no function facts(ctx, asked)"),
    ],
)
def test_a_part_that_cannot_be_used(part: str, source: str, problem: str) -> None:
    folder = "agent/services" if part == "host_facts" else "services"
    assert tried(part, source) == ([(f"plugins/module_utils/{folder}/web/{part}.py", problem)] if problem else [])


def test_it_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that of what hosts are asked, where a role of the site asks it."""
    monkeypatch.setattr(service_parts, "BROKEN", [("plugins/module_utils/services/web/preflight.py", "is broken")])
    schema = SimpleNamespace(misread=[], exports={"web": {"host_facts": [{}]}}, declared=None)
    found = list(declarations.check_files(SimpleNamespace(schema=schema, hosts={"a": SimpleNamespace(roles=("web",))})))  # type: ignore[arg-type]
    assert [(one.code, one.where.rpartition("/")[2]) for one in found] == [
        ("role-file-invalid", "preflight.py"),
        ("role-file-invalid", "host_facts.py"),
    ]
    assert found[0].problem == "is broken." and "ModuleNotFoundError" in found[1].problem
    assert all(is_instruction(one.fix) and one.where in one.fix for one in found)
