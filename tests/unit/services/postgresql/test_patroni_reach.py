# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new member that does not reach those that it copies its data from is refused at once, with host, address and port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import reach, rivals

from .recorded_patroni import CLUSTER

PEERS = [{"name": f"db{n}", "address": f"192.0.2.{n}", "port": 5432, "rest_port": 8008} for n in (1, 2)]
ETCD = ["192.0.2.1:2379", "192.0.2.2:2379", "[fd00::3]:2379"]
SILENT = "no answer in time"
LATE = dict.fromkeys(("192.0.2.1:2379", "192.0.2.2:2379", "fd00::3:2379"), SILENT)
NEW = {f"192.0.2.{n}:{port}": reach.REFUSED for n in (1, 2) for port in (5432, 8008)}


def closed(blocked: dict[str, str], cluster: dict[str, Any] | None = None) -> tuple[str, str, str] | None:
    """db1 leads, unless it is said otherwise; what is not blocked answers."""
    return reach.closed(
        PEERS, ETCD, lambda host, port: blocked.get(f"{host}:{port}", ""), lambda _host, _port: CLUSTER if cluster is None else cluster
    )


@pytest.mark.parametrize(
    ("blocked", "cluster", "expected"),
    [
        ({}, None, None),
        ({"192.0.2.1:5432": SILENT}, None, ("the PostgreSQL of db1, the leader,", "192.0.2.1:5432", SILENT)),
        ({"192.0.2.1:5432": reach.REFUSED}, None, ("the PostgreSQL of db1, the leader,", "192.0.2.1:5432", reach.REFUSED)),
        ({"192.0.2.2:5432": SILENT}, None, None),  # a standby: the copy comes from the leader
        ({"192.0.2.1:8008": SILENT}, None, ("the Patroni of db1", "192.0.2.1:8008", SILENT)),
        ({"192.0.2.2:8008": SILENT, "192.0.2.2:5432": SILENT}, None, None),  # its server is off
        ({"192.0.2.1:5432": SILENT}, {}, ("the PostgreSQL of db1", "192.0.2.1:5432", SILENT)),  # who leads is not known
        ({"192.0.2.1:5432": reach.REFUSED}, {}, None),
        ({"192.0.2.1:8008": SILENT, "192.0.2.2:8008": SILENT}, None, ("the Patroni of db1", "192.0.2.1:8008", SILENT)),
        (NEW, None, None),  # all begin together
        ({"192.0.2.1:2379": SILENT, "192.0.2.2:2379": reach.REFUSED}, None, None),  # one member of etcd is enough
        (LATE, None, ("etcd", ", ".join(ETCD), SILENT)),
        ({**LATE, "192.0.2.1:2379": reach.REFUSED}, None, ("etcd", ", ".join(ETCD), SILENT)),
        (dict.fromkeys(LATE, reach.REFUSED) | NEW, None, None),
    ],
)
def test_what_is_closed(blocked: dict[str, str], cluster: dict[str, Any] | None, expected: tuple[str, str, str] | None) -> None:
    assert closed(blocked, cluster) == expected


@pytest.mark.parametrize(
    ("mode", "data", "peers", "refused"),
    [("apply", False, PEERS, True), ("check", False, PEERS, False), ("apply", True, PEERS, False), ("apply", False, [], False)],
)
def test_only_a_new_member_is_asked(tmp_path: Path, mode: str, data: bool, peers: Any, refused: bool) -> None:
    """And in check mode no member: the firewalls of the others do not know it yet."""
    if data:
        (tmp_path / "data").mkdir()
        (tmp_path / "data/PG_VERSION").write_text("17")
    ctx = Context(mode, root=str(tmp_path))
    ctx.kept(reach.Kept).connect = lambda _host, port: SILENT if port == 5432 else ""
    ctx.kept(reach.Kept).ask = lambda _host, _port: CLUSTER
    options = {"port": 5432, "data_directory": "/data", "peers": peers, "etcd": ETCD}
    if not refused:
        assert rivals.plan(ctx, options) == []
        return
    with pytest.raises(AgentError, match=r"cannot reach the PostgreSQL of db1, the leader, at 192\.0\.2\.1:5432 \(no answer") as caught:
        rivals.plan(ctx, options)
    assert caught.value.code == "peer-unreachable" and "Fix: " in caught.value.msg
