# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a restore etcd forgets who led, and not the cluster's settings."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd.api import Kept
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import markers
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni.calls import CALLS

from tests.unit.lib.host import Programs

ASKED: dict[str, Any] = {"scope": "vannah", "namespace": "/vannah/", "hosts": ["192.0.2.11:2379", "192.0.2.12:2379"]}


class Store:
    """etcd, of which the first member is down."""

    def __init__(self, *names: str) -> None:
        self.keys = [f"/vannah/vannah/{name}" for name in names]

    def ask(self, params: dict[str, Any], path: str, body: dict[str, Any] | None, _timeout: float) -> str:
        """The answer of one member."""
        if "192.0.2.11" in params["endpoint"]:
            raise OSError("connection refused")
        key = base64.b64decode((body or {})["key"]).decode()
        if path == "/v3/kv/deleterange":
            self.keys.remove(key)
            return "{}"
        assert key == "/vannah/vannah/" and base64.b64decode((body or {})["range_end"]) == b"/vannah/vannah0"
        return json.dumps({"kvs": [{"key": base64.b64encode(one.encode()).decode()} for one in self.keys]})


def call(ctx: Context, store: Store) -> list[Any]:
    """Plan, and apply."""
    ctx.kept(Kept).ask = store.ask
    steps, _result = CALLS["forget"](ASKED, ctx)
    for step in steps if not ctx.check else ():
        step.apply(ctx)
    return steps


def test_what_is_forgotten(ctx: Context, programs: Programs) -> None:
    """The settings stay; the restore is no longer under way."""
    marker = Path(ctx.path("/etc/patroni/vannah-restoring"))
    marker.parent.mkdir(parents=True)
    marker.touch()
    store = Store("config", "history", "initialize", "members/db1", "status", "sync")
    assert [step.action for step in call(ctx, store)] == ["reset"]
    assert store.keys == ["/vannah/vannah/config"]
    assert ["touch", "--", "/etc/patroni/vannah-newest"] in programs.calls and not marker.exists()


def test_the_program_that_reads_them(program: Callable[[str, str], Any]) -> None:
    """It is no part of the agent, and has the same paths."""
    module = program("postgresql", "postgresql-may-start")
    assert (module.FIRST, module.RESTORING) == (markers.FIRST, markers.RESTORING)


@pytest.mark.usefixtures("programs")
def test_a_cluster_that_runs(ctx: Context) -> None:
    """Nothing is deleted."""
    store = Store("config", "initialize", "leader")
    with pytest.raises(AgentError, match="Fix: stop Patroni on all members") as error:
        call(ctx, store)
    assert error.value.code == "cluster-runs" and len(store.keys) == 3


@pytest.mark.usefixtures("programs")
def test_check_mode(ctx: Context) -> None:
    ctx.mode = "check"
    store = Store("config", "initialize")
    assert call(ctx, store) and len(store.keys) == 2
