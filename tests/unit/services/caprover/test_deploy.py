# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys end to end, against the stand-in and a Docker that knows its services."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import health

from tests.standins.caprover.model import DockerError
from tests.standins.caprover.server import StandIn
from tests.unit.lib.host import Programs
from tests.unit.services.caprover.conftest import Call
from tests.unit.services.caprover.test_wanted_deploy import tar

NOTES = "var/lib/vannah/caprover.json"
DATA = "/user/apps/appData/web"
LINES = {"schemaVersion": 2, "dockerfileLines": ["FROM a", "RUN true"]}
FAST = {"steady": 0, "timeout": 1}


class Docker(Programs):
    """``docker service`` for the stand-in's services. An image with ``bad`` in its name ends at once, again and again.

    :ivar states: service -> how its last update ended; it was completed where nothing is said
    """

    def __init__(self, captain: StandIn) -> None:
        super().__init__()
        self.captain = captain
        self.looks = 0
        self.states: dict[str, dict[str, str]] = {}
        self.on("docker", "service", "inspect", do=self.inspect)
        self.on("docker", "service", "ps", do=self.ps)

    def inspect(self, argv: list[str]) -> Result:
        service = self.captain.swarm.services.get(argv[-1])
        if service is None:
            return Result(1, "[]", f"Error: no such service: {argv[-1]}")
        return Result(0, json.dumps([{"Spec": service.spec, "UpdateStatus": self.states.get(argv[-1], {"State": "completed"})}]))

    def ps(self, argv: list[str]) -> Result:
        service = self.captain.swarm.services.get(argv[-1])
        if service is None:
            return Result(1)
        self.looks += 1
        image, index = service.spec["TaskTemplate"]["ContainerSpec"]["Image"], service.index
        shown = f"{image}@sha256:0" if "@" not in image else image
        task = {"ID": f"task-{index}", "Image": shown, "DesiredState": "Running", "CurrentState": "Running 5 seconds ago", "Error": ""}
        tasks = [{**task, "ID": f"task-{index}-{replica}"} for replica in range(service.spec["Mode"]["Replicated"]["Replicas"])]
        if "bad" in image:
            tasks = [{**task, "ID": f"task-{index}-{self.looks}", "CurrentState": "Starting 1 second ago"}]
            ended = {**task, "DesiredState": "Shutdown", "CurrentState": "Failed 1 second ago", "Error": "task: non-zero exit (1)"}
            tasks += [{**ended, "ID": f"task-{index}-{look}"} for look in range(self.looks)]
        return Result(0, "\n".join(map(json.dumps, tasks)))


@pytest.fixture
def docker(captain: StandIn, call: Call) -> Docker:
    """An app ``web`` with two replicas, and who knows how it is."""
    app = {"name": "web", "instances": 2, "environment": {"DATABASE_URL": "postgresql://secret-value"}}
    call("apps", apps=[app])
    return Docker(captain)


def notes(tmp_path: Path) -> Any:
    path = tmp_path / NOTES
    return json.loads(path.read_text()) if path.exists() else {}


def deployed(captain: StandIn) -> str:
    app = captain.model.apps["web"]
    return next(one["deployedImageName"] for one in app["versions"] if one["version"] == app["deployedVersion"])


def posts(captain: StandIn) -> int:
    return captain.seen.count(("POST", DATA))


def test_an_image_is_deployed_once(captain: StandIn, call: Call, docker: Docker, tmp_path: Path) -> None:
    image = "registry.example.org/web@sha256:abc"
    asked = {"apps": [{"name": "web", "image": image, "health": FAST}], "programs": docker}
    checked = call("deploy", check=True, **asked)
    assert checked.said == [("app web", "deploy", image)] and posts(captain) == 0
    run = call("deploy", **asked)
    assert run.said == checked.said and run.diff == f"=>\n{image}\n" and run.ctx.warnings == []
    assert deployed(captain) == image and notes(tmp_path) == {}
    assert all(path.endswith("appData/web") for method, path in captain.writes())
    again = call("deploy", **asked)
    assert again.said == [] and again.result["unchanged"] == ["web"]
    assert captain.seen == [("POST", "/login"), ("GET", "/user/apps/appDefinitions")]
    assert call("deploy", apps=[{"name": "web", "image": image, "force": True, "health": FAST}], programs=docker).said != []


