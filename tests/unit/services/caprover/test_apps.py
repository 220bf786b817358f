# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apps end to end, against the stand-in: what is made, what a second run sends, and what a refused update leaves."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import api as caprover
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import change

from tests.standins.caprover.model import DockerError, fresh
from tests.standins.caprover.server import StandIn
from tests.standins.caprover.swarm import node
from tests.unit.services.caprover.conftest import Call

UPDATE = "/user/apps/appDefinitions/update"
NOTES = "var/lib/vannah/caprover.json"
WEB: dict[str, Any] = {
    "name": "web",
    "instances": 2,
    "ports": [{"host": 9101, "container": 80}],
    "environment": {"DATABASE_URL": "postgresql://secret-value", "WORKERS": 4},
    "http_port": 3000,
    "websocket": True,
    "domains": [{"name": "shop.example.net", "tls": True}, {"name": "x.web.cap.test"}],
    "tls": True,
    "force_tls": True,
    "redirect": "shop.example.net",
    "basic_auth": {"user": "u1", "password": "basic-password"},
    "tags": ["shop"],
    "description": "a shop",
    "service_override": {"TaskTemplate": {"Resources": {"Limits": {"MemoryBytes": 104857600}}}},
    "pre_deploy": "var preDeployFunction = function (app, update) { return update; };",
    "nginx_config": "server { }",
    "deploy_token": {"enabled": True, "token": "deploy-token"},
    "definition_path": "./captain-definition",
}
DB: dict[str, Any] = {
    "name": "db",
    "volumes": [{"path": "/data", "volume": "db-data"}, {"path": "/hp", "host_path": "/srv"}],
    "expose": False,
}


def updates(captain: StandIn) -> list[dict[str, Any]]:
    """The bodies of updates that were sent."""
    return [body for (_method, path), body in zip(captain.seen, captain.bodies, strict=True) if path == UPDATE]


def notes(tmp_path: Path) -> Any:
    path = tmp_path / NOTES
    return json.loads(path.read_text()) if path.exists() else {}


def test_apps_are_made_with_all_that_belongs_to_them(captain: StandIn, call: Call) -> None:
    run = call("apps", apps=[WEB, DB])
    assert [(target, action) for target, action, _detail in run.said] == [
        ("app web", "create"),
        ("domain shop.example.net", "add"),
        ("domain x.web.cap.test", "add"),
        ("app web", "enable TLS"),
        ("app web", "update"),
        ("app db", "create"),
        ("app db", "update"),
    ]
    assert len(updates(captain)) == 2  # each restarts the app, so there is one for each
    web, db = captain.model.apps["web"], captain.model.apps["db"]
    assert (web["instanceCount"], web["containerHttpPort"], web["forceSsl"], web["redirectDomain"]) == (2, 3000, True, "shop.example.net")
    assert web["customDomain"] == [
        {"publicDomain": "shop.example.net", "hasSsl": True},
        {"publicDomain": "x.web.cap.test", "hasSsl": False},
    ]
    assert web["envVars"][1] == {"key": "WORKERS", "value": "4"}
    assert (db["hasPersistentData"], db["notExposeAsWebApp"], db["nodeId"]) == (True, True, "node1manager")
    assert captain.swarm.services["web"].spec["TaskTemplate"]["Resources"]["Limits"]["MemoryBytes"] == 104857600
    assert run.result == {"answers": True, "requests": 2, "apps": ["db", "web"]}


def test_a_second_run_sends_nothing(captain: StandIn, call: Call) -> None:
    call("apps", apps=[WEB, DB], owner="clinic")
    before = captain.swarm.services["web"].index
    run = call("apps", apps=[WEB, DB], owner="clinic")
    assert run.said == [] and captain.writes() == []
    assert captain.swarm.services["web"].index == before


def test_thirty_apps_take_three_requests(captain: StandIn, call: Call) -> None:
    apps = [{**WEB, "name": f"web-{number}", "domains": [], "redirect": "", "ports": [], "node": "capr1"} for number in range(30)]
    call("apps", apps=apps)
    run = call("apps", apps=apps)
    assert run.said == []
    assert captain.seen == [("POST", "/login"), ("GET", "/user/apps/appDefinitions"), ("GET", "/user/system/nodes")]


#: Each reached the container on a real CapRover 1.15.3 as it is here, and a second run had nothing to do.
VALUES = {
    "QUOTES": 'it\'s "quoted" \\ back`tick` $HOME ${X} %s',
    "LINES": "one\ntwo\n\nlast\n",
    "OTHER_LINES": "a\r\nb",
    "UNICODE": "Zo\u00eb \u65e5\u672c \U0001f3e5",
    "SPACES": "  lead and trail  ",
    "EMPTY": "",
    "EQUALS": "a=b=c",
    "LONG": "x" * 60000,
}


