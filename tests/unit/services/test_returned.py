# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RETURN is what comes back. The results of all calls that these tests make are compared with it, see ``results_are_documented``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import report

from tests.unit.services.returned import DOMAINS, faults, returned

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE.parents[2] / "plugins" / "modules").glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_return_is_well_formed(name: str) -> None:
    for key, said in returned(name).items():
        assert {"description", "returned", "type"} <= set(said) <= {"description", "returned", "type", "elements", "sample", "contains"}, (
            key
        )
        assert ("elements" in said) == (said["type"] == "list"), key
        assert {said["type"], said.get("elements", "str")} <= {"str", "int", "float", "bool", "list", "dict"}, key


def test_every_call_is_made() -> None:
    """A call that no test makes would have a RETURN that nothing is compared with."""
    tests = "\n".join(path.read_text() for path in HERE.glob("*/*.py"))
    made = set(re.findall(r"""(?:CALLS\[|\bcall\(\s*|\bdo\(\s*)"([a-z_]+)\"""", tests))
    assert sorted({call for module in DOMAINS.values() for call in module.CALLS} - made) == []


def test_results_of_components() -> None:
    """``converge``, ``component`` and ``component_restart`` show the agent's answer in one way; the last gets no facts."""
    step = {"kind": "unit", "target": "x.service", "action": "restart", "detail": ""}
    component = {"name": "x", "role": "r", "changed": True, "steps": [step], "restarted": ["x.service"], "pending_restart": ["y.service"]}
    answer = {"components": [component], "healed": ["file /x"], "cost": {"self": 0.1}}
    assert faults("component_restart", report.components(answer, True)) == []
    for name in ("component", "converge"):
        assert faults(name, report.components({**answer, "facts": {"machine": "x"}}, True)) == []
    assert faults("component_restart", report.components({**answer, "facts": {"machine": "x"}}, True)) != []


STOPPED: dict[str, Any] = {"changed": True, "diff": [], "steps": ["unit minio.service: stop"]}


@pytest.mark.parametrize(
    ("name", "result", "wrong"),
    [
        ("minio_stop", STOPPED, []),
        ("minio_stop", {**STOPPED, "steps": [{"kind": "unit"}]}, ["minio_stop: steps holds {'kind': 'unit'}, documented as str"]),
        ("minio_stop", {**STOPPED, "more": 1}, ["minio_stop: more is not documented"]),
        ("minio_stop", {"changed": False}, ["minio_stop: steps is missing"]),
        (
            "minio_health",
            {"healthy": True, "healing": True, "problem": "", "steps": []},
            ["minio_health: healing is True, documented as int"],
        ),
        (
            "minio_health",
            {"healthy": None, "healing": 0, "problem": "", "steps": ["x"]},
            ["minio_health: healthy is null", "minio_health: steps is not documented"],
        ),
    ],
)
def test_faults_are_seen(name: str, result: dict[str, Any], wrong: list[str]) -> None:
    assert faults(name, result) == wrong
