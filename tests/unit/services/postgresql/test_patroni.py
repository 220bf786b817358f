# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of Patroni: looking, its common configuration and the verbs, against answers of a real cluster."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import (
    calls as patroni,
)
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import (
    look as patroni_look,
)
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import (
    rest as patroni_rest,
)
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import (
    switchover as patroni_switchover,
)

from .recorded_patroni import CLUSTER, COMMON, LAST, OWN, Patroni, changed, context, do, without


def test_the_leader_changes_the_configuration_and_the_others_do_not() -> None:
    wanted = {"loop_wait": 2, "postgresql": {"parameters": {"max_connections": 210}}}
    real = Patroni()
    details, result = do("config", real, config=wanted, wait=0)
    assert details == ["postgresql.parameters.max_connections"]
    assert real.told == [("PATCH", "/config", {"postgresql": {"parameters": {"max_connections": 210}}})]
    assert result["pending_restart"] == ["db1", "db2"]
    standby = Patroni(name="db3", pending_restart=False)
    assert do("config", standby, config=wanted, wait=0)[0] == []
    assert standby.told == []


def test_the_diff_of_a_configuration_names_what_differs_only() -> None:
    ctx = context(Patroni(), "check")
    steps, _result = patroni.config({**COMMON, "config": {"ttl": 30, "loop_wait": 2}, "wait": 0}, ctx)
    assert steps[0].diff == {"before_header": "patroni", "after_header": "patroni", "before": "ttl: 20\n", "after": "ttl: 30\n"}


def test_check_mode_on_a_host_without_a_cluster_is_no_error() -> None:
    real = Patroni()
    real.silent = True
    details, result = do("config", real, "check", config={"ttl": 30}, wait=60)
    assert (details, result["answers"]) == ([], False)
    with pytest.raises(AgentError, match="does not answer") as caught:
        do("config", real, config={"ttl": 30}, wait=0)
    assert caught.value.code == "not-in-time"


def test_a_leader_of_before_a_crash_is_not_believed() -> None:
    """etcd names it until its lease ends. Its configuration is not changed, and nothing is made in its databases, before it leads again."""
    real = Patroni()
    real.leader = 503
    with pytest.raises(
        AgentError,
        match=r"cluster vannah has no leader: db1 is reported as the leader and reports itself that it is "
        r"not",
    ) as caught:
        do("config", real, config={"ttl": 30}, wait=0)
    assert (caught.value.code, real.told) == ("not-in-time", [])


# --- looking and the verbs ----------------------------------------------------------------------------------------------------


def test_info() -> None:
    _steps, result = do("info", Patroni(), wait=0)
    assert (result["leader"], result["synchronous"], result["pending_restart"], result["problems"]) == ("db1", ["db3"], ["db1", "db2"], [])
    assert result["member"]["postgresql"] == "17.12"
    assert result["members"][1]["pending_restart_reason"] == ["max_connections"]


@pytest.mark.parametrize("answer", [503, None])
def test_info_shows_an_old_view_as_one(answer: int | None) -> None:
    real = Patroni(name="db2", pending_restart=False)
    real.leader = answer
    _steps, result = do("info", real, wait=0)
    assert (result["answers"], result["leader"]) == (True, "")
    assert result["problems"][0].startswith("db1 is reported as the leader and")


FIVE = {"max_prepared_transactions": ["0", False], "max_locks_per_transaction": ["64", False], "max_worker_processes": ["8", False]}


