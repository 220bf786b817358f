# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of CapRover expect of a server, as one story that is told in this order.

`make caprover-contract` tells it to a real server, ``tests/unit/services/caprover/test_contract.py`` to the stand-in. Both give the
fixture ``server``. Apps of it are called ``contract-...``; nothing else is changed for longer than a test.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover import calls, health
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.api import APPS, Api
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.caprover.wanted import RESET

Item = dict[str, Any]

#: Every CapRover has it, so that a server without internet will do.
PLACEHOLDER = "caprover/caprover-placeholder-app:latest"
OWNER = "contract"
#: Fields of a definition that tell what was asked for, and not what became of it.
_OUTCOMES = ("versions", "deployedVersion", "isAppBuilding")


@dataclass
class Server:
    """A server that may be changed.

    :ivar url: of its API
    :ivar web: where its nginx answers
    :ivar judge: what says whether an app is healthy, where there are no containers to ask; None for nginx
    :ivar interval: seconds between two looks in place of the modules' own; None for those
    :ivar limit: seconds until an app has to be healthy
    :ivar steady: seconds for which it has to stay so
    """

    url: str
    password: str
    home: Path
    web: str = ""
    judge: Callable[[str, str], str] | None = None
    interval: float | None = None
    limit: int = 45
    steady: int = 5
    prefix: str = field(default_factory=lambda: f"contract-{secrets.token_hex(3)}")

    def context(self, check: bool = False) -> Context:
        """What a call runs in: its notes are kept in a folder of this test."""
        ctx = Context("check" if check else "apply", diff=True, root=str(self.home))
        if self.interval is not None:
            ctx.interval = self.interval
        ctx.kept(health.Kept).judge = self.judge
        return ctx

    def call(self, name: str, *, check: bool = False, **params: Any) -> list[tuple[str, str]]:
        """Call a module; target and action of its steps. ``result`` has what it gives back, ``warnings`` what it warned of.

        :raises AgentError: what the module fails with
        """
        ctx = self.context(check)
        steps, self.result = calls.CALLS[name](_filled(name, self._connection() | params), ctx)
        done = []
        for step in steps:
            if not check and step.apply is not None:
                step.apply(ctx)
            if step.action:
                done.append((step.target, step.action))
        self.warnings = ctx.warnings
        return done

    def refused(self, name: str, **params: Any) -> AgentError:
        """The error that a module ends with."""
        with pytest.raises(AgentError) as caught:
            self.call(name, **params)
        return caught.value

    def api(self) -> Api:
        """The API itself, for what is looked at from outside of the modules."""
        return calls.connect(self.context(), _filled("info", self._connection()))

    def _connection(self) -> Item:
        return {"url": self.url, "password": self.password, "allow_http": True}

    def health(self, app: str) -> Item:
        """How it is told whether an app is healthy: nginx has to have it."""
        info = self.api().get("/user/system/info")
        root = info.get("rootDomain") or "captain.localhost"
        return {"docker": False, "url": self.web, "host": f"{app}.{root}", "timeout": self.limit, "steady": self.steady}

    def definition(self, app: str) -> Item:
        """An app as the server has it."""
        return dict(self.api().apps()[app])

    # --- what it is like --------------------------------------------------------------------------------------------------

    def state(self) -> Item:
        """Everything that is to be as it was."""
        api = self.api()
        apps = [{key: value for key, value in app.items() if key != "isAppBuilding"} for app in api.apps().values()]
        registries = api.get("/user/registries")
        paths = ("info", "diskcleanup", "netdata", "nginxconfig")
        return {"apps": apps, "registries": registries, **{path: api.get(f"/user/system/{path}") for path in paths}}

    def clear(self) -> None:
        """Remove the apps of this story, with their volumes and the images that CapRover built for them."""
        api = self.api()
        for app in list(api.apps().values()):
            if app["appName"].startswith(self.prefix):
                volumes = [volume["volumeName"] for volume in app.get("volumes") or () if "volumeName" in volume]
                api.post(f"{APPS}/delete", {"appName": app["appName"], "volumes": volumes})
        left = self._images()
        for _try in range(20):  # until their containers have ended
            if not left:
                return
            # By their names: CapRover does not remove an image that has two of them, as what it builds has.
            api.post(f"{APPS}/deleteImages", {"imageIds": left})
            time.sleep(1)
            left = self._images()
        raise AssertionError(f"CapRover does not remove the images {', '.join(left)}")

    def _images(self) -> list[str]:
        """Names of the images that CapRover built for this story."""
        found = self.api().get(f"{APPS}/unusedImages?mostRecentLimit=0")["unusedImages"]
        return [tag for image in found for tag in image.get("tags") or () if tag.startswith(f"img-captain-{self.prefix}")]


