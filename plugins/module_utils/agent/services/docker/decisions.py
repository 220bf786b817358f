# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the answers of an engine and its Swarm: whether a node may be interrupted, who takes its work over. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .client import Node, Task

#: What ``docker info`` calls a Swarm that the node takes part in or should take part in.
OUTSIDE = "inactive"


def own_problems(swarm: Mapping[str, Any]) -> list[str]:
    """Why a node does not take part in its Swarm, by ``Swarm`` of its ``docker info``; nothing where it is in none."""
    state = swarm.get("LocalNodeState") or OUTSIDE
    if state in (OUTSIDE, "active"):
        said = swarm.get("Error") or ""
        return [f"this node reports about its Swarm: {said}"] if said else []
    if state == "locked":
        return [
            "this node's Swarm is locked. Fix: run docker swarm unlock here, with the key that docker swarm unlock-key shows on a manager"
        ]
    return [f"this node is {state} in its Swarm{': ' + swarm['Error'] if swarm.get('Error') else ''}"]


def problems(nodes: Iterable[Node], but: str = "") -> list[str]:
    """What is wrong in a Swarm, as a manager sees it.

    :param but: ID of a node of which nothing is asked: it is to be repaired
    """
    found = []
    for node in nodes:
        if node["id"] == but:
            continue
        if node["manager"] and not node["reachable"]:
            found.append(f"the manager {node['name']} cannot be reached")
        elif node["state"] != "ready":
            found.append(f"the node {node['name']} is {node['state'] or 'unknown'}")
    return found


def loses_quorum(nodes: Iterable[Node], node: str) -> str:
    """Why the managers would lose their quorum without a node; empty where they keep it.

    Of one or two managers none can be spared. With only one or two the site has accepted that: tasks keep running, but no decision is
    possible meanwhile.
    """
    managers = [one for one in nodes if one["manager"]]
    quorum = len(managers) // 2 + 1
    left = [one["name"] for one in managers if one["reachable"] and one["id"] != node]
    if len(managers) < 3 or not any(one["id"] == node for one in managers) or len(left) >= quorum:
        return ""
    return f"of {len(managers)} managers {quorum} are needed, and only {', '.join(left) or 'none'} would be left"


def takers(nodes: Iterable[Node], node: str) -> list[str]:
    """Names of the nodes that can take a node's tasks over."""
    return [one["name"] for one in nodes if one["id"] != node and one["state"] == "ready" and one["availability"] == "active"]


def node_of(nodes: Iterable[Node], text: str) -> list[Node]:
    """The nodes that an ID or a host name means: one, none, or several of one name. A node that was lost and came back is listed twice."""
    listed = list(nodes)
    return [one for one in listed if one["id"] == text] or [one for one in listed if one["name"] == text]


def leaving(tasks: Iterable[Task], node: str) -> list[Task]:
    """Those tasks of a node that come up elsewhere once it is drained: not the ones that each node has."""
    return [task for task in tasks if task["slot"] != node]


def waits_for(here: Iterable[Task], left: Iterable[Task], wanted: Iterable[Task]) -> tuple[list[str], list[str]]:
    """Tasks that a drained node still has, or that have left it and do not run elsewhere yet; and those that no other node can take.

    :param here: what runs on the node now
    :param left: what ran there before
    :param wanted: what of their services must run
    """
    now = {(task["service"], task["slot"]): task for task in wanted}
    still = [f"{task['service']}.{task['slot']} is {task['state']} there" for task in here]
    homeless = []
    for task in left:
        name = f"{task['service']}.{task['slot']}"
        found = now.get((task["service"], task["slot"]))
        if found is None or found["state"] == "running":
            continue  # its service was removed or scaled down, or it runs
        if found["state"] == "pending" and "no suitable node" in found.get("error", ""):
            homeless.append(name)
        elif not any(one["service"] == task["service"] and one["slot"] == task["slot"] for one in here):
            still.append(f"{name} is {found['state']} elsewhere")
    return still, homeless
