# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in answers as a real CapRover 1.15.3 did: what was recorded is asked again, in the same order."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path
from typing import Any

from tests.standins.caprover.server import StandIn
from tests.standins.caprover.swarm import node

RECORDED = json.loads((Path(__file__).parent / "data" / "recorded.json").read_text())
#: Exchanges of circumstances that the recording does not have -> which.
CIRCUMSTANCES = {
    "delete db1 and its volume": "a container that was slow to stop",
    "delete quick-stopping app + volume": "a container that was slow to stop",
    "delete many": "apps of one-click",
    "build pushed to local registry (clean)": "the registry had not started",
    "setpush local": "the second time of a registry whose ID was not listed",
    "push after second enable": "follows from it",
    "push after restart": "the registry had not started",
    "volume for inproj": "an app that was renamed",
    "delete app + one volume": "an app that was renamed",
    "update while building": "a build that went on",
    "delete while building": "a build that went on",
    "final: delete all": "follows from it",
    "update to a version that does not exist": "an update of CapRover",
}
#: Texts of programs, of which only the beginning is compared.
ABOUT = {1109, 1116}
KEPT = (
    "envVars",
    "ports",
    "volumes",
    "instanceCount",
    "description",
    "tags",
    "nodeId",
    "forceSsl",
    "containerHttpPort",
    "serviceUpdateOverride",
)


class Replay:
    """Asks as the recording did."""

    def __init__(self) -> None:
        self.server = StandIn()
        manager = node("j5n7gbrxqnzkcoq6btwrdz03n", "capr1", "manager", "172.29.0.10")
        self.server.swarm.nodes = [manager, node("m8j379rvrgca6r5rh3rlox43z", "capr2", "worker", "172.29.0.11")]
        self.server.model.projects = [{"id": "d730ff8b-9f01-4e68-97ad-4481f77799cb", "name": "shop"}]
        self.token = ""
        self.ids: dict[str, str] = {}

    def ask(self, asked: dict[str, Any]) -> tuple[int, int, str, Any]:
        """HTTP status, status, description and data."""
        heads = {"content-type": "application/json", "x-namespace": "captain", "x-forwarded-proto": "https"}
        if self.token:
            heads["x-captain-auth"] = self.token
        for head in asked.get("head", "").removeprefix("-H ").split(" -H "):
            name, _colon, value = head.partition(":")
            if name:
                heads[name.strip(" ;")] = value.strip()
        body = None if asked["body"] is None else json.dumps(asked["body"])
        for recorded, here in self.ids.items():
            body = body.replace(recorded, here) if body else body
        link = http.client.HTTPConnection("127.0.0.1", self.server.http.server_address[1])
        link.request(asked["method"], f"/api/v2{asked['path']}", body, heads)
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        found = json.loads(text) if text.startswith("{") else {"status": 0, "description": text, "data": None}
        self.token = (found["data"] or {}).get("token", self.token) if asked["path"] == "/login" else self.token
        return answer.status, found["status"], found["description"], found["data"]

    def settle(self, asked: dict[str, Any], data: Any) -> None:
        """Let builds end, and note whose IDs are whose."""
        while any(self.server.model.building.values()):
            time.sleep(0.002)
        if asked["path"] == "/user/registries" and data:
            there = asked["data"]["registries"]
            self.ids |= {one["id"]: other["id"] for one, other in zip(there, data["registries"], strict=True)}
        if asked["title"] == "right password during back-off":
            self.server.model.wrong.clear()  # 30 s passed
        if asked["title"] == "force ssl":
            self.server.model.force_ssl = False  # it was turned off over HTTPS, which was not recorded


def _shown(definition: dict[str, Any]) -> dict[str, Any]:
    return {field: definition.get(field) for field in KEPT}


def test_the_stand_in_answers_as_recorded() -> None:
    replay = Replay()
    different = []
    for asked in RECORDED:
        status, code, said, data = replay.ask(asked)
        replay.settle(asked, data)
        if asked["title"] in CIRCUMSTANCES:
            continue
        same = code in ABOUT or said == asked["said"]
        if (status, code) != (asked["http"], asked["status"]) or not same:
            different.append((asked["title"], (asked["http"], asked["status"], asked["said"]), (status, code, said)))
        if "definition" in asked:
            name = asked["body"]["appName"]
            here, there = _shown(replay.server.model.apps[name]), _shown(asked["definition"])
            if here != there:
                different.append((asked["title"], here, there))
    replay.server.close()
    assert different == []
    assert len(RECORDED) > 250


def test_a_queued_build_that_fails_ends_the_server() -> None:
    """Recorded: 45 s without an answer, and all tokens dead."""
    server = StandIn()
    server.model.times.build = 3.0  # the second one has to come while it runs, on a busy machine too
    replay = Replay()
    replay.server.close()
    replay.server = server
    replay.ask({"method": "POST", "path": "/login", "body": {"password": "captain42"}})
    for name in ("one", "two"):
        replay.ask({"method": "POST", "path": "/user/apps/appDefinitions/register", "body": {"appName": name}})
    deploy = {"captainDefinitionContent": json.dumps({"schemaVersion": 2, "imageName": "web:1"})}
    bad = {"captainDefinitionContent": json.dumps({"schemaVersion": 2, "imageName": "nosuch:1"})}
    assert replay.ask({"method": "POST", "path": "/user/apps/appData/one?detached=1", "body": deploy})[1] == 101
    assert replay.ask({"method": "POST", "path": "/user/apps/appData/two?detached=1", "body": bad})[1] == 101
    deadline = time.monotonic() + 30
    while not server.crashes and time.monotonic() < deadline:
        time.sleep(0.01)
    info = {"method": "GET", "path": "/user/system/info", "body": None}
    assert replay.ask(info)[0] == 500
    seen = set()
    while time.monotonic() < deadline and 1106 not in seen:
        seen.add(replay.ask(info)[1])
    server.close()
    assert {1001, 1106} <= seen
