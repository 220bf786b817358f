# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apps that wait for others: what holds them back, and that both are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError

from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import Call
from tests.unit.services.caprover.test_deploy import FAST, Docker, deployed, docker, notes, posts

__all__ = ["docker"]

API_BAD = "app api: this deploy was reverted on "


@pytest.fixture
def both(captain: StandIn, call: Call, docker: Docker) -> Docker:
    """An app ``api`` beside ``web``, both deployed."""
    call("apps", apps=[{"name": "api"}])
    call("deploy", apps=chain("good:1", "good:1"), programs=docker)
    return docker


def chain(api: str, web: str, **more: Any) -> list[dict[str, Any]]:
    """``web`` comes after ``api``."""
    return [{"name": "api", "image": api, "health": FAST}, {"name": "web", "image": web, "health": FAST, "after": ["api"], **more}]


def test_an_app_waits_for_one_that_goes_back(captain: StandIn, call: Call, both: Docker, tmp_path: Path) -> None:
    """In the run in which it goes back, and in each later one, until the first one gets another image. Both apps are named."""
    call("apps", apps=[{"name": "last"}, {"name": "free"}])
    apps = [*chain("bad:2", "good:2"), {"name": "last", "image": "good:2", "after": ["web"]}, {"name": "free", "image": "good:2"}]
    run = call("deploy", apps=apps, programs=both, catch=True)
    assert run.error is not None and run.error.code == "not-healthy" and posts(captain) == 0
    assert ". Not deployed in this run: web (after api), last, free. Fix: " in run.error.msg
    held = call("deploy", apps=apps, programs=both, catch=True)
    assert held.said == [("app free", "deploy", "good:2"), *((f"app {one}", "hold back", "") for one in ("api", "web", "last"))]
    assert held.error is not None and held.error.code == "held-back" and API_BAD in held.error.msg
    assert "app web is held back too, because it comes after app api: it was not deployed. Fix: use another image" in held.error.msg
    assert "app last is held back too, because it comes after app web" in held.error.msg
    assert posts(captain) == 0 and deployed(captain) == "good:1" and set(notes(tmp_path)[captain.url]["held"]) == {"api"}
    planned = call("deploy", check=True, apps=apps, programs=both)
    assert any("app web is held back too" in warning for warning in planned.ctx.warnings)
    apps[0]["image"] = "good:3"
    assert call("deploy", apps=apps, programs=both).error is None and deployed(captain) == "good:2"


def test_an_app_waits_for_one_that_is_not_healthy(captain: StandIn, call: Call, both: Docker) -> None:
    """It runs what it must, but its containers end. Nothing is noted: the next run looks again."""
    container = captain.swarm.services["api"].spec["TaskTemplate"]["ContainerSpec"]
    container["Image"] = "bad"
    run = call("deploy", apps=chain("good:1", "good:2"), programs=both, catch=True)
    assert run.error is not None and run.error.code == "held-back" and posts(captain) == 0 and deployed(captain) == "good:1"
    assert "app web is not deployed, because it comes after app api, which is not healthy: " in run.error.msg
    assert "Fix: repair app api (docker service ps --no-trunc api on a manager" in run.error.msg
    assert call("deploy", apps=chain("good:1", "good:1"), programs=both).said == []  # nothing to deploy, so nothing waits
    container["Image"] = "good:1"
    assert call("deploy", apps=chain("good:1", "good:2"), programs=both).error is None and deployed(captain) == "good:2"


def test_an_old_update_that_ended_badly_holds_nothing_back(captain: StandIn, call: Call, both: Docker) -> None:
    """Docker says so until the next update: recorded after an image that was taken back, and after CapRover has removed a container."""
    both.states["api"] = {"State": "paused", "Message": "update paused due to failure or early termination of task gone"}
    assert call("deploy", apps=chain("good:1", "good:2"), programs=both).error is None and deployed(captain) == "good:2"
    captain.swarm.services["api"].spec["TaskTemplate"]["ContainerSpec"]["Image"] = "bad"
    run = call("deploy", apps=chain("good:1", "good:3"), programs=both, catch=True)
    assert run.error is not None and run.error.code == "held-back" and deployed(captain) == "good:2"


def test_an_app_without_containers_holds_nothing_back(captain: StandIn, call: Call, both: Docker, tmp_path: Path) -> None:
    """It is neither asked nor watched, and no later run waits for it; with containers again it is."""
    apps = chain("good:1", "good:1")
    apps[0]["health"] = {**FAST, "url": "http://127.0.0.1:9/"}
    call("apps", apps=[{"name": "api", "instances": 0}])
    assert call("deploy", apps=apps, programs=both).error is None and notes(tmp_path) == {}
    apps[1]["image"] = "good:2"
    run = call("deploy", apps=apps, programs=both)
    assert run.said == [("app web", "deploy", "good:2")] and deployed(captain) == "good:2" and notes(tmp_path) == {}
    apps[0]["image"] = "good:2"
    assert call("deploy", apps=apps, programs=both).error is None and notes(tmp_path) == {}
    assert call("deploy", apps=apps, programs=both).said == []
    call("apps", apps=[{"name": "api", "instances": 1}])
    run = call("deploy", apps=apps, programs=both, catch=True)
    assert run.error is not None and run.error.code == "not-healthy" and "does not answer" in run.error.msg


def test_an_app_is_asked_once_for_all_that_wait_for_it(captain: StandIn, call: Call, both: Docker) -> None:
    """One that was deployed in the same run was seen healthy there."""
    call("apps", apps=[{"name": "last"}])
    asked: list[str] = []

    def judge(app: str, _image: str) -> str:
        asked.append(app)
        return ""

    apps = [*chain("good:1", "good:2"), {"name": "last", "image": "good:2", "health": FAST, "after": ["api", "web"]}]
    call("deploy", apps=apps, judge=judge)
    assert asked == ["api", "web", "last"]


@pytest.mark.parametrize("apps", [[chain("a", "b")[1]], chain("a", "b")[::-1], [{**chain("a", "b")[1], "after": ["web"]}]])
def test_who_waits_is_listed_after(call: Call, captain: StandIn, apps: list[dict[str, Any]]) -> None:
    with pytest.raises(AgentError, match=r"app web: after: app (api|web) is not listed before it"):
        call("deploy", apps=apps)
    assert captain.seen == []
