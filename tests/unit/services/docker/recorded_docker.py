# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's client on the nodes of a Swarm.

``docker info`` and the errors of a host that is in none, or whose engine is silent, are those of Docker 26.1.5 on Debian 13. What managers
say of nodes and tasks is as Docker's API reference and its client have it, not recorded.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result

CANNOT_CONNECT = "Cannot connect to the Docker daemon at unix:///run/docker.sock. Is the docker daemon running?"
NO_MANAGER = (
    'Error response from daemon: This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to'
    " swarm and try again."
)
NO_LEADER = (
    "Error response from daemon: rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are"
    " online. Make sure more than half of the managers are online."
)
OUT_OF_SEQUENCE = "Error response from daemon: rpc error: code = Unknown desc = update out of sequence"


class Swarm:
    """The runner of a context on one node (``own``) of a Swarm of managers (m...) and workers (w...).

    :param spec: node -> what differs from an active one without labels
    :param tasks: node -> (service, slot) of the tasks there
    :param bound: services that no other node can take; ``slow``: that do not come up elsewhere
    :param busy: how many updates of a node come at the same time as those of another program
    """

    def __init__(
        self,
        own: str = "m1",
        nodes: tuple[str, ...] = ("m1", "m2", "m3", "w1", "w2"),
        state: str = "active",
        error: str = "",
        silent: bool = False,
        quorum: bool = True,
        down: set[str] | None = None,
        spec: dict[str, dict[str, Any]] | None = None,
        tasks: dict[str, list[tuple[str, str]]] | None = None,
        bound: set[str] | None = None,
        slow: set[str] | None = None,
        busy: int = 0,
    ) -> None:
        self.own, self.nodes, self.state, self.error = own, nodes, state, error
        self.silent, self.quorum, self.busy = silent, quorum, busy
        self.down, self.bound, self.slow = down or set(), bound or set(), slow or set()
        self.spec, self.tasks = spec or {}, tasks or {}
        self.moved: dict[tuple[str, str], str] = {}
        self.looks = 0
        self.ran: list[list[str]] = []
        self.systemctl = Result(0)
        self.pid = "0"

    def __call__(self, argv: list[str], **_options: Any) -> Result:
        self.ran.append(argv)
        if argv[0] == "systemctl":
            return Result(0, self.pid + "\n") if "--property=MainPID" in argv else self.systemctl if argv[1] == "restart" else Result(0)
        if argv[0] != "docker":
            return Result(0)
        if self.silent:
            return Result(1, json.dumps({"ServerErrors": [CANNOT_CONNECT]}) if argv[1] == "info" else "", CANNOT_CONNECT)
        if argv[1] == "info":
            return Result(0, json.dumps(self.info()))
        if not self.own.startswith("m"):
            return Result(1, "", NO_MANAGER)
        if not self.quorum:
            return Result(1, "", NO_LEADER)
        return self.manager(argv[1:])

    def info(self) -> dict[str, Any]:
        """What of ``docker info`` is looked at."""
        inside = self.state != "inactive"
        swarm: dict[str, Any] = {
            "NodeID": self.own if inside else "",
            "NodeAddr": "192.0.2.11" if inside else "",
            "LocalNodeState": self.state,
            "ControlAvailable": self.state == "active" and self.own.startswith("m"),
            "Error": self.error,
            "RemoteManagers": [{"NodeID": name, "Addr": "192.0.2.11:2377"} for name in self.nodes if name.startswith("m")]
            if inside
            else None,
        }
        return {"ServerVersion": "26.1.5+dfsg1", "LiveRestoreEnabled": False, "Swarm": swarm}

    def manager(self, words: list[str]) -> Result:
        """What a manager answers."""
        if words[:2] == ["node", "ls"]:
            label = next((word.partition("node.label=")[2] for word in words if word.startswith("node.label=")), "")
            names = [name for name in self.nodes if not label or label in (self.spec.get(name) or {}).get("Labels", {})]
            return Result(0, "".join(f"{name}\n" for name in names))
        if words[:2] == ["node", "inspect"]:
            return Result(0, json.dumps([self.node(name) for name in words[2:]]))
        if words[:2] == ["node", "update"]:
            return self.update(words[2:])
        if words[:2] == ["node", "ps"]:
            return Result(0, self.on(words[-1]))
        return Result(0, self.of(words[words.index("{{json .}}") + 1 :]))

    def node(self, name: str) -> dict[str, Any]:
        """An item of ``docker node inspect``."""
        away = name in self.down
        own = self.spec.get(name) or {}
        found: dict[str, Any] = {
            "ID": name,
            "Version": {"Index": 9},
            "Spec": {
                "Labels": own.get("Labels", {}),
                "Role": "manager" if name.startswith("m") else "worker",
                "Availability": own.get("Availability", "active"),
            },
            "Description": {"Hostname": name, "Engine": {"EngineVersion": "26.1.5+dfsg1"}},
            "Status": {"State": "down" if away else "ready", "Addr": "192.0.2.11"},
        }
        if name.startswith("m"):
            found["ManagerStatus"] = {"Reachability": "unreachable" if away else "reachable", "Addr": "192.0.2.11:2377"}
            if name == "m1":
                found["ManagerStatus"]["Leader"] = True
        return found

    def update(self, words: list[str]) -> Result:
        """``docker node update``: a drained node's tasks move."""
        if self.busy:
            self.busy -= 1
            return Result(1, "", OUT_OF_SEQUENCE)
        name, options = words[-1], dict(zip(words[:-1:2], words[1:-1:2], strict=True))
        spec = self.spec.setdefault(name, {})
        labels = spec.setdefault("Labels", {})
        if "--availability" in options:
            spec["Availability"] = options["--availability"]
        if "--label-add" in options:
            key, _equals, value = options["--label-add"].partition("=")
            labels[key] = value
        labels.pop(options.get("--label-rm", ""), None)
        return Result(0, f"{name}\n")

    def drained(self, name: str) -> bool:
        """Whether a node's tasks have to go."""
        return (self.spec.get(name) or {}).get("Availability") == "drain"

    def on(self, name: str) -> str:
        """``docker node ps``: at the first look after it was drained its tasks are still there."""
        lines = []
        gone = self.drained(name) and self.looks > 1
        for service, slot in self.tasks.get(name, []):
            lines.append(
                task(f"{service}.{slot}", name, "Shutdown" if self.drained(name) else "Running", "Shutdown" if gone else "Running")
            )
        self.looks += self.drained(name)
        return "".join(lines)

    def of(self, services: list[str]) -> str:
        """``docker service ps --filter desired-state=running``."""
        lines = []
        for name, tasks in self.tasks.items():
            for service, slot in tasks:
                if service not in services or slot == name:
                    continue
                if service in self.bound:
                    lines.append(
                        task(
                            f"{service}.{slot}",
                            "",
                            "Running",
                            "Pending",
                            "no suitable node (scheduling constraints not satisfied on 1 node)",
                        )
                    )
                else:
                    lines.append(task(f"{service}.{slot}", "w2", "Running", "Preparing" if service in self.slow else "Running"))
        return "".join(lines)


def task(name: str, node: str, desired: str, state: str, error: str = "") -> str:
    """A line of ``--format '{{json .}}'``."""
    said = {
        "CurrentState": f"{state} 2 minutes ago",
        "DesiredState": desired,
        "Error": error and f'"{error}"',
        "ID": "y3xqvvjl0u6pn0g3xhm8fj1cz",
        "Image": "web:1",
        "Name": name,
        "Node": node,
        "Ports": "",
    }
    return json.dumps(said) + "\n"
