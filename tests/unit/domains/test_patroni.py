# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni: decisions as tables, calls against answers that a real cluster of three gave (Patroni 4.0.7, PostgreSQL 17.12)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.domains import (
    patroni,
    patroni_cluster,
    patroni_packages,
    patroni_restart,
    patroni_switchover,
)
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.domains.patroni_cluster import Cluster, config_patch
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.domains.patroni_guard import guard, listeners
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.domains.patroni_rest import Silent
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle

# GET /cluster while max_connections waited for a restart on two members.
CLUSTER = json.loads("""
{"members": [
 {"name": "db1", "role": "leader", "state": "running", "api_url": "https://172.17.0.3:8008/patroni", "host": "172.17.0.3", "port": 5432,
  "timeline": 1, "pending_restart": true, "pending_restart_reason": {"max_connections": {"old_value": "200", "new_value": "210"}}},
 {"name": "db2", "role": "replica", "state": "streaming", "api_url": "https://172.17.0.5:8008/patroni", "host": "172.17.0.5", "port": 5432,
  "timeline": 1, "pending_restart": true, "pending_restart_reason": {"max_connections": {"old_value": "200", "new_value": "210"}},
  "lag": 0},
 {"name": "db3", "role": "sync_standby", "state": "streaming", "api_url": "https://172.17.0.6:8008/patroni", "host": "172.17.0.6",
  "port": 5432, "timeline": 1, "lag": 0}], "scope": "vannah"}
""")
# The same a moment after the restart of the synchronous standby was asked for.
RESTARTING = json.loads("""
{"members": [
 {"name": "db1", "role": "leader", "state": "running", "api_url": "https://172.17.0.3:8008/patroni", "host": "172.17.0.3", "port": 5432,
  "timeline": 1},
 {"name": "db2", "role": "replica", "state": "streaming", "api_url": "https://172.17.0.5:8008/patroni", "host": "172.17.0.5", "port": 5432,
  "timeline": 1, "lag": 0},
 {"name": "db3", "role": "replica", "state": "running", "api_url": "https://172.17.0.6:8008/patroni", "host": "172.17.0.6", "port": 5432,
  "tags": {"nosync": true}, "lag": "unknown"}], "scope": "vannah"}
""")
CONFIG = json.loads("""
{"ttl": 20, "loop_wait": 2, "retry_timeout": 8, "maximum_lag_on_failover": 1048576, "primary_start_timeout": 0, "synchronous_mode": true,
 "synchronous_mode_strict": true, "synchronous_node_count": 1, "failsafe_mode": false, "slots": {}, "postgresql": {"use_slots": true,
 "use_pg_rewind": true, "remove_data_directory_on_rewind_failure": true, "remove_data_directory_on_diverged_timelines": true,
 "parameters": {"max_connections": 200, "max_wal_senders": 10, "max_replication_slots": 10, "wal_level": "replica", "wal_log_hints": "on",
 "wal_keep_size": "512MB"}}}
""")
OWN = json.loads("""
{"state": "running", "postmaster_start_time": "2026-11-24 18:27:00.031585+00:00", "role": "primary", "server_version": 170012,
 "xlog": {"location": 100974840}, "timeline": 1, "dcs_last_seen": 1795544915, "database_system_identifier": "7711806277517982998",
 "pending_restart": true, "pending_restart_reason": {"max_connections": {"old_value": "200", "new_value": "210"}},
 "patroni": {"version": "4.0.7", "scope": "vannah", "name": "db1"}}
""")

COMMON = {"url": "https://127.0.0.1:8008", "members": ["db1", "db2", "db3"], "max_lag": 1048576}


def changed(found: dict[str, Any], name: str, **values: Any) -> dict[str, Any]:
    """A cluster in which one member is otherwise; ``None`` takes a key away."""
    members = [
        {k: v for k, v in {**member, **(values if member["name"] == name else {})}.items() if v is not None} for member in found["members"]
    ]
    return {**found, "members": members}


def without(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**found, "members": [member for member in found["members"] if member["name"] not in names]}


