# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forks of a run learn from each other which member of a new cluster has failed."""

from __future__ import annotations

import json
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
    if isinstance(ends, Exception):
        with pytest.raises(AnsibleConnectionFailure):
            action.run()
    else:
        assert action.run() == ends
    assert peers.lost(["db2"]) == noted


def test_member_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While its call lasts, and before a word is printed of it."""
    sent: list[bytes] = []

    class Action:
        host, peers = "db1", ("db2",)
        _connection = SimpleNamespace(become=None)

        def _low_level_execute_command(self, command: str, sudoable: bool = True, in_data: bytes = b"") -> dict[str, Any]:
            assert command == peers.COMMAND
            sent.append(in_data)
            return {"rc": 0, "stdout": ""}

    monkeypatch.setattr(beat, "LOOK", 0.02)
    with beat.beside(Action()):
        time.sleep(0.1)
        assert sent == []
        peers.note("db2", "no packages")
        time.sleep(0.3)
    assert [json.loads(data) for data in sent] == [{"run": run.run_info("")["id"], "peer": "db2", "reason": "no packages"}]
