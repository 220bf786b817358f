# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Swarm below the stand-in: services of a Docker Engine, through its socket.

A service is what CapRover 1.15.3 makes of an app: on the network of the apps, with the name ``srv-captain--<app>`` there, an override laid
over it last, a label that changes with each update. Images of registries are pulled here first, as CapRover pulls them.
"""

from __future__ import annotations

import base64
import json
import socket
import uuid
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

from .model import DockerError, Model
from .swarm import Item, merged, node, parsed

SOCKET = "/var/run/docker.sock"
NETWORK = "captain-overlay-network"
#: The version of Docker's API that CapRover speaks.
API = "/v1.44"


class Engine:
    """Docker's API on a socket."""

    def __init__(self, path: str = SOCKET) -> None:
        self.path = path

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and answer of one request; of several JSON texts, the last one."""
        link = HTTPConnection("docker", timeout=300)
        link.sock = socket.socket(socket.AF_UNIX)
        link.sock.connect(self.path)
        try:
            given = {"content-type": "application/json", **(headers or {})}
            link.request(method, f"{API}{path}", body=None if body is None else json.dumps(body), headers=given)
            answer = link.getresponse()
            lines = answer.read().decode().strip().splitlines()
            return answer.status, json.loads(lines[-1]) if lines else {}
        finally:
            link.close()

    def insist(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The same.

        :raises DockerError: it is refused
        """
        status, found = self.ask(method, path, body, headers)
        if status >= 300:
            raise DockerError(f"(HTTP code {status}) unexpected - {found.get('message') if isinstance(found, dict) else found} ")
        return found


class RealSwarm:
    """Services of apps.

    :param model: of the server, which knows the registries
    """

    def __init__(self, model: Model, engine: Engine | None = None) -> None:
        self.model = model
        self.engine = engine or Engine()

    @property
    def nodes(self) -> list[Item]:
        """The nodes of the Swarm, as CapRover's API gives them."""
        found = []
        for one in self.engine.insist("GET", "/nodes"):
            made = node(one["ID"], one["Description"]["Hostname"], one["Spec"]["Role"], one["Status"].get("Addr", ""))
            made["isLeader"] = bool((one.get("ManagerStatus") or {}).get("Leader"))
            found.append({**made, "state": one["Status"]["State"], "status": one["Spec"]["Availability"]})
        return found

    def update(self, name: str, definition: Item, image: str) -> None:
        """Make or change a service, so that it runs an image as an app's definition says.

        :raises DockerError: Docker refuses it
        """
        self._pull(image)
        status, there = self.engine.ask("GET", f"/services/{name}")
        spec: Item = there["Spec"] if status == 200 else {"Name": name, "TaskTemplate": {"ContainerSpec": {}}, "EndpointSpec": {}}
        task = spec["TaskTemplate"]
        task["ContainerSpec"].update(
            Image=image,
            Env=[f"{pair['key']}={pair['value']}" for pair in definition["envVars"]],
            Labels={"randomLabelForceUpdate": uuid.uuid4().hex},
            Mounts=[_mount(volume) for volume in definition["volumes"]],
        )
        task["Networks"] = [{"Target": NETWORK, "Aliases": [f"srv-captain--{name}"]}]
        if definition.get("nodeId"):
            task["Placement"] = {"Constraints": [f"node.id == {definition['nodeId']}"]}
        spec["Mode"] = {"Replicated": {"Replicas": definition["instanceCount"]}}
        spec["EndpointSpec"] = {"Mode": "vip", "Ports": [one for port in definition["ports"] for one in _published(port)]}
        order = "stop-first" if definition["volumes"] else "start-first"
        spec["UpdateConfig"] = {**(spec.get("UpdateConfig") or {}), "Order": order}
        spec["Labels"] = {"com.caprover.managed": "true"}
        override = definition.get("serviceUpdateOverride") or ""
        spec = merged(spec, parsed(override) if override else {})
        headers = self._login(image)
        if status == 200:
            self.engine.insist("POST", f"/services/{there['ID']}/update?version={there['Version']['Index']}", spec, headers)
        else:
            self.engine.insist("POST", "/services/create", spec, headers)

    def remove(self, name: str) -> None:
        """Remove a service; one that is not there is none."""
        self.engine.ask("DELETE", f"/services/{name}")

    def remove_volumes(self, names: list[str]) -> list[str]:
        """Remove volumes of this node; gives back those that could not be."""
        return [name for name in names if self.engine.ask("DELETE", f"/volumes/{name}")[0] >= 300]

    def node_of(self, name: str) -> str:
        """Where a service runs; "" where it is not there."""
        filters = quote(json.dumps({"service": [name], "desired-state": ["running"]}))
        status, tasks = self.engine.ask("GET", f"/tasks?filters={filters}")
        return next((str(task.get("NodeID") or "") for task in tasks), "") if status == 200 else ""

    def _pull(self, image: str) -> None:
        """Have an image of a registry on this node; one without a registry's name is here, or is not.

        :raises DockerError: it cannot be pulled
        """
        if self.engine.ask("GET", f"/images/{image}/json")[0] == 200:
            return
        name, _at, digest = image.partition("@")
        asked = f"/images/create?fromImage={quote(image if digest else name, safe='')}"
        found = self.engine.insist("POST", asked, headers=self._login(image))
        if isinstance(found, dict) and found.get("error"):
            raise DockerError(f"(HTTP code 500) server error - {found['error']} ")

    def _login(self, image: str) -> dict[str, str]:
        """What Docker wants to know of the user of the image's registry, where CapRover knows that."""
        known = next((one for one in self.model.registries if image.startswith(f"{one['registryDomain']}/")), None)
        if known is None:
            return {}
        user = {"username": known["registryUser"], "password": known["registryPassword"], "serveraddress": known["registryDomain"]}
        return {"x-registry-auth": base64.urlsafe_b64encode(json.dumps(user).encode()).decode()}


def _mount(volume: Item) -> Item:
    kind = "bind" if volume.get("hostPath") else "volume"
    return {"Type": kind, "Source": volume.get("hostPath") or volume["volumeName"], "Target": volume["containerPath"]}


def _published(port: Item) -> list[Item]:
    one = {"TargetPort": port["containerPort"], "PublishedPort": port["hostPort"], "PublishMode": "ingress"}
    return [{"Protocol": protocol, **one} for protocol in ("tcp", "udp")]