class Patroni:
    """A cluster that answers what it is told to, and remembers what was asked of it."""

    def __init__(self, cluster: dict[str, Any] | None = None, name: str = "db1", **own: Any) -> None:
        self.cluster = CLUSTER if cluster is None else cluster
        self.config = CONFIG
        self.own = {**OWN, **own, "patroni": {**OWN["patroni"], "name": name}}
        self.told: list[tuple[str, str, Any]] = []
        self.silent = False
        #: what the member that is said to lead answers to GET /leader; None: nothing
        self.leader: int | None = 200
        self.on_change: Callable[[Patroni], None] = lambda patroni: None
        self.refusal: tuple[int, str] | None = None

    def __call__(self, method: str, url: str, body: bytes | None, timeout: float) -> tuple[int, str]:
        if self.silent:
            raise Silent("[Errno 111] Connection refused")
        path = "/" + url.split("/", 3)[3]
        if path == "/leader":
            if self.leader is None:
                raise Silent("timed out")
            leader = next(member for member in self.cluster["members"] if member["role"] == "leader")
            assert url == leader["api_url"].replace("/patroni", "/leader"), "the one that is said to lead has to say so itself"
            return self.leader, "{}"
        if method == "GET":
            return 200, json.dumps({"/cluster": self.cluster, "/config": self.config, "/patroni": self.own}[path])
        self.told.append((method, path, json.loads(body or b"null")))
        if self.refusal:
            return self.refusal
        self.on_change(self)
        return 200, "done"


def context(real: Patroni, mode: str = "apply", runner: Callable[..., Result] | None = None, root: str = "/") -> Context:
    found = Context(mode, diff=True, runner=runner, root=root)
    found.memo.update(patroni_rest=real, patroni_interval=0)
    return found


def no_server(argv: list[str], **_more: Any) -> Result:
    """A host on which psql reaches no server (its exit status 2)."""
    return Result(2, "", "connection to server failed")


def do(
    call: str, real: Patroni, mode: str = "apply", runner: Callable[..., Result] = no_server, **params: Any
) -> tuple[list[str], dict[str, Any]]:
    """A call as the agent makes it: the steps' details, and the result after they were applied."""
    ctx = context(real, mode, runner)
    steps, result = patroni.CALLS[call]({**COMMON, **params}, ctx)
    for step in steps:
        if mode == "apply" and step.apply:
            step.apply(ctx)
    return [step.detail for step in steps], result


# --- what is whole ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        (CLUSTER, []),
        (RESTARTING, ["db3 does not say how far it is behind", "no standby is synchronous"]),
        (without(CLUSTER, "db1"), ["nobody leads", "db1 is not in the cluster"]),
        (without(CLUSTER, "db3"), ["db3 is not in the cluster", "no standby is synchronous"]),
        (changed(CLUSTER, "db1", state="starting"), ["nobody leads"]),
        (changed(CLUSTER, "db2", state="creating replica", lag="unknown"), ["db2 is creating replica"]),
        (changed(CLUSTER, "db2", lag=1048577), ["db2 is 1048577 bytes behind"]),
        (changed(CLUSTER, "db2", lag=1048576), []),
        (changed(CLUSTER, "db2", timeline=2), ["db2 is on timeline 2, the leader on 1"]),
        ({**CLUSTER, "pause": True}, ["automatic failover is paused (patronictl pause)"]),
        # Patroni 3.0 of Debian 12 says running where a newer one says streaming.
        (changed(CLUSTER, "db2", state="running"), []),
    ],
)
def test_problems(found: dict[str, Any], problems: list[str]) -> None:
    assert Cluster(found).problems(["db1", "db2", "db3"], synchronous=True) == problems


def test_one_member_needs_no_standby() -> None:
    assert Cluster(without(CLUSTER, "db2", "db3")).problems(["db1"], synchronous=True) == []


# --- what is safe -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "wanted", "synchronous", "outcome"),
    [
        (CLUSTER, "", True, "db3"),
        (CLUSTER, "db3", True, "db3"),
        (CLUSTER, "db2", True, "candidate-not-synchronous"),
        (CLUSTER, "db2", False, "db2"),
        (CLUSTER, "", False, "db2"),  # equal lag: by name
        (changed(CLUSTER, "db2", lag=9), "", False, "db3"),
        (CLUSTER, "db9", True, "unknown-member"),
        (changed(CLUSTER, "db3", lag=1048577), "", True, "no-candidate"),
        (changed(CLUSTER, "db3", lag=1048577), "db3", True, "candidate-lags"),
        (changed(CLUSTER, "db3", lag="unknown"), "db3", True, "candidate-lags"),
        (changed(CLUSTER, "db3", tags={"nofailover": True}), "db3", True, "no-candidate"),
        (changed(CLUSTER, "db3", tags={"nofailover": True}), "", False, "db2"),
        (changed(CLUSTER, "db3", role="quorum_standby"), "", True, "db3"),
        (without(CLUSTER, "db2", "db3"), "", False, "no-candidate"),
    ],
)
def test_candidate(found: dict[str, Any], wanted: str, synchronous: bool, outcome: str) -> None:
    try:
        assert patroni_cluster.choose_candidate(Cluster(found), wanted, synchronous) == outcome
    except AgentError as error:
        assert error.code == outcome