@pytest.mark.parametrize(
    ("name", "leader_waits", "settings", "lowered", "waits_for_leader"),
    [
        ("db1", True, {"max_connections": ["215", True]}, ["max_connections"], False),  # the leader waits for no member
        ("db2", True, {"max_connections": ["215", True]}, ["max_connections"], True),
        # Patroni started it with its leader's value, so for PostgreSQL nothing is pending any more.
        ("db2", True, {"max_connections": ["215", False]}, ["max_connections"], True),
        ("db2", True, {"max_connections": ["215", True], "shared_buffers": ["16384", True]}, ["max_connections"], False),
        ("db2", False, {"max_connections": ["215", False]}, ["max_connections"], False),  # the leader has it already
        ("db2", True, {"max_connections": ["150", True]}, [], False),  # raised
        # It left the configuration, and goes back to its default.
        ("db2", True, {"max_locks_per_transaction": ["256", True]}, ["max_locks_per_transaction"], True),
        ("db2", True, {"max_connections": ["200", False], "shared_buffers": ["16384", True]}, [], False),
    ],
)
def test_what_is_lowered_waits_for_the_leader(
    name: str, leader_waits: bool, settings: dict[str, Any], lowered: list[str], waits_for_leader: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "uid", lambda self, name: 106)  # the machine of the tests has no user postgres
    asked: list[tuple[list[str], Any]] = []

    def psql(argv: list[str], **more: Any) -> Result:
        asked.append((argv, more))
        return Result(0, json.dumps({**FIVE, "max_wal_senders": ["10", False], **settings}) + "\n")

    found = changed(CLUSTER, "db1", pending_restart=leader_waits, port=6432)
    found = changed(found, "db2", port=6432)
    _steps, result = do("info", Patroni(found, name), runner=psql, wait=0)
    assert (result["member"]["lowered"], result["member"]["waits_for_leader"]) == (lowered, waits_for_leader)
    assert "6432" in asked[0][0]


def test_a_member_that_waits_for_nothing_is_not_asked() -> None:
    def psql(argv: list[str], **_more: Any) -> Result:
        raise AssertionError(argv)

    _steps, result = do("info", Patroni(name="db3", pending_restart=False), runner=psql, wait=0)
    assert (result["member"]["lowered"], result["member"]["waits_for_leader"]) == ([], False)


def test_info_of_a_member_that_does_not_answer_is_no_failure() -> None:
    real = Patroni()
    real.silent = True
    _steps, result = do("info", real, wait=0)
    assert (result["answers"], result["leader"]) == (False, "")
    assert "Connection refused" in result["error"]


def test_info_waits_for_a_healthy_cluster_and_says_what_is_missing() -> None:
    with pytest.raises(AgentError, match="db3 is not in the cluster") as caught:
        do("info", Patroni(without(CLUSTER, "db3")), wait=0.01)
    assert caught.value.code == "not-in-time"


def switched(real: Patroni) -> None:
    real.own = {**real.own, "state": "stopping"}
    real.cluster = changed(
        changed(CLUSTER, "db1", role="sync_standby", lag=0, state="streaming"), "db3", role="leader", state="running", lag=None
    )


def test_switchover() -> None:
    real = Patroni()
    real.on_change = switched
    details, result = do("switchover", real, candidate="", away_from="", timeout=0)
    assert details == ["db1 -> db3"]
    # Taken back once the old leader has begun, so that the third member follows at once.
    (ask, back) = real.told
    assert ask[:2] == ("POST", "/switchover") and back == ("DELETE", "/switchover", None)
    assert {**ask[2], "scheduled_at": ""} == {"leader": "db1", "candidate": "db3", "scheduled_at": ""}
    assert (result["from"], result["to"], result["leader"]) == ("db1", "db3", "db3")


def test_switchover_of_two_is_not_scheduled() -> None:
    real = Patroni(without(CLUSTER, "db2"))
    real.on_change = switched
    do("switchover", real, candidate="", away_from="", timeout=0, members=["db1", "db3"])
    assert real.told == [("POST", "/switchover", {"leader": "db1", "candidate": "db3"})]


def test_switchover_that_does_not_begin_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patroni_switchover, "PATIENCE", -10)
    real = Patroni()
    with pytest.raises(AgentError, match="the request was withdrawn") as caught:
        do("switchover", real, candidate="", away_from="", timeout=0)
    assert caught.value.code == "not-in-time"
    assert [told[:2] for told in real.told] == [("POST", "/switchover"), ("DELETE", "/switchover")]


@pytest.mark.parametrize(("candidate", "away_from"), [("db1", ""), ("", "db2"), ("db3", "db2")])
def test_switchover_that_is_not_needed(candidate: str, away_from: str) -> None:
    real = Patroni()
    assert do("switchover", real, candidate=candidate, away_from=away_from, timeout=0)[0] == []
    assert real.told == []


def test_the_only_member_hands_over_to_no_member() -> None:
    assert do("switchover", Patroni(without(CLUSTER, "db2", "db3")), candidate="", away_from="db1", timeout=0, members=["db1"])[0] == []


