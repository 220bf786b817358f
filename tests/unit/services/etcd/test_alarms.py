# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's alarms: what a real member said while one was raised (3.5.16), who takes it back, and what the host checks say of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import alarms, api
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import calls as etcd
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Report
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge_host_checks

OWN, OTHER, GONE = 8847415444471688321, 8878826125548690953, 1
MEMBERS = {"members": [{"ID": str(OWN), "name": "db1"}, {"ID": str(OTHER), "name": "db2"}]}
QUOTA = 2147483648
METRICS = "# TYPE etcd_server_quota_backend_bytes gauge\netcd_server_quota_backend_bytes 2.147483648e+09\n"
MIB = 1048576


def raised(member: int, kind: str = "NOSPACE") -> str:
    """As the status says it."""
    return f"memberID:{member} alarm:{kind} "


class Member:
    """A member that answers over HTTP, and notes what it is told to do."""

    def __init__(self, *errors: str, size: int = 45056, after: int | None = None, metrics: str = METRICS) -> None:
        self.errors, self.size, self.after, self.metrics = list(errors), size, after, metrics
        self.told: list[tuple[str, Any]] = []
        self.refusal = ""

    def __call__(self, _params: dict[str, Any], path: str, body: Any, _timeout: float) -> str:
        if path == "/metrics":
            return self.metrics
        if path == "/v3/cluster/member/list":
            return json.dumps(MEMBERS)
        if path == "/v3/maintenance/status":
            status = {"header": {"member_id": str(OWN), "revision": "53"}, "dbSize": str(self.size), "errors": self.errors}
            return json.dumps(status)
        self.told.append((path.rpartition("/")[2], body))
        if path.endswith("defragment") and self.after is not None:
            self.size = self.after
        return json.dumps({"error": self.refusal} if self.refusal else {})


def run(member: Any, mode: str = "apply") -> tuple[dict[str, Any], Context]:
    ctx = Context(mode)
    ctx.start_component({"name": "etcd", "state": "present"}, {})  # type: ignore[typeddict-item]
    ctx.kept(api.Kept).ask = member
    steps, result = etcd.CALLS["alarms"]({}, ctx)
    for step in steps:
        if not ctx.check and step.apply is not None:
            step.apply(ctx)
    return {**result, "steps": [step.action for step in steps]}, ctx


DISARM = [("alarm", {"action": "DEACTIVATE", "memberID": str(OWN), "alarm": "NOSPACE"})]
SHRINK = [("compaction", {"revision": "53", "physical": True}), ("defragment", {})]


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (Member(), []),
        (Member("etcdserver: no leader"), []),
        (Member(raised(OWN)), DISARM),
        (Member(raised(OTHER)), []),  # that one's host does it
        (Member(raised(GONE)), [("alarm", {**DISARM[0][1], "memberID": "1"})]),  # no one else would
        (Member(raised(OWN, "CORRUPT")), []),
        (Member(raised(OWN), size=QUOTA, after=MIB), [*SHRINK, *DISARM]),
        (Member(raised(OWN), size=QUOTA), SHRINK),
        (Member(raised(OWN), size=100 * QUOTA, metrics=""), DISARM),  # it runs without a quota
    ],
)
def test_who_takes_an_alarm_back(member: Member, told: list[tuple[str, Any]]) -> None:
    size, after = member.size, member.after
    member.after = None
    planned, _ctx = run(member, "check")
    assert member.told == [] and planned["steps"] == [name for name, _ in _steps(told, size, after)]
    member.after = after
    _result, ctx = run(member)
    assert member.told == told
    assert bool(ctx.warnings) == (told == SHRINK)


def _steps(told: list[tuple[str, Any]], size: int, after: int | None) -> list[tuple[str, Any]]:
    """The steps that are shown for what is told; an alarm that has to stay is found out after the others."""
    names = {"compaction": "compact", "defragment": "defragment", "alarm": "disarm"}
    more = [("disarm", None)] if told == SHRINK and after is None and size else []
    return [*((names[path], body) for path, body in told), *more]


def test_what_stays_full_says_what_to_do() -> None:
    _result, ctx = run(Member(raised(OWN), size=QUOTA))
    assert "the database has 2048 MiB, and its quota is 2048 MiB" in ctx.warnings[0] and "etcd_quota_mb" in ctx.warnings[0]


def test_a_refusal_is_told() -> None:
    member = Member(raised(OWN))
    member.refusal = "etcdserver: request timed out"
    with pytest.raises(AgentError, match="did not disarm the alarm NOSPACE: etcdserver: request timed out") as caught:
        run(member)
    assert caught.value.code == "etcd-refused"


def test_a_member_that_does_not_run_has_none() -> None:
    def silent(*_question: Any) -> str:
        raise ConnectionRefusedError(111, "refused")

    result, _ctx = run(silent)
    assert result == {"alarms": [], "size": 0, "quota": 0, "steps": []}


@pytest.mark.parametrize(("size", "quota", "room"), [(10, 100, True), (90, 100, False), (100, 100, False), (100, 0, True)])
def test_room(size: int, quota: int, room: bool) -> None:
    assert alarms.is_room(size, quota) is room


@pytest.mark.parametrize(("metrics", "quota"), [(METRICS, QUOTA), ("", 0), ("etcd_server_quota_backend_bytes -1\n", 0)])
def test_the_quota_that_runs(metrics: str, quota: int) -> None:
    assert alarms.quota_of(metrics) == quota


# --- the host checks ------------------------------------------------------------------------------------------------------------


def judged(host: str = "db1", megabytes: int = 2048, settings: dict[str, Any] | None = None, **said: Any) -> Report:
    values = {"etcd_quota_mb": megabytes, "etcd_settings": settings or {}}
    facts = {"system": "debian", "version": "13", "services": {"etcd": {"data": None, **said}}}
    return judge_host_checks([Answer(host, facts=facts, offset=0.0, values=values.get)])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"size": 45056, "quota": str(QUOTA)}, ""),
        ({"size": 45056, "quota": str(QUOTA), "megabytes": 16}, ""),
        ({"size": 20 * MIB, "quota": str(QUOTA), "megabytes": 16}, "contact-etcd-quota"),
        ({"size": 14 * MIB, "quota": str(QUOTA), "megabytes": 16}, "contact-etcd-quota"),  # without room to grow
        ({"size": 20 * MIB, "quota": str(QUOTA), "settings": {"quota-backend-bytes": 16 * MIB}}, "contact-etcd-quota"),
        ({"size": 20 * MIB, "quota": str(QUOTA), "settings": {"quota-backend-bytes": -1}}, ""),
        ({"size": 1900 * MIB, "quota": str(QUOTA)}, "contact-etcd-full"),  # as it is now: no reason to refuse
        ({"size": 1900 * MIB, "quota": str(QUOTA), "megabytes": 2100}, "contact-etcd-full"),
        ({"size": 1900 * MIB, "quota": str(QUOTA), "megabytes": 4096}, ""),
        ({"alarms": [["db2", "NOSPACE"]]}, "contact-etcd-alarm"),
        ({"alarms": [["db2", "CORRUPT"]]}, "contact-etcd-alarm"),
    ],
)
def test_room_and_alarms(given: dict[str, Any], code: str) -> None:
    report = judged(**given)
    assert [one.code for one in (*report.errors, *report.warnings)] == ([code] if code else [])
    assert bool(report.errors) == (code == "contact-etcd-quota")


def test_what_to_do_about_a_corrupt_member() -> None:
    (finding,) = judged(alarms=[["db2", "CORRUPT"]]).warnings
    assert "etcd_member=db2" in finding.line() and "alarm disarm" in finding.line()
