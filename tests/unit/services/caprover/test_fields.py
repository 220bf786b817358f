# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of an app: what is a difference and what is none, what a person sees, and what stays in Docker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import fields, wanted
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.fields import Known
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.residue import opposites

from tests.unit.services.returned import filled

RECORDED = json.loads((Path(__file__).parent / "data" / "recorded.json").read_text())
APP = documented.spec("caprover_apps")["apps"]["options"]
#: An app as a real server had it after all of its fields were set.
NOW: Any = next(one for one in RECORDED if one["title"] == "update full")["definition"]
#: The same as a task would say it.
SAME: dict[str, Any] = {
    "name": "web1",
    "description": "hello",
    "instances": 2,
    "environment": {"A": 1, "B": "2", "SP": " x ", "NUM": 7},
    "ports": [{"host": 9102, "container": 81}, {"host": 9101, "container": 80}],
    "tags": ["t1"],
    "websocket": True,
    "basic_auth": {"user": "u1", "password": "p1"},
    "deploy_token": {"enabled": True},
    "volumes": [],
    "node": "",
    "http_port": 80,
    "force_tls": False,
    "expose": True,
    "nginx_config": "",
    "redirect": "",
    "pre_deploy": "",
    "service_override": {},
    "project": "",
    "repository": {},
}


def changes(given: dict[str, Any], now: Any = NOW, known: Known | None = None) -> Any:
    return fields.changes(wanted.app(filled(APP, {"name": "web1", **given})), now, known or Known())


def test_what_a_real_server_kept_is_no_difference() -> None:
    assert changes(SAME) == {}


@pytest.mark.parametrize(
    ("given", "field", "after"),
    [
        ({"instances": 0}, "instanceCount", 0),
        ({"ports": []}, "ports", []),
        ({"tags": []}, "tags", []),
        ({"websocket": False}, "websocketSupport", False),
        ({"basic_auth": {"user": "u1", "password": "p2"}}, "httpAuth", {"user": "u1", "password": "p2"}),
        ({"basic_auth": {}}, "httpAuth", {}),
        ({"deploy_token": {"enabled": False}}, "appDeployTokenConfig", {"enabled": False}),
        ({"deploy_token": {"token": "mine"}}, "appDeployTokenConfig", {"enabled": True, "appDeployToken": "mine"}),
        ({"environment": {"B": "2"}}, "envVars", [{"key": "B", "value": "2"}]),
        ({"environment": {}}, "envVars", []),
    ],
)
def test_differences(given: dict[str, Any], field: str, after: Any) -> None:
    found = changes(given)
    assert set(found) == {field} and found[field][1] == after


def test_variables_that_are_merged() -> None:
    there = [pair["key"] for pair in NOW["envVars"]]
    found = changes({"environment": {"NEW": "1", "B": None, "A": "1"}, "merge_env": True})["envVars"][1]
    assert [pair["key"] for pair in found] == [*(key for key in there if key != "B"), "NEW"]
    assert changes({"environment": {"GONE": None}, "merge_env": True}) == {}
    assert changes({"environment": {"NEW": None, "A": "1", "B": "2", "SP": " x ", "NUM": "7"}}) == {}


def test_a_variable_that_is_there_twice_is_put_right() -> None:
    """CapRover takes it (recorded), and Docker's last one wins."""
    now = {**NOW, "envVars": [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]}
    assert changes({"environment": {"A": "2"}}, now)["envVars"][1] == [{"key": "A", "value": "2"}]


def test_the_owner_is_a_tag_beside_the_others() -> None:
    assert changes({}, known=Known(owner="clinic"))["tags"][1] == [{"tagName": "t1"}, {"tagName": "clinic"}]
    assert changes({"tags": ["x"]}, known=Known(owner="clinic"))["tags"][1] == [{"tagName": "x"}, {"tagName": "clinic"}]
    tagged = {**NOW, "tags": [{"tagName": "clinic"}, {"tagName": "t1"}]}
    assert changes({"tags": ["t1"]}, tagged, Known(owner="clinic")) == {}


NODES: list[Any] = [{"nodeId": "n1", "hostname": "a"}, {"nodeId": "n2", "hostname": "b"}, {"nodeId": "n3", "hostname": "b"}]


def test_nodes_and_projects_by_name() -> None:
    known = Known(NODES, {"shop": ["p1"], "twice": ["p2", "p3"]})
    assert changes({"node": "a", "project": "shop"}, known=known) == {"nodeId": ("", "n1"), "projectId": ("", "p1")}
    assert changes({"node": "n2"}, known=known)["nodeId"][1] == "n2"
    for given, text in (
        (
            {"node": "c"},
            "node c is none of the Swarm's nodes. Fix: use one of these, by its ID where names are alike: a (n1), b (n2), b (n3)",
        ),
        ({"node": "b"}, "the name of several nodes"),
        ({"project": "x"}, "no project of this CapRover"),
        ({"project": "twice"}, "the name of several projects"),
    ):
        with pytest.raises(AgentError) as caught:
            changes(given, known=known)
        assert text in caught.value.msg and "app web1: " in caught.value.msg


