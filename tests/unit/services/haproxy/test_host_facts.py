# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers HAProxy says that it uses: data/stat-3.0.csv is what a real one answered to ``show stat`` (its first 80 columns)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.haproxy import host_facts

RECORDED = (Path(__file__).parent / "data" / "stat-3.0.csv").read_text(encoding="utf-8")
ASKED = {"cluster": "database", "socket": "/run/haproxy/x.sock"}


def facts(said: str | OSError) -> dict[str, Any]:
    def ask(path: str, command: str) -> str:
        assert (path, command) == ("/run/haproxy/x.sock", "show stat")
        if isinstance(said, OSError):
            raise said
        return said

    ctx = Context()
    ctx.kept(host_facts.Kept).ask = ask
    return host_facts.facts(ctx, ASKED)


def test_the_servers_that_are_up() -> None:
    """Each once, with the backends that have it."""
    peers = facts(RECORDED)["peers"]["database"]
    assert {peer["name"]: peer["address"] for peer in peers} == {"db1": "172.30.1.11", "db2": "172.30.1.12", "db3": "172.30.1.13"}
    assert [peer["what"] for peer in peers if peer["name"] == "db2"] == [
        "HAProxy on this host sends clients to it (UP in postgresql_leader)"
    ]


def test_a_server_that_is_down_is_not_in_use() -> None:
    """Switched off or removed: no client has it any more."""
    first, server, rest = RECORDED.partition("postgresql_standbys,db3")
    peers = facts(first + server + rest.replace(",UP,", ",DOWN,", 1))
    assert [peer["name"] for peer in peers["peers"]["database"]] == ["db2", "db1"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (ConnectionRefusedError(111, "refused"), {}),
        ("", {"peers": {"database": []}}),
        ("# pxname,svname,status,addr\nx,db1,UP 1/2,[fd00::1]:5432\nx,BACKEND,UP,\n", None),
    ],
)
def test_answers(said: str | OSError, expected: dict[str, Any] | None) -> None:
    found = facts(said)
    assert found == expected if expected is not None else found["peers"]["database"][0]["address"] == "fd00::1"