def _filled(name: str, given: Item) -> Item:
    """A module's parameters as a task has them: every option is there."""

    def whole(options: Item, values: Item) -> Item:
        made: Item = {}
        for option, spec in options.items():
            value = values.get(option, spec.get("default"))
            below = spec.get("options")
            if below and isinstance(value, dict):
                value = whole(below, value)
            elif below and isinstance(value, list):
                value = [whole(below, item) for item in value]
            made[option] = value
        return made

    return whole(documented.spec(f"caprover_{name}"), given)


@pytest.fixture(scope="module", autouse=True)
def as_it_was(server: Server) -> Iterator[None]:
    """The server is left as it was, also where a test fails."""
    before = server.state()
    assert not [app for app in before["apps"] if app["appName"].startswith(server.prefix)]
    yield
    server.clear()
    assert server.state() == before, "the server is not as it was"


@pytest.fixture(scope="module")
def web(server: Server) -> str:
    """An app that keeps nothing."""
    return f"{server.prefix}-web"


@pytest.fixture(scope="module")
def db(server: Server) -> str:
    """An app with a volume."""
    return f"{server.prefix}-db"


@cache
def listed(web: str, db: str) -> list[Item]:
    """Two apps with most of what one may have."""
    return [
        {
            "name": web,
            "instances": 2,
            "http_port": 80,
            "environment": {"TEXT": "a=b c", "NUMBER": 7, "SWITCH": True, "EMPTY": ""},
            "websocket": True,
            "description": "of a contract test",
            "tags": ["one"],
            "basic_auth": {"user": "contract", "password": "contract-password"},
            "deploy_token": {"enabled": True, "token": secrets.token_hex(32)},
            "service_override": {"TaskTemplate": {"Resources": {"Limits": {"MemoryBytes": 268435456}}}},
        },
        {
            "name": db,
            "volumes": [{"path": "/data", "volume": f"{db}-data"}],
            "force_tls": False,
            # CapRover waits some 10 s for a container to stop before it gives a volume up, as long as Docker does.
            "service_override": {"TaskTemplate": {"ContainerSpec": {"StopSignal": "SIGKILL"}}},
        },
    ]


def built(db: str, *lines: str) -> Item:
    """A definition that CapRover builds from the image that it has."""
    return {"name": db, "captain_definition": {"schemaVersion": 2, "dockerfileLines": [f"FROM {PLACEHOLDER}", *lines]}}


# --- the server ------------------------------------------------------------------------------------------------------------------


def test_it_is_a_version_that_the_modules_know(server: Server) -> None:
    server.call("info")
    assert tuple(map(int, server.result["version"].split(".")[:2])) >= (1, 15)
    assert server.result["nodes"] and all(node["state"] == "ready" for node in server.result["nodes"])


def test_a_wrong_password_is_tried_once(server: Server) -> None:
    error = server.refused("info", password=f"not-{server.prefix}"[:29])
    assert error.code == "caprover-login"
    server.call("info")  # no user was locked out


