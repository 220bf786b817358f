# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of itself, as types: no code imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from .definition import Result
from .records import SiteRecord


class Room(TypedDict, total=False):
    """A file system's room for any user; empty where it cannot be asked, without inodes where it makes them as it needs them."""

    size_mb: int
    free_mb: int
    free_inodes: int


class DataRoom(Room):
    """The room of a file system in which a service keeps its data."""

    path: str


class Device(TypedDict):
    """A drive, or what is built from drives; ``size`` in bytes."""

    name: str
    size: int
    model: str


class Sshd(TypedDict):
    """What sshd's configuration says without the role's file; times in seconds, 0 for none."""

    permitrootlogin: str
    logingracetime: int
    clientalive: int


class Caller(TypedDict):
    """Where the controller comes from, and the port of sshd that it reached."""

    address: str
    port: int


class RunningValues(TypedDict):
    """The values that a component runs with; the rest of a member of a cluster only."""

    values: dict[str, str]
    role: NotRequired[str]
    unit: NotRequired[str]
    enabled: NotRequired[bool]


class Facts(TypedDict, total=False):
    """The facts of a host. A role's templates read them, so their names are public.

    The second part are answers to the host checks; the last ones the controller adds (``plugins/action/host_facts.py``).
    """

    system: str
    release: str
    version: str
    kernel: str
    machine: str
    memory_mb: int
    cores: int
    addresses: list[str]
    devices: list[Device]
    disk: Room
    sshd: Sshd
    python: str
    container: bool
    hostname: str
    boot_id: str
    clock: float

    site: SiteRecord | None
    machine_id: str
    host_key: str
    found: list[str]
    nonlocal_bind: bool
    known_by: str
    mounts: dict[str, str]
    caller: Caller | None
    running: dict[str, RunningValues]
    unrecorded: list[str]
    tcp: list[int]
    rooms: dict[str, list[DataRoom]]
    services: dict[str, Result]
    senders: dict[str, str]
    served: dict[str, list[list[str]]]
    units: dict[str, list[str]]
    unknown_packages: dict[str, str]
    listening: list[str]
    listeners: dict[str, str]
    firewalls: list[str]

    clusters: dict[str, bool]
    data_missing: dict[str, list[str]]
    clusters_ran: list[str]


class Peer(TypedDict):
    """A member of a cluster, as a service's host_facts.py tells it to the host checks; ``what`` it is, a sentence."""

    name: str
    address: str
    what: str


class Place(Room):
    """Where a directory lies, or will lie: ``at`` is its nearest parent that exists, ``real`` the path without links."""

    at: str
    real: str
    device: int
    readonly: bool
    mounted: bool


class Survey(TypedDict, total=False):
    """A closer check of a host; ``taken``: port -> program, unit, "managed"."""

    paths: dict[str, Place]
    discs: list[str]
    cloud_init: bool
    cloud_init_broken: bool
    checks: dict[str, str]
    taken: dict[str, list[str]]
