# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has one owner: names that may be there once, secrets of one role, directories of data."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..preflight.rules.directories import FOREIGN_TREES, SHARED, plain
from .secret_uses import uses
from .tree import ARTIFACTS, COMPONENTS, EXPORTS, Problem, Role, World, literal, written

#: Kind -> the keys that tell its items apart, and whether they do so among all roles.
UNIQUE: dict[str, tuple[tuple[str, ...], bool]] = {
    "firewall_ports": (("name",), True),
    "secrets": (("name",), True),
    "named_secrets": (("prefix",), True),
    "given_secrets": (("name",), True),
    "scrape_targets": (("job",), True),
    "alert_rules": (("alert",), True),
    "clusters": (("name",), True),
    "endpoints": (("name",), True),
    "data_directories": (("path",), True),
    "restart_policy": (("variable", "group"), False),
    "addresses": (("variable", "key"), False),
    "backup_paths": (("path",), False),
    "takeover_paths": (("path",), False),
    "keeps": (("data",), False),
    "package_defaults": (("unit", "path"), False),
    "certificates": (("name",), False),
}
#: Kind that names secrets -> the key that does.
_NAMED = {"named_secrets": "prefix", "given_secrets": "name"}
#: What the agent keeps of a host, and the authority of the site.
OWN_STATE = PurePosixPath("/var/lib/vannah")
_DECLARED = re.compile(r"\{name: ([A-Za-z_]\w*), kind:")


def problems(role: Role, world: World) -> Iterator[Problem]:
    """What a role has that is there twice, or that another role has."""
    yield from _twice(role, world)
    yield from _secrets(role, world)
    yield from _directories(role, world)


def _twice(role: Role, world: World) -> Iterator[Problem]:
    for kind, (keys, everywhere) in UNIQUE.items():
        seen: dict[tuple[str, ...], Mapping[str, Any]] = {}
        for number, item in enumerate(role.items(kind)):
            name = tuple(literal(item.get(key)) for key in keys)
            where = f"{kind}[{number}]"
            if not any(name):
                continue
            shown = " ".join(filter(None, name))
            before = seen.setdefault(name, item)
            if before is not item and not ("when" in item and "when" in before):
                fix = f"remove {where}, give it another {keys[0]}, or give both a when of which one is true"
                yield Problem(EXPORTS, where, f"{shown} is listed twice", fix)
            others = [other.name for other in world.roles.values() if other.name != role.name and _has(other, kind, keys, name)]
            if everywhere and others:
                problem = f"the role {', '.join(others)} declares {shown}, too"
                yield Problem(EXPORTS, where, problem, f"give {where} another {keys[0]}, or remove it from one of the roles")
    for component in sorted({literal(item.get("name")) for item in role.named_components} - {""}):
        others = [other.name for other in world.roles.values() for item in other.named_components if item.get("name") == component]
        others.remove(role.name)
        if others:
            owner = "is listed twice" if others[0] == role.name else f"is a component of the role {others[0]}, too"
            fix = "give each component a name of its own, since the ledger knows it by that"
            yield Problem(COMPONENTS, f"component {component}", f"{component} {owner}", fix)
    for artifact in role.artifacts:
        others = [other.name for other in world.roles.values() if other.name != role.name and artifact in other.artifacts]
        if others:
            problem = f"the role {', '.join(others)} has an artifact with this name, too"
            yield Problem(ARTIFACTS, artifact, problem, f"give {artifact} another name, or remove it from one of the roles")


def _has(role: Role, kind: str, keys: tuple[str, ...], name: tuple[str, ...]) -> bool:
    return any(tuple(literal(item.get(key)) for key in keys) == name for item in role.items(kind))


def declared_secrets(role: Role) -> list[str]:
    """The names of secrets that a role is written to declare, each as often as it stands there."""
    listed = [literal(item.get("name")) for item in role.items("secrets")]
    given = role.exports.get("secrets")
    if isinstance(given, str):
        listed += [name for text in role.reached(given) for name in _DECLARED.findall(text)]
    return [name for name in listed if name]


def _secrets(role: Role, world: World) -> Iterator[Problem]:
    own = declared_secrets(role)
    names = {kind: [literal(item.get(key)) for item in role.items(kind)] for kind, key in _NAMED.items()} | {"secrets": own}
    if isinstance(role.exports.get("secrets"), str):
        yield from _twice_in_templates(role, own, world)
    for kind, listed in names.items():
        for name in dict.fromkeys(listed):
            owner = world.owner(name, role.name)
            if owner and owner != role.name:
                fix = f"begin the name with {role.name}_, or list {name} in foreign_secrets if the role only uses it"
                yield Problem(EXPORTS, kind, f"the name {name} belongs to the role {owner}", fix)
    yield from _used(role, world, {*own, *names["given_secrets"]}, names["named_secrets"])