def test_the_password_changes_and_a_second_run_changes_nothing(server: Server) -> None:
    """A token ends with it: who has one logs in again."""
    new = f"{server.prefix}-9Z"
    keeps = server.api()
    keeps.get("/user/system/info")
    try:
        assert server.call("server", netdata=None, password=new, previous_password=server.password) == [("password", "update")]
        assert server.call("server", netdata=None, password=new) == []
    finally:
        again = server.call("server", netdata=None, previous_password=new)
    assert again == [("password", "update")]
    assert keeps.get("/user/system/info")


def test_a_setting_changes_and_a_second_run_changes_nothing(server: Server) -> None:
    now = server.api().get("/user/system/diskcleanup")
    there = {"keep": now["mostRecentLimit"], "schedule": now["cronSchedule"], "timezone": now["timezone"]}
    other = {"keep": there["keep"] + 1, "schedule": "0 3 * * *", "timezone": "UTC"}
    try:
        assert server.call("server", netdata=None, disk_cleanup=other) == [("disk clean-up", "update")]
        assert server.call("server", netdata=None, disk_cleanup=other) == []
    finally:
        server.call("server", netdata=None, disk_cleanup=there)


def test_nginx_refuses_a_template_and_keeps_its_own(server: Server) -> None:
    before = server.api().get("/user/system/nginxconfig")
    error = server.refused("server", netdata=None, nginx={"captain": "bogus;", "base": None})
    assert error.code == "caprover-refused" and "[emerg]" in error.msg
    assert server.api().get("/user/system/nginxconfig") == before


# --- apps ------------------------------------------------------------------------------------------------------------------------


def test_check_mode_makes_nothing(server: Server, web: str, db: str) -> None:
    steps = server.call("apps", check=True, owner=OWNER, apps=listed(web, db))
    assert (f"app {web}", "create") in steps and (f"app {db}", "create") in steps
    assert not [name for name in server.api().apps() if name in (web, db)]


def test_apps_are_made_and_a_second_run_sends_nothing(server: Server, web: str, db: str) -> None:
    server.call("apps", owner=OWNER, apps=listed(web, db))
    before = [server.definition(web), server.definition(db)]
    assert server.call("apps", owner=OWNER, apps=listed(web, db)) == []
    assert server.result["requests"] <= 3
    assert [server.definition(web), server.definition(db)] == before
    assert server.definition(db)["hasPersistentData"]


def test_what_another_hand_changed_is_repaired(server: Server, web: str, db: str) -> None:
    """A POST that leaves fields out resets them, the tag of the owner too."""
    before = server.definition(web)
    server.api().post(f"{APPS}/update", {"appName": web, "instanceCount": 1})
    assert server.definition(web)["envVars"] == []
    assert server.call("apps", owner=OWNER, apps=listed(web, db)) == [(f"app {web}", "update")]
    ignored = (*_OUTCOMES, "httpAuth")  # another salt
    now = server.definition(web)
    assert {key: now.get(key) for key in before if key not in ignored and before[key]} == {
        key: value for key, value in before.items() if key not in ignored and value
    }


def test_one_variable_changes_and_the_others_stay(server: Server, web: str) -> None:
    app = {"name": web, "environment": {"NUMBER": 8}, "merge_env": True}
    assert server.call("apps", owner=OWNER, apps=[app]) == [(f"app {web}", "update")]
    assert {pair["key"]: pair["value"] for pair in server.definition(web)["envVars"]} == {
        "TEXT": "a=b c",
        "NUMBER": "8",
        "SWITCH": "true",
        "EMPTY": "",
    }
    assert server.call("apps", owner=OWNER, apps=[app]) == []


def test_what_docker_refuses_is_taken_back(server: Server, db: str) -> None:
    """CapRover has saved it by then."""
    before = server.definition(db)
    override = {"TaskTemplate": {"Resources": {"Limits": {"MemoryBytes": 5}}}}
    error = server.refused("apps", owner=OWNER, apps=[{"name": db, "service_override": override}])
    assert error.code == "caprover-refused" and "the old definition was restored" in error.msg
    now = server.definition(db)
    assert (now.get("serviceUpdateOverride") or "") == (before.get("serviceUpdateOverride") or "")
    assert now["volumes"] == before["volumes"]


