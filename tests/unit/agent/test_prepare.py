# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A component is prepared without a unit being touched, and a later call starts it as if nothing had been done before."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host import members

from . import fake_host
from .demo import config, demo, ok, one
from .fake_host import FakeHost, component, service


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def prepared(host: FakeHost, content: str = "good 1\n") -> None:
    ok(host.call(demo(content), prepare=["demo"]))


def test_files_come_and_no_unit_is_touched(host: FakeHost) -> None:
    said = ok(host.call(demo(), prepare=["demo"]))
    assert said["changed"] and host.file("/etc/demo.conf").read_text() == "good 1\n"
    assert host.log == [] and not host.enabled and not host.active
    assert not ok(host.call(demo(), prepare=["demo"]))["changed"]
    assert [step["action"] for step in ok(host.call(demo()))["steps"]] == ["enable", "start"]
    assert not ok(host.call(demo()))["changed"]


def test_only_what_is_named_is_prepared(host: FakeHost) -> None:
    other = component(
        "other", files=[{"path": "/etc/other.conf", "content": "good"}], units=[service("other.service", ("/etc/other.conf",))]
    )
    host.call(other, demo(), prepare=["demo"])
    assert sorted(host.active) == ["other.service"]


def test_first_start_after_it_that_fails_leaves_nothing(host: FakeHost) -> None:
    state = host.state()
    for _run in range(2):
        prepared(host, "bad\n")
        assert one(host.call(demo("bad\n")))["error"]["code"] == "start-failed"
        assert host.state() == state


def test_validator_refuses_before_any_start(host: FakeHost) -> None:
    definition = component(files=[config("invalid\n")], units=[service()], validate=[["check-config", "/etc/demo.conf"]])
    assert one(host.call(definition, prepare=["demo"]))["error"]["code"] == "validation-failed"
    assert host.touched() == []


def test_killed_between_preparing_and_starting(host: FakeHost) -> None:
    prepared(host)
    host.cut = 1  # enabled, not yet started
    with pytest.raises(fake_host.Killed):
        host.call(demo())
    host.cut = None
    prepared(host)
    ok(host.call(demo()))
    assert list(host.active) == ["demo.service"]
    assert not ok(host.call(demo()))["changed"]


def test_running_unit_is_left_alone_and_reacts_later(host: FakeHost) -> None:
    ok(host.call(demo()))
    host.log.clear()
    prepared(host, "good 2\n")
    assert host.log == []
    assert ok(host.call(demo("good 2\n")))["restarted"] == ["demo.service"]


def test_member_is_known_once_its_unit_was_ready(host: FakeHost) -> None:
    """Prepared, failed, and run components."""
    assert host.call(op="facts")["ran"] == []
    prepared(host, "bad\n")
    assert host.call(op="facts")["ran"] == []
    one(host.call(demo("bad\n")))
    assert host.call(op="facts")["ran"] == []
    ok(host.call(demo()))
    state = host.state()
    assert host.call(op="facts", mode="check")["ran"] == ["demo"]
    assert host.state() == state


def test_paths_that_prove_a_cluster(host: FakeHost) -> None:
    host.write("/srv/b/data", "")
    asked = {"one": ["/srv/a/data", "/srv/b/data"], "two": ["/srv/c/data"], "none": []}
    answer = host.call(op="facts", places=asked)
    assert answer["members"] == {"one": True, "two": False, "none": False} == members.found(host.context(), asked)
    assert answer["data"] == {}
    # A host that was not asked has said nothing: taken for an answer, a new cluster would not be seen.
    assert not {"members", "data"} & set(host.call(op="facts"))
