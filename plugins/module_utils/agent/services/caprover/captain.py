# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CapRover's own service in the Swarm, as Docker has it, and what is noted of an update of it."""

from __future__ import annotations

from ...core.model import STATE_DIR, AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item


SERVICE = "captain-captain"
#: The host's own engine, whatever contexts root's client knows.
DOCKER = {"DOCKER_HOST": "unix:///run/docker.sock"}
#: Copies of CapRover's data from before updates, and what is noted of the last one. Root only.
FOLDER = f"{STATE_DIR}/caprover-update"
NOTE = f"{FOLDER}/note.json"
#: Phases of an update that did not end. ``updating``: the copy is there; ``restoring``: the old version is put back.
UNFINISHED = ("copying", "updating", "restoring")


def own_node(ctx: Context) -> str:
    """The ID of this node, which manages and leads a Swarm; "" in check mode where there is none yet.

    :raises AgentError: ``swarm-role``, ``docker-silent``
    """
    said = ctx.run(["docker", "node", "inspect", "self", "--format", "{{.ID}}"], env=DOCKER, check=False)
    if said.rc == 0:
        return said.out.strip()
    if ctx.check:
        ctx.warn("This host manages no Swarm yet: CapRover is shown as not installed.")
        return ""
    why = " ".join(said.err.split())[-300:] or "there is no docker on this host"
    if "swarm" in why:
        raise AgentError(
            "swarm-role", "CapRover is installed on a manager of a Swarm, and this host is not one. Fix: run docker_swarm first"
        )
    raise AgentError("docker-silent", f"Docker does not answer: {why}. Fix: see systemctl status docker")


def leads(ctx: Context) -> bool:
    """Whether this node leads its Swarm."""
    said = ctx.run(["docker", "node", "inspect", "self", "--format", "{{.ManagerStatus.Leader}}"], env=DOCKER, check=False)
    return said.out.strip() == "true"


def service(ctx: Context) -> Item | None:
    """CapRover's service: ``image``, ``env``, ``constraints``; None where there is none.

    :raises AgentError: ``docker-silent``
    """
    import json

    said = ctx.run(["docker", "service", "inspect", SERVICE], env=DOCKER, check=False)
    if said.rc:
        if "no such service" in said.err.lower():
            return None
        raise AgentError("docker-silent", f"Docker does not say what services it has: {' '.join(said.err.split())[-300:]}")
    task = json.loads(said.out)[0]["Spec"]["TaskTemplate"]
    container = task["ContainerSpec"]
    env = dict(word.partition("=")[::2] for word in container.get("Env") or ())
    return {"image": container["Image"], "env": env, "constraints": (task.get("Placement") or {}).get("Constraints") or []}


def version_of(image: str) -> str:
    """The tag of an image: CapRover's version."""
    return image.partition("@")[0].rpartition(":")[2]


def refuse_elsewhere(there: Item, own: str) -> None:
    """CapRover keeps its node.

    :raises AgentError: ``caprover-elsewhere``
    """
    nodes = [one.rpartition("==")[2].strip() for one in there["constraints"] if "node.id" in one]
    if nodes and own not in nodes:
        text = f"CapRover of this Swarm is tied to the node {nodes[0]}, which is another host"
        raise AgentError("caprover-elsewhere", f"{text}. Fix: run the task on that one; docker node inspect {nodes[0]} says which it is")


def note(ctx: Context) -> Item:
    """What is noted of the last update: ``before`` and ``after`` (images), ``phase``, ``since``, ``copy``; empty where there was none."""
    from ...lib import disk

    return disk.read_json(ctx.path(NOTE)) or {}
