# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd: what a real cluster of three said (3.5.16), healthy and with one member stopped, and who may be interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import calls as etcd
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import remove as etcd_remove

MEMBERS = (
    '{"header":{"cluster_id":7817073326622120027,"member_id":12858828581462913056,"raft_term":2},"members":['
    '{"ID":10749865807379993530,"name":"db2","peerURLs":["https://172.17.0.5:2380"],"clientURLs":["https://172.17.0.5:2379"]},'
    '{"ID":12858828581462913056,"name":"db1","peerURLs":["https://172.17.0.3:2380"],"clientURLs":["https://172.17.0.3:2379"]},'
    '{"ID":17556787751454784886,"name":"db3","peerURLs":["https://172.17.0.6:2380"],"clientURLs":["https://172.17.0.6:2379"]}]}\n'
)
HEALTH = (
    '[{"endpoint":"https://172.17.0.6:2379","health":true,"took":"6.325455ms"},{"endpoint":"https://172.17.0.5:2379","health":true,'
    '"took":"7.288706ms"},{"endpoint":"https://172.17.0.3:2379","health":true,"took":"7.627561ms"}]\n'
)
ONE_DOWN = (
    '[{"endpoint":"https://172.17.0.5:2379","health":true,"took":"8.118789ms"},{"endpoint":"https://172.17.0.3:2379","health":true,'
    '"took":"8.107792ms"},{"endpoint":"https://172.17.0.6:2379","health":false,"took":"4.000344888s",'
    '"error":"context deadline exceeded"}]\n'
)
STATUS = (
    '[{"Endpoint":"https://172.17.0.3:2379","Status":{"header":{"cluster_id":7817073326622120027,"member_id":12858828581462913056,'
    '"revision":99,"raft_term":2},"version":"3.5.16","dbSize":61440,"leader":12858828581462913056,"raftIndex":121,"raftTerm":2,'
    '"raftAppliedIndex":121,"dbSizeInUse":61440}},{"Endpoint":"https://172.17.0.5:2379","Status":{"header":{"cluster_id":'
    '7817073326622120027,"member_id":10749865807379993530,"revision":99,"raft_term":2},"version":"3.5.16","dbSize":61440,"leader":'
    '12858828581462913056,"raftIndex":121,"raftTerm":2,"raftAppliedIndex":121,"dbSizeInUse":61440}}]\n'
)
PARAMS = {
    "endpoint": "https://127.0.0.1:2379",
    "ca": "/ca",
    "cert": "/cert",
    "key": "/key",
    "interrupt": "",
    "members": ["db1", "db2", "db3"],
    "wait": 0,
}


def etcdctl(health: str = HEALTH, members: str = MEMBERS, rc: int = 0, seen: list[Any] | None = None) -> Callable[..., Result]:
    def runner(argv: list[str], **options: Any) -> Result:
        if seen is not None:
            seen.append((argv, options["env"]))
        if "list" in argv:
            return Result(rc, members, "Error: context deadline exceeded" if rc else "")
        return Result(0 if health == HEALTH else 1, health if "health" in argv else STATUS, "")

    return runner


def ask(runner: Callable[..., Result], mode: str = "apply", **params: Any) -> dict[str, Any]:
    ctx = Context(mode, runner=runner)
    ctx.interval = 0
    steps, result = etcd.CALLS["health"]({**PARAMS, **params}, ctx)
    assert steps == []
    return result


def test_a_healthy_cluster() -> None:
    result = ask(etcdctl(), interrupt="db1", wait=1)
    assert (result["healthy"], result["quorum"], result["problems"]) == (3, 2, [])
    assert [member["name"] for member in result["members"] if member["leader"]] == ["db1"]


def test_tls_and_no_secret_on_the_command_line() -> None:
    seen: list[Any] = []
    ask(etcdctl(seen=seen))
    argv, env = seen[0]
    assert argv[:9] == ["etcdctl", "--endpoints", "https://127.0.0.1:2379", "--cacert", "/ca", "--cert", "/cert", "--key", "/key"]
    assert env == {"ETCDCTL_API": "3"}


@pytest.mark.parametrize(("name", "refused"), [("db3", False), ("db1", True), ("db2", True)])
def test_with_one_member_down_no_other_may_be_interrupted(name: str, refused: bool) -> None:
    assert ask(etcdctl(ONE_DOWN))["problems"] == ["db3 does not answer"]
    if not refused:
        ask(etcdctl(ONE_DOWN), interrupt=name)
        return
    with pytest.raises(AgentError, match="of 3 members 2 are needed") as caught:
        ask(etcdctl(ONE_DOWN), interrupt=name)
    assert caught.value.code == "would-lose-quorum"


def member(name: str, healthy: bool = True, learner: bool = False, leader: bool = False) -> dict[str, Any]:
    said = {"name": name, "endpoint": "", "endpoints": [], "healthy": healthy, "learner": learner, "leader": leader, "alarms": []}
    return {**said, "id": 1, "addresses": [f"{name}.example"]}


@pytest.mark.parametrize(
    ("members", "refused"),
    [
        ([member("a")], False),
        ([member("a"), member("b")], False),  # a site of two has accepted that
        ([member("a"), member("b"), member("c")], False),
        ([member("a"), member("b"), member("c", learner=True)], False),
        ([member("a"), member("b"), member("c", healthy=False)], True),
        ([member("a"), member("b"), member("c"), member("d"), member("e", healthy=False)], False),
        ([member("a"), member("b"), member("c"), member("d", healthy=False), member("e", healthy=False)], True),
    ],
)
def test_quorum(members: list[dict[str, Any]], refused: bool) -> None:
    if refused:
        with pytest.raises(AgentError):
            etcd.refuse_interrupt(members, "a")
    else:
        etcd.refuse_interrupt(members, "a")


