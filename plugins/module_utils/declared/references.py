# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role's declarations name has to exist: components, units, modules, waves, playbooks, variables, groups, files, artifacts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .kinds import KINDS
from .tree import COMPONENTS, EXPORTS, Problem, Role, World, literal, texts

#: A playbook of the collection in a sentence.
_PLAYBOOK = re.compile(r"\bplaybooks/([\w/-]+\.yml)")
_ARTIFACT = re.compile(r"vannah\.healthcloud\.artifact'\s*,\s*'([^']+)'")
#: What a role may record beside variables.
OF_A_HOST = frozenset({"inventory_hostname", "site_address"})


def problems(role: Role, world: World) -> Iterator[Problem]:
    """Everything that is named and is not there."""
    yield from _of_host(role, world)
    yield from _of_effects(role, world)
    yield from _of_calls(role, world)
    yield from _of_wave(role, world)
    yield from _of_clusters(role, world)
    yield from _of_variables(role, world)
    yield from _of_files(role)
    yield from _of_components(role)
    yield from _of_playbooks(role, world)
    yield from _of_artifacts(role, world)


def _missing(path: str, what: str, name: str, known: Collection[str], file: str = EXPORTS) -> Iterator[Problem]:
    """A name that is not among those that there are. A template, and no name at all, is judged elsewhere."""
    if name and name not in known:
        near = difflib.get_close_matches(name, list(known), 1)
        listed = (
            f"use {near[0]}" if near else f"use one of {', '.join(sorted(known))}" if 0 < len(known) < 12 else f"use {what} that exists"
        )
        yield Problem(file, path, f"there is no {name}: {what} is required", f"{listed}, or remove {path}")


def _of_host(role: Role, world: World) -> Iterator[Problem]:
    host = role.exports.get("host")
    host = host if isinstance(host, Mapping) else {}
    names = [literal(item.get("name")) for item in role.named_components]
    if len(names) == len(role.components):
        for key in ("component", "records"):
            yield from _missing(f"host.{key}", "a component of the role", literal(host.get(key)), names)
    yield from _missing("host.unit", "a unit of a role's component", literal(host.get("unit")), world.units)
    membership = role.exports.get("membership")
    if isinstance(membership, Mapping):
        yield from _missing("membership.unit", "a unit of a role's component", literal(membership.get("unit")), world.units)


def _of_effects(role: Role, world: World) -> Iterator[Problem]:
    given = role.exports.get("effects")
    effects = given if isinstance(given, Mapping) else {}
    for name, said in effects.items():
        if isinstance(said, Mapping):
            for key in ("verb", "waits"):
                yield from _missing(f"effects.{name}.{key}", "a playbook", literal(said.get(key)), world.playbooks)
            judge = literal(said.get("judged_with"))
            other = effects.get(judge)
            if judge and not (isinstance(other, Mapping) and (other.get("effect") == "new" or other.get("verb"))):
                problem = f"{judge} has no effect that is recorded, so nothing judges {name}"
                yield Problem(
                    EXPORTS, f"effects.{name}.judged_with", problem, f"name a variable with the effect new, or with a verb, in {name}"
                )


def _of_calls(role: Role, world: World) -> Iterator[Problem]:
    """Each module that an item of ``calls`` or a step of ``rolling`` runs."""
    named = [(f"calls[{number}].module", item.get("module")) for number, item in enumerate(role.items("calls"))]
    rolling = role.exports.get("rolling")
    for path, said in _mappings(rolling, "rolling"):
        named += [(f"{path}.module", said["module"])] if "module" in said else []
    for path, name in named:
        yield from _missing(path, "a module of the collection", literal(name), world.modules)
    together = rolling.get("together") if isinstance(rolling, Mapping) else None
    if isinstance(together, Mapping):
        yield from _missing("rolling.together.verb", "a playbook", literal(together.get("verb")), world.playbooks)
    for number, item in enumerate(rolling.get("units") or () if isinstance(rolling, Mapping) else ()):
        if isinstance(item, Mapping):
            names = [literal(one.get("name")) for one in role.named_components]
            yield from _missing(f"rolling.units[{number}].component", "a component of the role", literal(item.get("component")), names)
            yield from _missing(f"rolling.units[{number}].unit", "a unit of the role", literal(item.get("unit")), role.units)


