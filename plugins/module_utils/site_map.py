# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of ``playbooks/vars/site_map.yml``: which roles a host's groups give it, and in which wave.

The playbooks, preflight and the lookups read the map through this module, so that they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from ansible.errors import AnsibleError

from .preflight.nearby import Names

#: The collection's own map.
PATH = Path(__file__).absolute().parent.parent.parent / "playbooks" / "vars" / "site_map.yml"
#: The group that every host is in.
ALL = "all"


#: The file, the code and an entry, for messages.
FILE, CODE, EXAMPLE = "playbooks/vars/site_map.yml", "site-map-invalid", "{role: ROLE, wave: WAVE, groups: [GROUP]}"
_NAME, _WAVE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*"), re.compile(r"[a-z][a-z0-9_-]*")


class SiteMapError(AnsibleError):  # type: ignore[misc]  # ansible-core ships no types
    """The map is not as it must be.

    :param entry: where in the file; ``-`` of all of it
    :param problem: what is wrong there, without a full stop
    :param fix: what to do about it
    """

    def __init__(self, entry: str, problem: str, fix: str) -> None:
        super().__init__(f"{CODE} {FILE} {entry}: {problem}. Fix: {fix}")
        self.entry, self.problem, self.fix = entry, problem, fix


class Entry(NamedTuple):
    """A role, the wave that makes it, and the groups whose hosts get it."""

    role: str
    wave: str
    groups: tuple[str, ...]


class SiteMap(NamedTuple):
    """Waves in their order, roles in theirs."""

    waves: tuple[str, ...]
    roles: tuple[Entry, ...]

    def roles_of(self, groups: Iterable[str], wave: str | None = None) -> list[str]:
        """Names of the roles that a host in ``groups`` gets, in order; of one wave or of all.

        :raises SiteMapError: there is no such wave
        """
        if wave is not None and wave not in self.waves:
            raise SiteMapError("waves", f"there is no wave {wave!r}", f"use one of {', '.join(self.waves)}")
        member = {*groups, ALL}
        return [entry.role for entry in self.roles if (wave is None or entry.wave == wave) and member.intersection(entry.groups)]

    def groups_served(self) -> set[str]:
        """Groups that give a host anything beyond what every host gets."""
        return {group for entry in self.roles for group in entry.groups} - {ALL}

    def groups_of(self, role: str) -> tuple[str, ...]:
        """Groups whose hosts get ``role``; empty for a role that is not in the map."""
        return next((entry.groups for entry in self.roles if entry.role == role), ())


def parse(data: Any) -> SiteMap:
    """The map out of its YAML data.

    :raises SiteMapError: anything is missing, unknown, double or of the wrong type
    """
    _keys(data, ("waves", "roles"), "-")
    waves = _names(data["waves"], "waves", _WAVE)
    if not isinstance(data["roles"], list) or not data["roles"]:
        raise SiteMapError("roles", "it must be a list of roles", f"write one line {EXAMPLE} for each role")
    entries: list[Entry] = []
    for number, item in enumerate(data["roles"]):
        where = f"roles[{number}]"
        if isinstance(item, dict) and isinstance(item.get("role"), str):
            where = f"{where} ({item['role']})"
        _keys(item, Entry._fields, where)
        _name(item["role"], f"{where}.role", _NAME)
        _name(item["wave"], f"{where}.wave", _WAVE)
        entry = Entry(item["role"], item["wave"], _names(item["groups"], f"{where}.groups", _NAME))
        if entry.wave not in waves:
            raise SiteMapError(f"{where}.wave", f"there is no wave {entry.wave!r} in waves", f"use one of {', '.join(waves)}")
        if any(entry.role == other.role for other in entries):
            raise SiteMapError(where, "the role is listed twice", "remove one of the two entries, and add its groups to the other")
        entries.append(entry)
    return SiteMap(waves, tuple(entries))


@cache
def load(path: Path = PATH) -> SiteMap:
    """Read the map, once per process.

    :raises SiteMapError: see :func:`parse`; also where the file cannot be read, or names a role that is not there
    """
    try:
        found = parse(yaml.load(path.read_bytes(), Loader=_Loader))  # noqa: S506 # derived from SafeLoader
    except OSError as error:
        raise SiteMapError("-", f"it cannot be read ({error.strerror})", "restore the file from version control") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "-"
        said = getattr(error, "problem", None) or "there is a character that YAML does not allow"
        raise SiteMapError(where, f"the YAML is invalid: {said}", "correct that line: indentation, quotes, brackets, colons") from None
    there = {folder.name for folder in (path.parent.parent.parent / "roles").glob("*") if folder.is_dir()}
    for number, entry in enumerate(found.roles):
        if entry.role not in there:
            near = Names(there).closest(entry.role, extra=1)
            hint = f" (did you mean {near}?)" if near else ""
            fix = f"correct the role's name in {FILE}{hint}; or, of a new role, create it with `make new-role`"
            raise SiteMapError(f"roles[{number}] ({entry.role}).role", f"there is no folder roles/{entry.role}", fix)
    return found


def known_groups() -> frozenset[str]:
    """The groups that the map names; none where it is wrong, which preflight says."""
    try:
        return frozenset(load().groups_served())
    except SiteMapError:
        return frozenset()


class _Loader(yaml.SafeLoader):
    """Refuses a key that a mapping has twice: the first value would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} is listed twice", key.start_mark)
            seen.add(str(key.value))
        return dict(super().construct_mapping(node, deep))


def _keys(data: Any, wanted: tuple[str, ...], where: str) -> None:
    if not isinstance(data, dict):
        fix = f"write {EXAMPLE}" if wanted == Entry._fields else "write the two keys waves and roles, each with a list"
        raise SiteMapError(where, f"it must be a mapping with {', '.join(wanted)}", fix)
    for key in wanted:
        if key not in data:
            raise SiteMapError(where, f"the key {key} is missing", f"add {key}")
    for key in data:
        if key not in wanted:
            raise SiteMapError(where, f"the key {key} is not known", f"remove it, or use one of {', '.join(wanted)}")


def _names(value: Any, where: str, form: re.Pattern[str]) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise SiteMapError(where, "it must be a list with at least one name", f"write {where.rpartition('.')[2]}: [name]")
    for number, item in enumerate(value):
        _name(item, f"{where}[{number}]", form)
        if item in value[:number]:
            raise SiteMapError(f"{where}[{number}]", f"{item} is listed twice", "remove one of the two")
    return tuple(value)


def _name(value: Any, where: str, form: re.Pattern[str]) -> None:
    if not isinstance(value, str) or not form.fullmatch(value):
        signs = "letters, digits and underscores" if form is _NAME else "small letters, digits, hyphens and underscores"
        raise SiteMapError(where, "it is not a name", f"use a name of {signs}, a letter first")
