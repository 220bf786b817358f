# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a catalogue of apps, all of it at once, and the order in which apps start. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...preflight.findings import Code, Level
from ...preflight.values import Problem
from . import references
from .catalogue import App, BadAppError, parse

CODES = (
    Code("apps-invalid", "An entry of the catalogue does not describe an app.", "Correct what the message names."),
    Code("apps-twice", "Two apps have one name, one domain or one published port.", "Use another one for one of them."),
    Code(
        "apps-image-tag",
        "An image is named without its digest: what a tag means can change, and a restart could bring another version.",
        "Set image: name@sha256:..., as docker inspect and the registry show it.",
        Level.WARNING,
    ),
    Code(
        "apps-reference",
        "An environment refers to a secret, a service or an app that does not exist or is removed, or the reference cannot be read.",
        "Use a name that exists.",
    ),
    Code(
        "apps-order",
        "An app waits for an app that does not exist or is removed, or for itself.",
        "Set after: names of other apps, without a circle.",
    ),
)


@dataclass(frozen=True)
class Surroundings:
    """What a catalogue may refer to.

    :ivar secrets: names of the site's secrets; None where they cannot be read now
    :ivar services: service -> what it exports
    """

    secrets: Collection[str] | None = None
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def problems(entries: Sequence[Any], around: Surroundings) -> Iterator[Problem]:
    """All that is wrong with a catalogue; the path of each is that in it: ``apps[2].environment.DATABASE_URL``."""
    known: list[tuple[int, App]] = []
    for index, entry in enumerate(entries):
        try:
            known.append((index, parse(entry)))
        except BadAppError as error:
            path = f"apps[{index}]" + (f".{error.path}" if error.path else "")
            yield Problem("apps-invalid", path, f"{error.problem}.", error.fix)
    yield from _twice(known)
    present = [(index, app) for index, app in known if app.present]
    # Of an entry that is not an app the name counts all the same: what refers to it is not wrong too.
    names = {app.name for _index, app in present}
    names |= {str(entry["name"]) for entry in entries if isinstance(entry, Mapping) and "name" in entry} - {app.name for _i, app in known}
    for index, app in present:
        yield from _of_app(f"apps[{index}]", app, names, {one.name: one for _index, one in (*known, *present)}, around)
    circle = _circle([app for _index, app in present])
    if circle:
        index = next(index for index, app in present if app.name == circle[0])
        yield Problem("apps-order", f"apps[{index}].after", f"{' waits for '.join(circle)}.", "change after so that it has no circle")


def _twice(known: Iterable[tuple[int, App]]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], int] = {}
    for index, app in known:
        for kind, path, values in (
            ("name", "name", [app.name]),
            ("domain", "domains", app.domains),
            ("port", "publish", [str(one.port) for one in app.publish]),
            # As platforms name them: of the app vhc the volume web-data, and of vhc-web the volume data.
            ("volume", "volumes", [f"{app.name}-{one.name}" for one in app.volumes]),
        ):
            for value in values:
                first = seen.setdefault((kind, value), index)
                if first != index:
                    what = {"name": "the name", "domain": "the domain", "port": "the published port", "volume": "the volume"}[kind]
                    yield Problem(
                        "apps-twice", f"apps[{index}].{path}", f"{what} {value} is that of apps[{first}] too.", f"use another {kind}"
                    )


def _of_app(path: str, app: App, names: Collection[str], apps: Mapping[str, App], around: Surroundings) -> Iterator[Problem]:
    if not app.digest:
        yield Problem("apps-image-tag", f"{path}.image", f"{app.image} has no digest.", "set image: name@sha256:...")
    for other in app.after:
        if other == app.name:
            yield Problem("apps-order", f"{path}.after", "an app cannot wait for itself.", _others(app, names))
        elif _goes(apps, names, other):
            yield Problem(
                "apps-order",
                f"{path}.after",
                f"app {other} is removed (state: absent).",
                f"remove {other} from after, or set state: present for it",
            )
        elif other not in names:
            yield Problem("apps-order", f"{path}.after", f"there is no app {other}.", _others(app, names))
    texts = [(f"{path}.{key}.{name}", value) for key in ("environment", "secret_files") for name, value in getattr(app, key).items()]
    texts += [(f"{path}.basic_auth.password", app.login.password)] if app.login else []
    for where, value in texts:
        try:
            found = list(references.read(value))
        except references.BadReferenceError as error:
            yield Problem(
                "apps-reference", where, f"{error}.", "write ${secret.NAME}, ${service.NAME.KEY}, ${app.NAME.url}, or $${ for the text"
            )
            continue
        for reference in found:
            problem, fix = _unknown(reference, names, apps, around)
            if problem:
                yield Problem("apps-reference", where, problem, fix)


def _unknown(reference: references.Reference, names: Collection[str], apps: Mapping[str, App], around: Surroundings) -> tuple[str, str]:
    """Why a reference leads nowhere, and the fix; empty where it leads somewhere."""
    if reference.kind == "secret":
        if around.secrets is None or reference.name in around.secrets:
            return "", ""
        return f"the site has no secret {reference.name}.", "use a secret of secrets.yml, or one that a role makes"
    if reference.kind == "service":
        service = around.services.get(reference.name)
        if service is None:
            return (
                f"the site has no service {reference.name}.",
                f"use one of {', '.join(sorted(around.services)) or 'none; apps_services declares others'}",
            )
        if reference.key not in service:
            return f"the service {reference.name} exports no {reference.key}.", f"use one of {', '.join(sorted(service))}"
        return "", ""
    if _goes(apps, names, reference.name):
        return (
            f"app {reference.name} is removed (state: absent).",
            f"remove what refers to {reference.name}, or set state: present",
        )
    if reference.name not in names:
        return f"there is no app {reference.name}.", f"use one of {', '.join(sorted(names))}"
    app = apps.get(reference.name)
    if app is not None and not app.port and reference.key != "host":
        return f"the app {reference.name} has no port.", f"set port of {reference.name}, or use its host alone"
    return "", ""


def _others(app: App, names: Collection[str]) -> str:
    return f"set after: of {', '.join(sorted(set(names) - {app.name})) or 'no app'}"


def _goes(apps: Mapping[str, App], names: Collection[str], name: str) -> bool:
    """Whether the catalogue removes an app."""
    return name not in names and name in apps


def _waits(app: App, names: Collection[str]) -> list[str]:
    return [other for other in app.after if other in names and other != app.name]


def _circle(apps: Sequence[App]) -> list[str]:
    """Names of apps that wait for each other, the first one again at the end; empty where there are none."""
    left = {app.name: _waits(app, {one.name for one in apps}) for app in apps}
    while True:
        ready = [name for name, others in left.items() if not any(other in left for other in others)]
        if not ready:
            break
        for name in ready:
            del left[name]
    if not left:
        return []
    path = [next(iter(left))]
    while path.count(path[-1]) == 1:
        path.append(next(other for other in left[path[-1]] if other in left))
    return path[path.index(path[-1]) :]


def steps(apps: Iterable[App]) -> list[list[App]]:
    """Apps in the order in which they start: those of a step wait only for earlier steps. Within a step, the catalogue's order.

    :raises ValueError: apps wait for each other; :func:`problems` says which
    """
    left = [app for app in apps if app.present]
    names = {app.name for app in left}
    found: list[list[App]] = []
    done: set[str] = set()
    while left:
        ready = [app for app in left if set(_waits(app, names)) <= done]
        if not ready:
            raise ValueError(" waits for ".join(_circle(left)))
        found.append(ready)
        done |= {app.name for app in ready}
        left = [app for app in left if app.name not in done]
    return found
