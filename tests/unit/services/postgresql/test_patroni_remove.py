# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member is taken out of its cluster: never the leader, and not where commits need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import (
    calls as patroni,
)

from .recorded_patroni import CLUSTER, COMMON, Patroni, changed, context, without


def systemd(shown: str, real: Patroni, argvs: list[list[str]]) -> Callable[..., Result]:
    def runner(argv: list[str], **_options: Any) -> Result:
        argvs.append(argv)
        if argv[1] == "show":
            return Result(0, shown)
        real.cluster = without(real.cluster, "db2")
        return Result(0)

    return runner


REMOVE = {"member": "db2", "unit": "patroni.service", "others": ["https://172.17.0.3:8008"], "force": False, "timeout": 1}


def test_remove_stops_and_waits_until_the_others_have_forgotten_it() -> None:
    real, argvs = Patroni(name="db2"), []  # type: ignore[var-annotated]
    ctx = context(real, runner=systemd("active\nenabled\n", real, argvs))
    steps, _result = patroni.CALLS["remove"]({**COMMON, **REMOVE}, ctx)
    assert [step.action for step in steps] == ["stop", "remove"]
    for step in steps:
        assert step.apply
        step.apply(ctx)
    assert argvs[-1] == ["systemctl", "disable", "--now", "patroni.service"]
    ctx = context(real, runner=systemd("inactive\ndisabled\n", real, argvs))
    assert patroni.CALLS["remove"]({**COMMON, **REMOVE}, ctx)[0] == []


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(("state", "confirms"), [("running", 200), ("running", 503), ("running", None), ("starting", 200)])
def test_the_live_leader_is_never_removed(force: bool, state: str, confirms: int | None) -> None:
    """Nor one that is said to lead and does not confirm it, or whose PostgreSQL is just being started."""
    real = Patroni(changed(CLUSTER, "db1", state=state))
    real.leader = confirms
    ctx = context(real, runner=systemd("active\nenabled\n", real, []))
    with pytest.raises(AgentError, match="it leads") as caught:
        patroni.CALLS["remove"]({**COMMON, **REMOVE, "member": "db1", "force": force}, ctx)
    assert caught.value.code == "member-leads"
    assert ("reported as the leader" in caught.value.msg) is (confirms != 200)


def test_force_removes_the_last_standby_and_not_while_nobody_leads() -> None:
    real = Patroni(without(CLUSTER, "db3"))
    running = systemd("active\nenabled\n", real, [])
    with pytest.raises(AgentError, match="commits need 1"):
        patroni.CALLS["remove"]({**COMMON, **REMOVE}, context(real, runner=running))
    steps, _result = patroni.CALLS["remove"]({**COMMON, **REMOVE, "force": True}, context(real, runner=running))
    assert [step.action for step in steps] == ["stop", "remove"]
    real.leader = None
    with pytest.raises(AgentError, match="has no leader"):
        patroni.CALLS["remove"]({**COMMON, **REMOVE, "force": True}, context(real, runner=running))
