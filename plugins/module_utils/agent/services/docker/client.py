# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's client on the host: what its engine and its Swarm say of themselves."""

from __future__ import annotations

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NotRequired, TypedDict

    from ...core.model import Context
    from ...definition import Json

    class Node(TypedDict):
        """A node of a Swarm, as a manager knows it; ``drained``: since when it was drained by this collection, else empty."""

        id: str
        name: str
        manager: bool
        leader: bool
        reachable: bool
        availability: str
        state: str
        drained: str

    class Task(TypedDict):
        """A task of a Swarm: ``slot`` is its place in the service, the node's ID for one that each node has; ``state`` in lower case."""

        service: str
        slot: str
        state: str
        error: NotRequired[str]


#: The label of a node that a run of this collection has drained, so that also another run gives its work back; it says since when.
LABEL = "health.vannah.drained"
#: The host's own engine, whatever contexts root's client knows.
ENVIRONMENT = {"DOCKER_HOST": "unix:///run/docker.sock"}
#: States in which a task has come to its end (docs.docker.com: "Swarm task states").
ENDED = frozenset(("complete", "shutdown", "failed", "rejected", "remove", "orphaned"))


class Docker:
    """The client, and what it printed as data."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def run(self, *words: str, timeout: float = 30) -> str:
        """What a command printed.

        :raises AgentError: ``docker-silent``; ``docker-failed`` with what Docker said
        """
        result = self.ctx.run(["docker", *words], env=ENVIRONMENT, timeout=timeout, check=False)
        if result.rc == 0:
            return result.out
        if result.rc == 127:
            raise AgentError("docker-silent", "Docker's client is not installed on this host. Fix: add the host to the group docker")
        said = " ".join((result.err.strip() or result.out.strip()).split())[-500:]
        if "Cannot connect to the Docker daemon" in said or result.rc == 124:
            raise AgentError(
                "docker-silent", f"Docker does not answer: {said or 'the client did not end'}. Fix: see systemctl status docker"
            )
        raise AgentError("docker-failed", f"docker {' '.join(words[:2])}: {said or f'exit status {result.rc}'}")

    def info(self) -> Json:
        """``docker info``.

        :raises AgentError: ``docker-silent``
        """
        found = parse_info(self.run("info", "--format", "{{json .}}"))
        if not found.get("ServerVersion"):
            said = "; ".join(map(str, found.get("ServerErrors") or ())) or "it returned no error message"
            raise AgentError("docker-silent", f"Docker does not answer: {said}. Fix: see systemctl status docker")
        return found

    def nodes(self) -> list[Node]:
        """All nodes of the Swarm that this host manages.

        :raises AgentError: ``docker-failed``: it is no manager, or its managers have no quorum
        """
        names = self.run("node", "ls", "--quiet").split()
        return parse_nodes(self.run("node", "inspect", *names)) if names else []

    def labelled(self) -> list[str]:
        """IDs of the nodes that a run of this collection has drained; none where this host manages no Swarm."""
        try:
            return self.run("node", "ls", "--quiet", "--filter", f"node.label={LABEL}").split()
        except AgentError as error:
            if "not a swarm manager" in error.msg:
                return []
            raise

    def tasks(self, node: str) -> list[Task]:
        """Tasks on a node that have not ended."""
        text = self.run("node", "ps", "--no-trunc", "--format", "{{json .}}", node)
        return [task for task in parse_tasks(text) if task["state"] not in ENDED]

    def wanted(self, services: list[str]) -> list[Task]:
        """Tasks of services that must run, wherever they are."""
        text = self.run("service", "ps", "--no-trunc", "--filter", "desired-state=running", "--format", "{{json .}}", *services)
        return parse_tasks(text)

    def update_node(self, node: str, *options: str) -> None:
        """Change a node; again if it was changed at the same time.

        :raises AgentError: ``docker-failed``
        """
        for attempt in (1, 2, 3):
            try:
                self.run("node", "update", *options, node)
                return
            except AgentError as error:
                if "update out of sequence" not in error.msg or attempt == 3:
                    raise


def parse_info(text: str) -> Json:
    """``docker info --format '{{json .}}'``."""
    import json

    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def parse_nodes(text: str) -> list[Node]:
    """``docker node inspect``."""
    import json

    found: list[Node] = []
    for node in json.loads(text or "[]"):
        spec, manager = node.get("Spec") or {}, node.get("ManagerStatus") or {}
        found.append(
            {
                "id": node["ID"],
                "name": (node.get("Description") or {}).get("Hostname") or node["ID"],
                "manager": spec.get("Role") == "manager",
                "leader": bool(manager.get("Leader")),
                "reachable": manager.get("Reachability") == "reachable",
                "availability": spec.get("Availability", ""),
                "state": (node.get("Status") or {}).get("State", ""),
                "drained": (spec.get("Labels") or {}).get(LABEL, ""),
            }
        )
    return found


def parse_tasks(text: str) -> list[Task]:
    r"""``docker node ps`` and ``docker service ps`` with ``--format '{{json .}}'``: a line for each task."""
    import json

    found: list[Task] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        said = json.loads(line)
        name = str(said.get("Name", "")).removeprefix("\\_").strip()
        service, _dot, slot = name.rpartition(".")
        state = str(said.get("CurrentState", "")).partition(" ")[0].lower()
        found.append({"service": service, "slot": slot, "state": state, "error": str(said.get("Error", ""))})
    return found
