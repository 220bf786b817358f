# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in keeps, and how it refuses."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

Item = dict[str, Any]

PLACEHOLDER = "caprover/caprover-placeholder-app:latest"
#: Lines of a build log, versions of an app, wrong passwords and seconds until no one can log in.
LOG_SIZE, VERSIONS, WRONG, BACK_OFF = 50, 50, 5, 30.0


class Refusal(Exception):
    """A handled outcome: HTTP 200 with a status that is no success."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


class Plain(Exception):
    """An outcome that is not handled: an HTTP status and a plain text."""

    def __init__(self, http: int = 500, text: str = "Internal Server Error") -> None:
        super().__init__(f"{http} {text}")
        self.http = http
        self.text = text


class DockerError(Exception):
    """What Docker refuses. CapRover shows the text in build logs only."""


@dataclass
class Times:
    """Seconds that things take; a real server needs some 2 for an update, 3 to 40 for a build, 45 for a restart."""

    update: float = 0.0
    build: float = 0.01
    service: float = 0.0
    restart: float = 0.1
    certificate: float = 0.0


@dataclass
class Build:
    """The log of an app's last build. It lives in memory: a restart ends it."""

    lines: deque[str] = field(default_factory=lambda: deque([""] * LOG_SIZE, LOG_SIZE))
    first: int = -LOG_SIZE
    failed: bool = False

    def log(self, text: str) -> None:
        """Add a line."""
        self.lines.append(text)
        self.first += 1


@dataclass
class Model:
    """One server.

    :ivar apps: name -> definition, in the form in which the API gives them
    :ivar output: name -> what an app wrote itself
    :ivar unresolved: endings of domains that do not lead to this server
    :ivar missing: words of images that cannot be pulled
    :ivar placeholder: image of an app that was just registered
    :ivar certbot_busy: so many times certbot is busy with something else
    """

    password: str = "captain42"
    version: str = "1.15.3"
    times: Times = field(default_factory=Times)
    session: str = field(default_factory=lambda: uuid.uuid4().hex)
    wrong: deque[float] = field(default_factory=lambda: deque(maxlen=WRONG))
    apps: dict[str, Item] = field(default_factory=dict)
    output: dict[str, str] = field(default_factory=dict)
    projects: list[Item] = field(default_factory=list)
    root: str = ""
    root_ssl: bool | None = None
    force_ssl: bool = False
    email: str = ""
    cleanup: Item = field(default_factory=lambda: {"mostRecentLimit": 1, "cronSchedule": "", "timezone": "UTC"})
    netdata: Item = field(default_factory=lambda: {"isEnabled": False, "data": {"smtp": {}, "slack": {}, "telegram": {}, "pushBullet": {}}})
    nginx: Item = field(default_factory=lambda: {"baseConfig": "", "captainConfig": ""})
    registries: list[Item] = field(default_factory=list)
    default_registry: str | None = None
    registry_broken: bool = False
    certbot_busy: int = 0
    placeholder: str = PLACEHOLDER
    unresolved: tuple[str, ...] = (".invalid",)
    missing: tuple[str, ...] = ("nosuch",)
    builds: dict[str, Build] = field(default_factory=dict)
    building: dict[str, bool] = field(default_factory=dict)

    def app(self, name: str | None) -> Item:
        """An app's definition.

        :raises Refusal: there is none
        """
        found = self.apps.get(name or "")
        if found is None:
            shown = "undefined" if name is None else name
            raise Refusal(1000, f"App ({shown}) could not be found. Make sure that you have created the app.")
        return found

    def service(self, name: str) -> str:
        """The Swarm's service of an app."""
        return f"srv-captain--{name}" if self.apps[name].get("isLegacyAppName") else name

    def resolves(self, domain: str) -> bool:
        """Whether a domain leads here."""
        return not domain.endswith(self.unresolved)

    @property
    def patches(self) -> bool:
        """Whether PATCH is there, which came with 1.15."""
        return tuple(map(int, self.version.split(".")[:2])) >= (1, 15)

    def restart(self) -> None:
        """The process ends and comes again: tokens, logs and builds are gone."""
        self.session = uuid.uuid4().hex
        self.builds = {}
        self.building = {}


def fresh(persistent: bool, project: str) -> Item:
    """An app that was just registered (recorded; the other fields are absent until the first update)."""
    return {
        "hasPersistentData": persistent,
        "projectId": project,
        "description": "",
        "instanceCount": 1,
        "captainDefinitionRelativeFilePath": "./captain-definition",
        "networks": ["captain-overlay-network"],
        "envVars": [],
        "volumes": [],
        "ports": [],
        "tags": [],
        "versions": [],
        "deployedVersion": 0,
        "notExposeAsWebApp": False,
        "customDomain": [],
        "hasDefaultSubDomainSsl": False,
        "redirectDomain": "",
        "forceSsl": False,
        "websocketSupport": False,
    }