def test_content_is_deployed_once(captain: StandIn, call: Call, docker: Docker, tmp_path: Path) -> None:
    """By its hash: CapRover names what it builds after the version."""
    call("deploy", apps=[{"name": "web", "captain_definition": LINES, "health": FAST}], programs=docker)
    assert deployed(captain) == "img-captain-web:1"
    assert call("deploy", apps=[{"name": "web", "captain_definition": json.dumps(LINES)}]).said == []
    path = "/web.tar"
    tar(tmp_path / "web.tar", "Dockerfile")
    assert call("deploy", apps=[{"name": "web", "tarball": path, "health": FAST}], programs=docker).said == [
        ("app web", "deploy", "tarball /web.tar")
    ]
    assert call("deploy", apps=[{"name": "web", "tarball": path}]).said == []
    assert call("deploy", apps=[{"name": "web", "captain_definition": LINES, "health": FAST}], programs=docker).said != []


@pytest.mark.parametrize(
    ("given", "words", "log"),
    [
        ({"image": "nosuch:v9"}, "could not deploy it: Error: (HTTP code 500) server error", "Pulling this image: nosuch:v9"),
        ({"captain_definition": {"schemaVersion": 2, "dockerfileLines": ["FROM a", "RUN exit 7"]}}, "exit code: 7", "[2] RUN exit 7"),
        ({"captain_definition": {"schemaVersion": 2, "dockerfileLines": ["FORM a"]}}, "unknown instruction: FORM", "Build has failed!"),
    ],
)
def test_a_failed_build_shows_its_log(
    captain: StandIn, call: Call, docker: Docker, tmp_path: Path, given: Any, words: str, log: str
) -> None:
    call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker)
    run = call("deploy", apps=[{"name": "web", **given, "health": FAST}], programs=docker, catch=True)
    assert run.error is not None and run.error.code == "build-failed"
    assert "app web: " in run.error.msg and "Fix: " in run.error.msg and words in run.error.msg and log in run.error.journal
    assert deployed(captain) == "web:1" and notes(tmp_path) == {}
    assert captain.crashes == 0


def test_a_log_shows_no_secret(captain: StandIn, call: Call, docker: Docker) -> None:
    """CapRover gives an app's environment to builds, and programs print it."""
    lines = {"schemaVersion": 2, "dockerfileLines": ["FROM a", "RUN env", "RUN exit 1"]}
    run = call("deploy", apps=[{"name": "web", "captain_definition": lines}], programs=docker, catch=True)
    assert run.error is not None and "DATABASE_URL=********" in run.error.journal
    assert "secret-value" not in run.shown
    captain.model.times.build = 0.5
    env = {"schemaVersion": 2, "dockerfileLines": ["FROM a", "RUN env"]}
    run = call("deploy", apps=[{"name": "web", "captain_definition": env}], build_timeout=0, catch=True)
    assert run.error is not None and "its build is not complete after 0 s" in run.error.msg and "secret-value" not in run.shown
    captain.model.times.build = 0
    captain.model.output["web"] = "\x01\x00\x00\x00\x00\x00\x00\x20cannot connect to postgresql://secret-value\n"
    run = call("deploy", apps=[{"name": "web", "image": "bad:1", "health": FAST}], programs=docker, catch=True)
    assert run.error is not None and "cannot connect to ********" in run.error.journal and "\x00" not in run.error.journal


def test_a_version_that_does_not_become_healthy_goes_back(captain: StandIn, call: Call, docker: Docker, tmp_path: Path) -> None:
    """ "Deploy is done" says nothing of the container (recorded)."""
    call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker)
    bad = {"apps": [{"name": "web", "image": "bad:2", "health": FAST}], "programs": docker}
    run = call("deploy", catch=True, **bad)
    assert run.error is not None and run.error.code == "not-healthy"
    assert "containers of it failed: task: non-zero exit (1)" in run.error.msg
    assert "Version 1 (web:1) was restored and is healthy" in run.error.msg
    assert deployed(captain) == "web:1"
    assert captain.swarm.services["web"].spec["TaskTemplate"]["ContainerSpec"]["Image"] == "web:1"
    # Each try would interrupt the app, so the same is not tried again until it changes.
    held = call("deploy", catch=True, **bad)
    assert held.error is not None and held.error.code == "held-back" and "force: true" in held.error.msg and posts(captain) == 0
    planned = call("deploy", check=True, **bad)
    assert planned.said == [("app web", "hold back", "")] and "held back" in planned.ctx.warnings[0]
    assert call("deploy", catch=True, retry=True, **bad).said == [("app web", "deploy", "bad:2")]
    assert call("deploy", apps=[{"name": "web", "image": "web:1"}], programs=docker).said == []
    call("deploy", apps=[{"name": "web", "image": "web:3", "health": FAST}], programs=docker)
    assert notes(tmp_path) == {} and deployed(captain) == "web:3"