LAST = changed(CLUSTER, "db2", state="stopped", lag="unknown")  # db3 is the only healthy standby
PAIR = without(CLUSTER, "db2")
LEADERLESS = changed(CLUSTER, "db1", role="replica", state="stopped")


@pytest.mark.parametrize(
    ("decide", "found", "name", "outcome"),
    [
        ("restart", CLUSTER, "db2", None),
        ("restart", CLUSTER, "db3", None),
        ("restart", CLUSTER, "db1", "member-leads"),
        ("restart", without(CLUSTER, "db2", "db3"), "db1", None),  # of one nobody can take over
        ("restart", PAIR, "db3", None),
        ("restart", LAST, "db3", "would-lose-standby"),
        ("restart", LAST, "db2", None),
        ("restart", LEADERLESS, "db2", "no-leader"),
        ("reinit", CLUSTER, "db2", None),
        ("reinit", CLUSTER, "db1", "member-leads"),
        ("reinit", LEADERLESS, "db2", "no-leader"),
        ("reinit", LAST, "db2", None),  # it is broken: that is what it is for
        ("reinit", LAST, "db3", "would-lose-standby"),
        ("reinit", CLUSTER, "db9", "unknown-member"),
        ("remove", CLUSTER, "db2", None),
        ("remove", CLUSTER, "db1", "member-leads"),
        ("remove", LAST, "db3", "would-lose-standby"),
        ("remove", PAIR, "db3", "would-lose-standby"),
        ("remove", LEADERLESS, "db2", "no-leader"),
        ("remove", CLUSTER, "db9", None),  # it is out already
    ],
)
def test_refusals(decide: str, found: dict[str, Any], name: str, outcome: str | None) -> None:
    arguments: tuple[Any, ...] = (Cluster(found), name, *((1,) if decide == "remove" else ()))
    try:
        getattr(patroni_cluster, f"refuse_{decide}")(*arguments)
    except AgentError as error:
        assert error.code == outcome
        assert name in error.msg
    else:
        assert outcome is None


def test_a_pair_without_strict_replication_may_lose_its_standby() -> None:
    patroni_cluster.refuse_remove(Cluster(PAIR), "db3", 0)


# --- the common configuration -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "patch"),
    [
        (CONFIG, {}),
        ({"ttl": 30}, {"ttl": 30}),
        ({"postgresql": {"parameters": {"max_connections": "200", "wal_log_hints": True}}}, {}),
        ({"postgresql": {"parameters": {"max_connections": 300}}}, {"postgresql": {"parameters": {"max_connections": 300}}}),
        ({"postgresql": {"parameters": {"wal_keep_size": None, "nothing": None}}}, {"postgresql": {"parameters": {"wal_keep_size": None}}}),
        ({"slots": {"away": {"type": "physical"}}}, {"slots": {"away": {"type": "physical"}}}),
        ({"failsafe_mode": True, "ttl": 20}, {"failsafe_mode": True}),
        ({"synchronous_node_count": True}, {"synchronous_node_count": True}),  # true is not 1 here
        ({"ignore_slots": []}, {"ignore_slots": []}),
        ({"standby_cluster": {}}, {}),
    ],
)
def test_config_patch(wanted: dict[str, Any], patch: dict[str, Any]) -> None:
    assert config_patch(wanted, CONFIG) == patch


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


# --- looking and the verbs ----------------------------------------------------------------------------------------------------


def test_info() -> None:
    _steps, result = do("info", Patroni(), wait=0)
    assert (result["leader"], result["synchronous"], result["pending_restart"], result["problems"]) == ("db1", ["db3"], ["db1", "db2"], [])
    assert result["member"]["postgresql"] == "17.12"
    assert result["members"][1]["pending_restart_reason"] == ["max_connections"]


FIVE = {"max_prepared_transactions": ["0", False], "max_locks_per_transaction": ["64", False], "max_worker_processes": ["8", False]}