def test_values_with_anything_in_them(captain: StandIn, call: Call) -> None:
    app = {"name": "strange", "environment": VALUES, "description": 'Zo\u00eb "x" <b>', "tags": ["a b", "\u00fc"]}
    call("apps", apps=[app])
    assert {pair["key"]: pair["value"] for pair in captain.model.apps["strange"]["envVars"]} == VALUES
    assert call("apps", apps=[app]).said == []


def test_check_mode_changes_nothing_and_says_the_same(captain: StandIn, call: Call, tmp_path: Path) -> None:
    checked = call("apps", apps=[WEB, DB], check=True)
    assert captain.model.apps == {} and captain.writes() == [] and notes(tmp_path) == {}
    done = call("apps", apps=[WEB, DB])
    assert (done.said, done.diff) == (checked.said, checked.diff)


def test_nothing_shown_is_a_secret(captain: StandIn, call: Call) -> None:
    runs = [call("apps", apps=[WEB, DB])]
    runs.append(call("apps", apps=[{**WEB, "environment": {"DATABASE_URL": "postgresql://other-value"}}]))
    runs.append(
        call("apps", apps=[{"name": "web", "environment": {}, "basic_auth": {}, "ports": [], "service_override": "Bogus: 1"}], catch=True)
    )
    for run in runs:
        for secret in ("secret-value", "other-value", "basic-password", "deploy-token", "apr1", "Captain-Test-42"):
            assert secret not in run.shown


def test_where_nobody_answers_yet(captain: StandIn, call: Call) -> None:
    url = "http://127.0.0.1:9"
    run = call("apps", apps=[WEB, {**DB, "node": "capr1"}], check=True, url=url)
    assert ("app db", "create", "persistent") in run.said
    assert not run.result["answers"] and "everything is shown as new" in run.ctx.warnings[0]
    with pytest.raises(AgentError) as caught:
        call("apps", apps=[WEB], url=url, wait=0)
    assert caught.value.code == "caprover-unreachable"


def test_other_fields_and_apps_stay(captain: StandIn, call: Call) -> None:
    call("apps", apps=[WEB, DB])
    run = call("apps", apps=[{"name": "web", "instances": 3}])
    assert run.said == [("app web", "update", "instances")]
    assert [set(body) for body in updates(captain)] == [{"appName", "instanceCount"}]
    assert len(captain.model.apps["web"]["envVars"]) == 2


def test_an_edit_by_hand_is_repaired(captain: StandIn, call: Call) -> None:
    call("apps", apps=[WEB])
    captain.model.apps["web"]["envVars"].append({"key": "DEBUG", "value": "1"})
    captain.model.apps["web"]["websocketSupport"] = False
    assert call("apps", apps=[WEB]).said == [("app web", "update", "websocket, environment")]
    assert captain.model.apps["web"]["websocketSupport"]


# --- what Docker refuses ----------------------------------------------------------------------------------------------------------

TOO_SMALL = {"TaskTemplate": {"Resources": {"Limits": {"MemoryBytes": 5}}}}


def test_a_refused_update_is_put_back(captain: StandIn, call: Call, tmp_path: Path) -> None:
    """HTTP 500, and saved: a second run would find nothing to do (recorded)."""
    call("apps", apps=[WEB])
    before = json.dumps(captain.model.apps["web"])
    run = call("apps", apps=[{"name": "web", "service_override": TOO_SMALL, "environment": {"A": "1"}}], catch=True)
    assert run.error is not None and run.error.code == "caprover-refused"
    assert "change app web" in run.error.msg and "correct service_override, environment" in run.error.msg
    assert "the old definition was restored" in run.error.msg
    assert json.dumps(captain.model.apps["web"]) == before
    assert notes(tmp_path) == {}
    assert call("apps", apps=[WEB]).said == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pre_deploy": "this is not js("}, "correct pre_deploy"),
        ({"nginx_config": "bogus;"}, "(nginx_config): 2026/11/23 23:13:34 [emerg]"),
        ({"service_override": "x: {"}, "(service_override)"),
    ],
)
def test_every_refusal_leaves_the_app_as_it_was(captain: StandIn, call: Call, given: dict[str, Any], words: str) -> None:
    call("apps", apps=[WEB])
    before = json.dumps(captain.model.apps["web"])
    run = call("apps", apps=[{"name": "web", **given}], catch=True)
    assert run.error is not None and words in run.error.msg
    assert json.dumps(captain.model.apps["web"]) == before