def test_an_app_of_another_owner_is_left_alone(server: Server, web: str) -> None:
    assert server.refused("apps", owner="somebody", apps=[{"name": web, "instances": 1}]).code == "app-not-managed"
    assert server.definition(web)["instanceCount"] == 2


def test_what_was_set_by_hand_is_taken_back(server: Server, web: str) -> None:
    """What the catalogue of apps has no word for: each value of it is one that CapRover takes, and keeps as no difference."""
    info = {"repo": "git.invalid/x/y", "branch": "main", "user": "u", "password": "by-hand-by-hand"}
    by_hand = {
        "redirectDomain": "hand.invalid",
        "customNginxConfig": "# by hand",
        "captainDefinitionRelativeFilePath": "./other/captain-definition",
        "appPushWebhook": {"repoInfo": info},
    }
    server.api().change_app(server.api().apps()[web], by_hand)
    assert server.call("apps", owner=OWNER, reset_unset="all", apps=[{"name": web}]) == [(f"app {web}", "update")]
    assert server.call("apps", owner=OWNER, reset_unset="known", apps=[{"name": web}]) == []
    now = server.definition(web)
    assert now["captainDefinitionRelativeFilePath"] == RESET["definition_path"] and not now["appDeployTokenConfig"]["enabled"]
    assert [field for field in (*by_hand, "httpAuth") if now.get(field) and field != "captainDefinitionRelativeFilePath"] == []


# --- deploys ---------------------------------------------------------------------------------------------------------------------


def test_an_image_is_deployed_once(server: Server, web: str) -> None:
    app = {"name": web, "image": PLACEHOLDER, "health": server.health(web)}
    assert server.call("deploy", apps=[app]) == [(f"app {web}", "deploy")]
    version = server.definition(web)["deployedVersion"]
    assert server.call("deploy", apps=[app]) == [] and server.result["unchanged"] == [web]
    assert server.definition(web)["deployedVersion"] == version


def test_what_caprover_builds_is_deployed_once(server: Server, db: str) -> None:
    app = {**built(db, "ENV CONTRACT=1"), "health": server.health(db)}
    assert server.call("deploy", apps=[app]) == [(f"app {db}", "deploy")]
    assert server.call("deploy", apps=[app]) == []


def test_a_build_that_fails_changes_nothing(server: Server, db: str) -> None:
    before = server.definition(db)["deployedVersion"]
    error = server.refused("deploy", apps=[{**built(db, "RUN exit 3"), "health": server.health(db)}])
    assert error.code == "build-failed" and "exit code: 3" in error.msg
    assert server.definition(db)["deployedVersion"] == before


def test_what_does_not_become_healthy_goes_back_and_is_held(server: Server, db: str) -> None:
    bad = {**built(db, 'CMD ["/bin/false"]'), "health": server.health(db)}
    error = server.refused("deploy", apps=[bad])
    assert error.code == "not-healthy" and "was restored and is healthy" in error.msg
    assert server.refused("deploy", apps=[bad]).code == "held-back"
    assert server.call("deploy", apps=[{**built(db, "ENV CONTRACT=1"), "health": server.health(db)}]) == []


# --- the end ---------------------------------------------------------------------------------------------------------------------


def test_apps_go_with_their_volumes(server: Server, web: str, db: str) -> None:
    absent = [{"name": web, "state": "absent"}, {"name": db, "state": "absent", "drop_volumes": True}]
    assert server.call("apps", owner=OWNER, apps=absent) == [(f"app {web}", "remove"), (f"app {db}", "remove")]
    assert server.warnings == []  # it would name a volume that is left
    assert server.call("apps", owner=OWNER, apps=absent) == []
    assert not [name for name in server.api().apps() if name in (web, db)]


def web_of(url: str) -> str:
    """Where a server's nginx answers, by its API's URL: port 80 of the same host."""
    host = urlsplit(url).hostname or ""
    return f"http://{f'[{host}]' if ':' in host else host}/"