def test_problems_are_sentences() -> None:
    unnamed = {**member(""), "endpoints": []}
    found = etcd.problems([member("a"), member("b", healthy=False), member("c", learner=True), unnamed], ["a", "z"])
    assert found == [
        "z is not a member",
        "b does not answer",
        "c is still learning and does not vote",
        "a member at an unknown address has never started",
        "the cluster has no leader",
    ]


def test_silence() -> None:
    silent = etcdctl(rc=1)
    assert (ask(silent)["answers"], ask(silent, "check", interrupt="db1", wait=60)["answers"]) == (False, False)
    with pytest.raises(AgentError, match="does not answer"):
        ask(silent, interrupt="db1")
    with pytest.raises(AgentError, match="was not healthy within"):
        ask(silent, wait=0.01)


# What etcdctl said of two members while one had raised an alarm.
ALARMED = (
    '[{"endpoint":"https://172.17.0.6:2379","health":false,"took":"6.3ms","error":"Active Alarm(s): NOSPACE "},'
    '{"endpoint":"https://172.17.0.5:2379","health":false,"took":"7.2ms","error":"Active Alarm(s): NOSPACE "},'
    '{"endpoint":"https://172.17.0.3:2379","health":false,"took":"7.6ms","error":"Active Alarm(s): NOSPACE "}]'
)


def test_an_alarm_is_named_and_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """All members answer: one may be restarted, which may be what ends the alarm."""
    said = STATUS.replace('"dbSizeInUse":61440}}', '"dbSizeInUse":61440,"errors":["memberID:10749865807379993530 alarm:NOSPACE "]}}')
    monkeypatch.setitem(globals(), "STATUS", said)
    result = ask(etcdctl(ALARMED), interrupt="db1", wait=1)
    assert result["healthy"] == 3
    assert result["problems"] == ["db2 has raised the alarm NOSPACE"]
    with pytest.raises(AgentError, match="db9 is not a member; db2 has raised the alarm NOSPACE"):
        ask(etcdctl(ALARMED), members=["db9"], wait=0.01)


# --- a member that leaves -----------------------------------------------------------------------------------------------------


def take_out(name: str, health: str = HEALTH, mode: str = "apply", refusal: str = "") -> tuple[list[list[str]], dict[str, Any]]:
    """What etcdctl was called with to change something, and the result."""
    calls: list[list[str]] = []
    asked = etcdctl(health)

    def runner(argv: list[str], **options: Any) -> Result:
        if "remove" in argv:
            calls.append(argv[argv.index("member") : argv.index("-w")])
            return Result(1 if refusal else 0, "{}", refusal)
        return asked(argv, **options)

    ctx = Context(mode, runner=runner)
    steps, result = etcd.CALLS["remove"]({**PARAMS, "member": name}, ctx)
    for step in steps:
        if not ctx.check and step.apply is not None:
            step.apply(ctx)
    return calls, result


@pytest.mark.parametrize(
    ("name", "health", "calls", "result"),
    [
        ("db3", HEALTH, [["member", "remove", "f3a63d70aa643d76"]], {"member": "db3", "members": ["db2", "db1"]}),
        ("db3", ONE_DOWN, [["member", "remove", "f3a63d70aa643d76"]], {"member": "db3", "members": ["db2", "db1"]}),  # its server is gone
        ("db9", HEALTH, [], {"member": "", "members": ["db2", "db1", "db3"]}),
    ],
)
def test_a_member_is_taken_out(name: str, health: str, calls: list[list[str]], result: dict[str, Any]) -> None:
    assert take_out(name, health) == (calls, result)
    assert take_out(name, health, "check") == ([], result)


def test_etcd_itself_may_refuse() -> None:
    with pytest.raises(AgentError, match="re-configuration failed") as caught:
        take_out("db3", refusal="Error: etcdserver: re-configuration failed due to not enough started members")
    assert caught.value.code == "etcd-refused"


def test_with_one_member_down_no_other_is_taken_out() -> None:
    with pytest.raises(AgentError, match=r"refused to remove db1: 2 of the other 2 members are needed .* only db2 answer") as caught:
        take_out("db1", ONE_DOWN)
    assert caught.value.code == "would-lose-quorum"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([member("a")], "last-member"),
        ([member("a"), member("b")], ""),
        ([member("a", healthy=False), member("b")], "would-lose-quorum"),  # two have to agree
        ([member("a"), member("b", healthy=False)], "would-lose-quorum"),
        ([member("a", healthy=False), member("b"), member("c")], ""),
        ([member("a"), member("b"), member("c", healthy=False)], "would-lose-quorum"),
        ([member("a", learner=True), member("b"), member("c", healthy=False)], ""),  # it does not vote
        ([member(""), member("b"), member("c")], ""),
        ([member("a"), member("b"), member("c"), member("d", healthy=False)], ""),
        ([member("a"), member("b"), member("c"), member("d", healthy=False), member("e", healthy=False)], "would-lose-quorum"),
    ],
)
def test_who_may_leave(members: list[dict[str, Any]], code: str) -> None:
    """The first of them."""
    if not code:
        etcd_remove.refuse_remove(members, members[0])
        return
    with pytest.raises(AgentError) as caught:
        etcd_remove.refuse_remove(members, members[0])
    assert caught.value.code == code


@pytest.mark.parametrize(("name", "found"), [("a", 0), (".example", 1), ("b.example", None), ("x", None)])
def test_a_member_without_a_name_is_known_by_its_address(name: str, found: int | None) -> None:
    members = [member("a"), member(""), member("b")]
    assert etcd_remove.find(members, name) is (None if found is None else members[found])
