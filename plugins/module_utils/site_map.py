# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of ``playbooks/vars/site_map.yml``: which roles a host's groups give it, and in which wave.

The playbooks, preflight and the lookups read the map through this module, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

#: The collection's own map.
PATH = Path(__file__).absolute().parent.parent.parent / "playbooks" / "vars" / "site_map.yml"
#: The group that every host is in.
ALL = "all"


class SiteMapError(ValueError):
    """The map is not as it must be; the text says where and why."""


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
            raise SiteMapError(f"there is no wave {wave!r}: the site map has {', '.join(self.waves)}")
        member = {*groups, ALL}
        return [entry.role for entry in self.roles if (wave is None or entry.wave == wave) and member.intersection(entry.groups)]

    def groups_served(self) -> set[str]:
        """Groups that give a host anything beyond what every host gets."""
        return {group for entry in self.roles for group in entry.groups} - {ALL}

    def groups_of(self, role: str) -> tuple[str, ...]:
        """Groups whose hosts get ``role``; empty for a role that is not in the map."""
        return next((entry.groups for entry in self.roles if entry.role == role), ())


def parse(data: Any, source: str = "site_map.yml") -> SiteMap:
    """The map out of its YAML data.

    :raises SiteMapError: anything is missing, unknown, double or of the wrong type
    """
    if not isinstance(data, dict) or set(data) != {"waves", "roles"}:
        raise SiteMapError(f"{source}: a mapping with waves and roles, and nothing else, is required")
    waves = _names(data["waves"], f"{source}: waves")
    if not isinstance(data["roles"], list):
        raise SiteMapError(f"{source}: roles must be a list of {{role, wave, groups}}")
    entries: list[Entry] = []
    for number, item in enumerate(data["roles"], 1):
        where = f"{source}: role {number}"
        if not isinstance(item, dict) or set(item) != {"role", "wave", "groups"}:
            raise SiteMapError(f"{where}: a mapping with role, wave and groups is required")
        entry = Entry(str(item["role"]), str(item["wave"]), _names(item["groups"], f"{where}: groups"))
        if entry.wave not in waves:
            raise SiteMapError(f"{where} ({entry.role}): there is no wave {entry.wave!r} in waves")
        if any(entry.role == other.role for other in entries):
            raise SiteMapError(f"{where}: {entry.role} is listed twice; give it more groups instead")
        entries.append(entry)
    return SiteMap(waves, tuple(entries))


@cache
def load(path: Path = PATH) -> SiteMap:
    """Read the map, once per process.

    :raises SiteMapError: see :func:`parse`; also where the file cannot be read
    """
    try:
        data = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise SiteMapError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise SiteMapError(f"{path}: not YAML: {error}") from error
    return parse(data, path.name)


def _names(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise SiteMapError(f"{where} must be a list of names")
    if len(set(value)) != len(value):
        raise SiteMapError(f"{where}: a name is listed twice")
    return tuple(value)
