# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a member of etcd is ready: ``etcd-member ready``, with what etcdctl 3.5.16 said while an alarm was raised."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def member(program: Callable[[str, str], ModuleType]) -> ModuleType:
    """The program as a module."""
    return program("etcd", "etcd-member")


OWN_ALARM = {"header": {"member_id": 7}, "dbSize": 45056, "errors": ["memberID:7 alarm:NOSPACE "]}
UNWELL = [{"health": False, "error": "Active Alarm(s): NOSPACE "}]


@pytest.mark.parametrize(
    ("health", "status", "quota", "refused"),
    [
        ([{"health": True}], {}, 1, ""),
        ([{"health": False, "error": "context deadline exceeded"}], {}, 1, "context deadline exceeded"),
        ([], {}, 1, "Error: no endpoint"),
        (UNWELL, OWN_ALARM, 2147483648, ""),  # there is room again
        (UNWELL, OWN_ALARM, 45056, "its quota is 45056"),
        (UNWELL, {**OWN_ALARM, "errors": ["memberID:8 alarm:NOSPACE "]}, 1, ""),  # another member's
        (UNWELL, OWN_ALARM, -1, ""),
    ],
)
def test_ready(
    member: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    health: Any,
    status: Any,
    quota: int,
    refused: str,
) -> None:
    """An alarm alone does not put the previous files back, unless the new quota is what raised it."""
    (tmp_path / "vannah.env").write_text(f'ETCD_QUOTA_BACKEND_BYTES="{quota}"\n', encoding="utf-8")
    monkeypatch.setattr(member, "SETTINGS", (str(tmp_path / "vannah.env"),))

    def run(argv: list[str], **_more: Any) -> Any:
        assert argv[0] == "etcdctl" and argv[-1] == "--write-out=json"
        said = health if argv[-2] == "health" else [{"Status": status}]
        return subprocess.CompletedProcess(argv, 0, json.dumps(said) if said else "", "" if said else "Error: no endpoint")

    monkeypatch.setattr(member.subprocess, "run", run)
    assert member.main(["ready", "etcdctl", "--endpoints=x", "endpoint", "health"]) == (1 if refused else 0)
    assert refused in capsys.readouterr().err
