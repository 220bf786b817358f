# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in as a container: what it asks of Docker's API as CapRover's installer, and for the services of apps."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.standins.caprover import container, engine
from tests.standins.caprover.model import DockerError, Model, fresh

NODE = {
    "ID": "n1",
    "Description": {"Hostname": "app1"},
    "Spec": {"Role": "manager", "Availability": "active"},
    "Status": {"State": "ready", "Addr": "192.0.2.1"},
    "ManagerStatus": {"Leader": True},
}


class Docker(engine.Engine):
    """Docker's API, in memory.

    :ivar asked: method, path and body of what changes something
    """

    def __init__(self) -> None:
        super().__init__("")
        self.services: dict[str, Any] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.headers: dict[str, str] = {}
        self.manages = True
        self.images = {"local:1"}

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        kind, _slash, rest = path.strip("/").partition("/")
        if method != "GET":
            self.asked.append((method, path, body))
            self.headers = headers or {}
        if kind == "services" and method == "POST":
            name = body["Name"]
            known = self.services.setdefault(name, {"ID": name, "Version": {"Index": 0}})
            known.update(Spec=body, Version={"Index": known["Version"]["Index"] + 1})
            return 201, {}
        if kind == "services" and method == "DELETE":
            return (200, {}) if self.services.pop(rest, None) else (404, {"message": "no such service"})
        if kind == "services":
            return (200, self.services[rest]) if rest in self.services else (404, {"message": "no such service"})
        if kind == "images" and method == "GET":
            return (200, {}) if rest.removesuffix("/json") in self.images else (404, {})
        if path.startswith("/images/create"):
            return 200, {"error": "manifest unknown"} if "nosuch" in path else {}
        if path == "/networks/create":
            return 201, {}
        found = {
            "info": {"Swarm": {"ControlAvailable": self.manages}},
            "nodes": [NODE],
            "containers": {"Config": {"Image": "r:5000/stand-in:1.15.3"}},
        }
        return (200, found[kind]) if kind in found else (404, {"message": "not found"})


@pytest.fixture
def docker() -> Docker:
    return Docker()


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "DATA", tmp_path)


def test_the_installer(docker: Docker, tmp_path: Path) -> None:
    """CapRover's service is tied to the leader, and the network of the apps is as config-override.json says."""
    options = {"overlayNetworkOverride": {"Options": {"encrypted": "true"}}, "publishedNameOnDockerHub": "r:5000/stand-in"}
    (tmp_path / "config-override.json").write_text(json.dumps(options))
    given = {"ACCEPTED_TERMS": "true", "DEFAULT_PASSWORD": "once", "CAPTAIN_HOST_HTTP_PORT": "8080", "CAPTAIN_HOST_ADMIN_PORT": "3003"}
    assert container.install(given, docker) == "CapRover's stand-in is installed"
    (network,) = [body for _method, path, body in docker.asked if path == "/networks/create"]
    assert network["Name"] == engine.NETWORK and network["Options"] == {"encrypted": "true"} and network["Attachable"] is True
    task = docker.services[container.SERVICE]["Spec"]["TaskTemplate"]
    assert task["ContainerSpec"]["Image"] == "r:5000/stand-in:1.15.3" and task["Placement"]["Constraints"] == ["node.id == n1"]
    assert {"IS_CAPTAIN_INSTANCE=1", "DEFAULT_PASSWORD=once", "CAPTAIN_HOST_HTTP_PORT=8080"} <= set(task["ContainerSpec"]["Env"])
    ports = docker.services[container.SERVICE]["Spec"]["EndpointSpec"]["Ports"]
    assert {(one["TargetPort"], one["PublishedPort"], one["PublishMode"]) for one in ports} == {(3000, 3003, "host"), (80, 8080, "host")}


def test_the_installer_fails_as_the_real_one(docker: Docker) -> None:
    """It says so and makes no service."""
    assert "Error" in container.install({}, docker)
    docker.manages = False
    assert "Error" in container.install({"ACCEPTED_TERMS": "true"}, docker)
    assert docker.services == {}


def test_a_service_of_an_app(docker: Docker) -> None:
    """Made, then changed; an override is laid over it last."""
    swarm = engine.RealSwarm(Model(), docker)
    app = {**fresh(True, ""), "envVars": [{"key": "A", "value": "1"}], "ports": [{"hostPort": 4242, "containerPort": 80}], "nodeId": "n1"}
    app["volumes"] = [{"containerPath": "/data", "volumeName": "web-data"}]
    swarm.update("web", app, "local:1")
    limits = {"TaskTemplate": {"Resources": {"Limits": {"MemoryBytes": 1 << 26}}}}
    swarm.update("web", {**app, "instanceCount": 2, "serviceUpdateOverride": json.dumps(limits)}, "local:1")
    spec = docker.services["web"]["Spec"]
    assert docker.services["web"]["Version"]["Index"] == 2 and spec["Mode"] == {"Replicated": {"Replicas": 2}}
    assert spec["TaskTemplate"]["ContainerSpec"]["Env"] == ["A=1"] and spec["TaskTemplate"]["Resources"]["Limits"] == {
        "MemoryBytes": 1 << 26
    }
    assert spec["TaskTemplate"]["Networks"] == [{"Target": engine.NETWORK, "Aliases": ["srv-captain--web"]}]
    assert {one["Protocol"] for one in spec["EndpointSpec"]["Ports"]} == {"tcp", "udp"}
    assert spec["UpdateConfig"]["Order"] == "stop-first"
    assert swarm.nodes[0]["nodeId"] == "n1" and swarm.nodes[0]["isLeader"] is True
    swarm.remove("web")
    assert docker.services == {}


def test_images_of_a_registry(docker: Docker) -> None:
    """Pulled with the user that CapRover was given; one that cannot be pulled is refused."""
    model = Model(registries=[{"id": "1", "registryDomain": "r:5000", "registryUser": "site", "registryPassword": "p"}])
    swarm = engine.RealSwarm(model, docker)
    swarm.update("web", fresh(False, ""), "r:5000/app:1")
    said = json.loads(base64.urlsafe_b64decode(docker.headers["x-registry-auth"]))
    assert said == {"username": "site", "password": "p", "serveraddress": "r:5000"}
    assert any(path.startswith("/images/create?fromImage=r%3A5000%2Fapp%3A1") for _method, path, _body in docker.asked)
    with pytest.raises(DockerError, match="manifest unknown"):
        swarm.update("web", fresh(False, ""), "r:5000/nosuch:1")


@pytest.mark.parametrize(
    ("definition", "root", "expected"),
    [
        ({}, "apps.example.org", ["web.apps.example.org"]),
        ({"customDomain": [{"publicDomain": "w.example.org"}]}, "", ["w.example.org"]),
        ({"notExposeAsWebApp": True}, "apps.example.org", []),
    ],
)
def test_domains(definition: dict[str, Any], root: str, expected: list[str]) -> None:
    assert container.domains("web", definition, root) == expected


def test_its_state_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a restart of its container; written only where it has changed."""
    monkeypatch.setattr(container, "STATE", tmp_path / "state")
    model = Model(password="first-password")
    kept = container.keep(model, b"")
    written = (tmp_path / "state").stat().st_mtime_ns
    assert container.keep(model, kept) == kept and (tmp_path / "state").stat().st_mtime_ns == written
    model.password = "second-password"
    assert container.keep(model, kept) != kept
