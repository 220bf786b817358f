# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CapRover's API gives and takes, as types (version 1.15.3). Nothing imports this when it runs."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ...definition import Json


class Pair(TypedDict):
    """A variable of an app's environment."""

    key: str
    value: str


class Port(TypedDict):
    """A published port. CapRover drops a protocol: TCP and UDP both are published."""

    hostPort: int
    containerPort: int


class Volume(TypedDict, total=False):
    """A persistent directory: of a named volume, or of the host."""

    containerPath: str
    volumeName: str
    hostPath: str


class Tag(TypedDict):
    """A tag of an app."""

    tagName: str


class Domain(TypedDict):
    """A domain of an app beside its own below the root domain."""

    publicDomain: str
    hasSsl: bool


class Version(TypedDict):
    """A deploy. One that failed has no image."""

    version: int
    timeStamp: str
    deployedImageName: NotRequired[str]
    gitHash: NotRequired[str]


class Definition(TypedDict, total=False):
    """An app as the list of apps has it. The second half is absent until the first update."""

    appName: str
    hasPersistentData: bool
    projectId: str
    description: str
    instanceCount: int
    captainDefinitionRelativeFilePath: str
    networks: list[str]
    envVars: list[Pair]
    volumes: list[Volume]
    ports: list[Port]
    tags: list[Tag]
    versions: list[Version]
    deployedVersion: int
    notExposeAsWebApp: bool
    customDomain: list[Domain]
    hasDefaultSubDomainSsl: bool
    redirectDomain: str
    forceSsl: bool
    websocketSupport: bool
    isAppBuilding: bool
    isLegacyAppName: bool
    containerHttpPort: int
    nodeId: str
    customNginxConfig: str
    preDeployFunction: str
    serviceUpdateOverride: str
    appDeployTokenConfig: Json
    httpAuth: dict[str, str]
    appPushWebhook: Json


class Apps(TypedDict):
    """The answer that lists all apps."""

    appDefinitions: list[Definition]
    rootDomain: str
    captainSubDomain: NotRequired[str]


class Registry(TypedDict):
    """A registry, with its password in clear."""

    id: str
    registryDomain: str
    registryImagePrefix: str
    registryUser: str
    registryPassword: str
    registryType: str


class Node(TypedDict):
    """A node of the Swarm, as far as it is read."""

    nodeId: str
    hostname: str
    type: str
    isLeader: bool
    ip: str
    state: str
    status: str
    dockerEngineVersion: str


class Build(TypedDict):
    """How the last build of an app is. An app that does not exist answers as one that was never built."""

    isAppBuilding: bool
    isBuildFailed: bool
    logs: Json


class Info(TypedDict, total=False):
    """What a server says of itself; a fresh one has no ``hasRootSsl``."""

    hasRootSsl: bool
    forceSsl: bool
    rootDomain: str
    captainSubDomain: str


class Named(TypedDict):
    """A domain that an app is to have."""

    name: str
    tls: bool


class App(TypedDict):
    """An app that is asked for. ``fields`` are those of a definition, as they are sent.

    ``environment``: text, or None for a variable that goes. ``auth``: user and password; empty for none. ``domains``: None leaves them.
    ``unset``: fields that are there as a new app has them, because the task does not set them.
    """

    name: str
    state: Literal["present", "absent"]
    adopt: bool
    drop_volumes: bool
    persistent: bool | None
    fields: Json
    environment: dict[str, str | None] | None
    merge_environment: bool
    auth: dict[str, str] | None
    node: str | None
    project: str | None
    tags: list[str] | None
    token: Json | None
    domains: list[Named] | None
    tls: bool | None
    unset: list[str]


class Deploy(TypedDict):
    """A deploy that is asked for: an image, a captain-definition, or a tar file of this host. ``mark`` is what an unchanged one has.

    ``after``: apps that have to be healthy before it.
    """

    name: str
    after: list[str]
    image: str
    definition: str
    tarball: str
    mark: str
    force: bool
    health: Json | None
