# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call that lasts says what its host does, and is neither broken nor slowed by that."""

from __future__ import annotations

import json
import re
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import beat, run, scrub, shell

#: 14:31:27 by the clock of the reader, whatever that is.
NOW = 1795543887.0


def at(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(NOW + seconds))


def written(**more: Any) -> str:
    return json.dumps({"run": "r1", "what": "waiting for etcd.service to be ready", "since": 980.0, "seconds": 300, "reason": "", **more})


LASTS = "db2: waiting for the answer of the host, 40 s so far"
INSTALL = "etcd: package etcd-server: install"
READY = "db2: waiting for etcd.service to be ready"


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (written(reason="no leader") + "\n1000\n", f"{READY}, since {at(-20)} (20 s), until {at(280)} at most (300 s): no leader"),
        (written(what=INSTALL, seconds=None) + "\r\n\r\n1000\r\n", f"db2: {INSTALL}, since {at(-20)} (20 s)"),
        (written(seconds=None), f"{READY}, since {at(-40)} (40 s)"),
        (written(since=2000.0, seconds=None) + "\n1000", f"{READY}, since {at(0)} (0 s)"),
        (
            written(run="another", what=INSTALL, seconds=None) + "\n1000",
            f"db2: waiting for an earlier run that is still working on this host ({INSTALL}), since {at(-20)} (20 s)",
        ),
        (written(what=None) + "\n1000", LASTS),
        ("{half a li\n1000", LASTS),
        ("[]\n1000", LASTS),
        ("\n1000", LASTS),
        ("", LASTS),
    ],
)
def test_line(output: str, line: str) -> None:
    assert beat.text("db2", beat.parse(output, "r1"), 40, lambda: NOW) == line


def beats(read: Any, seconds: float, every: float = 0.05, patience: float = 0.05) -> list[str]:
    shown: list[str] = []
    with beat.Beat("h", read, shown.append, every, patience):
        time.sleep(seconds)
    at_end = len(shown)
    time.sleep(2 * every)
    assert len(shown) == at_end, "it goes on after the call"
    return shown


def test_short_call_says_nothing() -> None:
    assert beats(lambda: pytest.fail("asked"), 0.0, every=5) == []


def test_long_call_speaks_again_and_again() -> None:
    shown = beats(lambda: {"what": "waiting for x", "elapsed": 12.0, "seconds": None, "reason": ""}, 0.4)
    assert len(shown) >= 2 and all(line.startswith("h: waiting for x, since ") for line in shown)


def test_failing_question_breaks_nothing() -> None:
    def fail() -> None:
        raise OSError("no second connection")

    assert set(beats(fail, 0.3)) == {"h: waiting for the answer of the host, 0 s so far"}


def test_hanging_question_is_asked_once_and_holds_nothing_up() -> None:
    asked = []
    never = threading.Event()

    def hang() -> None:
        asked.append(1)
        never.wait(30)

    begun = time.monotonic()
    shown = beats(hang, 0.8)
    never.set()
    assert time.monotonic() - begun < 10
    assert len(asked) == 1 and len(shown) >= 2
    silent = re.compile(r"h has not answered over its connection \(SSH\) for \d s: does it run, and is it reachable\?")
    assert all(silent.search(line) for line in shown), shown


def test_host_that_answers_again_is_not_called_silent() -> None:
    answers = [True]

    def read() -> None:
        if answers and answers.pop():
            time.sleep(0.15)

    shown = beats(read, 1.0)
    assert "has not answered" in shown[0] and shown[-1] == "h: waiting for the answer of the host, 1 s so far"


def test_call_does_not_end_while_a_line_is_handed_over() -> None:
    """The fork would end with the lock of a queue that all forks share."""
    events: list[str] = []
    inside = threading.Event()

    def show(_line: str) -> None:
        inside.set()
        time.sleep(0.1)
        events.append("shown")

    with beat.Beat("h", None, show, 0.01):
        inside.wait(5)
    events.append("ended")
    assert events[-1] == "ended" and events.count("shown") == len(events) - 1


