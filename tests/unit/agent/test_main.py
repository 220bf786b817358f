# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry: operations, errors, the lease, domains."""

from __future__ import annotations

import json
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent import services
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import main
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Step

from .fake_host import FakeHost, component, service


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def test_answer_is_json_and_says_what_it_cost(host: FakeHost) -> None:
    answer = json.loads(json.dumps(host.call(component())))
    assert answer["protocol"] == 1 and answer["error"] is None and answer["healed"] == [] and answer["guard"] is None
    assert answer["cost"].keys() == {"self", "children", "wall", "maxrss_kb"} and answer["facts"]["cores"] >= 1
    assert answer["lease"] == {"ok": True, "holder": None, "working": False}


@pytest.mark.parametrize(("change", "code"), [({"protocol": 2}, "wrong-protocol"), ({"op": "dance"}, "unknown-op")])
def test_other_versions(host: FakeHost, change: dict[str, Any], code: str) -> None:
    assert host.call(component(), **change)["error"]["code"] == code


def test_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    error = main.main({"protocol": 1, "op": "facts"})["error"]
    assert error["code"] == "need-root" and "become" in error["msg"]


def test_lease_of_another_run(host: FakeHost) -> None:
    take = {"action": "take", "takeover": False, "takeover_of": None}
    assert host.call(component(), lease=take)["error"] is None
    wanted = component(files=[{"path": "/etc/x", "content": "x"}])
    other = {"id": "run-2", "who": "you@elsewhere"}
    refused = host.call(wanted, lease=take, run=other)
    assert refused["error"]["code"] == "lease-held" and "me@controller" in refused["error"]["msg"]
    assert refused["components"] == [] and not host.file("/etc/x").exists()
    assert host.call(wanted, lease=take, run=other, mode="check")["error"] is None
    assert host.call(wanted, lease={**take, "takeover": True}, run=other)["error"] is None
    assert host.call(op="lease", lease={"action": "release"}, run=other)["lease"]["holder"] is None


def test_unforeseen_error_tells_no_value(host: FakeHost) -> None:
    broken = component(files=[{"path": "/etc/x", "content": "the-secret"}])
    broken["files"][0]["content"] = ["the-secret"]
    answer = host.call(broken)
    assert answer["components"][0]["error"]["code"] == "internal-error" and "the-secret" not in str(answer)


def test_unit_that_is_not_there(host: FakeHost) -> None:
    answer = host.call(component(), op="restart", restart={"component": "demo", "unit": "x.service"})
    assert answer["error"]["code"] == "unknown-unit"


def test_restart_in_check_mode(host: FakeHost) -> None:
    wanted = component(units=[service()])
    host.call(wanted)
    host.log.clear()
    answer = host.call(wanted, op="restart", mode="check", restart={"component": "demo", "unit": "demo.service"})
    assert answer["components"][0]["restarted"] == ["demo.service"] and host.log == []


@pytest.fixture
def trial() -> Iterator[list[str]]:
    done: list[str] = []

    def things(params: dict[str, Any], ctx: Context) -> tuple[list[Step], dict[str, Any]]:
        result: dict[str, Any] = {"made": 0}

        def make(name: str) -> Step:
            def apply(_ctx: Context) -> None:
                if name == "broken":
                    raise AgentError("broken", "it is broken")
                done.append(name)
                result["made"] += 1

            return Step("thing", name, "create", apply=apply)

        ctx.warn("a word")
        return [make(name) for name in params["names"]], result

    name = f"{services.__name__}.trial"
    folder, module = types.ModuleType(name), types.ModuleType(f"{name}.calls")
    module.__dict__["CALLS"] = {"things": things}
    sys.modules |= {name: folder, f"{name}.calls": module}
    yield done
    del sys.modules[name], sys.modules[f"{name}.calls"]


def test_domain(host: FakeHost, trial: list[str]) -> None:
    def call(*names: str, mode: str = "apply") -> dict[str, Any]:
        found: dict[str, Any] = host.call(op="domain", domain="trial", call="things", params={"names": list(names)}, mode=mode)["domain"]
        return found

    assert call("a", mode="check")["changed"] and trial == []
    said = call("a", "b")
    assert trial == ["a", "b"] and said["result"] == {"made": 2} and said["warnings"] == ["a word"] and said["error"] is None
    assert not call()["changed"]
    broken = call("c", "broken", "d")
    assert broken["error"]["code"] == "broken" and [step["target"] for step in broken["steps"]] == ["c"] and trial == ["a", "b", "c"]


@pytest.mark.parametrize(("name", "call"), [("trial", "unknown"), ("nowhere", "x"), ("_psql", "x"), ("a.b", "x")])
def test_unknown_call(host: FakeHost, trial: list[str], name: str, call: str) -> None:
    assert host.call(op="domain", domain=name, call=call)["domain"]["error"]["code"] == "unknown-call"
