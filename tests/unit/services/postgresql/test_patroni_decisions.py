# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is healthy and what is safe: decisions about a cluster of Patroni, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import cluster as patroni_cluster
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni.cluster import Cluster, config_patch

from .recorded_patroni import CLUSTER, CONFIG, LAST, RESTARTING, changed, without

# --- what is healthy ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        (CLUSTER, []),
        (RESTARTING, ["db3 does not say how far it is behind", "no standby is synchronous"]),
        (without(CLUSTER, "db1"), ["the cluster has no leader", "db1 is not in the cluster"]),
        (without(CLUSTER, "db3"), ["db3 is not in the cluster", "no standby is synchronous"]),
        (changed(CLUSTER, "db1", state="starting"), ["the cluster has no leader"]),
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


@pytest.mark.parametrize(
    ("found", "fixes"),
    [
        (without(CLUSTER, "db3"), ["start db3 (systemctl start patroni there), or `make converge`", "wait until a standby"]),
        (without(CLUSTER, "db1"), ["systemctl status etcd patroni", "start db1"]),
        (changed(CLUSTER, "db2", state="start failed"), ["journalctl -u patroni on db2", "postgresql/reinit.yml"]),
        (changed(CLUSTER, "db2", lag=1048577), ["wait until it has caught up"]),
        ({**CLUSTER, "pause": True}, ["patronictl -c /etc/patroni/config.yml resume"]),
    ],
)
def test_refusal_says_what_to_do(found: dict[str, Any], fixes: list[str]) -> None:
    with pytest.raises(AgentError) as refused:
        patroni_cluster.require_healthy(Cluster(found), "switch over", ["db1", "db2", "db3"], patroni_cluster.MAX_LAG, True)
    assert refused.value.code == "cluster-unhealthy"
    _what, _, fix = refused.value.msg.partition(" Fix: ")
    assert all(text in fix for text in fixes)


@pytest.mark.parametrize(
    ("wanted", "expected", "refused"),
    [("", [], False), ("db2", [], False), ("db3", ["db3"], False), ("db3", [], True), ("db9", ["db3"], True)],
)
def test_a_candidate_that_nobody_knows(wanted: str, expected: list[str], refused: bool) -> None:
    cluster = Cluster(without(CLUSTER, "db3"))
    if not refused:
        patroni_cluster.refuse_unknown(cluster, wanted, expected)
        return
    with pytest.raises(AgentError, match=r"has no member db\d. Fix: use one of db1, db2") as caught:
        patroni_cluster.refuse_unknown(cluster, wanted, expected)
    assert caught.value.code == "unknown-member"


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


PAIR = without(CLUSTER, "db2")
LEADERLESS = changed(CLUSTER, "db1", role="replica", state="stopped")


@pytest.mark.parametrize(
    ("decide", "found", "name", "outcome"),
    [
        ("restart", CLUSTER, "db2", None),
        ("restart", CLUSTER, "db3", None),
        ("restart", CLUSTER, "db1", "member-leads"),
        ("restart", without(CLUSTER, "db2", "db3"), "db1", None),  # of one that no member can take over
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
        ("remove", changed(CLUSTER, "db1", state="starting"), "db1", "member-leads"),
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
    with pytest.raises(AgentError) as refused:
        patroni_cluster.refuse_remove(Cluster(PAIR), "db3", 1)
    assert refused.value.code == "would-lose-standby"


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
        ({"slots": {"away": None}}, {}),
        ({"postgresql": {"pg_ident": {"map": None, "other": 1}}}, {"postgresql": {"pg_ident": {"other": 1}}}),  # no null is stored
        ({"failsafe_mode": True, "ttl": 20}, {"failsafe_mode": True}),
        ({"synchronous_node_count": True}, {"synchronous_node_count": True}),  # true is not 1 here
        ({"ignore_slots": []}, {"ignore_slots": []}),
        ({"standby_cluster": {}}, {}),
    ],
)
def test_config_patch(wanted: dict[str, Any], patch: dict[str, Any]) -> None:
    assert config_patch(wanted, CONFIG) == patch


def test_what_left_the_inventory_is_taken_away_once() -> None:
    slots = {"away": {"type": "physical"}, "theirs": {"type": "physical"}}
    parameters = {**CONFIG["postgresql"]["parameters"], "archive_timeout": "60s", "max_locks_per_transaction": 256}
    before = {**CONFIG, "slots": slots, "postgresql": {**CONFIG["postgresql"], "parameters": parameters}}
    wanted = {"slots": {"away": None}, "postgresql": {"parameters": {"archive_timeout": None, "max_locks_per_transaction": None}}}
    assert config_patch(wanted, before) == wanted
    assert config_patch(wanted, {**CONFIG, "slots": {"theirs": slots["theirs"]}}) == {}
