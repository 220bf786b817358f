# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the components of a role put on a host: files that can be written, each with one owner, and none of the system's.

:mod:`..controller.rules` refuses the same once a host's variables are known, of the roles that this host has. This is for all roles, and
for what is written down: a text, or a private variable that is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..controller import rules
from ..task_types import Written
from .tree import COMPONENTS, EXPORTS, Problem, Role, World, listed, literal, written

#: Section of a component -> the key that tells its items apart, and what one is where it has one owner among all roles.
SECTIONS: dict[str, tuple[str, str]] = {
    "groups": ("name", "group"),
    "users": ("name", "user"),
    "packages": ("name", ""),
    "directories": ("path", ""),
    "links": ("path", "path"),
    "files": ("path", "path"),
    "certificates": ("name", ""),
    "sysctls": ("name", "sysctl"),
    "cron": ("name", "cron file"),
    "units": ("name", "unit"),
}
#: Whole files of the system, which others write as well: a role adds a file of its own beside them.
SYSTEM_FILES = frozenset(
    f"/etc/{name}"
    for name in (
        "passwd shadow group gshadow subuid subgid sudoers fstab machine-id ssh/sshd_config nsswitch.conf ld.so.preload crontab".split()
    )
)
#: Below these nothing is a file that stays, or the kernel answers.
_NOT_FILES = tuple(f"{tree}/" for tree in "/dev /proc /run /sys /tmp /var/tmp /boot".split())
Claim = tuple[str, str]


def problems(role: Role, world: World) -> Iterator[Problem]:
    """What is wrong with what the components and package_defaults of a role say."""
    for component in role.named_components:
        where = f"component {component.get('name')}"
        yield from _twice(role, component, where)
        for path, file in _items(component, "files", where):
            yield from _file(role, path, file)
        for path, link in _items(component, "links", where):
            yield from _path(role, f"{path}.path", link.get("path"))
        for path, unit in _items(component, "units", where):
            yield from _unit(path, unit)
        for path, user in _items(component, "users", where):
            if literal(user.get("name")) == "root" or user.get("uid") == 0:
                yield Problem(COMPONENTS, path, "root belongs to the system", f"use a user of the service's own in {path}, or remove it")
    for number, item in enumerate(role.items("package_defaults")):
        if item.get("path"):
            yield from _path(role, f"package_defaults[{number}].path", item["path"], EXPORTS)
    yield from _owned(role, world)


def _items(component: Mapping[str, Any], section: str, where: str) -> list[tuple[str, Mapping[str, Any]]]:
    given = listed(component.get(section))
    return [(f"{where}.{section}[{number}]", item) for number, item in enumerate(given) if isinstance(item, Mapping)]


def _twice(role: Role, component: Mapping[str, Any], where: str) -> Iterator[Problem]:
    for section, (key, _kind) in SECTIONS.items():
        seen: dict[str, Mapping[str, Any]] = {}
        for path, item in _items(component, section, where):
            name = written(role, item.get(key))
            before = seen.setdefault(name, item) if name else item
            if before is not item and not ("when" in item and "when" in before):
                fix = f"remove {path}, give it another {key}, or give both a when of which one is true"
                yield Problem(COMPONENTS, path, f"{name} is listed twice", fix)


def _file(role: Role, where: str, file: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _path(role, f"{where}.path", file.get("path"))
    sources = [key for key in rules.SOURCES if file.get(key) is not None]
    if len(sources) > 1 or (not sources and file.get("state", "present") == "present"):
        said = f"it has {' and '.join(sources)}" if sources else "nothing says what it contains"
        yield Problem(COMPONENTS, where, said, f"set one of {', '.join(rules.SOURCES)} in {where}")
    yield from _mode(where, file)
    yield from _template(where, file)


def _path(role: Role, where: str, given: Any, file: str = COMPONENTS) -> Iterator[Problem]:
    path = written(role, given)
    if not path:
        return
    if not rules.is_path(path):
        problem = "a path on the host begins with / and has no .., no $, no line break and no / at its end"
        yield Problem(file, where, problem, f"correct {where}")
    elif path in SYSTEM_FILES:
        problem = f"{path} belongs to the system, and others write it as well"
        yield Problem(file, where, problem, f"use a file of the service's own for {where}, or users, groups and units of the component")
    elif path.startswith(_NOT_FILES):
        yield Problem(
            file, where, f"{path} is in a tree in which no file of a role stays", f"use a path below /etc or /usr/local for {where}"
        )


def _mode(where: str, item: Written | Mapping[str, Any]) -> Iterator[Problem]:
    mode = item.get("mode")
    if isinstance(mode, int) or (literal(mode) and not rules.MODE.fullmatch(str(mode))):
        yield Problem(COMPONENTS, f"{where}.mode", "a mode is octal digits in quotes", f'write {where}.mode like "0644"')


def _template(where: str, item: Mapping[str, Any]) -> Iterator[Problem]:
    name = literal(item.get("template"))
    if name.startswith("/") or ".." in name.split("/"):
        problem = "a template lies in the templates/ of its role"
        yield Problem(COMPONENTS, f"{where}.template", problem, f"move the template to templates/ and write its name in {where}.template")


def _unit(where: str, unit: Mapping[str, Any]) -> Iterator[Problem]:
    driver = literal(unit.get("driver"))
    if driver and driver not in rules.drivers():
        problem = f"there is no driver {driver}"
        yield Problem(COMPONENTS, f"{where}.driver", problem, f"use one of {', '.join(rules.drivers())} for {where}.driver, or remove it")
    yield from _template(where, unit)
    if unit.get("content") is not None and unit.get("template") is not None:
        yield Problem(COMPONENTS, where, "it has content and template", f"remove content or template from {where}")
    for number, dropin in enumerate(listed(unit.get("dropins"))):
        if isinstance(dropin, Mapping):
            path = f"{where}.dropins[{number}]"
            yield from _template(path, dropin)
            if (dropin.get("content") is None) == (dropin.get("template") is None):
                yield Problem(COMPONENTS, path, "it has not one source", f"set content or template in {path}, one of them")


def claims(role: Role) -> list[tuple[Claim, str]]:
    """What a role has for itself alone, each with where it says so."""
    found: list[tuple[Claim, str]] = []
    for component in role.named_components:
        where = f"component {component.get('name')}"
        for section, (key, kind) in SECTIONS.items():
            if kind:
                found += [((kind, written(role, item.get(key))), path) for path, item in _items(component, section, where)]
        for path, item in _items(component, "certificates", where):
            found += [(("path", written(role, item.get(key))), f"{path}.{key}") for key in ("key", "cert")]
    items = enumerate(role.items("package_defaults"))
    found += [(("path", written(role, item.get("path"))), f"package_defaults[{number}]") for number, item in items]
    return [(claim, where) for claim, where in found if claim[1]]


def _owned(role: Role, world: World) -> Iterator[Problem]:
    for claim, where in claims(role):
        kind, target = claim
        others = [other for other in world.claimed(claims).get(claim, ()) if other != role.name]
        if others:
            problem = f"the {kind} {target} belongs to the role {', '.join(others)}, too"
            file = EXPORTS if where.startswith("package_defaults") else COMPONENTS
            yield Problem(file, where, problem, f"remove {where} from one of the roles, or use another {kind} for it")
