# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with secrets in containers: made before the app that has them, another one for another value, removed when no app has it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import swarm_secrets

from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import Call, Secrets

VALUE = "a-value-that-is-secret"


def web(**more: Any) -> dict[str, Any]:
    return {"name": "web", "instances": 1, "service_override": {"UpdateConfig": {"Parallelism": 1}}, **more}


def overridden(captain: StandIn) -> dict[str, Any]:
    return dict(json.loads(captain.model.apps["web"]["serviceUpdateOverride"]))


def test_an_app_gets_its_files(captain: StandIn, call: Call, swarm: Secrets) -> None:
    """The secret is there before the app refers to it; a second run has nothing to do, and no value is shown."""
    run = call("apps", apps=[web(secret_files={"key": VALUE})])
    assert run.said[0] == ("/run/secrets/key", "create", "of app web") and VALUE not in run.shown
    (identity,) = swarm.there
    assert base64.b64decode(swarm.there[identity]["Data"]).decode() == VALUE
    (found,) = overridden(captain)["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert (found["SecretID"], found["SecretName"], found["File"]["Name"]) == (identity, swarm.there[identity]["Name"], "key")
    assert overridden(captain)["UpdateConfig"] == {"Parallelism": 1} and VALUE not in json.dumps(captain.bodies)
    assert call("apps", apps=[web(secret_files={"key": VALUE})]).said == [] and captain.writes() == []
    assert call("apps", check=True, apps=[web(secret_files={"key": VALUE})]).said == []


def test_another_value_is_another_secret(captain: StandIn, call: Call, swarm: Secrets) -> None:
    call("apps", apps=[web(secret_files={"key": VALUE, "other": "x"})])
    run = call("apps", apps=[web(secret_files={"key": "another", "other": "x"})])
    assert [(target.partition(".")[0], action) for target, action, _detail in run.said] == [
        ("/run/secrets/key", "create"),
        ("app web", "update"),
        ("web", "remove"),
    ]
    assert sorted(base64.b64decode(one["Data"]).decode() for one in swarm.there.values()) == ["another", "x"]
    assert {one["SecretID"] for one in overridden(captain)["TaskTemplate"]["ContainerSpec"]["Secrets"]} == set(swarm.there)


def test_files_that_go(captain: StandIn, call: Call, swarm: Secrets) -> None:
    """Docker keeps what an override has set, so it gets an empty list; and one that Docker still uses is left with a warning."""
    call("apps", apps=[web(secret_files={"key": VALUE})])
    swarm.busy = True
    run = call("apps", apps=[web(secret_files={})])
    assert len(run.ctx.warnings) == 1 and "is in use by the following service" in run.ctx.warnings[0]
    spec = captain.swarm.services["web"].spec
    assert spec["TaskTemplate"]["ContainerSpec"]["Secrets"] == []
    swarm.busy = False
    run = call("apps", apps=[{"name": "web", "state": "absent"}, {"name": "other", "secret_files": {"key": "y"}}])
    assert [base64.b64decode(one["Data"]).decode() for one in swarm.there.values()] == ["y"]


@pytest.mark.parametrize("how", ["no files", "absent", "not listed"])
def test_secrets_of_the_last_app_that_had_any(captain: StandIn, call: Call, swarm: Secrets, how: str) -> None:
    """It has no files any more, or goes; no other app has any."""
    other = {"name": "other", "secret_files": {}}
    call("apps", owner="clinic", apps=[web(secret_files={"key": VALUE}), other])
    assert len(swarm.there) == 1
    apps = {
        "no files": [web(secret_files={}), other],
        "absent": [{"name": "web", "state": "absent", "secret_files": {}}],
        "not listed": [other],
    }[how]
    run = call("apps", owner="clinic", apps=apps, purge=how == "not listed")
    assert run.said[-1][1:] == ("remove", "no app has it") and swarm.there == {} and VALUE not in run.shown
    assert call("apps", owner="clinic", apps=apps).said == []


def test_secrets_that_an_interrupted_removal_has_left(captain: StandIn, call: Call, swarm: Secrets) -> None:
    """The app is gone already."""
    call("apps", apps=[web(secret_files={"key": VALUE})])
    del captain.model.apps["web"]
    assert call("apps", apps=[{"name": "web", "state": "absent", "secret_files": {}}]).said[-1][1] == "remove" and swarm.there == {}


def test_check_mode_makes_nothing(captain: StandIn, call: Call, swarm: Secrets) -> None:
    run = call("apps", check=True, apps=[web(secret_files={"key": VALUE})])
    assert ("/run/secrets/key", "create", "of app web") in run.said and swarm.there == {} and captain.writes() == []


def test_apps_without_files_do_not_ask_docker(call: Call, swarm: Secrets) -> None:
    swarm.silent = True
    call("apps", apps=[web()])
    with pytest.raises(AgentError, match="Fix: run the task on a manager of the Swarm") as caught:
        call("apps", apps=[web(secret_files={"key": VALUE})])
    assert caught.value.code == "swarm-secrets" and VALUE not in caught.value.msg


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"secret_files": {"../key": VALUE}}, "not the name of a file"),
        ({"secret_files": {"key": VALUE}, "service_override": "TaskTemplate: {}"}, "service_override is a text"),
    ],
)
def test_what_is_refused(call: Call, swarm: Secrets, more: dict[str, Any], words: str) -> None:
    with pytest.raises(AgentError) as caught:
        call("apps", apps=[web(**more)])
    assert caught.value.code == "bad-app" and words in caught.value.msg and VALUE not in caught.value.msg and swarm.there == {}


def test_a_name_fits() -> None:
    """Docker takes 64 characters."""
    names = {swarm_secrets.name_of("a" * 49, file, value) for file in ("one", "two") for value in ("x", "y")}
    assert len(names) == 4 and max(map(len, names)) <= 64