@pytest.mark.parametrize("mode", ["apply", "check"])
def test_switchover_is_refused_while_the_cluster_is_unhealthy(mode: str) -> None:
    real = Patroni(without(CLUSTER, "db2"))
    with pytest.raises(AgentError, match="db2 is not in the cluster") as caught:
        do("switchover", real, mode, candidate="", away_from="", timeout=0)
    assert (caught.value.code, real.told) == ("cluster-unhealthy", [])


def test_a_wrong_candidate_is_said_before_what_is_wrong_with_the_cluster() -> None:
    with pytest.raises(AgentError, match=r"has no member db9\. Fix: use one of db1, db2, db3,") as caught:
        do("switchover", Patroni(without(CLUSTER, "db2")), "check", candidate="db9", away_from="", timeout=0)
    assert caught.value.code == "unknown-member"


@pytest.mark.parametrize("seconds", [0, 5])
def test_a_lag_that_passes_is_waited_for(seconds: int) -> None:
    """A WAL segment that ends early (seen with archive_timeout: 16348520 bytes) is no reason to refuse."""
    asked: list[str] = []

    class Jumped(Patroni):
        def __call__(self, method: str, url: str, body: bytes | None, timeout: float) -> tuple[int, str]:
            if method == "GET" and url.endswith("/cluster") and not self.told:
                asked.append(url)
                self.cluster = changed(CLUSTER, "db3", lag=16348520 if len(asked) < 4 else 0)
            return super().__call__(method, url, body, timeout)

    real = Jumped()
    real.on_change = switched
    ctx = context(real)
    ctx.kept(patroni_rest.Kept).settle = seconds
    call = {**COMMON, "candidate": "", "away_from": "", "timeout": 0}
    if not seconds:
        with pytest.raises(AgentError, match="db3 is 16348520 bytes behind"):
            patroni.switchover(call, ctx)
        return
    steps, _result = patroni.switchover(call, ctx)
    assert [step.detail for step in steps] == ["db1 -> db3"]
    assert len(asked) == 4


@pytest.mark.parametrize("answer", [503, None])
@pytest.mark.parametrize(
    ("call", "params", "code"),
    [
        ("switchover", {"candidate": "", "away_from": "", "timeout": 1}, "cluster-unhealthy"),
        ("restart", {"only_pending": False, "force": False, "timeout": 1}, "no-leader"),
        ("reinit", {"force": False, "timeout": 1}, "no-leader"),
        ("remove", {"member": "db2", "unit": "patroni.service", "others": [], "force": False, "timeout": 1}, "no-leader"),
    ],
)
def test_a_view_that_the_leader_does_not_confirm_is_old(answer: int | None, call: str, params: dict[str, Any], code: str) -> None:
    """A member that was cut off still sees the previous cluster: nothing is done that relies on it."""
    real = Patroni(name="db2")
    real.leader = answer
    running = lambda argv, **_more: Result(0, "active\nenabled\n", "")  # noqa: E731
    with pytest.raises(AgentError, match="db1 is reported as the leader and") as refused:
        do(call, real, runner=running, **params)
    assert refused.value.code == code
    assert not real.told


def test_patroni_has_the_last_word() -> None:
    real = Patroni()
    real.refusal = (412, "candidate name does not match with sync_standby")  # recorded
    with pytest.raises(AgentError, match="does not match with sync_standby") as caught:
        do("switchover", real, candidate="", away_from="", timeout=0)
    assert caught.value.code == "patroni-refused"


def test_restart_only_where_something_waits() -> None:
    quiet = Patroni(name="db3", pending_restart=False)
    assert do("restart", quiet, only_pending=True, force=False, timeout=0)[0] == []
    waiting = Patroni(name="db2", replication_state="streaming")
    assert do("restart", waiting, only_pending=True, force=False, timeout=0)[0] == ["max_connections"]
    assert waiting.told == [("POST", "/restart", {"restart_pending": True})]
    with pytest.raises(AgentError, match="it leads"):
        do("restart", Patroni(), only_pending=True, force=False, timeout=0)


def test_a_restarted_member_counts_only_when_it_streams() -> None:
    real = Patroni(name="db2", replication_state="in archive recovery")
    with pytest.raises(AgentError, match="db2 is back"):
        do("restart", real, only_pending=True, force=False, timeout=0)