def test_a_persistent_app_keeps_the_node_that_it_got() -> None:
    now = {**NOW, "hasPersistentData": True, "nodeId": "n1"}
    assert changes({"node": ""}, now) == {}
    assert changes({"node": ""}, {**now, "hasPersistentData": False})["nodeId"] == ("n1", "")


def test_a_repository_is_compared_without_what_caprover_adds() -> None:
    given = {"repo": "git.invalid/x/y", "branch": "main", "user": "u", "password": "secret"}
    info = {**given, "sshKey": ""}
    now = {**NOW, "appPushWebhook": {"tokenVersion": "x", "pushWebhookToken": "<JWT>", "repoInfo": info}}
    assert changes({"repository": given}, now) == {}
    assert changes({"repository": {}}, now)["appPushWebhook"] == ({"repoInfo": info}, {})


def test_an_override_in_another_form_is_no_difference() -> None:
    now = {**NOW, "serviceUpdateOverride": '{"TaskTemplate": {"A": 1, "B": 2}}'}
    assert changes({"service_override": {"TaskTemplate": {"B": 2, "A": 1}}}, now) == {}
    assert changes({"service_override": "Mode: x"}, {**NOW, "serviceUpdateOverride": "Mode: x"}) == {}


def test_diffs_show_no_secret() -> None:
    given = {"environment": {"A": "new-value", "ADDED": "another-value"}, "basic_auth": {"user": "u", "password": "hidden-password"}}
    given |= {"deploy_token": {"token": "hidden-token"}, "nginx_config": "a\nb", "tags": ["x"], "expose": False}
    given["repository"] = {"repo": "a/b", "branch": "c", "private_key": "hidden-key"}
    found = changes(given)
    before, after = fields.lines(found, 0), fields.lines(found, 1)
    assert "environment A: (hidden, new value)\nenvironment ADDED: (hidden)\n" in after
    assert "environment B: (hidden)" in before and "environment B" not in after
    assert "basic_auth: (hidden)\n" in before and "basic_auth: (hidden, new)\n" in after
    assert "nginx_config:\n  a\n  b\n" in after and "expose: false" in after and "tags: x" in after
    for secret in ("new-value", "another-value", "hidden-", "apr1", NOW["appDeployTokenConfig"]["appDeployToken"]):
        assert secret not in before + after
    assert fields.names(found) == "nginx_config, expose, environment, basic_auth, tags, deploy_token, repository"


def test_an_app_that_a_run_was_cut_off_with() -> None:
    fresh = fields.definition("a", True)
    assert fields.is_fresh(fresh)
    placeholder = {"version": 0, "timeStamp": "", "deployedImageName": "caprover/caprover-placeholder-app:latest"}
    assert fields.is_fresh({**fresh, "versions": [placeholder]})  # type: ignore[typeddict-item]
    for change in (
        {"instanceCount": 2},
        {"envVars": [{"key": "A", "value": ""}]},
        {"customDomain": [{"publicDomain": "a", "hasSsl": False}]},
    ):
        assert not fields.is_fresh({**fresh, **change})  # type: ignore[typeddict-item]
    assert not fields.is_fresh({**fresh, "versions": [{**placeholder, "version": 1}]})  # type: ignore[typeddict-item]


LIMIT = {"TaskTemplate": {"Resources": {"Limits": {"MemoryBytes": 104857600}}}}
HOSTNAME = {"TaskTemplate": {"ContainerSpec": {"Hostname": "x"}}}
LABELS = {"TaskTemplate": {"ContainerSpec": {"Labels": {"a": "b"}}}}
PLACEMENT = {"TaskTemplate": {"Placement": {"Constraints": []}}}
NO_LIMIT = {"TaskTemplate": {"Resources": {"Limits": {"MemoryBytes": 0}}}}


@pytest.mark.parametrize(
    ("before", "after", "node_goes", "first", "stuck"),
    [
        ({}, {}, False, None, []),
        ({}, LIMIT, False, None, []),
        (LIMIT, LIMIT, False, None, []),
        (LIMIT, {}, False, NO_LIMIT, []),
        (LIMIT, HOSTNAME, False, {"TaskTemplate": {"ContainerSpec": {"Hostname": "x"}, "Resources": {"Limits": {"MemoryBytes": 0}}}}, []),
        (NO_LIMIT, {}, False, None, []),  # the opposite is said already
        (LABELS, {}, False, None, ["TaskTemplate.ContainerSpec.Labels.a"]),
        ({}, {}, True, PLACEMENT, []),
        ({}, HOSTNAME, True, {"TaskTemplate": {"ContainerSpec": {"Hostname": "x"}, "Placement": {"Constraints": []}}}, []),
    ],
)
def test_what_an_override_leaves_behind(before: Any, after: Any, node_goes: bool, first: Any, stuck: list[str]) -> None:
    """Recorded: a memory limit, a host name and a node stayed in Docker when they were taken away."""
    made, left = opposites(*(json.dumps(one) if one else "" for one in (before, after)), node_goes)
    assert (json.loads(made) if made else None) == first
    assert left == stuck


def test_an_override_that_cannot_be_read() -> None:
    assert opposites("Mode: x", "", False) == ("", ["all that the old override set (it is YAML, which is not read here)"])
    assert json.loads(opposites("Mode: x", "", True)[0]) == PLACEMENT
    assert opposites("", "Mode: x", True) == ("", [])
