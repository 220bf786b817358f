# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the calls of the service answer, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import TypedDict


class Member(TypedDict):
    """A host in a Swarm: its node's ID, empty where it is in none."""

    id: str
    manager: bool


class Health(TypedDict):
    """The engine of a host and its Swarm; ``directs``: a manager that answers, ``directors``: IDs of the managers it knows."""

    answers: bool
    version: str
    swarm: str
    leader: str
    directs: bool
    problems: list[str]
    member: Member
    directors: list[str]


class Moved(TypedDict):
    """Names of nodes that change, and tasks that have not come up elsewhere."""

    nodes: list[str]
    waits: list[str]


class Part(TypedDict):
    """The ID that a host's node had until now; empty."""

    node: str


class Logins(TypedDict):
    """The registries that the client is logged in to."""

    registries: list[str]


class Facts(TypedDict):
    """What the host checks get: package -> version, whether the host is in a Swarm, networks that it reaches."""

    engines: dict[str, str]
    swarm: bool
    routes: list[str]


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class HealthParams(TypedDict):
    """Of ``docker_health``."""

    name: str
    interrupt: bool
    wait: int


class Login(TypedDict):
    """A registry that the client is to be logged in to."""

    registry: str
    user: str
    password: str


class LoginsParams(TypedDict):
    """Of ``docker_logins``."""

    logins: list[Login]


class NodeParams(TypedDict):
    """Of ``docker_node``."""

    node: str
    state: str
    wait: int


class SwarmParams(TypedDict):
    """Of ``docker_swarm``."""

    state: str
    address: str
    managers: list[str]
    token: str | None
    address_pools: list[str]
    pool_size: int
    end_swarm: bool
    wait: int