@pytest.mark.parametrize(
    ("journal", "reason"),
    [
        (
            "INFO: restarting\n2719 FATAL:  terminating walreceiver process due to administrator command\n"
            '2801 FATAL:  could not access file "pg_stat_statement": No such file or directory\n2801 LOG:  database system is shut down\n'
            "2802 postgres@postgres [local] FATAL:  the database system is starting up\n2803 FATAL:  the database system is starting up\n"
            "ERROR: postmaster is not running\n",
            'is down: could not access file "pg_stat_statement": No such file or directory. Correct what it names',
        ),
        ('postgres: "superuser_reserved_connections" (200) plus "reserved_connections" (0) must be less\n', 'is down: "superuser_reserved'),
        ("INFO: restarting\n2719 FATAL:  terminating walreceiver process due to administrator command\n", ""),
    ],
)
def test_a_restart_that_failed_says_what_postgresql_says(journal: str, reason: str) -> None:
    asked: list[list[str]] = []

    def runner(argv: list[str], **_options: Any) -> Result:
        asked.append(argv)
        return Result(0, journal) if argv[0] == "journalctl" else Result(2, "", "connection to server failed")

    real = Patroni(name="db2")
    real.refusal = (503, "restart failed")
    with pytest.raises(AgentError, match="restart failed") as caught:
        do("restart", real, runner=runner, only_pending=True, force=False, timeout=0)
    assert caught.value.code == "patroni-refused"
    assert reason in caught.value.msg and ("is down" in caught.value.msg) is bool(reason)
    (argv,) = [argv for argv in asked if argv[0] == "journalctl"]
    assert argv[argv.index("--since") + 1].startswith("@")  # nothing that was there


def test_reinit() -> None:
    real = Patroni(LAST, name="db2")
    real.on_change = lambda patroni: setattr(patroni, "cluster", CLUSTER)
    do("reinit", real, force=False, timeout=0)
    assert real.told == [("POST", "/reinitialize", {"force": True})]
    last = Patroni(LAST, name="db3")
    with pytest.raises(AgentError, match="healthy standbys would be left"):
        do("reinit", last, force=False, timeout=0)
    do("reinit", last, force=True, timeout=0)
    assert last.told == [("POST", "/reinitialize", {"force": True})]
    with pytest.raises(AgentError, match="its data are the cluster's"):
        do("reinit", Patroni(), force=True, timeout=0)


def test_debian_12_does_not_say_its_name_so_the_configuration_does(tmp_path: Path) -> None:
    """Patroni 3.0.2: neither name in /patroni nor scope in /cluster (recorded: {"version": "3.0.2", "scope": "vannah"})."""
    config = tmp_path / "etc/patroni/config.yml"
    config.parent.mkdir(parents=True)
    config.write_text("# Written by vannah.healthcloud\nscope: vannah\nnamespace: /vannah/\nname: db1\npostgresql:\n  name: other\n")
    real = Patroni({"members": CLUSTER["members"]})
    real.own = {**OWN, "role": "master", "patroni": {"version": "3.0.2", "scope": "vannah"}}
    steps, result = patroni.config({**COMMON, "config": {"ttl": 30}, "wait": 0}, context(real, root=str(tmp_path)))
    assert [step.target for step in steps] == ["vannah"]
    assert result["scope"] == "vannah"


@pytest.mark.parametrize(
    ("age", "mode", "slept"),
    [(0.5, "apply", [pytest.approx(2 + 3 - 0.5, abs=0.3)]), (8, "apply", []), (3600, "apply", []), (-5, "apply", []), (0.5, "check", [])],
)
def test_a_new_configuration_file_is_taken_over_before_the_member_is_asked(
    age: float, mode: str, slept: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was reloaded a moment ago says that nothing waits, whatever does."""
    file = tmp_path / "etc/patroni/config.yml"
    file.parent.mkdir(parents=True)
    file.write_text("")
    os.utime(file, (time.time() - age,) * 2)
    real = Patroni()
    real.config = {**real.config, "loop_wait": 2}
    ctx = context(real, mode, root=str(tmp_path))
    ctx.interval = None
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    patroni_look.await_reload(ctx, patroni_rest.connect(ctx, COMMON))
    assert waited == slept
