# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planning call of a host as the action ``host_facts`` makes it: what is sent, how often, and what the run learns."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vannah.healthcloud.plugins.action import host_facts
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import planning, run, shell, site_plan
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.action import Failure

FACTS = {name: name for name in planning.STABLE_FACTS}
QUIET = {"changed": False, "error": None, "records": False}
NOW = {"facts": {**FACTS, "clock": 1.0}, "made": ["base"], "ran": ["etcd", "postgresql"], "lease": {"ok": True}}
PLANNED = {**NOW, "components": [{"name": "base", "role": "base", **QUIET}], "calls": [{"changed": False, "error": None, "result": {}}] * 3}
MINE = {"name": "clinic", "host": "db1", "authorities": [{"key": "k"}], "secrets": "", "known": []}


class Facts(host_facts.ActionModule):  # type: ignore[misc]
    """The action with answers in place of a host; what is rendered has the facts in it."""

    def __init__(self, folder: Path, *answers: Any) -> None:
        self.vars = {
            "inventory_hostname": "db1",
            "inventory_dir": str(folder / "clinic"),
            "group_names": ["etcd", "postgresql"],
            "playbook_dir": str(folder),
        }
        self.params = {"survey": False, "plan": True, "roles": None}
        self._task = SimpleNamespace(delegate_to=None, check_mode=False)
        self._loader = DataLoader()
        self._templar = Templar(loader=self._loader)
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def role_components(self, names: Any) -> Any:
        return [{"name": name, "certificates": [], "kernel": self.vars["ansible_facts"]["vannah"]["kernel"]} for name in names], {}

    def belonging(self) -> dict[str, Any]:
        return MINE

    def converse(self, part: Any, lease: str = "take") -> Any:
        assert lease == "none"
        self.sent.append(dict(part))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def asked(self) -> list[str]:
        """What was sent: the kind of each call, and the facts that it was rendered with."""
        named = lambda part: part["components"][0]["kernel"] if part["components"] else " ".join(call["call"] for call in part["calls"])  # noqa: E731
        return [f"{part['op']} {named(part)}" if part["op"] == "plan" else part["op"] for part in self.sent]


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The services' calls, which need the whole site to be rendered; the facts that are kept lie in a folder of the test."""
    asked = [
        {"role": "postgresql", "stage": "host_check", "refuses": [], "domain": "patroni", "call": "guard", "params": {}},
        {"role": "postgresql", "stage": "objects", "refuses": [], "domain": "patroni", "call": "config", "params": {}},
        {"role": "postgresql", "stage": "objects", "refuses": ["bad-value"], "domain": "postgresql", "call": "objects", "params": {}},
    ]
    monkeypatch.setattr(site_plan.SitePlan, "_asked", lambda plan, stage=None: [one for one in asked if stage in (None, one["stage"])])
    monkeypatch.setattr(site_plan, "COLLECTION", tmp_path)


def test_a_second_run_takes_one_call(tmp_path: Path) -> None:
    first = Facts(tmp_path, NOW, PLANNED)
    result = first.perform()
    assert first.asked == ["facts", "plan kernel"]
    assert result["work"] == [] and result["add_group"] == "planned_" and result["changed"] is False
    second = Facts(tmp_path, PLANNED)
    assert second.perform()["work"] == [] and second.asked == ["plan kernel"]
    assert second.sent[0]["expected"] == FACTS and second.sent[0]["firewall"] is True


def test_a_host_whose_facts_have_changed_is_asked_again(tmp_path: Path) -> None:
    Facts(tmp_path, NOW, PLANNED).perform()
    new = {**NOW, "facts": {**FACTS, "kernel": "newer"}}
    action = Facts(tmp_path, {**new, "stale": ["kernel"]}, new, {**PLANNED, **new})
    action.perform()
    assert action.asked == ["plan kernel", "facts", "plan newer"]
    assert Facts(tmp_path, {**PLANNED, **new}).perform()["work"] == []


@pytest.mark.parametrize("error", [AnsibleConnectionFailure("no route"), Failure("the lease is held")])
def test_a_host_that_does_not_answer_is_not_asked_again(tmp_path: Path, error: AnsibleError) -> None:
    Facts(tmp_path, NOW, PLANNED).perform()
    action = Facts(tmp_path, error)
    with pytest.raises(type(error)):
        action.perform()
    assert action.asked == ["plan kernel"]