def test_what_is_held_back_does_not_keep_others(captain: StandIn, call: Call, docker: Docker) -> None:
    call("apps", apps=[{"name": "other"}])
    call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker)
    call("deploy", apps=[{"name": "web", "image": "bad:2", "health": FAST}], programs=docker, catch=True)
    apps = [{"name": "web", "image": "bad:2"}, {"name": "other", "image": "web:1", "health": FAST}]
    run = call("deploy", apps=apps, programs=docker, catch=True)
    assert run.said == [("app other", "deploy", "web:1"), ("app web", "hold back", "")]
    assert run.error is not None and run.error.code == "held-back"
    assert captain.model.apps["other"]["deployedVersion"] == 1


def test_an_image_that_was_built_here_comes_back(captain: StandIn, call: Call, docker: Docker) -> None:
    """It was pushed nowhere, so it cannot be pulled."""
    call("deploy", apps=[{"name": "web", "captain_definition": LINES, "health": FAST}], programs=docker)
    run = call("deploy", apps=[{"name": "web", "image": "bad:2", "health": FAST}], programs=docker, catch=True)
    assert run.error is not None and "Version 1 (img-captain-web:1) was restored and is healthy" in run.error.msg
    assert call("deploy", apps=[{"name": "web", "captain_definition": LINES}], programs=docker).said == []


def test_a_first_deploy_that_fails_is_tried_again(captain: StandIn, call: Call, docker: Docker, tmp_path: Path) -> None:
    """It interrupts nothing. CapRover says that it is deployed, so a note tells that it was not seen healthy."""
    bad = {"apps": [{"name": "web", "image": "bad:1", "health": FAST}], "programs": docker}
    run = call("deploy", catch=True, **bad)
    assert run.error is not None and "There is no previous version, so it stays" in run.error.msg
    again = call("deploy", catch=True, **bad)
    assert again.said[0][:2] == ("app web", "watch") and again.error is not None and posts(captain) == 0
    docker.on("docker", "service", "ps", out="")
    healthy = call("deploy", judge=lambda app, image: "", **bad)
    assert healthy.error is None and notes(tmp_path) == {}
    assert call("deploy", **bad).said == []


def test_a_run_that_died_while_it_watched(captain: StandIn, call: Call, docker: Docker, tmp_path: Path) -> None:
    call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker)

    def killed(app: str, image: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call("deploy", apps=[{"name": "web", "image": "bad:2"}], judge=killed)
    run = call("deploy", apps=[{"name": "web", "image": "bad:2", "health": FAST}], programs=docker, catch=True)
    assert run.said[0][:2] == ("app web", "watch")
    assert run.error is not None and "Version 1 (web:1) was restored" in run.error.msg and deployed(captain) == "web:1"


def test_docker_refuses_the_new_version(captain: StandIn, call: Call, docker: Docker, tmp_path: Path) -> None:
    """CapRover says that it is deployed all the same (recorded), so a second run would find nothing to do."""
    call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker)
    real = captain.swarm.update

    def refusing(name: str, definition: Any, image: str) -> None:
        if image == "web:2":
            raise DockerError("invalid memory value 5: Must be at least 4MiB")
        real(name, definition, image)

    captain.swarm.update = refusing  # type: ignore[method-assign]
    run = call("deploy", apps=[{"name": "web", "image": "web:2", "health": FAST}], programs=docker, catch=True)
    assert run.error is not None and "Docker refused it: version 1 was restored" in run.error.msg
    assert "Must be at least 4MiB" in run.error.msg and "Fix: correct service_override" in run.error.msg
    assert deployed(captain) == "web:1" and notes(tmp_path) == {}


def test_no_deploy_while_another_app_builds(captain: StandIn, call: Call, docker: Docker) -> None:
    captain.model.building["other"] = True
    captain.model.apps["other"] = {**captain.model.apps["web"]}
    waited: list[bool] = []

    def ended() -> None:
        waited.append(posts(captain) == 0)
        captain.model.building.clear()

    threading.Timer(0.1, ended).start()
    call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker)
    assert waited == [True] and captain.crashes == 0


@pytest.mark.parametrize("built", [True, False])
def test_caprover_restarts_while_it_builds(captain: StandIn, call: Call, docker: Docker, built: bool) -> None:
    """All tokens end and the log is gone: the versions say what became of it."""
    real = captain.builder._image

    def crashing(app: str, version: int, source: Any, log: Any) -> str:
        image = real(app, version, source, log)
        if built:
            entry = captain.model.apps[app]["versions"][-1]
            entry["deployedImageName"] = image
            captain.model.apps[app]["deployedVersion"] = version
            captain.swarm.update(app, captain.model.apps[app], image)
        captain.builder._image = real  # type: ignore[method-assign]
        captain.crash()
        return image

    captain.builder._image = crashing  # type: ignore[method-assign]
    run = call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker, catch=True)
    if built:
        assert run.error is None
    else:
        assert run.error is not None and "it was restarted while it built" in run.error.msg
        assert call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker).error is None
    assert deployed(captain) == "web:1"


