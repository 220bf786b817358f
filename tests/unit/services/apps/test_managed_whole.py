# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app of the catalogue is managed whole: each field that a person can change in CapRover's pages is reverted, or said not to be.

Of an app from before that, what may protect it is not removed.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import fields, types, wanted
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps import caprover
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.apps.catalogue import parse

from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import Call, Run, Secrets, call, captain, swarm

__all__ = ["call", "captain", "swarm"]

ROOT = Path(__file__).resolve().parents[4]
RECORDED = json.loads((ROOT / "tests/unit/services/caprover/data/recorded.json").read_text(encoding="utf-8"))
README = (ROOT / "roles/apps/README.md").read_text(encoding="utf-8")
#: As little as an app can say.
APP = {"name": "web", "image": "r:5000/a@sha256:" + "5b" * 32, "domains": ["web.example.org"], "port": 80, "tls": False}

#: Field of an app's definition -> what a person made of it.
BY_HAND: dict[str, Any] = {
    "description": "by hand",
    "instanceCount": 3,
    "captainDefinitionRelativeFilePath": "./other/captain-definition",
    "envVars": [{"key": "A", "value": "1"}],
    "volumes": [{"containerPath": "/data", "volumeName": "by-hand"}],
    "ports": [{"hostPort": 9101, "containerPort": 80}],
    "nodeId": "node1manager",
    "notExposeAsWebApp": True,
    "containerHttpPort": 8080,
    "httpAuth": {"user": "by-hand", "passwordHashed": "$apr1$VelFnqw0$3hYvVwttjnznIDrwTqUOc/"},
    "forceSsl": True,
    "websocketSupport": True,
    "customNginxConfig": "# by hand",
    "redirectDomain": "web.example.org",
    "preDeployFunction": "var preDeployFunction = function () {}",
    "serviceUpdateOverride": '{"TaskTemplate": {"ContainerSpec": {"Hostname": "by-hand"}}}',
    "appDeployTokenConfig": {"enabled": True, "appDeployToken": "by-hand"},
    "appPushWebhook": {"tokenVersion": "x", "repoInfo": {"repo": "a/b", "branch": "main", "user": "u", "password": "p", "sshKey": ""}},
    "customDomain": [{"publicDomain": "web.example.org", "hasSsl": False}, {"publicDomain": "hand.example.org", "hasSsl": False}],
}
#: Fields that a person can change and that stay as they are, with the words of the README that say so.
LEFT = {
    "tags": "other tags than `apps_owner`",
    "projectId": "the project",
    "hasDefaultSubDomainSsl": "the certificate of `<name>.<root domain>`, which CapRover cannot turn off",
}
#: Fields that cannot be changed in the pages of CapRover; ``versions`` and ``deployedVersion`` are what ``caprover_deploy`` compares.
FIXED = {"appName", "hasPersistentData", "networks", "versions", "deployedVersion", "isAppBuilding", "isLegacyAppName"}


def entries() -> list[dict[str, Any]]:
    return caprover.render([parse(APP)], caprover.Values())[0]


def managed(call: Call, reset: str = "known", **more: Any) -> Run:
    """A run of the role."""
    return call("apps", owner="clinic", reset_unset=reset, apps=[{**one, **more} for one in entries()])


def test_each_field_is_known() -> None:
    """Of those that a real server gave, and of those that the modules know."""
    recorded = {field for one in RECORDED for field in one.get("definition") or ()}
    assert recorded | set(types.Definition.__annotations__) == set(BY_HAND) | set(LEFT) | FIXED
    assert set(fields.DEFAULTS) <= set(BY_HAND) | set(LEFT)


@pytest.mark.parametrize("field", BY_HAND)
def test_a_change_by_hand_is_reverted(captain: StandIn, call: Call, swarm: Secrets, field: str) -> None:
    managed(call)
    before = copy.deepcopy(captain.model.apps["web"])
    assert managed(call).said == []
    captain.model.apps["web"][field] = BY_HAND[field]
    run = managed(call)
    assert run.said and "by-hand" not in str(run.ctx.warnings)
    after = captain.model.apps["web"]
    assert fields.value(after, field) == fields.value(before, field) if field in fields.DEFAULTS else after[field] == before[field]
    assert managed(call).said == []


@pytest.mark.parametrize("field", LEFT)
def test_what_stays_is_said(captain: StandIn, call: Call, swarm: Secrets, field: str) -> None:
    managed(call)
    captain.model.projects.append({"id": "p", "name": "shop"})
    changed: Any = {"tags": [{"tagName": "clinic"}, {"tagName": "by-hand"}], "projectId": "p", "hasDefaultSubDomainSsl": True}[field]
    captain.model.apps["web"][field] = changed
    assert managed(call).said == [] and captain.model.apps["web"][field] == changed
    assert LEFT[field] in " ".join(README.split())


#: Those of the fields above that the role does not set.
UNSET = [field for field in BY_HAND if wanted.OPTIONS.get(field) in wanted.RESET]


def test_the_role_sets_all_others() -> None:
    """So that each option is either in an entry or reset."""
    said = set(entries()[0]) | {"description", "instances", "http_port", "expose"}
    assert {wanted.OPTIONS[field] for field in BY_HAND if field in wanted.OPTIONS} - said == set(wanted.RESET)
    assert len(UNSET) == len(wanted.RESET)


