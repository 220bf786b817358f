# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a unit really runs with, where that can be changed past its files: noticed, and put back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .fake_host import FakeHost, component, service

UNIT = "demo.service"
FILE = "/etc/demo.conf"


def definition(text: str = "good", **unit: Any) -> dict[str, Any]:
    watching = {"watch_command": ["/usr/bin/show-running", UNIT], "on_change": "reload", **unit}
    return component(files=[{"path": FILE, "content": text}], units=[service(UNIT, (FILE,), **watching)])


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """A host whose /usr/bin/show-running is the one that it simulates."""
    found = FakeHost(tmp_path)
    simulated = found.run
    found.run = lambda argv, **more: simulated([argv[0].removeprefix("/usr/bin/"), *argv[1:]], **more)  # type: ignore[method-assign]
    assert found.call(definition())["components"][0]["changed"]
    found.log.clear()
    return found


def changed(host: FakeHost, wanted: dict[str, Any], **more: Any) -> bool:
    """Whether a call changes something."""
    result = host.call(wanted, **more)["components"][0]
    assert result["error"] is None, result
    return bool(result["changed"])


def test_nothing_to_do_while_it_prints_the_same(host: FakeHost) -> None:
    assert not changed(host, definition())
    assert host.log == []


@pytest.mark.parametrize("by_hand", [{FILE: "other"}, None])
def test_what_was_changed_or_flushed_by_hand_comes_back(host: FakeHost, by_hand: dict[str, str] | None) -> None:
    """``None``: the program fails, as nft does of a table that is gone."""
    if by_hand is None:
        host.running_with.pop(UNIT)
    else:
        host.running_with[UNIT] = by_hand
    assert changed(host, definition(), mode="check")
    assert host.log == []
    assert changed(host, definition())
    assert host.log == [f"reload {UNIT}"]
    assert host.running_with[UNIT] == {FILE: "good"}
    assert not changed(host, definition())


def test_another_file_is_no_change_by_hand(host: FakeHost) -> None:
    """The reload that a file asks for makes the record again."""
    assert changed(host, definition("better"))
    assert host.log == [f"reload {UNIT}"]
    assert not changed(host, definition("better"))


def test_a_unit_that_somebody_started_is_taken_as_it_is(host: FakeHost) -> None:
    """What it prints belongs to one start: another one reads the files, and is recorded again."""
    host.start(UNIT)
    assert not changed(host, definition())
    host.running_with[UNIT] = {FILE: "other"}
    assert changed(host, definition())


@pytest.mark.parametrize(("policy", "done"), [("restart", [f"reload {UNIT}"]), ("none", [f"reload {UNIT}"]), ("defer", [])])
def test_policy(host: FakeHost, policy: str, done: list[str]) -> None:
    """A reload is enough for what left the files alone, also where a unit leaves it to each file how it reacts."""
    wanted = definition(on_change=policy)
    host.call(wanted)
    host.log.clear()
    host.running_with[UNIT] = {FILE: "other"}
    host.call(wanted)
    assert host.log == done


def test_a_record_of_before_is_completed_without_a_change(host: FakeHost) -> None:
    """A component that begins to watch, or stops to, changes nothing on its host."""
    plain = definition(watch_command=None)
    assert not changed(host, plain)
    host.running_with[UNIT] = {FILE: "other"}
    assert not changed(host, plain)
    assert not changed(host, definition())
    host.running_with[UNIT] = {FILE: "good"}
    assert changed(host, definition())