def test_a_deploy_whose_answer_is_lost(captain: StandIn, call: Call, docker: Docker) -> None:
    captain.broken.append(DATA)
    assert call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker).error is None
    assert posts(captain) == 1 and deployed(captain) == "web:1"


def test_apps_that_are_not_there(captain: StandIn, call: Call) -> None:
    with pytest.raises(AgentError, match="app web does not exist. Fix: create it with caprover_apps first"):  # noqa: RUF043 # a dot is a dot
        call("deploy", apps=[{"name": "web", "image": "web:1"}])
    run = call("deploy", apps=[{"name": "web", "image": "web:1"}], check=True)
    assert run.said == [("app web", "deploy", "web:1")] and "does not exist yet" in run.ctx.warnings[0]
    run = call("deploy", apps=[{"name": "web", "image": "web:1"}], check=True, url="http://127.0.0.1:9")
    assert not run.result["answers"] and run.said == [("app web", "deploy", "web:1")]


def test_without_anybody_to_ask(captain: StandIn, call: Call, docker: Docker) -> None:
    run = call("deploy", apps=[{"name": "web", "image": "web:1"}])
    assert "its health is not known" in run.ctx.warnings[0]
    run = call("deploy", apps=[{"name": "web", "image": "web:2", "health": {"docker": True}}], catch=True)
    assert run.error is not None and run.error.code == "health-unknown" and posts(captain) == 0
    assert "health: {docker: false, url: ...}" in run.error.msg


def test_the_way_back_is_barred(captain: StandIn, call: Call, docker: Docker, tmp_path: Path) -> None:
    """The registry has lost the version before: both are said, and the next run watches again."""
    call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker)
    captain.model.missing = ("web:1",)
    run = call("deploy", apps=[{"name": "web", "image": "bad:2", "health": FAST}], programs=docker, catch=True)
    assert run.error is not None and run.error.code == "not-healthy"
    assert "Incomplete: the previous version (web:1) could not be restored" in run.error.msg
    assert notes(tmp_path)[captain.url]["unproven"]["web"]["previous"]["deployedImageName"] == "web:1"
    captain.model.missing = ()
    run = call("deploy", apps=[{"name": "web", "image": "bad:2", "health": FAST}], programs=docker, catch=True)
    assert run.said[0][1] == "watch" and deployed(captain) == "web:1"


def test_what_came_before_is_not_healthy_either(captain: StandIn, call: Call, docker: Docker) -> None:
    call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], programs=docker)
    run = call("deploy", apps=[{"name": "web", "image": "web:2", "health": FAST}], judge=lambda app, image: "no database", catch=True)
    assert run.error is not None and "was restored, and is not healthy either: no database" in run.error.msg


def test_an_app_that_is_removed_meanwhile(captain: StandIn, call: Call, docker: Docker) -> None:
    def removing(app: str, image: str) -> str:
        captain.model.apps.clear()
        return "gone"

    run = call("deploy", apps=[{"name": "web", "image": "web:1", "health": FAST}], judge=removing, catch=True)
    assert run.error is not None and run.error.code == "app-missing" and "it was removed during the run" in run.error.msg


def test_a_change_of_the_environment_is_watched(captain: StandIn, call: Call, docker: Docker) -> None:
    """The image is the same; the containers are others."""
    web = [{"name": "web", "image": "good:1", "health": FAST}]
    call("deploy", apps=web, programs=docker)
    call("apps", apps=[{"name": "web", "environment": {"DATABASE_URL": "wrong"}}], programs=docker)
    captain.swarm.services["web"].spec["TaskTemplate"]["ContainerSpec"]["Image"] = "bad"  # it ends at once with this environment
    ended = call("deploy", apps=web, programs=docker, catch=True)
    assert ended.error is not None and "healthy" in ended.error.msg
    captain.swarm.services["web"].spec["TaskTemplate"]["ContainerSpec"]["Image"] = "good:1"
    call("deploy", apps=web, programs=docker)
    assert call("deploy", apps=web, programs=docker).said == []


def test_back_to_the_last_version_that_was_healthy(captain: StandIn, call: Call, docker: Docker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to the one that a killed run had deployed and not seen healthy."""

    def deploy(image: str) -> Any:
        return call("deploy", apps=[{"name": "web", "image": image, "health": FAST}], programs=docker, catch=True)

    deploy("good:1")
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(health.Health, "wait", lambda _self, _image: (_ for _ in ()).throw(KeyboardInterrupt))
        deploy("bad:2")
    ended = deploy("bad:3")
    assert "(good:1) was restored and is healthy" in ended.error.msg, ended.error.msg
