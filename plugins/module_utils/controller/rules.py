# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no component may say, whatever its types: pure functions over normalised components.

:func:`check` looks at one component, :func:`check_together` at all of a call. Both give texts, so that all errors
are reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from ..component_spec import ON_CHANGE
from . import bundle

#: Normalised; rules look at it by names of sections, and before its templates are rendered.
Component = Mapping[str, Any]

#: Where a file's content comes from: one of them.
SOURCES = ("template", "content", "src", "artifact")

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")
_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+\.(service|socket|timer|mount|automount|path|target|slice|swap)")
_CRON = re.compile(r"[A-Za-z0-9_-]+")  # cron(8): a file whose name has a dot is not read
MODE = re.compile(r"[0-7]{3,4}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PATHS = {"directories": ["path"], "links": ["path"], "files": ["path"], "certificates": ["key", "cert", "ca"]}
_MODES = {"directories": "mode", "files": "mode", "certificates": "key_mode"}
_KINDS = {"directories": "directory", "links": "link", "files": "file", "certificates": "certificate"}


@cache
def drivers() -> tuple[str, ...]:
    """What a unit's ``driver`` may be: systemd, and each service of the agent that restarts units in systemd's place."""
    return ("systemd", *sorted(path.parent.name for path in (bundle.AGENT / "services").glob("*/restart.py")))


def check(component: Component) -> list[str]:
    """Everything that is wrong within one component.

    :param component: normalised by the spec, templates not yet rendered
    """
    problems = [] if _NAME.fullmatch(component["name"]) else [f"name {component['name']!r} may hold letters, digits and _ . @ -"]
    if component["state"] == "absent":
        return problems
    for rule in (_paths, _links, _files, _packages, _certificates, _cron, _units, _drivers, _doubles):
        problems += rule(component)
    for argv in [*component["validate"], *(item["validate"] for item in component["directories"] if item["validate"] is not None)]:
        if not argv or not argv[0].startswith("/"):
            problems.append("validate: each is a list that begins with a program's absolute path")
    if component["lockout_guard"] < 0:
        problems.append("lockout_guard is a number of seconds; 0 for none")
    return problems


def check_together(components: Iterable[Component]) -> list[str]:
    """What components of one call may not share: names, paths, units, users, cron files."""
    problems = []
    owners: dict[tuple[str, str], str] = {}
    names: set[str] = set()
    for component in components:
        name = f"{component['name']} (role {component['role']})" if component.get("role") else component["name"]
        if component["name"] in names:
            problems.append(f"there are two components {component['name']}: their names must differ on a host")
        names.add(component["name"])
        if component["state"] == "absent":
            continue
        for kind, target in sorted(set(_claims(component))):
            other = owners.setdefault((kind, target), name)
            if other != name:
                problems.append(f"{kind} {target} is in two components, {other} and {name}: leave it to one of them")
    return problems


def _claims(component: Component) -> Iterator[tuple[str, str]]:
    for key, kind in (("links", "path"), ("files", "path")):
        yield from ((kind, item["path"]) for item in component[key] if item["state"] == "present")
    for certificate in component["certificates"]:
        yield from (("path", certificate[key]) for key in ("key", "cert") if certificate[key])
    yield from (("unit", unit["name"]) for unit in component["units"])
    yield from (("cron file", item["name"]) for item in component["cron"])


def _paths(component: Component) -> Iterator[str]:
    for section, keys in _PATHS.items():
        for item in component[section]:
            for key in keys:
                path = item[key]
                if path is not None and not is_path(path):
                    yield f"{_KINDS[section]} {path}: a path on the host begins with / and holds no .., $ or line break"
            mode = item.get(_MODES.get(section, ""), "0644")
            if not MODE.fullmatch(mode):
                yield f'{_KINDS[section]} {item[keys[0]]}: mode {mode!r} must be octal digits in quotes, like "0644"'


def is_path(path: str) -> bool:
    """Whether a text can be the path of something that a component has."""
    return (
        path.startswith("/")
        and len(path) > 1
        and not path.endswith("/")
        and ".." not in path.split("/")
        and not re.search(r"[$\n\0]", path)
    )


def _links(component: Component) -> Iterator[str]:
    for link in component["links"]:
        if link["state"] == "present" and not link["target"]:
            yield f"link {link['path']} needs a target"


def _files(component: Component) -> Iterator[str]:
    units = {unit["name"] for unit in component["units"]}
    for file in component["files"]:
        where = f"file {file['path']}"
        sources = [key for key in SOURCES if file[key] is not None]
        if file["state"] == "absent" and sources:
            yield f"{where} is absent and has {sources[0]}: leave one of them out"
        if file["validate"] is not None and not any("%s" in word for word in file["validate"]):
            yield f"{where}: validate needs %s for the file; a check of the real paths belongs into the component's validate"
        if file["artifact"] is not None and not _SHA256.fullmatch(file["artifact"]["sha256"].lower()):
            yield f"{where}: artifact.sha256 must be 64 hexadecimal digits"
        yield from _unknown_units(where, file["units"], units)


def _unknown_units(where: str, named: list[str] | None, units: set[str]) -> Iterator[str]:
    for name in named or ():
        if name not in units:
            yield f"{where}: units names {name}, which is not one of the component's units"


def _packages(component: Component) -> Iterator[str]:
    for package in component["packages"]:
        if package["state"] == "absent" and (package["version"] or package["hold"]):
            yield f"package {package['name']} is absent and has a version or a hold: leave one of them out"


def _certificates(component: Component) -> Iterator[str]:
    units = {unit["name"] for unit in component["units"]}
    for certificate in component["certificates"]:
        where = f"certificate {certificate['name']}"
        if not 0 < certificate["renew_before"] < certificate["days"]:
            yield f"{where}: renew_before must be above 0 and below days ({certificate['days']})"
        if not certificate["usages"]:
            yield f"{where}: usages needs server, client or both"
        yield from _unknown_units(where, certificate["units"], units)


def _cron(component: Component) -> Iterator[str]:
    for item in component["cron"]:
        where = f"cron {item['name']}"
        if not _CRON.fullmatch(item["name"]):
            yield f"{where}: cron reads no file whose name holds anything but letters, digits, _ and -"
        schedule = item["schedule"].split()
        if not (len(schedule) == 5 or (len(schedule) == 1 and schedule[0].startswith("@"))):
            yield f"{where}: schedule must be five fields, or @daily and the like"
        if "\n" in item["command"]:
            yield f"{where}: command must be one line"


def _units(component: Component) -> Iterator[str]:
    for unit in component["units"]:
        where = f"unit {unit['name']}"
        if not _UNIT.fullmatch(unit["name"]):
            yield f"{where}: write the name with its suffix, like {unit['name']}.service"
        if unit["content"] is not None and unit["template"] is not None:
            yield f"{where} has content and template: it can have one source only"
        if unit["masked"] and unit["state"] == "started":
            yield f"{where} is masked and started: give it state stopped"
        if unit["masked"] and (unit["content"] is not None or unit["template"] is not None):
            yield f"{where} is masked and has a unit file: systemd masks a unit by a link in that file's place, so leave content out"
        for dropin in unit["dropins"]:
            if (dropin["content"] is None) == (dropin["template"] is None):
                yield f"{where}, drop-in {dropin['name']}: give it content or template, one of them"
        for path, action in unit["watch"].items():
            if not is_path(path) or action not in ON_CHANGE:
                yield f"{where}: watch maps an absolute path to one of {', '.join(ON_CHANGE)}, not {path}: {action}"
        ready = unit["ready"]
        if ready is not None and not any(ready[key] for key in ("tcp", "http", "command")):
            yield f"{where}: ready needs tcp, http or command"
        deferred = unit["on_change"] == "defer" or "defer" in unit["watch"].values()
        if deferred and unit["state"] == "started" and ready is None:
            yield f"{where} is restarted later (on_change: defer) and has no ready: say how it shows that it works"


def _drivers(component: Component) -> Iterator[str]:
    for unit in component["units"]:
        if unit["driver"] not in drivers():
            yield f"unit {unit['name']}: invalid driver {unit['driver']!r}: write one of {', '.join(drivers())}"


def _doubles(component: Component) -> Iterator[str]:
    for section, key in (
        ("groups", "name"),
        ("users", "name"),
        ("packages", "name"),
        ("directories", "path"),
        ("links", "path"),
        ("files", "path"),
        ("certificates", "name"),
        ("sysctls", "name"),
        ("cron", "name"),
        ("units", "name"),
    ):
        seen = set()
        for item in component[section]:
            if item[key] in seen:
                yield f"{section}: {item[key]} is listed twice"
            seen.add(item[key])
    places: dict[str, str] = {}
    for kind, path in [("directory", item["path"]) for item in component["directories"]] + [
        (kind, item["path"]) for section, kind in (("links", "link"), ("files", "file")) for item in component[section]
    ]:
        other = places.setdefault(path, kind)
        if other != kind:
            yield f"{path} is a {other} and a {kind}: it can be one of them only"
