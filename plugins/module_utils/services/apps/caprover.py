# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue as CapRover is told it: entries of the modules ``caprover_apps`` and ``caprover_deploy``. Pure.

What is CapRover's own stands here only. Apps reach each other under the name of their service in the Swarm (``srv-captain--<name>``), a
volume has the name of its app before its own, and limits go to Docker through the service override.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import references
from .catalogue import App

Item = dict[str, Any]


@dataclass(frozen=True)
class Values:
    """What references stand for: ``secrets`` by name, ``services`` by name and key."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


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


def app_entry(app: App, apps: Mapping[str, App], values: Values) -> Item:
    """An entry of ``caprover_apps``: all that the catalogue says, so that what is changed by hand is put back.

    :raises KeyError: a reference leads nowhere
    """
    if not app.present:
        return {"name": app.name, "state": "absent"}
    environment = {name: references.resolve(value, lambda found: value_of(found, apps, values)) for name, value in app.environment.items()}
    entry: Item = {
        "name": app.name,
        "description": app.description,
        "instances": app.replicas,
        "environment": environment,
        "expose": bool(app.domains),
        "ports": [{"host": one.port, "container": one.target} for one in app.publish],
        "volumes": [{"path": one.path, "volume": f"{app.name}-{one.name}"} for one in app.volumes],
        "domains": [{"name": name, "tls": app.tls} for name in app.domains],
        "websocket": app.websocket,
        "service_override": override(app),
    }
    if app.port:
        entry["http_port"] = app.port
    if app.domains:
        entry["force_tls"] = app.tls
    return entry


def override(app: App) -> Item:
    """Limits, as the service specification of Docker's API has them; nothing where there are none."""
    limits: Item = {}
    if app.memory_mb:
        limits["MemoryBytes"] = app.memory_mb << 20
    if app.cpus:
        limits["NanoCPUs"] = round(app.cpus * 1_000_000_000)
    return {"TaskTemplate": {"Resources": {"Limits": limits}}} if limits else {}


def deploy_entry(app: App) -> Item:
    """An entry of ``caprover_deploy``. Where the app says how it is asked, CapRover's nginx is, under its first domain."""
    entry: Item = {"name": app.name, "image": app.image}
    if app.health and app.domains:
        scheme = "https" if app.tls else "http"
        entry["health"] = {"url": f"{scheme}://{app.domains[0]}{app.health}"}
    return entry


def render(apps: Iterable[App], values: Values) -> tuple[list[Item], list[Item]]:
    """Entries of ``caprover_apps`` and, in the catalogue's order, of ``caprover_deploy``.

    :raises KeyError: a reference leads nowhere
    """
    listed = list(apps)
    known = {app.name: app for app in listed if app.present}
    return [app_entry(app, known, values) for app in listed], [deploy_entry(app) for app in listed if app.present]