def _mappings(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping in a mapping, without the parameters of calls."""
    if isinstance(value, Mapping):
        yield path, value
        for key, item in value.items():
            if key != "params":
                yield from _mappings(item, f"{path}.{key}")


def _of_wave(role: Role, world: World) -> Iterator[Problem]:
    wave = role.exports.get("wave")
    wave = wave if isinstance(wave, Mapping) else {}
    own = next((entry.wave for entry in world.sites.roles if entry.role == role.name), "")
    earlier = world.sites.waves[: world.sites.waves.index(own)] if own in world.sites.waves else world.sites.waves
    yield from _missing("wave.prepared", f"a wave before {own or 'its own'}", literal(wave.get("prepared")), earlier)
    files = {key: literal(wave.get(key)) for key in ("before", "ready")} | ({"objects": "objects"} if "objects" in wave else {})
    for key, name in files.items():
        if name and not role.has(f"tasks/{name}.yml"):
            problem = f"there is no tasks/{name}.yml in the role"
            yield Problem(EXPORTS, f"wave.{key}", problem, f"add roles/{role.name}/tasks/{name}.yml, or correct wave.{key}")


def _of_clusters(role: Role, world: World) -> Iterator[Problem]:
    names = [literal(item.get("name")) for item in role.named_components]
    groups = next((entry.groups for entry in world.sites.roles if entry.role == role.name), None)
    for kind in ("clusters", "excludes", "restart_policy"):
        for number, item in enumerate(role.items(kind)):
            if kind == "clusters" and len(names) == len(role.components):
                yield from _missing(f"clusters[{number}].component", "a component of the role", literal(item.get("component")), names)
            if groups is not None:
                what = f"a group that has the role {role.name} in site_map.yml"
                yield from _missing(f"{kind}[{number}].group", what, literal(item.get("group")), groups)


def _of_variables(role: Role, world: World) -> Iterator[Problem]:
    """Variables of other roles, and the keys of a variable's items."""
    every = {name for other in world.roles.values() for name in (*other.options, *other.site_variables)} | {*world.site_variables}
    for name in role.exports.get("follows") or ():
        path = f"follows.{name}"
        yield from _missing(path, "a variable of another role", name, sorted(every))
        if name in role.options:
            yield Problem(EXPORTS, path, "it is a variable of this role itself", f"remove {path}, and state its effect in effects.{name}")
    for number, item in enumerate(role.items("chosen_secrets")):
        what = "a variable of the role, or one of the site that it owns"
        own = [*role.options, *role.site_variables]
        yield from _missing(f"chosen_secrets[{number}].variable", what, literal(item.get("variable")), own)
        yield from _missing(f"chosen_secrets[{number}].kind", "a kind of declaration", literal(item.get("kind")), list(KINDS))
    identity = role.exports.get("identity")
    for name, said in identity.items() if isinstance(identity, Mapping) else ():
        if not (isinstance(said, Mapping) and said.get("secret")):
            yield from _missing(f"identity.{name}", "a variable, or inventory_hostname", str(name), sorted(every | OF_A_HOST))
    for kind, keys in (("named_secrets", ("key", "own")), ("addresses", ("key",))):
        for number, item in enumerate(role.items(kind)):
            option = role.options.get(literal(item.get("variable"))) or {}
            for key in keys if isinstance(option.get("options"), Mapping) else ():
                what = f"a key of the items of {item.get('variable')}"
                yield from _missing(f"{kind}[{number}].{key}", what, literal(item.get(key)), list(option["options"]))


def _of_files(role: Role) -> Iterator[Problem]:
    for number, item in enumerate(role.items("host_checks")):
        for key, folder in (("program", "files"), ("template", "templates")):
            name = literal(item.get(key))
            if name and not role.has(f"{folder}/{name}"):
                path = f"host_checks[{number}].{key}"
                fix = f"add roles/{role.name}/{folder}/{name}, or correct {path}"
                yield Problem(EXPORTS, path, f"there is no {folder}/{name} in the role", fix)


def _of_components(role: Role) -> Iterator[Problem]:
    """Files and units that a component names within its role."""
    for item in role.named_components:
        where = f"component {item.get('name')}"
        units = [literal(unit.get("name")) for unit in item.get("units") or () if isinstance(unit, Mapping)]
        for path, said in _items(item, where):
            for key, folder in (("template", "templates"), ("src", "files")):
                name = literal(said.get(key))
                if name and not name.startswith("/") and not role.has(f"{folder}/{name}"):
                    fix = f"add roles/{role.name}/{folder}/{name}, or correct {key} in {path}"
                    yield Problem(COMPONENTS, f"{path}.{key}", f"there is no {folder}/{name} in the role", fix)
            if path.startswith((f"{where}.files", f"{where}.certificates")) and isinstance(said.get("units"), list) and all(units):
                for name in filter(None, map(literal, said["units"])):
                    yield from _missing(f"{path}.units", "a unit of the same component", name, units, COMPONENTS)


def _items(component: Mapping[str, Any], where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in component.items():
        for number, item in enumerate(value if isinstance(value, list | tuple) else ()):
            if isinstance(item, Mapping):
                yield f"{where}.{key}[{number}]", item
                yield from _items(item, f"{where}.{key}[{number}]")


def _of_playbooks(role: Role, world: World) -> Iterator[Problem]:
    """Playbooks in sentences: what a person is told to run."""
    for kind, said in role.exports.items():
        for name in sorted({name for text in texts(said) for name in _PLAYBOOK.findall(text)}):
            yield from _missing(str(kind), "a playbook", name, world.playbooks)


def _of_artifacts(role: Role, world: World) -> Iterator[Problem]:
    """Names in the lock files of all roles: those that are exported, and those that a lookup has."""
    known = {name for other in world.roles.values() for name in other.artifacts}
    exported = role.exports.get("artifacts")
    for number, name in enumerate(exported if isinstance(exported, list) else ()):
        yield from _missing(f"artifacts[{number}]", "an artifact in a role's meta/artifacts.yml", literal(name), sorted(known))
    for name in sorted(set(_ARTIFACT.findall(role.text))):
        yield from _missing("artifacts", "an artifact in a role's meta/artifacts.yml", name, sorted(known))
