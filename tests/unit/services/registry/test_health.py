# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a registry answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.registry import api, calls

from tests.unit.services.returned import faults, filled

from .conftest import PASSWORD, USER, Memory, Target


def health(target: Target, **given: Any) -> dict[str, Any]:
    """The call's result."""
    params = {"url": target.url, "user": USER, "password": PASSWORD, "ca": target.ca, **given}
    steps, result = calls.CALLS["health"](filled(documented.spec("registry_health"), params), target.context())
    assert steps == [] and faults("registry_health", result) == []
    return result


def test_it_answers(target: Target) -> None:
    assert health(target) == {"answers": True, "problems": []}


def test_it_does_not_let_us_in(target: Target) -> None:
    assert health(target, password="another") == {"answers": True, "problems": [f"the registry at {target.url} answers 401 to site"]}


def test_it_comes_late(fake: Target, memory: Memory) -> None:
    """Asked again until the time is over; each question is put three times."""
    memory.answers[("GET", "/v2/")] = (503, {}, b"")
    assert health(fake, wait=30) == {"answers": True, "problems": []}


def test_nobody_answers(fake: Target, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_request: Any) -> Any:
        raise api.Silent("Connection refused")

    monkeypatch.setattr(memory, "wire", nobody)
    found = health(fake)
    assert found["answers"] is False and "Connection refused" in found["problems"][0]
    monkeypatch.setattr("time.monotonic", iter(range(0, 1000, 20)).__next__)
    with pytest.raises(AgentError) as refused:
        health(fake, wait=30)
    assert refused.value.code == "not-in-time" and "does not answer at https://127.0.0.1:5000" in refused.value.msg