@pytest.mark.parametrize("kind", ["read", "look"])
def test_call_does_not_end_while_a_second_connection_is_in_use(kind: str) -> None:
    """With -vvv Ansible prints what it does there, to the same queue."""
    events: list[str] = []
    inside = threading.Event()

    def ask() -> None:
        inside.set()
        time.sleep(0.2)
        events.append("asked")

    with beat.Beat("h", **{"read": None, kind: ask}, show=lambda _line: None, every=0.01):
        assert inside.wait(5)
    events.append("ended")
    assert events[:2] == ["asked", "ended"]
    time.sleep(0.1)
    assert events[-1] == "ended", "it began again after the call"


def test_second_connection_that_hangs_lets_the_call_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat, "ENDING", 0.05)
    answered: list[bool] = []
    inside, never = threading.Event(), threading.Event()

    def hang() -> None:
        inside.set()
        answered.append(never.wait(10))

    with beat.Beat("h", hang, lambda _line: None, 0.01):
        assert inside.wait(5)
    assert answered == []
    never.set()


def test_look_that_hangs_holds_no_word_back() -> None:
    looked = []
    never = threading.Event()
    shown: list[str] = []
    spoken = threading.Event()

    def look() -> bool:
        looked.append(1)
        never.wait(30)
        return True

    def show(line: str) -> None:
        shown.append(line)
        if len(shown) == 2:
            spoken.set()

    try:
        with beat.Beat("h", None, show, 0.02, look=look):
            assert spoken.wait(5), "silent"
            never.set()
    finally:
        never.set()
    assert len(looked) == 1


def test_nothing_is_asked_where_ansible_would_print_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("ansible.utils.display.Display.display", lambda _self, text, *_more, **_options: shown.append(text))
    monkeypatch.setattr(Display(), "verbosity", 3)
    monkeypatch.setattr(beat, "EVERY", 0.05)
    action = Action()
    shell.execute(action, "agent", b"payload")
    assert [command for _connection, _become, command in action.used] == ["agent"]
    assert set(shown) == {"db2: waiting for the answer of the host, 0 s so far"}


class Connection:
    def __init__(self) -> None:
        self.become = SimpleNamespace(name="sudo")


class Action:
    """An action whose calls take a moment, over a connection that notes which of its instances was used."""

    host = "db2"

    def __init__(self) -> None:
        self._connection = Connection()
        self.used: list[tuple[Any, Any, str]] = []

    def _scrubber(self) -> scrub.Scrubber:
        return scrub.Scrubber(["hunter2hunter2"])

    def _low_level_execute_command(self, command: str, sudoable: bool = True, in_data: bytes | None = None) -> dict[str, Any]:
        self.used.append((self._connection, self._connection.become, command))
        if command == beat.COMMAND:
            said = written(run=run.run_info("")["id"], reason="password hunter2hunter2 is wrong")
            return {"rc": 0, "stdout": said + "\n1000\n", "stderr": ""}
        time.sleep(0.3)
        return {"rc": 0, "stdout": "done", "stderr": ""}


def test_call_is_accompanied_over_a_connection_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("ansible.utils.display.Display.display", lambda _self, text, *_more, **_options: shown.append(text))
    monkeypatch.setattr(beat, "EVERY", 0.05)
    action = Action()
    assert shell.execute(action, "agent", b"payload")["stdout"] == "done"
    assert shown and "waiting for etcd.service to be ready" in shown[0]
    assert "hunter2hunter2" not in "".join(shown) and scrub.MASK in shown[0]
    calls = [(connection, become) for connection, become, command in action.used if command == "agent"]
    asked = [(connection, become) for connection, become, command in action.used if command == beat.COMMAND]
    assert len(calls) == 1 and asked
    assert all(connection is not calls[0][0] and become is not calls[0][1] for connection, become in asked)
