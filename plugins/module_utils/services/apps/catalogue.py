# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app is. Nothing here knows on which platform it runs: the renderers beside this file do. Pure.

An entry of the catalogue, with everything that it may say:

    name: vhc-api                                       # lower-case letters, digits, single hyphens; at most 40
    description: The API
    image: app1:5000/vhc/api-server@sha256:...          # best with its digest
    port: 4000                                          # in the container, where HTTP is answered
    domains: [api.example.org]                          # the first one is its address for people
    tls: true                                           # HTTPS only, with a certificate
    websocket: false
    redirect: api.example.org                           # of the domains; the others lead there
    basic_auth: {user: clinic, password: "${secret.api_login}"}    # asked of everyone who comes through a domain
    environment:
      PORT: 4000
      DATABASE_URL: "postgresql://vhc:${secret.postgresql_role_vhc|url}@${service.database.host}:${service.database.port}/vannahcloud"
      ORTHANC_URL: "${app.vhc-orthanc.url}"
    secret_files: {db_password: "${secret.postgresql_role_vhc}"}   # files in /run/secrets, which no API shows
    volumes: [{name: data, path: /var/lib/data}]        # named, of this app alone
    replicas: 2
    health:
      path: /healthz                                    # answers 200 where the app works
      command: [/app/ready]                             # in the container, ends with 0 once the app answers; until then no request comes
    resources: {memory_mb: 512, cpus: 1.5}              # limits of each replica
    publish: [{port: 4242, target: 4242, from: [modalities]}]   # besides HTTP; `from` is who may reach it
    after: [vhc-orthanc]                                # apps that have to be healthy first
    state: present
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...task_types import Written

