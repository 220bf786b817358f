# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A component as the agent gets it, as types: no code imports this when it runs, and it is not sent to hosts.

Its options are those of :data:`..component_spec.COMPONENT_SPEC` (a unit test holds the two together) after the controller has rendered
them: every option is present, templates and files of the controller are contents.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

State = Literal["present", "absent"]
OnChange = Literal["restart", "reload", "defer", "none"]
#: JSON whose shape is not ours: what a foreign program prints or an API answers. Who reads it narrows what it takes.
Json = dict[str, Any]
#: Parameters of a service's call, which its module's documentation types and the controller has checked.
Params = dict[str, Any]
#: What a service's call or its host_facts.py returns; its shape is the service's own.
Result = dict[str, Any]


class Group(TypedDict):
    """A group of the host."""

    name: str
    gid: int | None
    system: bool
    state: State


class User(TypedDict):
    """A user of the host."""

    name: str
    uid: int | None
    group: str | None
    groups: list[str]
    comment: str
    home: str | None
    shell: str
    system: bool
    create_home: bool
    state: State


class Package(TypedDict):
    """A package of Debian; ``version`` is a pin."""

    name: str
    state: State
    version: str | None
    hold: NotRequired[bool]


class Placed(TypedDict):
    """What files and directories have in common."""

    path: str
    owner: str
    group: str
    mode: str


class Directory(Placed):
    """A directory."""

    mounted: bool
    validate: list[str] | None
    state: State


class Link(TypedDict):
    """A symbolic link."""

    path: str
    target: str | None
    state: State


class Artifact(TypedDict):
    """A file of the controller that is uploaded where the host lacks it."""

    sha256: str
    size: int


class File(Placed):
    """A file, or a file that is made of a unit: then only its text is there. Without any content only its attributes are managed."""

    state: State
    content: str | None
    content_b64: NotRequired[str | None]
    artifact: NotRequired[Artifact | None]
    before: NotRequired[Literal["packages"] | None]
    validate: NotRequired[list[str] | None]
    sensitive: NotRequired[bool]
    on_change: NotRequired[OnChange | None]
    units: NotRequired[list[str] | None]


class Certificate(TypedDict):
    """A certificate of the site's CA.

    ``ca_pem`` is that of the CA, ``trust_pem`` those of all that the site trusts where they are two, while its CA is rotated. ``issued`` is
    what the CA signed after the host had asked.
    """

    name: str
    key: str
    cert: str
    ca: str | None
    common_name: str
    names: list[str]
    addresses: list[str]
    usages: list[str]
    days: int
    renew_before: int
    owner: str
    group: str
    key_mode: str
    on_change: OnChange
    units: list[str] | None
    ca_pem: str
    trust_pem: NotRequired[str]
    issued: NotRequired[str]


class Sysctl(TypedDict):
    """A kernel parameter."""

    name: str
    value: str


class Cron(TypedDict):
    """An entry of cron."""

    name: str
    schedule: str
    user: str
    command: str
    environment: dict[str, str]
    state: State


class Dropin(TypedDict):
    """A drop-in of a unit."""

    name: str
    content: str | None


class Ready(TypedDict):
    """When a unit is ready."""

    tcp: str | None
    http: str | None
    status: list[int]
    ca: str | None
    cert: str | None
    key: str | None
    command: list[str] | None
    user: str | None
    timeout: int


class Started(TypedDict):
    """What starting a unit, and seeing it ready, has to know of it."""

    name: str
    no_block: bool
    ready: Ready | None


class Unit(Started):
    """A unit of systemd; ``driver_options`` are for the service that is its ``driver``."""

    content: str | None
    dropins: list[Dropin]
    state: Literal["started", "stopped", "unmanaged", "absent"]
    enabled: bool
    masked: bool
    on_change: OnChange
    watch: dict[str, OnChange]
    watch_packages: list[str] | None
    watch_command: list[str] | None
    socket: str | None
    driver: str
    driver_options: Params


class Member(TypedDict, total=False):
    """The unit that makes a host a member of a role's cluster."""

    role: str
    unit: str


class Component(TypedDict):
    """A part of a host, as the agent gets it.

    - ``values``: public variables that several hosts share -> [value, and the line that sets it]; ``fixes``: variable -> [what to do
      where another value runs, whether it is secret, the variable that it follows]
    - ``packages_from``: the public variable that is its list of packages
    """

    name: str
    state: State
    purge: bool
    groups: list[Group]
    users: list[User]
    packages: list[Package]
    directories: list[Directory]
    links: list[Link]
    files: list[File]
    validate: list[list[str]]
    certificates: list[Certificate]
    sysctls: list[Sysctl]
    cron: list[Cron]
    units: list[Unit]
    lockout_guard: int
    role: NotRequired[str]
    packages_from: NotRequired[str]
    values: NotRequired[dict[str, list[Any]]]
    fixes: NotRequired[dict[str, list[Any]]]
    member: NotRequired[Member]


class Recorded(TypedDict):
    """What the component of a role that records its values carries beside its definition."""

    values: dict[str, list[Any]]
    fixes: dict[str, list[Any]]
    member: Member