def _twice_in_templates(role: Role, own: list[str], world: World) -> Iterator[Problem]:
    for name in sorted(set(own)):
        others = [other.name for other in world.roles.values() if other.name != role.name and name in declared_secrets(other)]
        if others:
            fix = "give one of them another name, or look the secret up in one role and list it in its foreign_secrets"
            yield Problem(EXPORTS, "secrets", f"the role {', '.join(others)} declares {name}, too", fix)
        elif own.count(name) > 1:
            yield Problem(EXPORTS, "secrets", f"{name} is listed twice", f"remove one of the two entries {name}")


def _used(role: Role, world: World, declared: Collection[str], prefixes: Collection[str]) -> Iterator[Problem]:
    """Secrets that the role looks up: its own, or those of another role that it names."""
    foreign = {literal(item.get("name")): literal(item.get("owner")) for item in role.items("foreign_secrets")}
    for use in uses(role):
        name = use.name
        if name in (({*declared, *foreign}) if use.whole else prefixes):
            continue
        owner = world.owner(name, role.name)
        if owner and owner != role.name:
            problem = f"the role uses the secret {name}{'' if use.whole else '...'} of the role {owner} without saying so"
            yield Problem(EXPORTS, "foreign_secrets", problem, f"add {{name: {name}, owner: {owner}}} to foreign_secrets")
        elif name:
            kind = "secrets" if use.whole else "named_secrets"
            problem = f"the role uses the secret {name}{'' if use.whole else '...'}, and does not declare it"
            yield Problem(EXPORTS, kind, problem, f"add {name} to {kind}, or to given_secrets if the site brings it")
        elif not role.items("chosen_secrets"):
            problem = "the role looks up a secret whose name is only known when it runs, so its owner is not"
            fix = "write the name, or the prefix of one in named_secrets; or add chosen_secrets where the site itself names the secrets"
            yield Problem(EXPORTS, "chosen_secrets", problem, fix)
    for name, owner in foreign.items():
        other = world.roles.get(owner)
        if other is None or name not in declared_secrets(other):
            problem = f"the role {owner} declares no secret {name}"
            yield Problem(EXPORTS, "foreign_secrets", problem, f"correct the name or the owner of {name}, or remove it")


def _directories(role: Role, world: World) -> Iterator[Problem]:
    """Directories that are written down; preflight compares those that a host's variables give."""
    for number, item in enumerate(role.items("data_directories")):
        path = written(role, item.get("path"))
        where = f"data_directories[{number}].path"
        for other in world.roles.values() if path else ():
            for second in other.items("data_directories"):
                beside = literal(second.get("path"))
                if beside and second is not item and not (second.get("shared") or item.get("shared")) and _within(path, beside):
                    problem = f"{path} lies within {beside} of the role {other.name}: the data of the two would be mixed"
                    fix = f"use a directory beside it, or set shared: true for {beside} if it is made to hold directories of others"
                    yield Problem(EXPORTS, where, problem, fix)
        # What is made to hold directories of others may be one of the system.
        reserved = [] if item.get("shared") else [*SHARED, OWN_STATE]
        yield from _reserved(where, path, reserved, (*FOREIGN_TREES, OWN_STATE))
    for number, item in enumerate(role.items("takeover_paths")):
        trees = [tree for tree in FOREIGN_TREES if tree != PurePosixPath("/etc")]
        yield from _reserved(f"takeover_paths[{number}].path", written(role, item.get("path")), [*SHARED, OWN_STATE], (*trees, OWN_STATE))


def _reserved(where: str, path: str, reserved: Collection[PurePosixPath], trees: Collection[PurePosixPath]) -> Iterator[Problem]:
    given = plain(path)
    if path == "/" or (path and (given in reserved or any(tree in given.parents for tree in trees))):
        problem = f"{given} holds what is not this service's, or does not stay"
        yield Problem(EXPORTS, where, problem, f"use a directory of the service's own for {where}, such as /var/lib/NAME")


def _within(path: str, other: str) -> bool:
    """Also the same one in another spelling; in one spelling it is listed twice."""
    return plain(other) in plain(path).parents or (plain(other) == plain(path) and other != path)
