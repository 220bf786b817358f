# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tests of every service: a host, sites, rendered roles; and that results are as documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import report

from tests.unit.lib.exported import exported
from tests.unit.lib.host import component, ctx, host, no_lease_left, programs
from tests.unit.lib.rendered import program, render
from tests.unit.lib.sites import judged, read, schema
from tests.unit.services.returned import DOMAINS, faults

__all__ = ["component", "ctx", "exported", "host", "judged", "no_lease_left", "program", "programs", "read", "render", "schema"]

#: Modules whose results a test has looked at.
SEEN: set[str] = set()


@pytest.fixture(autouse=True)
def results_are_documented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test has a call do: its result is what the module's RETURN says."""
    given: list[tuple[str, list[Step], dict[str, Any], Context]] = []
    for domain, module in DOMAINS.items():
        for call, function in module.CALLS.items():
            name = f"{domain}_{call}"

            def noting(params: Any, context: Context, name: str = name, function: Any = function) -> Any:
                steps, result = function(params, context)
                given.append((name, steps, result, context))
                return steps, result

            monkeypatch.setitem(module.CALLS, call, noting)
    yield
    for name, steps, result, context in given:
        SEEN.add(name)
        payload: Any = {"domain": {"result": result, "steps": [step.report() for step in steps], "warnings": context.warnings}}
        shown = report.domain(payload, "h")
        shown.pop("token", None)  # minio_heal keeps it to itself
        assert faults(name, shown) == []