@pytest.mark.parametrize(
    "answer",
    [
        {**NOW, "made": []},  # nothing is on it
        {**NOW, "facts": {**FACTS, "site": {**MINE, "authorities": [{"key": "other"}]}}},  # it gets no secret of this site
    ],
)
def test_a_host_that_cannot_be_planned_has_work_everywhere(tmp_path: Path, answer: dict[str, Any]) -> None:
    action = Facts(tmp_path, answer)
    result = action.perform()
    assert action.asked == ["facts"] and result["work"] == ["base", "database"]
    assert result["parent_groups"] == ["unplanned", "planned_base", "planned_database"]


def test_a_host_without_python_in_check_mode(tmp_path: Path) -> None:
    """The host checks judge it as one that was reached (bare)."""
    result = Facts(tmp_path, shell.BareHost(["python3"])).perform()
    assert result["bare"] is True and result["work"] == ["base", "database"] and "unplanned" in result["parent_groups"]


def test_a_service_that_refuses_the_host_ends_its_checks(tmp_path: Path) -> None:
    refusing = {"error": {"code": "foreign-postgresql", "msg": "another PostgreSQL"}}
    with pytest.raises(Failure, match="db1: another PostgreSQL"):
        Facts(tmp_path, NOW, {**PLANNED, "calls": [refusing, {}, {}]}).perform()
    # Whatever else cannot be planned is work.
    assert Facts(tmp_path, NOW, {**PLANNED, "calls": [{}, refusing, {}]}).perform()["work"] == ["database_objects"]


def test_what_the_inventory_says_wrong_ends_the_host_checks(tmp_path: Path) -> None:
    """A question whose answer the run itself will change may fail; a value that the service refuses stays wrong."""
    wrong = {"error": {"code": "bad-value", "msg": "no such value"}}
    with pytest.raises(Failure, match="db1: no such value"):
        Facts(tmp_path, NOW, {**PLANNED, "calls": [{}, {}, wrong]}).perform()
    assert Facts(tmp_path, NOW, {**PLANNED, "calls": [{}, wrong, {}]}).perform()["work"] == ["database_objects"]


BARE = {**NOW, "made": []}
OTHERS = {**NOW, "facts": {**FACTS, "site": {**MINE, "authorities": [{"key": "other"}]}}}


@pytest.mark.parametrize(
    ("answer", "plan", "roles", "takeover", "asked"),
    [
        (BARE, True, None, False, ["facts", "plan guard"]),
        (BARE, False, None, False, ["facts", "plan guard"]),
        (NOW, False, None, False, ["facts", "plan guard"]),
        (BARE, True, ["haproxy"], False, ["facts"]),
        (BARE, True, ["postgresql"], False, ["facts", "plan guard"]),
        # The judge names its owner; one that is taken over is asked.
        (OTHERS, True, None, False, ["facts"]),
        (OTHERS, True, None, True, ["facts", "plan guard"]),
    ],
)
def test_a_host_that_is_not_planned_is_asked_what_its_services_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], plan: bool, roles: list[str] | None, takeover: bool, asked: Any
) -> None:
    """Before the base wave closes the port of a database that is not managed."""
    monkeypatch.setattr(Facts, "takeover", takeover)
    monkeypatch.setattr(Facts, "_survey", lambda action, answer: {})
    monkeypatch.setattr(Facts, "_data", lambda action: [])
    for refusal in ({}, {"error": {"code": "foreign-postgresql", "msg": "another PostgreSQL"}}):
        action = Facts(tmp_path / str(bool(refusal)), answer, {**NOW, "calls": [refusal]})
        action.params = {"survey": True, "plan": plan, "roles": roles}
        if refusal and len(asked) == 2:
            with pytest.raises(Failure, match="db1: another PostgreSQL"):
                action.perform()
        else:
            action.perform()
        assert action.asked == asked


@pytest.mark.parametrize(
    ("check", "dead", "variables", "refused"),
    [(False, False, {}, True), (True, False, {}, False), (False, True, {}, False), (False, False, {"takeover": True}, False)],
)
def test_a_host_that_another_run_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: bool, dead: bool, variables: dict[str, Any], refused: bool
) -> None:
    monkeypatch.setattr(run, "is_dead", lambda holder: dead)
    action = Facts(
        tmp_path, NOW, {**PLANNED, "lease": {"ok": False, "holder": {"who": "somebody"}, "text": "this host is held by somebody"}}
    )
    action.vars.update(variables)
    action._task.check_mode = check
    if refused:
        with pytest.raises(Failure, match="held by somebody"):
            action.perform()
    else:
        assert action.perform()["work"] == []
