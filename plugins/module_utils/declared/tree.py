# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All roles of a collection as they are written, for what the declaration of one says of another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .. import site_map
from .forms import is_template

_VARIABLE = re.compile(r"\{\{ *(\w+) *\}\}")
_WORD = re.compile(r"[A-Za-z_]\w*")
#: Folders whose files use variables and lookups of the role.
_TEXTS = ("defaults", "meta", "tasks", "templates", "vars")

EXPORTS, COMPONENTS, SPECS, ARTIFACTS = (f"meta/{name}.yml" for name in ("exports", "components", "argument_specs", "artifacts"))
SITE_VARIABLES = "meta/site_variables.yml"


class Problem(NamedTuple):
    """One thing that is wrong.

    :ivar path: within the file
    :ivar fix: an instruction
    """

    file: str
    path: str
    problem: str
    fix: str


@dataclass(frozen=True)
class Role:
    """A role's files.

    :ivar options: its public variables, as ``meta/argument_specs.yml`` has them
    :ivar variables: ``vars/main.yml``
    :ivar site_variables: of the whole site, which it owns
    :ivar site_effects: what a change of these does
    :ivar has: whether it has a file, by its path within the role
    :ivar text: of all files that use variables
    :ivar templates: of all files in ``templates/``
    :ivar tasks: the text of ``tasks/main.yml``, empty where there is none; None where it is not looked at
    :ivar removed: variables of an older release
    """

    name: str
    exports: Mapping[str, Any] = field(default_factory=dict)
    components: Collection[Any] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    site_variables: Mapping[str, Any] = field(default_factory=dict)
    site_effects: Mapping[str, Any] = field(default_factory=dict)
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    has: Callable[[str], bool] = lambda _file: True
    text: str = ""
    templates: str = ""
    tasks: str | None = None
    removed: Collection[str] = ()

    @property
    def named_components(self) -> list[Mapping[str, Any]]:
        """The components that are no templates."""
        return [item for item in self.components if isinstance(item, Mapping)]

    @property
    def units(self) -> dict[str, Mapping[str, Any]]:
        """Unit -> what a component says of it."""
        found = [unit for item in self.named_components for unit in listed(item.get("units"))]
        return {str(unit["name"]): unit for unit in found if isinstance(unit, Mapping) and "name" in unit}

    def items(self, kind: str) -> list[Mapping[str, Any]]:
        """The items that are written there; of a template of a whole list none."""
        return [item for item in listed(self.exports.get(kind)) if isinstance(item, Mapping)]

    def words(self, value: Any, seen: Collection[str] = ()) -> set[str]:
        """The names in a value, also in the private variables that it uses."""
        found = set(_WORD.findall(json.dumps(value, default=str)))
        inner = {name for name in found if name in self.variables and name not in seen}
        return found.union(*(self.words(self.variables[name], {*seen, *inner}) for name in inner))

    def reached(self, value: Any, seen: Collection[str] = ()) -> Iterator[str]:
        """The texts in a value, and those of the private variables that it uses."""
        for text in texts(value):
            yield text
            names = {name for name in _WORD.findall(text) if name in self.variables and name not in seen}
            for name in sorted(names):
                yield from self.reached(self.variables[name], {*seen, *names})


@dataclass(frozen=True)
class World:
    """What declarations may name.

    :ivar roles: all of the collection
    :ivar modules: of the collection
    :ivar playbooks: their paths below ``playbooks/``
    :ivar site_variables: variables of the whole site that no role owns
    :ivar module_options: the argument specification of a module of the collection
    :ivar module_changes: whether one changes something
    """

    roles: Mapping[str, Role]
    sites: site_map.SiteMap = field(default_factory=lambda: site_map.SiteMap((), ()))
    modules: Collection[str] = ()
    playbooks: Collection[str] = ()
    site_variables: Collection[str] = ()
    module_options: Callable[[str], Mapping[str, Mapping[str, Any]]] = lambda _module: {}
    module_changes: Callable[[str], bool] = lambda _module: False
    _claimed: dict[Hashable, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def units(self) -> set[str]:
        """Of all roles: what one brings may run in the unit of another."""
        return {unit for role in self.roles.values() for unit in role.units}

    @property
    def variables(self) -> set[str]:
        """Of all roles and of the site, without private ones."""
        return {name for role in self.roles.values() for name in (*role.options, *role.site_variables)} | {*self.site_variables}

    def claimed(self, claims: Callable[[Role], Iterable[tuple[Hashable, str]]]) -> dict[Hashable, list[str]]:
        """What roles have for themselves alone -> the roles that say so. Looked up once."""
        if not self._claimed:
            for role in self.roles.values():
                for claim in dict.fromkeys(claim for claim, _where in claims(role)):
                    self._claimed.setdefault(claim, []).append(role.name)
        return self._claimed

    def owner(self, name: str, beside: str = "") -> str:
        """The role with whose name a name begins, the longest one; empty where there is none.

        :param beside: a role that does not count
        """
        found = [role for role in self.roles if role != beside and name.startswith(f"{role}_")]
        own = [beside] if beside and name.startswith(f"{beside}_") else []
        return max([*found, *own], key=len, default="")


def text_of(path: Path) -> str:
    """The text of a role's files that use variables."""
    return "\n".join(texts_of(path, folder) for folder in _TEXTS)


def texts_of(path: Path, folder: str) -> str:
    """The text of all files in a folder of a role."""
    files = [file for file in sorted((path / folder).rglob("*")) if file.is_file()]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def literal(value: Any) -> str:
    """A text that is no template; empty for anything else."""
    return str(value) if isinstance(value, str) and not is_template(value) else ""


def written(role: Role, value: Any) -> str:
    """The same, also where a private variable of the role is that text."""
    name = _VARIABLE.fullmatch(value) if isinstance(value, str) and "{{" in value else None
    return literal(role.variables.get(name[1]) if name else value)


def listed(value: Any) -> list[Any]:
    """The items of a list; of a template of one none."""
    return list(value) if isinstance(value, list | tuple) else []
