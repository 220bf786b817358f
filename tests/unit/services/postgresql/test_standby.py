# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of a database is not begun where its commit would wait for a standby that is not there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import standby
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql.psql import Psql


class Server(Context):
    """Answers each question for standbys with the next of a list, the last one forever."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.written: list[str] = []
        super().__init__("apply", root="/nowhere", runner=self._answer)
        self.kept(standby.Kept).patience, self.interval = 0.2, 0.01

    def uid(self, name: str) -> int | None:
        return 105

    def _answer(self, argv: list[str], *, input: str = "", **_options: Any) -> Result:
        if "pg_stat_replication" in input:
            self.asked += 1
            return Result(0, json.dumps(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]) + "\n")
        self.written.append(input)
        return Result(0)


def said(synchronous: bool, confirming: int, *standbys: str) -> dict[str, Any]:
    return {"synchronous": synchronous, "confirming": confirming, "standbys": list(standbys)}


NONE = said(True, 0)
COPYING = said(True, 0, "db2 (startup)")
THERE = said(True, 1, "db2 (streaming)")


@pytest.mark.parametrize(
    ("answers", "asked"),
    [([said(False, 0)], 1), ([THERE], 1), ([NONE, COPYING, THERE], 3)],
)
def test_change_is_made(answers: list[dict[str, Any]], asked: int) -> None:
    server = Server(*answers)
    psql = Psql(server)
    psql.write(["CREATE DATABASE a"])
    psql.write(["CREATE DATABASE b"])
    assert (server.asked, len(server.written)) == (asked, 2)


@pytest.mark.parametrize(("answer", "shown"), [(NONE, "none"), (COPYING, "db2 (startup)")])
def test_change_is_not_begun(answer: dict[str, Any], shown: str) -> None:
    server = Server(answer)
    with pytest.raises(AgentError) as caught:
        Psql(server).write(["CREATE DATABASE a"])
    assert caught.value.code == "no-synchronous-standby" and f"connected: {shown})" in caught.value.msg
    assert server.written == []