@pytest.fixture
def upgraded(captain: StandIn, call: Call, swarm: Secrets) -> StandIn:
    """The app of a site whose collection did not manage apps whole yet: it has the tag, and no note."""
    call("apps", owner="clinic", apps=entries())
    return captain


@pytest.mark.parametrize("field", UNSET)
def test_what_protects_an_app_from_before_stays(upgraded: StandIn, call: Call, field: str) -> None:
    """With an unchanged inventory nothing is sent; the rest of the app is converged all the same."""
    apps = upgraded.model.apps
    apps["web"][field] = BY_HAND[field]
    before = copy.deepcopy(apps["web"])
    for _turn in range(2):
        run = managed(call)
        assert run.said == [] and upgraded.writes() == [] and apps["web"] == before
        (warning,) = run.ctx.warnings
        assert f"app web: {wanted.OPTIONS[field]}: set in CapRover's pages" in warning and "apps_manage_whole: true" in warning
        assert "by-hand" not in warning
    apps["web"]["instanceCount"] = 3
    assert managed(call).said == [("app web", "update", "instances")]
    assert fields.value(apps["web"], field) == fields.value(before, field) and apps["web"]["instanceCount"] == 1


@pytest.mark.parametrize("field", UNSET)
def test_it_is_removed_where_that_is_said(upgraded: StandIn, call: Call, field: str) -> None:
    """Once, by a variable; or in CapRover's pages. From then on the app is managed whole."""
    apps = upgraded.model.apps
    apps["web"][field] = BY_HAND[field]
    run = managed(call, "all")
    assert run.said == [("app web", "update", wanted.OPTIONS[field])] and "kept" not in str(run.ctx.warnings)
    assert fields.value(apps["web"], field) == fields.DEFAULTS[field]
    apps["web"][field] = BY_HAND[field]
    run = managed(call)
    assert run.said == [("app web", "update", wanted.OPTIONS[field])] and "kept" not in str(run.ctx.warnings)
    assert fields.value(apps["web"], field) == fields.DEFAULTS[field]


def test_it_is_set_in_the_catalogue(upgraded: StandIn, call: Call) -> None:
    """The previous login, which is no change; from then on the app is managed whole."""
    login = {"basic_auth": {"user": "clinic", "password": "the-one-before"}}
    call("apps", owner="clinic", apps=[{"name": "web", **login}])
    before = copy.deepcopy(upgraded.model.apps["web"])
    assert "basic_auth" in managed(call).ctx.warnings[0]
    run = managed(call, **login)
    assert run.said == [] and run.ctx.warnings == [] and upgraded.model.apps["web"] == before
    upgraded.model.apps["web"]["customNginxConfig"] = "# by hand"
    assert managed(call, **login).said == [("app web", "update", "nginx_config")]


def test_an_app_from_before_without_any_is_managed_whole(upgraded: StandIn, call: Call) -> None:
    """The first run that finds nothing set notes it, and reports no change; a check notes nothing."""
    app = upgraded.model.apps["web"]
    assert call("apps", check=True, owner="clinic", reset_unset="known", apps=entries()).said == []
    app["customNginxConfig"] = "# by hand"
    assert managed(call).said == []
    app["customNginxConfig"] = ""
    assert managed(call).said == []
    app["customNginxConfig"] = "# by hand"
    assert managed(call).said == [("app web", "update", "nginx_config")]


def test_an_app_that_is_taken_over_keeps_it(captain: StandIn, call: Call, swarm: Secrets) -> None:
    """Another team's, with its own login; also where an app of that name was ours before and was removed by a run."""
    managed(call)
    call("apps", owner="clinic", apps=[{"name": "web", "state": "absent"}])
    call("apps", apps=[{"name": "web", "basic_auth": {"user": "u", "password": "theirs"}}])
    run = managed(call, adopt=True)
    assert captain.model.apps["web"]["httpAuth"]["user"] == "u" and "basic_auth" in run.ctx.warnings[0]


def test_what_a_task_sets_is_not_reset(captain: StandIn, call: Call, swarm: Secrets) -> None:
    managed(call, nginx_config="# ours")
    assert managed(call, nginx_config="# ours").said == [] and captain.model.apps["web"]["customNginxConfig"] == "# ours"
    assert managed(call).said == [("app web", "update", "nginx_config")]


def test_an_app_that_left_the_list_keeps_what_was_set_meanwhile(captain: StandIn, call: Call, swarm: Secrets) -> None:
    """Of this owner; tasks of others, and with lists of other apps, change nothing about it."""
    managed(call)
    for more in ({"owner": "other"}, {}, {"owner": "clinic", "reset_unset": "none"}):
        call("apps", **{"reset_unset": "known", "apps": [], **more})
    captain.model.apps["web"]["customNginxConfig"] = "# by hand"
    assert managed(call).said == [("app web", "update", "nginx_config")]
    call("apps", owner="clinic", reset_unset="known", apps=[])
    captain.model.apps["web"]["customNginxConfig"] = "# by hand"
    assert managed(call).said == [] and captain.model.apps["web"]["customNginxConfig"] == "# by hand"
    del captain.model.apps["web"]  # in CapRover's pages
    call("apps", owner="clinic", reset_unset="known", apps=[])
    call("apps", owner="clinic", apps=[{"name": "web", "nginx_config": "# by hand"}])
    managed(call)
    assert captain.model.apps["web"]["customNginxConfig"] == "# by hand"
