# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forks of a run learn from each other which member of a new cluster has failed."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.vannah.healthcloud.plugins.action import converge
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import beat, peers, run
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.action import AgentAction

CLUSTERS = [{"name": "etcd", "members": ["db1", "db2", "e1"]}, {"name": "postgresql", "members": ["db1", "db2"]}]


@pytest.fixture(autouse=True)
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible.constants.DEFAULT_LOCAL_TMP", str(tmp_path), raising=False)


@pytest.mark.parametrize(("host", "others"), [("db1", ["db2", "e1"]), ("e1", ["db1", "db2"]), ("app1", [])])
def test_peers(host: str, others: list[str]) -> None:
    assert peers.of(host, CLUSTERS) == others


def test_only_a_peer_counts() -> None:
    assert peers.lost(["db2"]) is None
    peers.note("app1", "no packages")
    assert peers.lost(["db2", "e1"]) is None
    peers.note("e1", "no\n  disk")
    assert peers.lost(["db2", "e1"]) == ("e1", "no disk")


@pytest.mark.parametrize(
    ("ends", "forming", "noted"),
    [
        ({"changed": True}, True, None),
        ({"failed": True, "msg": "no packages"}, True, ("db2", "no packages")),
        ({"failed": True, "msg": "no packages"}, False, None),
        # Stopped by another one: a third one learns who is to blame. Members of two clusters pass it on from one to the other.
        ({"failed": True, "msg": "stopped, because db1 has failed", "code": "peer-failed"}, True, ("db1", "no disk")),
        (AnsibleConnectionFailure("no route"), True, ("db2", "no route")),
    ],
)
def test_failure_is_noted(monkeypatch: pytest.MonkeyPatch, ends: Any, forming: bool, noted: tuple[str, str] | None) -> None:
    def run_it(_action: Any, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        if isinstance(ends, Exception):
            raise ends
        return dict(ends)

    monkeypatch.setattr(AgentAction, "run", run_it)
    action = object.__new__(converge.ActionModule)
    action._task = SimpleNamespace(delegate_to=None)
    action.vars = {"inventory_hostname": "db2"}
    action.peers = ["db1"] if forming else ()
    if isinstance(ends, dict) and "code" in ends:
        peers.note("db1", "no disk")
    if isinstance(ends, Exception):
        with pytest.raises(AnsibleConnectionFailure):
            action.run()
    else:
        assert action.run() == ends
    assert peers.lost(["db2"]) == noted


def test_member_is_told_until_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """While its call lasts, and before a word is printed of it. A try that fails is not the last one."""
    sent: list[bytes] = []

    class Action:
        host, peers = "db1", ("db2",)
        _connection = SimpleNamespace(become=None)

        def _low_level_execute_command(self, command: str, sudoable: bool = True, in_data: bytes = b"") -> dict[str, Any]:
            assert command == peers.COMMAND
            sent.append(in_data)
            if len(sent) == 1:
                raise AnsibleConnectionFailure("no second connection")
            return {"rc": 1 if len(sent) == 2 else 0, "stdout": ""}

    monkeypatch.setattr(beat, "LOOK", 0.02)
    with beat.beside(Action()):
        time.sleep(0.1)
        assert sent == []
        peers.note("db2", "no packages")
        end = time.monotonic() + 10
        while len(sent) < 3 and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)
    assert [json.loads(data) for data in sent] == [{"run": run.run_info("")["id"], "peer": "db2", "reason": "no packages"}] * 3


def test_word_reaches_a_host_without_the_folder(tmp_path: Path) -> None:
    """The agent makes it, and may not have come to that yet."""
    command = peers.COMMAND.replace("/run/vannah", f"{tmp_path}/vannah")
    for text in (b"one", b"two"):
        subprocess.run(["/bin/sh", "-c", command], input=text, check=True)
        assert (tmp_path / "vannah" / "peer-failed.json").read_bytes() == text
    assert (tmp_path / "vannah").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "vannah" / "peer-failed.json").stat().st_mode & 0o777 == 0o600
