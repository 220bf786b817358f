# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Swarm below the stand-in: services in memory, which keep what a real service keeps.

CapRover lays a definition and its override over the service as it is (its src/docker/DockerApi.ts, ``updateService``): what an override
or a node has set stays when they go.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from .model import DockerError

Item = dict[str, Any]

#: Docker's least memory limit, bytes.
LEAST_MEMORY = 4 * 1024 * 1024


class Services(Protocol):
    """What makes the services of apps: in memory here, or for real. It raises :class:`DockerError` for what Docker refuses."""

    @property
    def nodes(self) -> list[Item]:
        """The nodes of the Swarm, as the API gives them."""

    def update(self, name: str, definition: Item, image: str) -> None:
        """Make or change a service, so that it runs an image as an app's definition says."""

    def remove(self, name: str) -> None:
        """Remove a service; one that is not there is none."""

    def remove_volumes(self, names: list[str]) -> list[str]:
        """Remove volumes; gives back those that could not be."""

    def node_of(self, name: str) -> str:
        """Where a service runs; "" where it is not there."""


@dataclass
class Service:
    """A service: its specification and how often it was updated."""

    spec: Item
    index: int = 1
    node: str = ""


@dataclass
class Swarm:
    """Services by name, in memory.

    :ivar busy_volumes: volumes that cannot be removed, as a container still has them
    :ivar history: image of each update of a service, for tests
    """

    nodes: list[Item] = field(default_factory=lambda: [node("node1manager", "capr1", "manager", "172.29.0.10")])
    services: dict[str, Service] = field(default_factory=dict)
    volumes: set[str] = field(default_factory=set)
    busy_volumes: set[str] = field(default_factory=set)
    history: list[tuple[str, str]] = field(default_factory=list)

    def update(self, name: str, definition: Item, image: str) -> None:
        """Make or change a service.

        :raises DockerError: it cannot be like this
        """
        service = self.services.get(name) or Service({"TaskTemplate": {"ContainerSpec": {}}, "EndpointSpec": {"Ports": []}})
        spec = copy.deepcopy(service.spec)
        container = spec["TaskTemplate"]["ContainerSpec"]
        container["Image"] = image
        container["Env"] = [f"{pair['key']}={pair['value']}" for pair in definition["envVars"]]
        container["Mounts"] = [
            {"Source": volume.get("hostPath") or volume["volumeName"], "Target": volume["containerPath"]}
            for volume in definition["volumes"]
        ]
        spec["Mode"] = {"Replicated": {"Replicas": definition["instanceCount"]}}
        spec["EndpointSpec"]["Ports"] = [
            {"Protocol": protocol, "TargetPort": port["containerPort"], "PublishedPort": port["hostPort"]}
            for port in definition["ports"]
            for protocol in ("tcp", "udp")
        ]
        if definition.get("nodeId"):
            placement = spec["TaskTemplate"].setdefault("Placement", {})
            others = [one for one in placement.get("Constraints") or [] if "node.id" not in one]
            placement["Constraints"] = [*others, f"node.id == {definition['nodeId']}"]
        spec = merged(spec, parsed(definition.get("serviceUpdateOverride") or "") or {})
        self._check(name, spec)
        service.spec = spec
        service.index += 1
        service.node = definition.get("nodeId") or service.node or self.nodes[0]["nodeId"]
        self.volumes |= {volume["volumeName"] for volume in definition["volumes"] if volume.get("volumeName")}
        self.services[name] = service
        self.history.append((name, image))

    def _check(self, name: str, spec: Item) -> None:
        limit = ((spec["TaskTemplate"].get("Resources") or {}).get("Limits") or {}).get("MemoryBytes") or 0
        if 0 < limit < LEAST_MEMORY:
            text = f"rpc error: code = InvalidArgument desc = invalid memory value {limit}: Must be at least 4MiB"
            raise DockerError(f"(HTTP code 400) unexpected - {text} ")
        taken = {
            port["PublishedPort"]: other
            for other, service in self.services.items()
            if other != name
            for port in service.spec["EndpointSpec"]["Ports"]
        }
        for port in spec["EndpointSpec"]["Ports"]:
            if port["PublishedPort"] in taken:
                raise DockerError(f"port '{port['PublishedPort']}' is already in use by service '{taken[port['PublishedPort']]}'")

    def remove(self, name: str) -> None:
        """Remove a service; one that is not there is none."""
        self.services.pop(name, None)

    def remove_volumes(self, names: list[str]) -> list[str]:
        """Remove volumes; gives back those that could not be."""
        left = [name for name in names if name in self.busy_volumes or name not in self.volumes]
        self.volumes -= set(names) - set(left)
        return left

    def node_of(self, name: str) -> str:
        """Where a service runs; "" where it is not there."""
        service = self.services.get(name)
        return service.node if service else ""


def node(identity: str, hostname: str, kind: str, ip: str) -> Item:
    """A node as the API gives it."""
    return {
        "nodeId": identity,
        "type": kind,
        "isLeader": kind == "manager",
        "hostname": hostname,
        "architecture": "x86_64",
        "operatingSystem": "linux",
        "nanoCpu": 2000000000,
        "memoryBytes": 25276063744,
        "dockerEngineVersion": "26.1.5+dfsg1",
        "ip": ip,
        "state": "ready",
        "status": "active",
    }


def parsed(text: str) -> Any:
    """An override as CapRover reads it: JSON, or else YAML; None for what is neither."""
    text = text.strip()
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except ValueError:
            return None
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def merged(one: Item, other: Any) -> Item:
    """CapRover's ``mergeObjects``: mappings are merged, anything else takes the place of what is there."""
    for key, value in (other if isinstance(other, dict) else {}).items():
        if isinstance(value, dict) and isinstance(one.get(key), dict) and one[key]:
            merged(one[key], value)
        else:
            one[key] = value
    return one
