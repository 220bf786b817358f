# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue as CapRover is told it: entries of the modules ``caprover_apps`` and ``caprover_deploy``. Pure.

What is CapRover's own stands here only. Apps reach each other under the name of their service in the Swarm (``srv-captain--<name>``), a
volume has the name of its app before its own, and limits go to Docker through the service override. Each app has the domain
``<name>.<root domain>`` from CapRover; every other domain below the root domain is refused by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...task_types import Written
from . import references
from .catalogue import App, parse
from .rules import steps

Item = Written

#: The port of an app that answers no HTTP.
_NO_PORT = 80


@dataclass(frozen=True)
class Values:
    """What references stand for: ``secrets`` by name, ``services`` by name and key."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """The CapRover server that a catalogue is rendered for.

    :ivar root: its root domain; empty where it has none
    :ivar http_port: where its nginx listens for HTTP on its own host
    :ivar health: how long a deploy is watched, as ``caprover_deploy`` takes it: ``timeout``, ``steady``
    """

    root: str = ""
    http_port: int = 80
    health: Mapping[str, Any] = field(default_factory=dict)

    def own_domain(self, app: App) -> str:
        """The domain that CapRover itself gives an app; empty without a root domain."""
        return f"{app.name}.{self.root}" if self.root else ""


def host_of(name: str) -> str:
    """The name under which other apps reach an app."""
    return f"srv-captain--{name}"


def value_of(reference: references.Reference, apps: Mapping[str, App], values: Values) -> str:
    """What a reference stands for.

    :raises KeyError: there is no such thing; :func:`.rules.problems` has said so
    """
    if reference.kind == "secret":
        return values.secrets[reference.name]
    if reference.kind == "service":
        return str(values.services[reference.name][reference.key])
    app = apps[reference.name]
    host = host_of(app.name)
    return {"host": host, "port": str(app.port), "url": f"http://{host}:{app.port}"}[reference.key]


def app_entry(app: App, apps: Mapping[str, App], values: Values, server: Server) -> Item:
    """An entry of ``caprover_apps``: all that the catalogue says; what it has no word for, ``reset_unset`` resets.

    :raises KeyError: a reference leads nowhere
    """
    if not app.present:
        return {"name": app.name, "state": "absent", "secret_files": {}}
    own = server.own_domain(app)
    login = _login(app, apps, values)

    def resolved(texts: Mapping[str, str]) -> dict[str, str]:
        return {name: references.resolve(text, lambda found: value_of(found, apps, values)) for name, text in texts.items()}

    entry: Item = {
        "name": app.name,
        "http_port": app.port or _NO_PORT,
        "description": app.description,
        "instances": app.replicas,
        "environment": resolved(app.environment),
        "expose": bool(app.domains),
        "ports": [{"host": one.port, "container": one.target} for one in app.publish],
        "volumes": [{"path": one.path, "volume": f"{app.name}-{one.name}"} for one in app.volumes],
        "domains": [{"name": name, "tls": app.tls} for name in app.domains if name != own],
        "websocket": app.websocket,
        "service_override": override(app),
        "secret_files": resolved(app.secret_files),
    }
    if login:
        entry["basic_auth"] = login
    if app.redirect:
        entry["redirect"] = app.redirect
    entry["force_tls"] = app.tls and bool(app.domains)
    if own in app.domains and app.tls:
        entry["tls"] = True
    return entry


def _login(app: App, apps: Mapping[str, App], values: Values) -> dict[str, str]:
    """User and password that nginx asks for; nothing where it asks for none."""
    if not app.login:
        return {}
    return {"user": app.login.user, "password": references.resolve(app.login.password, lambda found: value_of(found, apps, values))}


#: How a container is asked whether it is ready, in nanoseconds: often while it starts, then every 10 s.
_SECOND = 1_000_000_000
_ASKED = {"Interval": 10 * _SECOND, "Timeout": 5 * _SECOND, "Retries": 3, "StartPeriod": 60 * _SECOND, "StartInterval": _SECOND}
#: CapRover replaces all replicas of an app at once. One after the other, the others answer meanwhile.
_ONE_BY_ONE = {"Parallelism": 1}


def override(app: App) -> Item:
    """What goes past CapRover, as the service specification of Docker's API has it; nothing where there is nothing of it.

    Docker sends requests to a container that has a health check only once that has succeeded, and stops an old one only then. Without it a
    container counts as soon as it runs.
    """
    limits: Item = {}
    if app.memory_mb:
        limits["MemoryBytes"] = app.memory_mb << 20
    if app.cpus:
        limits["NanoCPUs"] = round(app.cpus * _SECOND)
    task: Item = {"Resources": {"Limits": limits}} if limits else {}
    if app.ready:
        task["ContainerSpec"] = {"Healthcheck": {"Test": ["CMD", *app.ready], **_ASKED}}
    return {**({"TaskTemplate": task} if task else {}), **({"UpdateConfig": dict(_ONE_BY_ONE)} if app.replicas > 1 else {})}


def deploy_entry(app: App, apps: Mapping[str, App], values: Values, server: Server) -> Item:
    """An entry of ``caprover_deploy``. Where the app says how it is asked, CapRover's nginx is, for the domain that all lead to.

    With TLS under the domain itself, because the certificate has its name; without TLS on CapRover's own host.
    """
    entry: Item = {"name": app.name, "image": app.image}
    domain, login = app.redirect or next(iter(app.domains), ""), _login(app, apps, values)
    if app.health and domain and app.tls:
        entry["health"] = {**server.health, "url": f"https://{domain}{app.health}", **login}
    elif app.health and domain:
        port = "" if server.http_port == 80 else f":{server.http_port}"
        entry["health"] = {**server.health, "url": f"http://127.0.0.1{port}{app.health}", "host": domain, **login}
    elif server.health:
        entry["health"] = dict(server.health)
    after = [other for other in app.after if other in apps]
    return {**entry, "after": after} if after else entry


def render(apps: Iterable[App], values: Values, server: Server | None = None) -> tuple[list[Item], list[Item]]:
    """Entries of ``caprover_apps`` in the catalogue's order and, in the order in which apps wait for each other, of ``caprover_deploy``.

    :raises KeyError: a reference leads nowhere
    :raises ValueError: apps wait for each other
    """
    listed, known_server = list(apps), server or Server()
    known = {app.name: app for app in listed if app.present}
    deploys = [deploy_entry(app, known, values, known_server) for step in steps(listed) for app in step]
    return [app_entry(app, known, values, known_server) for app in listed], deploys


def for_caprover(
    entries: Iterable[Any],
    secrets: Mapping[str, str],
    services: Mapping[str, Mapping[str, Any]],
    root: str = "",
    http_port: int = 80,
    health: Mapping[str, Any] | None = None,
) -> dict[str, list[Item]]:
    """The filter ``apps_for_caprover``: ``apps`` and ``deploys`` of a catalogue that preflight has judged.

    :raises BadAppError: an entry is not an app
    """
    apps, deploys = render([parse(entry) for entry in entries], Values(secrets, services), Server(root, http_port, health or {}))
    return {"apps": apps, "deploys": deploys}