NAME = re.compile(r"(?=.{1,40}$)[a-z](?:-?[a-z0-9])*")
VOLUME = re.compile(r"(?=.{1,40}$)[a-z](?:[-_]?[a-z0-9])*")
DOMAIN = re.compile(r"(?=.{1,80}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")
FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
#: A name with a registry's, a tag and a digest, as github.com/distribution/reference has it; each but the name may be missing.
IMAGE = re.compile(
    r"(?P<name>(?:[A-Za-z0-9.-]+(?::\d{1,5})?/)?[a-z0-9]+(?:(?:\.|_|__|-+|/)[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
KEYS = (
    "name description image port domains tls websocket redirect basic_auth environment secret_files volumes replicas health resources"
    " publish after state"
).split()  # fmt: skip


class BadAppError(ValueError):
    """An entry is not an app. ``path`` is where in it, ``problem`` what is wrong, ``fix`` what to write."""

    def __init__(self, path: str, problem: str, fix: str) -> None:
        super().__init__(f"{path}: {problem}. Fix: {fix}")
        self.path, self.problem, self.fix = path, problem, fix


@dataclass(frozen=True)
class Volume:
    """A directory that outlives the container."""

    name: str
    path: str


@dataclass(frozen=True)
class Published:
    """A port that is reached besides HTTP: ``port`` of the servers leads to ``target`` of the container, for ``sources``."""

    port: int
    target: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Login:
    """What everyone is asked for who comes through a domain."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class App:
    """An app of the catalogue; see the head of this file. ``memory_mb`` and ``cpus`` are 0 where there is no limit."""

    name: str
    image: str = ""
    description: str = ""
    port: int = 0
    domains: tuple[str, ...] = ()
    tls: bool = True
    websocket: bool = False
    redirect: str = ""
    login: Login | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secret_files: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[Volume, ...] = ()
    replicas: int = 1
    health: str = ""
    ready: tuple[str, ...] = ()
    memory_mb: int = 0
    cpus: float = 0.0
    publish: tuple[Published, ...] = ()
    after: tuple[str, ...] = ()
    present: bool = True

    @property
    def digest(self) -> str:
        """That of its image; empty where only a tag is named."""
        found = IMAGE.fullmatch(self.image)
        return (found["digest"] or "") if found else ""


def parse(entry: Any) -> App:
    """An entry of the catalogue as an app.

    :raises BadAppError: it is none; the first thing that is wrong
    """
    if not isinstance(entry, Mapping):
        raise BadAppError("", "this is not a mapping", "name, image, port and what else the app needs")
    unknown = sorted(set(map(str, entry)) - set(KEYS))
    if unknown:
        raise BadAppError(unknown[0], "there is no such key", f"use one of {', '.join(KEYS)}")
    name = _text(entry, "name")
    if not NAME.fullmatch(name):
        fix = "lower-case letters, digits and single hyphens, at most 40, a letter first"
        raise BadAppError("name", f"{name!r} is not a valid name of an app", fix)
    state = _text(entry, "state", "present")
    if state not in ("present", "absent"):
        raise BadAppError("state", f"{state!r} is not a state", "write present or absent")
    image = _text(entry, "image")
    if state == "absent":
        return App(name, present=False)
    if not IMAGE.fullmatch(image):
        raise BadAppError("image", f"{image!r} names no image" if image else "there is none", "use registry/name@sha256:...")
    health, resources = _mapping(entry, "health", ("path", "command")), _mapping(entry, "resources", ("memory_mb", "cpus"))
    app = App(
        name=name,
        image=image,
        description=_text(entry, "description"),
        port=_number(entry, "port", 0, 65535),
        domains=tuple(_domain(f"domains[{index}]", item) for index, item in enumerate(_list(entry, "domains"))),
        tls=_truth(entry, "tls", True),
        websocket=_truth(entry, "websocket", False),
        redirect=_domain("redirect", entry["redirect"]) if entry.get("redirect") else "",
        login=_login(entry),
        environment=dict(_environment(entry)),
        secret_files=dict(_secret_files(entry)),
        volumes=tuple(_volumes(entry)),
        replicas=_number(entry, "replicas", 0, 1000, 1),
        health=_path("health.path", health["path"]) if "path" in health else "",
        ready=tuple(_command(health)),
        memory_mb=_number(resources, "memory_mb", 6, 1 << 22, 0, "resources."),
        cpus=_cpus(resources.get("cpus")),
        publish=tuple(_published(entry)),
        after=tuple(str(item) for item in _list(entry, "after")),
    )
    _refuse_contradictions(app)
    return app


def _refuse_contradictions(app: App) -> None:
    """:raises BadAppError: parts of it do not go together"""
    if (app.domains or app.health) and not app.port:
        raise BadAppError("port", "there is none, and HTTP is to be asked of it", "write the port on which the container answers HTTP")
    if app.redirect and app.redirect not in app.domains:
        raise BadAppError("redirect", f"{app.redirect} is not one of its domains", "write one of domains")
    if app.login and not app.domains:
        raise BadAppError("basic_auth", "there are no domains, through which it would be asked", "add domains, or remove basic_auth")
    if app.volumes and app.replicas > 1:
        problem = f"{app.replicas} of them would write into the same volume"
        raise BadAppError("replicas", problem, "write 1, or keep the data in a database or the object store in place of volumes")
    for what, values in (
        ("domains", app.domains),
        ("volumes", [volume.name for volume in app.volumes]),
        ("volumes", [volume.path for volume in app.volumes]),
        ("publish", [str(one.port) for one in app.publish]),
        ("after", app.after),
    ):
        twice = next((value for index, value in enumerate(values) if value in values[:index]), None)
        if twice is not None:
            raise BadAppError(what, f"{twice} is listed twice", "merge both into one entry")


def _text(entry: Mapping[str, Any], key: str, default: str = "") -> str:
    value = entry.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        raise BadAppError(key, "this is not a text", f"set {key}: a text")
    return value


def _truth(entry: Mapping[str, Any], key: str, default: bool) -> bool:
    value = entry.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise BadAppError(key, f"{value!r} is neither true nor false", "write true or false")
    return value


def _number(entry: Mapping[str, Any], key: str, low: int, high: int, default: int = 0, where: str = "") -> int:
    value = entry.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadAppError(f"{where}{key}", f"{value!r} cannot be", f"write a number from {max(low, 1) if key == 'port' else low} to {high}")
    return value


def _cpus(value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.01 <= value <= 1024:
        raise BadAppError("resources.cpus", f"{value!r} cannot be", "write how many processors, such as 1.5")
    return float(value)


def _list(entry: Mapping[str, Any], key: str, where: str = "") -> list[Any]:
    value = entry.get(key)
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise BadAppError(f"{where}{key}", "this is not a list", f"set {key}: a list")
    return list(value)


def _mapping(entry: Mapping[str, Any], key: str, known: Iterable[str], where: str = "") -> Mapping[str, Any]:
    value = entry.get(key) if key else entry
    if value is None:
        return {}
    at = where or key
    if not isinstance(value, Mapping):
        raise BadAppError(at, "this is not a mapping", f"write {', '.join(known)}")
    for name in value:
        if name not in known:
            raise BadAppError(f"{at}.{name}", "there is no such key", f"use one of {', '.join(known)}")
    return value


def _domain(where: str, given: Any) -> str:
    text = str(given).strip().lower()
    if not DOMAIN.fullmatch(text):
        raise BadAppError(where, f"{given!r} is not a domain", "write a name such as api.example.org, without scheme, port and star")
    return text


def _login(entry: Mapping[str, Any]) -> Login | None:
    """The password is not quoted."""
    given = _mapping(entry, "basic_auth", ("user", "password"))
    if not given:
        return None
    user, password = given.get("user"), given.get("password")
    if not isinstance(user, str) or not user or ":" in user:
        raise BadAppError("basic_auth.user", f"{user!r} is not the name of a user", "write a name without a colon")
    if not isinstance(password, str) or not password:
        raise BadAppError("basic_auth.password", "this is not a text", 'write a reference such as "${secret.NAME}"')
    return Login(user, password)


def _path(where: str, given: Any) -> str:
    if not isinstance(given, str) or not given.startswith("/") or any(letter.isspace() for letter in given):
        raise BadAppError(where, f"{given!r} is not a path", "write a path that begins with /")
    return given


def _command(health: Mapping[str, Any]) -> Iterator[str]:
    given = _list(health, "command", "health.")
    if "command" in health and not given:
        raise BadAppError("health.command", "it is empty", "write a program of the image and its arguments, such as [/app/ready]")
    for word in given:
        if not isinstance(word, str) or not word:
            raise BadAppError(
                "health.command", f"{word!r} is not a word of a command", "write a program of the image and its arguments, as texts"
            )
        yield word


def _pairs(entry: Mapping[str, Any], key: str, wanted: str) -> Iterable[tuple[Any, Any]]:
    """The items of a mapping of the entry; none where it is left out."""
    given = entry.get(key)
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise BadAppError(key, "this is not a mapping", wanted)
    return given.items()


def _environment(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Values as text. None of them is quoted: it may be secret."""
    for name, value in _pairs(entry, "environment", "names with their values"):
        if not VARIABLE.fullmatch(str(name)):
            raise BadAppError("environment", f"{name!r} is not a valid name of a variable", "use letters, digits and underscores")
        if not isinstance(value, str | int | float):
            raise BadAppError(f"environment.{name}", "the value is neither text nor a number", "write a text, a number, true or false")
        yield str(name), str(value).lower() if isinstance(value, bool) else str(value)


def _secret_files(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """No value is quoted: it may be secret."""
    for name, value in _pairs(entry, "secret_files", "names of files with their contents"):
        if not FILE.fullmatch(str(name)):
            raise BadAppError("secret_files", f"{name!r} is not the name of a file", "use letters, digits, dots, hyphens and underscores")
        if not isinstance(value, str) or not value:
            raise BadAppError(f"secret_files.{name}", "the content is not a text", 'write a text such as "${secret.NAME}"')
        yield str(name), value


def _volumes(entry: Mapping[str, Any]) -> Iterator[Volume]:
    for index, item in enumerate(_list(entry, "volumes")):
        where = f"volumes[{index}]"
        found = _mapping(item, "", ("name", "path"), where) if isinstance(item, Mapping) else {}
        name = str(found.get("name") or "")
        if not VOLUME.fullmatch(name):
            raise BadAppError(f"{where}.name", f"{name!r} is not a volume name", "lower-case letters, digits, hyphens and underscores")
        yield Volume(name, _path(f"{where}.path", found.get("path")))


def _published(entry: Mapping[str, Any]) -> Iterator[Published]:
    for index, item in enumerate(_list(entry, "publish")):
        where = f"publish[{index}]"
        if not isinstance(item, Mapping):
            raise BadAppError(where, "this is not a mapping", "write port, and target where it is another one")
        found = _mapping(item, "", ("port", "target", "from"), where)
        port = _number(found, "port", 1, 65535, 0, f"{where}.")
        if not port:
            raise BadAppError(f"{where}.port", "there is none", "write the port of the servers")
        yield Published(port, _number(found, "target", 1, 65535, port, f"{where}."), tuple(map(str, _list(found, "from"))))


def published(entries: Any) -> list[Written]:
    """The ports of a catalogue besides HTTP, as a role exports ``firewall_ports``. Entries that are no apps are left to preflight."""
    found: list[Written] = []
    for entry in entries if isinstance(entries, list | tuple) else ():
        try:
            app = parse(entry)
        except BadAppError:
            continue
        for one in app.publish:
            # Which of the two an app speaks is not said, and platforms publish both.
            both = [{"name": f"app-{app.name}", "port": one.port, "proto": proto, "from": list(one.sources)} for proto in ("tcp", "udp")]
            found += both
    return found


def ingress(entries: Any, server: str) -> list[Written]:
    """The apps of a catalogue that an edge serves, as a role exports ``ingress``: those with domains whose TLS the platform does not end.

    :param server: ``host:port`` where the platform answers for all apps, by the name in the request
    """
    found: list[Written] = []
    for entry in entries if isinstance(entries, list | tuple) else ():
        try:
            app = parse(entry)
        except BadAppError:
            continue
        if app.present and app.domains and not app.tls:
            found.append({"name": app.name, "names": list(app.domains), "servers": [server]})
    return found
