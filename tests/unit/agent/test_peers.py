# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member of a new cluster ends its call where another one has failed, and leaves nothing that the next run could not continue from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import waiting
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import ready

from .demo import config, demo, ok, one
from .fake_host import FakeHost, component, service


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def warned(host: FakeHost, run: str = "run-1") -> None:
    host.write(waiting.PEER, json.dumps({"run": run, "peer": "db2", "reason": "no packages."}))


@pytest.mark.parametrize("peers", [True, False])
@pytest.mark.parametrize("run", ["run-1", "another"])
def test_only_a_word_of_this_run_to_a_member_counts(host: FakeHost, peers: bool, run: str) -> None:
    warned(host, run)
    said = one(host.call(demo(), peers=peers))["error"]
    assert bool(said) == (peers and run == "run-1")
    if said:
        assert said["code"] == "peer-failed"
        assert "db2 has failed" in said["msg"] and "no packages. Nothing is lost: repair db2" in said["msg"]


def test_ends_before_the_next_step(host: FakeHost) -> None:
    state = host.state()
    warned(host)
    one(host.call(demo(), peers=True))
    assert host.state() == state and host.touched() == []
    ok(host.call(demo()))


def test_run_with_nothing_to_do_is_not_ended(host: FakeHost) -> None:
    ok(host.call(demo()))
    warned(host)
    assert not ok(host.call(demo(), peers=True))["changed"]


@pytest.mark.parametrize("garbage", ["", "[", "[]", "7"])
def test_broken_word_is_ignored(host: FakeHost, garbage: str) -> None:
    host.write(waiting.PEER, garbage)
    assert ok(host.call(demo(), peers=True))["changed"]


def test_wait_for_a_unit_ends_and_its_first_start_is_undone(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_seconds: float) -> None:
        warned(host)

    monkeypatch.setattr(ready.time, "sleep", sleep)
    plain = host.run
    monkeypatch.setattr(host, "run", lambda argv, **options: Result(1) if argv[0] == "/bin/check" else plain(argv, **options))
    state = host.state()
    unit: dict[str, Any] = {"ready": {"command": ["/bin/check"], "timeout": 300}}
    said = one(host.call(component(files=[config()], units=[service(**unit)]), peers=True))["error"]
    assert said["code"] == "peer-failed" and "The next run tries again" in said["msg"]
    assert host.state() == state
