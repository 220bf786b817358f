# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the calls of the service answer, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import Any, TypedDict

from ...definition import Json


class Member(TypedDict):
    """A member as results show it; ``tags`` are Patroni's."""

    name: str
    role: str
    state: str
    timeline: int | None
    lag: int | None
    pending_restart: bool
    pending_restart_reason: list[str]
    tags: dict[str, object]


class Waiting(TypedDict):
    """What a member that waits for a restart waits for, see :func:`.settings.waiting`."""

    lowered: list[str]
    waits_for_leader: bool


class Own(TypedDict):
    """This host's member, as it says itself."""

    name: str
    role: Any
    state: Any
    postgresql: str
    patroni: Any
    pending_restart: bool
    lowered: list[str]
    waits_for_leader: bool


class State(TypedDict):
    """The cluster, as all calls return it."""

    answers: bool
    scope: str
    leader: str
    members: list[Member]
    synchronous: list[str]
    synchronous_mode: bool
    paused: bool
    pending_restart: list[str]
    problems: list[str]


class Guarded(TypedDict):
    """Whether the role has been on the host before."""

    managed: bool


class Rest(TypedDict, total=False):
    """Where a member's REST is and what it is asked with."""

    url: str
    ca: str
    cert: str
    key: str


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class Asked(TypedDict):
    """What most calls are given: how a member is asked, and what its cluster is to be like."""

    url: str
    ca: str
    cert: str
    key: str
    members: list[str]
    max_lag: int


class ConfigParams(Asked):
    """Of ``patroni_config``."""

    config: Json
    hba: list[str]
    settings: list[str]
    parameters: dict[str, object]
    wait: int


class ForgetParams(TypedDict):
    """Of ``patroni_forget``."""

    scope: str
    namespace: str
    hosts: list[str]


class GuardParams(TypedDict):
    """Of ``patroni_guard``."""

    scope: str
    data_directory: str
    ports: list[int]
    adopt: bool


class InfoParams(Asked):
    """Of ``patroni_info``."""

    wait: int


class ReinitParams(Asked):
    """Of ``patroni_reinit``."""

    force: bool
    timeout: int


class RemoveParams(Asked):
    """Of ``patroni_remove``."""

    member: str
    others: list[str]
    unit: str
    force: bool
    timeout: int


class RestartParams(Asked):
    """Of ``patroni_restart``."""

    only_pending: bool
    force: bool
    timeout: int


class SwitchoverParams(Asked):
    """Of ``patroni_switchover``."""

    candidate: str
    away_from: str
    timeout: int
