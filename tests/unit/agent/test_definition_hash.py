# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is held back, or has locked the controller out, stays so after an upgrade of the collection and while members come and go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import undo
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result

from .demo import demo, ok, one
from .fake_host import FakeHost

Definition = dict[str, Any]
TOLD = {"values": {"others": ['["db1"]']}, "fixes": {"others": ["", False, True]}, "member": {"role": "demo", "unit": "demo.service"}}


def of_before(definition: Definition) -> Definition:
    """As the previous release sends it."""
    units = [{key: value for key, value in unit.items() if key not in ("socket", "driver_options")} for unit in definition["units"]]
    return {**{key: value for key, value in definition.items() if key not in TOLD}, "units": units}


def upgraded(definition: Definition) -> Definition:
    return {**definition, **TOLD}


def member_came(definition: Definition) -> Definition:
    return {**definition, **TOLD, "values": {"others": ['["db1","db2"]']}}


def by_verb(definition: Definition) -> Definition:
    return {**definition, **TOLD, "fixes": {"others": ["run the verb", False, True]}}


def with_options(definition: Definition) -> Definition:
    return {**definition, "units": [{**unit, "driver_options": {"port": 5432}} for unit in definition["units"]]}


SAME = [of_before, upgraded, member_came, by_verb, with_options]


def by_socket(definition: Definition) -> Definition:
    return {**definition, "units": [{**unit, "socket": "demo.socket"} for unit in definition["units"]]}


def other_file(definition: Definition) -> Definition:
    return {**definition, "files": demo("good 2\n")["files"]}


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


@pytest.mark.parametrize("change", SAME)
def test_same_definition(change: Callable[[Definition], Definition]) -> None:
    assert undo.definition_hash(change(demo())) == undo.definition_hash(demo())


@pytest.mark.parametrize("change", [by_socket, other_file])
def test_another_definition(change: Callable[[Definition], Definition]) -> None:
    assert undo.definition_hash(change(demo())) != undo.definition_hash(demo())


def test_held_back_after_an_upgrade(host: FakeHost) -> None:
    ok(host.call(of_before(demo())))
    assert one(host.call(of_before(demo("bad\n"))))["error"]["code"] == "start-failed"
    host.log.clear()
    for change in SAME:
        assert one(host.call(change(demo("bad\n"))))["error"]["code"] == "held-back", change
    assert host.touched() == []


def test_locked_out_after_an_upgrade(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(argv: list[str], **options: Any) -> Result:
        if argv[0] == "systemd-run" or "--value" in argv:
            return Result(0, "inactive\n")
        return plain(argv, **options)

    plain = host.run
    monkeypatch.setattr(host, "run", run)
    host.file("/run/systemd/system").mkdir(parents=True)

    def guarded(content: str) -> Definition:
        return demo(content, unit={"on_change": "reload"}, lockout_guard=60)

    ok(host.call(of_before(guarded("good 1\n"))))
    assert host.call(op="disarm")["error"] is None
    for number, definition in enumerate([of_before(guarded("good 2\n")), upgraded(guarded("good 2\n"))]):
        ok(host.call(definition, run={"id": f"run-{number}", "who": "me"}, policy={"locked_out": ["run-0"]}))
        # The controller does not come back: what the script does.
        host.write("/etc/demo.conf", "good 1\n")
        plain(["systemctl", "reload", "demo.service"])
        shutil.rmtree(host.file("/var/lib/vannah/guard"))
    for change in SAME:
        said = one(host.call(change(guarded("good 2\n")), policy={"locked_out": ["run-0", "run-1"]}))
        assert said["error"]["code"] == "locked-out", change