@pytest.mark.parametrize(
    ("name", "leader_waits", "settings", "lowered", "waits_for_leader"),
    [
        ("db1", True, {"max_connections": ["215", True]}, ["max_connections"], False),  # who leads waits for nobody
        ("db2", True, {"max_connections": ["215", True]}, ["max_connections"], True),
        # Patroni started it with its leader's value, so for PostgreSQL nothing is pending any more.
        ("db2", True, {"max_connections": ["215", False]}, ["max_connections"], True),
        ("db2", True, {"max_connections": ["215", True], "shared_buffers": ["16384", True]}, ["max_connections"], False),
        ("db2", False, {"max_connections": ["215", False]}, ["max_connections"], False),  # the leader has it already
        ("db2", True, {"max_connections": ["150", True]}, [], False),  # raised
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


def test_info_waits_for_a_whole_cluster_and_says_what_is_missing() -> None:
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
    with pytest.raises(AgentError, match="the order was taken back") as caught:
        do("switchover", real, candidate="", away_from="", timeout=0)
    assert caught.value.code == "not-in-time"
    assert [told[:2] for told in real.told] == [("POST", "/switchover"), ("DELETE", "/switchover")]


@pytest.mark.parametrize(("candidate", "away_from"), [("db1", ""), ("", "db2"), ("db3", "db2")])
def test_switchover_that_is_not_needed(candidate: str, away_from: str) -> None:
    real = Patroni()
    assert do("switchover", real, candidate=candidate, away_from=away_from, timeout=0)[0] == []
    assert real.told == []


def test_the_only_member_steps_aside_for_nobody() -> None:
    assert do("switchover", Patroni(without(CLUSTER, "db2", "db3")), candidate="", away_from="db1", timeout=0, members=["db1"])[0] == []


@pytest.mark.parametrize("mode", ["apply", "check"])
def test_switchover_is_refused_while_the_cluster_is_not_whole(mode: str) -> None:
    real = Patroni(without(CLUSTER, "db2"))
    with pytest.raises(AgentError, match="db2 is not in the cluster") as caught:
        do("switchover", real, mode, candidate="", away_from="", timeout=0)
    assert (caught.value.code, real.told) == ("cluster-not-whole", [])


@pytest.mark.parametrize("answer", [503, None])
@pytest.mark.parametrize(
    ("call", "params", "code"),
    [
        ("switchover", {"candidate": "", "away_from": "", "timeout": 1}, "cluster-not-whole"),
        ("restart", {"only_pending": False, "force": False, "timeout": 1}, "no-leader"),
        ("reinit", {"force": False, "timeout": 1}, "no-leader"),
        ("remove", {"member": "db2", "unit": "patroni.service", "others": [], "force": False, "timeout": 1}, "no-leader"),
    ],
)
def test_a_view_that_the_leader_does_not_confirm_is_old(answer: int | None, call: str, params: dict[str, Any], code: str) -> None:
    """A member that was cut off still sees the cluster of before: nothing is done that relies on it."""
    real = Patroni(name="db2")
    real.leader = answer
    running = lambda argv, **_more: Result(0, "active\nenabled\n", "")  # noqa: E731
    with pytest.raises(AgentError, match="db1 is said to lead and") as refused:
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
    steps, _result = patroni.remove({**COMMON, **REMOVE}, ctx)
    assert [step.action for step in steps] == ["stop", "remove"]
    for step in steps:
        assert step.apply
        step.apply(ctx)
    assert argvs[-1] == ["systemctl", "disable", "--now", "patroni.service"]
    ctx = context(real, runner=systemd("inactive\ndisabled\n", real, argvs))
    assert patroni.remove({**COMMON, **REMOVE}, ctx)[0] == []


@pytest.mark.parametrize("force", [False, True])
def test_the_live_leader_is_never_removed(force: bool) -> None:
    real = Patroni()
    ctx = context(real, runner=systemd("active\nenabled\n", real, []))
    with pytest.raises(AgentError, match="it leads") as caught:
        patroni.remove({**COMMON, **REMOVE, "member": "db1", "force": force}, ctx)
    assert caught.value.code == "member-leads"


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


# --- the driver of component_restart ------------------------------------------------------------------------------------------

UNIT = {"name": "patroni.service", "ready": {"http": "https://127.0.0.1:8008/health", "timeout": 1}}


def test_the_driver_restarts_a_standby_and_never_the_leader() -> None:
    argvs: list[list[str]] = []

    def runner(argv: list[str], **_options: Any) -> Result:
        argvs.append(argv)
        return Result(0)

    patroni_restart.restart(context(Patroni(name="db2", replication_state="streaming"), runner=runner), UNIT)
    assert argvs == [["systemctl", "restart", "patroni.service"]]
    with pytest.raises(AgentError, match="Switch over first"):
        patroni_restart.restart(context(Patroni(), runner=runner), UNIT)
    assert len(argvs) == 1


def test_the_driver_takes_addresses_and_certificates_from_the_definition() -> None:
    certificate = {"cert": "/c", "key": "/k", "ca": "/a"}
    assert patroni_restart.rest_of(UNIT, {"certificates": [certificate]}) == {"url": "https://127.0.0.1:8008", **certificate}


def test_the_driver_travels_with_the_restart_of_its_unit() -> None:
    payload: dict[str, Any] = {"op": "restart", "components": [{"units": [{"name": "patroni.service", "driver": "patroni"}]}]}
    found = bundle.needed(payload, bundle.modules())
    assert f"{bundle.PACKAGE}.domains.patroni_restart" in found
    assert f"{bundle.PACKAGE}.domains.postgresql" not in found
    payload["op"] = "converge"
    assert f"{bundle.PACKAGE}.domains.patroni_restart" not in bundle.needed(payload, bundle.modules())


# --- what is somebody else's --------------------------------------------------------------------------------------------------

# /proc/net/tcp of a host with PostgreSQL on 5432 (1538) and a client of it.
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 3301 1 0000000000000000 100 0 0 10 0
   1: 0100007F:BEEF 0100007F:1F48 01 00000000:00000000 00:00000000 00000000   101        0 3302 1 0000000000000000 100 0 0 10 0
"""
DATA = "/var/lib/postgresql/17/vannah"
OURS = f"# Written by vannah.healthcloud for the cluster vannah\nscope: vannah\npostgresql:\n  data_dir: {DATA}\n"


def test_listeners() -> None:
    assert listeners(TCP) == {5432}


@pytest.mark.parametrize(
    ("files", "adopt", "outcome"),
    [
        ({}, False, None),
        ({DATA + "/lost+found/x": ""}, False, None),
        ({DATA + "/PG_VERSION": "17"}, False, "foreign-data"),
        ({DATA + "/PG_VERSION": "17"}, True, None),
        ({DATA + "/PG_VERSION": "17", "/etc/patroni/config.yml": OURS, "/proc/net/tcp": TCP}, False, None),
        ({DATA + "/PG_VERSION": "17", "/etc/patroni/config.yml": OURS.replace("17/vannah", "17/other")}, False, "foreign-data"),
        ({"/etc/patroni/config.yml": "scope: theirs\n"}, False, "foreign-patroni"),
        ({"/proc/net/tcp": TCP}, False, "port-taken"),
        ({"/proc/net/tcp6": TCP}, False, "port-taken"),
    ],
)
def test_guard(tmp_path: Path, files: dict[str, str], adopt: bool, outcome: str | None) -> None:
    for name, text in files.items():
        path = tmp_path / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    ctx = Context(root=str(tmp_path))
    try:
        steps, _result = guard({"data_directory": DATA, "ports": [5432, 8008], "adopt": adopt}, ctx)
    except AgentError as error:
        assert error.code == outcome
        assert "postgresql_adopt" in error.msg
    else:
        assert (steps, outcome) == ([], None)


# --- packages -----------------------------------------------------------------------------------------------------------------

POLICY = """\
patroni:
  Installed: 4.0.7-3~deb13u1
  Candidate: 4.0.7-3~deb13u1
  Version table:
 *** 4.0.7-3~deb13u1 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
        100 /var/lib/dpkg/status
postgresql-17:
  Installed: 17.11-0+deb13u1
  Candidate: 17.12-0+deb13u1
  Version table:
     17.12-0+deb13u1 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
 *** 17.11-0+deb13u1 100
        100 /var/lib/dpkg/status
postgresql-gone:
  Installed: 1
  Candidate: (none)
"""


def test_candidates() -> None:
    assert patroni_packages.candidates(POLICY) == [("postgresql-17", "17.11-0+deb13u1", "17.12-0+deb13u1")]


def test_installed_packages_of_the_data_tier() -> None:
    listing = "ii  libpq5:amd64\nii  patroni\nrc  postgresql-15\nhi  postgresql-17\nii  etcd-server\nii  nginx\n"
    assert patroni_packages.installed(listing) == ["libpq5", "patroni", "postgresql-17"]


def test_a_major_version_is_no_minor_update() -> None:
    with pytest.raises(AgentError, match="no minor update"):
        patroni_packages.refuse_major([("postgresql-17", "17.11-1", "18.0-1")])
    patroni_packages.refuse_major([("postgresql-17", "17.11-1", "17.12-1"), ("postgresql-common", "278", "290")])
