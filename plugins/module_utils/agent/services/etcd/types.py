# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What etcd says, and what its calls answer, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import Literal, TypedDict

from ...facts import Peer


class Access(TypedDict):
    """How a member is asked: its address and the files of TLS, as they lie on the host."""

    endpoint: str
    ca: str
    cert: str
    key: str


class Member(TypedDict):
    """A member as etcdctl lists it; one that never started has neither name nor endpoints."""

    id: int
    name: str
    endpoints: list[str]
    addresses: list[str]
    learner: bool


class State(Member):
    """A member, and how it is."""

    endpoint: str
    healthy: bool
    leader: bool
    alarms: list[str]


#: What of a state is shown.
Shown = Literal["name", "endpoint", "healthy", "leader", "learner", "alarms"]


class Alarms(TypedDict):
    """The alarms of this host's member, and the size of its database in bytes."""

    alarms: list[str]
    size: int
    quota: int


class Removed(TypedDict):
    """The member that was removed, and the names of the others."""

    member: str
    members: list[str]


class Listed(TypedDict):
    """IDs of a cluster and of its members, in hexadecimal as the data on a disk have them."""

    cluster: str
    members: list[str]


class Owner(TypedDict):
    """The member whose data lie on the host, and where."""

    member: str
    cluster: str
    directory: str


class Data(Owner):
    """The same with what the database says."""

    name: str
    urls: list[str]
    members: list[str]


class Facts(TypedDict, total=False):
    """What the host checks get; the second part of a member that answers."""

    data: Data | None
    own: Owner | None
    voters: list[str]

    peers: dict[str, list[Peer]]
    listed: Listed
    size: int
    alarms: list[list[str]]
    quota: str


# --- parameters, as the modules document them -------------------------------------------------------------------------------


class AlarmsParams(Access):
    """Of ``etcd_alarms``."""


class HealthParams(Access):
    """Of ``etcd_health``."""

    interrupt: str
    formed: bool
    members: list[str]
    wait: int


class RemoveParams(Access):
    """Of ``etcd_remove``."""

    member: str