def test_half_made_is_said_and_the_next_run_continues(
    captain: StandIn, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("apps", apps=[WEB])
    tries: list[Any] = []
    real = caprover.Api.change_app

    def failing(self: Any, now: Any, changes: Any) -> None:
        tries.append(changes)
        if len(tries) == 3:  # the update, once more, and the way back
            raise caprover.Silent("Connection refused")
        real(self, now, changes)

    monkeypatch.setattr(caprover.Api, "change_app", failing)
    run = call("apps", apps=[{"name": "web", "service_override": TOO_SMALL}], catch=True)
    assert run.error is not None and "Incomplete: CapRover has saved the new definition" in run.error.msg
    monkeypatch.undo()
    assert "web" in notes(tmp_path)[captain.url]["unsure"]
    # What is saved is what is requested, so nothing would be sent without the note.
    again = call("apps", apps=[{"name": "web", "service_override": TOO_SMALL}], catch=True)
    assert "sent again: it was not seen done on" in again.said[0][2]
    assert again.error is not None
    assert call("apps", apps=[WEB]).said == [("app web", "update", "service_override")]
    assert notes(tmp_path) == {}


def test_a_lost_answer_is_sent_again(captain: StandIn, call: Call, tmp_path: Path) -> None:
    """It may be saved and not applied, and nothing would tell later."""
    call("apps", apps=[WEB])
    captain.broken.append(UPDATE)
    assert call("apps", apps=[{"name": "web", "instances": 3}]).error is None
    assert len(updates(captain)) == 2 and notes(tmp_path) == {}
    captain.broken += [UPDATE, UPDATE]
    run = call("apps", apps=[{"name": "web", "instances": 4}], catch=True)
    assert run.error is not None and run.error.code == "caprover-broken-off"
    assert call("apps", apps=[{"name": "web", "instances": 4}]).said[0][:2] == ("app web", "update")
    assert call("apps", apps=[{"name": "web", "instances": 4}]).said == []


def test_a_run_that_died_after_it_made_an_app(captain: StandIn, call: Call) -> None:
    captain.model.apps["web"] = fresh(False, "")
    captain.model.apps["web"]["versions"] = [{"version": 0, "timeStamp": "", "deployedImageName": "placeholder"}]
    run = call("apps", apps=[{"name": "web", "instances": 2}], owner="clinic")
    assert run.said == [("app web", "update", "instances, tags")]


def test_docker_was_busy_with_another_update(captain: StandIn, call: Call) -> None:
    """ "update out of sequence" comes as HTTP 500 too, and is no fault of the definition."""
    call("apps", apps=[WEB])
    real, tries = captain.swarm.update, []

    def busy(name: str, definition: Any, image: str) -> None:
        tries.append(name)
        if len(tries) == 1:
            raise DockerError("rpc error: code = Unknown desc = update out of sequence")
        real(name, definition, image)

    captain.swarm.update = busy  # type: ignore[method-assign]
    assert call("apps", apps=[{"name": "web", "instances": 3}]).error is None
    assert len(updates(captain)) == 2 and captain.swarm.services["web"].spec["Mode"]["Replicated"]["Replicas"] == 3


def test_limits_and_nodes_that_are_taken_away(captain: StandIn, call: Call) -> None:
    """They stay in Docker (recorded), so the opposite is sent before."""
    app = {"name": "web", "node": "capr1", "service_override": WEB["service_override"]}
    call("apps", apps=[app])
    spec = captain.swarm.services["web"].spec["TaskTemplate"]
    assert spec["Placement"]["Constraints"] == ["node.id == node1manager"]
    run = call("apps", apps=[{**app, "node": "", "service_override": {}}])
    assert len(updates(captain)) == 2 and run.ctx.warnings == []
    spec = captain.swarm.services["web"].spec["TaskTemplate"]
    assert spec["Resources"]["Limits"]["MemoryBytes"] == 0 and spec["Placement"]["Constraints"] == []
    assert captain.model.apps["web"]["serviceUpdateOverride"] == ""
    assert call("apps", apps=[{**app, "node": "", "service_override": {}}]).said == []


def test_what_docker_keeps_is_said(captain: StandIn, call: Call) -> None:
    labels = {"TaskTemplate": {"ContainerSpec": {"Labels": {"a": "b"}}}}
    call("apps", apps=[{**WEB, "service_override": labels}])
    run = call("apps", apps=[{"name": "web", "service_override": {}, "pre_deploy": ""}])
    assert "Docker keeps TaskTemplate.ContainerSpec.Labels.a, what pre_deploy set" in run.ctx.warnings[0]


def test_builds_are_waited_for(captain: StandIn, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("apps", apps=[WEB])
    captain.model.building["web"] = True
    threading.Timer(0.1, captain.model.building.clear).start()
    call("apps", apps=[{"name": "web", "instances": 3}])
    assert captain.model.apps["web"]["instanceCount"] == 3
    captain.model.building["other"] = True
    captain.model.apps["other"] = fresh(False, "")
    monkeypatch.setattr(change, "BUILDS", 0.05)
    run = call("apps", apps=[DB], catch=True)
    assert run.error is not None and run.error.code == "caprover-builds" and "building other" in run.error.msg
    assert "db" not in captain.model.apps


def test_a_placeholder_that_cannot_be_pulled(captain: StandIn, call: Call) -> None:
    """Without internet: the app is made, and what was set takes effect with the first deploy."""
    captain.builder._pull = _no_pull  # type: ignore[method-assign]
    run = call("apps", apps=[{"name": "web", "instances": 2}])
    assert "could not deploy its placeholder" in run.ctx.warnings[0] and "takes effect with the first deploy" in run.ctx.warnings[1]
    assert captain.model.apps["web"]["instanceCount"] == 2
    assert call("apps", apps=[{"name": "web", "instances": 2}]).said == []


def _no_pull(image: str, log: Any) -> str:
    raise DockerError("no route to registry-1.docker.io")


def test_a_worker(captain: StandIn, call: Call) -> None:
    captain.swarm.nodes.append(node("node2worker", "capr2", "worker", "172.29.0.11"))
    call("apps", apps=[{**DB, "node": "capr2"}])
    assert captain.swarm.services["db"].node == "node2worker"
    with pytest.raises(AgentError, match="node capr3 is none of the Swarm's nodes"):
        call("apps", apps=[{**DB, "node": "capr3"}])


def test_a_project_by_its_name(captain: StandIn, call: Call) -> None:
    captain.model.projects = [{"id": "p1", "name": "shop"}]
    call("apps", apps=[{"name": "web", "project": "shop"}])
    assert captain.model.apps["web"]["projectId"] == "p1"
    run = call("apps", apps=[{"name": "web", "project": "shop"}])
    assert run.said == [] and run.result["requests"] == 3


def test_an_app_whose_making_was_not_answered(captain: StandIn, call: Call) -> None:
    captain.broken.append("/user/apps/appDefinitions/register")
    run = call("apps", apps=[WEB], owner="clinic", catch=True)
    assert run.error is not None and run.error.code == "caprover-broken-off" and "make app web" in run.error.msg
    assert call("apps", apps=[WEB], owner="clinic").error is None
    assert call("apps", apps=[WEB], owner="clinic").said == []


def test_somebody_made_the_app_meanwhile(captain: StandIn, call: Call) -> None:
    real = captain.apps.register

    def slower(body: Any, detached: bool) -> str:
        real(dict(body), detached)
        return real(body, detached)  # 1103

    captain.apps.register = slower  # type: ignore[method-assign]
    captain.calls = captain._calls()
    assert call("apps", apps=[WEB]).error is None and captain.model.apps["web"]["instanceCount"] == 2


@pytest.mark.parametrize(
    "more",
    [{"instances": 2}, {"domains": [{"name": "a.example.net"}]}, {"tls": True}],
)
def test_an_app_that_is_removed_meanwhile(captain: StandIn, call: Call, tmp_path: Path, more: dict[str, Any]) -> None:
    """By another client, between the read and the write. No note is left, and the next run creates it."""
    call("apps", apps=[{"name": "web"}])
    real = captain.model.app

    def gone(name: str | None) -> Any:
        captain.model.apps.pop("web", None)
        return real(name)

    captain.model.app = gone  # type: ignore[method-assign]
    run = call("apps", apps=[{"name": "web", **more}], catch=True)
    assert run.error is not None and run.error.code == "app-missing"
    assert "app web does not exist any more: it was removed during the run" in run.error.msg and "Fix: run again" in run.error.msg
    captain.model.app = real  # type: ignore[method-assign]
    assert not (tmp_path / NOTES).exists() or json.loads((tmp_path / NOTES).read_text()) == {}
    assert call("apps", apps=[{"name": "web", **more}]).error is None and "web" in captain.model.apps


def test_a_definition_that_caprover_would_not_read(captain: StandIn, call: Call) -> None:
    """It says HTTP 500 without a reason; here app and option are named, before anything is sent."""
    with pytest.raises(AgentError, match="app web: environment is 2343 KiB large, and CapRover reads requests of at most 2 MiB") as caught:
        call("apps", apps=[{"name": "web", "environment": {"A": "x" * 2_400_000}, "nginx_config": "y"}])
    assert caught.value.code == "bad-app" and "xxx" not in caught.value.msg and captain.writes() == []
