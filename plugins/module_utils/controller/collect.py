# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles as data: where they lie, what their files say, and the variables that their definitions are templated with.

A role is read with the task's own loader (vaulted files open, contents are trusted as templates as they are in a role
that a play includes) and kept for the life of the process. Nothing of ansible-core's role classes is used.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader

from ..declared.forms import kind_of
from ..task_types import Written
from . import compiled, templating

Variables = Mapping[str, Any]

#: The collection, as it was found (its roles may be behind a link).
COLLECTION = Path(__file__).absolute().parent.parent.parent.parent
NAMESPACE = "vannah.healthcloud."
_SUFFIXES = (".yml", ".yaml")
#: A template that is nothing but one variable.
_VARIABLE = re.compile(r"\s*\{\{\s*(\w+)\s*\}\}\s*")


class RoleError(AnsibleError):  # type: ignore[misc]
    """A role is not there or cannot be read; the text says what to write."""


class Role:
    """What the files of a role say, nothing of it templated.

    :ivar name: the name without a collection
    :ivar path: its folder
    :ivar defaults: ``defaults/main.yml``
    :ivar vars: ``vars/main.yml``
    :ivar contents: path -> what the file says, of all that were read
    """

    def __init__(self, name: str, path: str, loader: Any) -> None:
        self.name = name
        self.path = path
        self._loader = loader
        self.contents: Written = {}
        self.defaults: Written = self._mapping("defaults/main")
        self.vars: Written = self._mapping("vars/main")
        self._components: list[Any] | None = None
        self._exports: Written | None = None
        self._mentions_facts: bool | None = None

    @property
    def components(self) -> list[Any]:
        """``meta/components.yml``: a list of definitions, or a template that gives one.

        :raises RoleError: the file is missing or no list
        """
        if self._components is None:
            found = self._read("meta/components")
            if found is None:
                raise RoleError(f"role {self.name}: {self.path}/meta/components.yml is missing: converge applies what that file defines")
            if not isinstance(found, list | str):
                raise RoleError(f"role {self.name}: {self.path}/meta/components.yml must be a list of components")
            self._components = found if isinstance(found, list) else [found]
        return self._components

    @property
    def package_variables(self) -> dict[str, str]:
        """Component -> the public variable that is its whole list of packages."""
        plain = [item for item in self.components if isinstance(item, dict) and isinstance(item.get("packages"), str)]
        found = {str(item.get("name")): variable_of(item["packages"]) for item in plain}
        return {name: variable for name, variable in found.items() if variable and not variable.startswith("_")}

    @property
    def exports(self) -> Written:
        """``meta/exports.yml``: kind -> list, or a template that gives one; empty where there is no such file."""
        if self._exports is None:
            self._exports = self._mapping("meta/exports")
        return self._exports

    @property
    def mentions_facts(self) -> bool:
        """Whether any of the role's data files or templates reads ``ansible_facts``."""
        if self._mentions_facts is None:
            self._mentions_facts = any(
                b"ansible_facts" in file.read_bytes()
                for folder in ("meta", "defaults", "vars", "templates")
                for file in sorted(Path(self.path, folder).rglob("*"))
                if file.is_file()
            )
        return self._mentions_facts

    def variables(self, task_vars: Variables) -> ChainMap[str, Any]:
        """Variables of the role on a host: its defaults, over them the task's, over them its own."""
        own = {"role_path": self.path, "role_name": self.name}
        return ChainMap(own, self.vars, task_vars, self.defaults)  # type: ignore[arg-type]

    def find(self, kind: str, name: str) -> str:
        """Path of a file of the role.

        :param kind: ``templates`` or ``files``
        :raises RoleError: it is not there
        """
        path = name if kind == "files" and os.path.isabs(name) else os.path.join(self.path, kind, name)
        if not os.path.isfile(path):
            raise RoleError(f"role {self.name}: there is no {kind}/{name} below {self.path}")
        return path

    def _read(self, stem: str) -> Any:
        for suffix in _SUFFIXES:
            path = os.path.join(self.path, stem + suffix)
            if os.path.isfile(path):
                found = self._loader.load_from_file(path, unsafe=True, trusted_as_template=True)
                compiled.note(path, found)
                self.contents[path] = found
                return found
        return None

    def _mapping(self, stem: str) -> Written:
        found = self._read(stem)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise RoleError(f"role {self.name}: {self.path}/{stem}.yml must be a mapping")
        return found


_roles: dict[tuple[str, str], Role] = {}
#: What :func:`preload` has read: path -> what the file says. Preflight judges the same files, and must not change what is here.
PRELOADED: Written = {}


def load(loader: Any, name: str, playbook_dir: str) -> Role:
    """Read a role, once per process.

    :param name: a role of this collection (``etcd`` or ``vannah.healthcloud.etcd``), of the playbook's ``roles/``, of the
        configured roles path, or of another collection
    :raises RoleError: there is no such role
    """
    key = (name, "" if (name, "") in _roles else playbook_dir)
    if key not in _roles:
        _roles[key] = Role(name.rpartition(".")[2], _find(loader, name, playbook_dir), loader)
    return _roles[key]


#: (folder of a role, identity of variables) -> those variables, which have to stay as long as their identity is asked for; the templates.
_templates: dict[tuple[str, int], tuple[Variables, templating.Templates]] = {}
#: A call has a role's variables once or twice. More than this is an older call.
_MOST = 100


def templates_of(role: Role, variables: Variables, templar: Any) -> templating.Templates:
    """The templates of a role's definitions and exports with a task's variables: one for a whole call, which templates a variable once.

    :param variables: they must not be changed afterwards
    :param templar: the task's templar
    """
    key = (role.path, id(variables))
    if key not in _templates:
        if len(_templates) >= _MOST:
            _templates.clear()
        search = [os.path.join(role.path, "templates")]
        _templates[key] = (variables, templating.Templates(templar, role.variables(variables), search))
    return _templates[key][1]


def variable_of(text: Any) -> str:
    """The variable that a template is nothing but; empty where it is anything else."""
    match = _VARIABLE.fullmatch(str(text))
    return match[1] if match else ""


def ports(role: Role, templates: templating.Templates, where: str) -> list[Written]:
    """``name``, ``port`` and ``proto`` of a role's ``firewall_ports``, and the variable that the port is (``from_variable``).

    The hosts that they are opened for may depend on other hosts, and are not asked for here.
    """
    raw = [item for item in role.exports.get("firewall_ports") or () if isinstance(item, Mapping)]
    kept = ("name", "port", "proto", "when")
    asked = [{**{key: item[key] for key in kept if key in item}, "from_variable": variable_of(item.get("port"))} for item in raw]
    return items(asked, templates, where)


def preload(names: Iterable[str]) -> None:
    """Read roles of this collection before Ansible forks: every worker inherits them. What cannot be read fails where it is needed."""
    loader = DataLoader()
    for name in names:
        with contextlib.suppress(AnsibleError, OSError):
            role = Role(name, str(COLLECTION / "roles" / name), loader)
            if role.components is not None and role.exports is not None and role.mentions_facts is not None:
                _roles[(name, "")] = role
                PRELOADED.update(role.contents)


def _find(loader: Any, name: str, playbook_dir: str) -> str:
    if name.startswith(NAMESPACE) or "." not in name:
        # The collection's roles first: a role of the same name in a home directory has no components.
        path = str(COLLECTION / "roles" / name.removeprefix(NAMESPACE))
        if os.path.isdir(path):
            return path
    elif name.count(".") >= 2:
        from ansible.utils.collection_loader._collection_finder import _get_collection_role_path

        found = _get_collection_role_path(name, None)
        if found:
            return str(found[1])
    else:
        raise RoleError(f"there is no role {name!r}: write a role's name, or namespace.collection.role")
    folders = [os.path.join(playbook_dir, "roles"), os.path.join(loader.get_basedir(), "roles"), *(C.DEFAULT_ROLES_PATH or [])]
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            return path
    raise RoleError(f"there is no role {name!r}: looked in {COLLECTION}/roles, {', '.join(dict.fromkeys(folders))}")


class Definition:
    """A component as a role or a person says it, templated, not yet validated.

    :ivar role: the role it is of; None for an inline one
    :ivar data: its options; only name, state and purge where the component is absent
    :ivar templar: templates text with the same variables, see :class:`templating.Templates`
    :ivar note: what the person at the terminal should know of it, said as a warning; empty where there is nothing
    """

    __slots__ = ("role", "data", "templates", "note")

    def __init__(self, role: Role | None, data: Written, templates: templating.Templates, note: str = "") -> None:
        self.role = role
        self.data = data
        self.templates = templates
        self.note = note


def definitions(role: Role, task_vars: Variables, templar: Any) -> list[Definition]:
    """The components of a role for one host, templated; without ``when`` and ``note``.

    :param templar: the task's templar
    :raises AnsibleError: a template fails (the text says of which role and component), a definition is not a mapping
    """
    templates = templates_of(role, task_vars, templar)
    found = []
    for item in role.components:
        for raw in _expand(item, templates, role.name):
            data = define(raw, templates, f"role {role.name}")
            note = templates.value(raw.get("note"), f"role {role.name}, component {data['name']}: note")
            found.append(Definition(role, data, templates, f"{data['name']}: {note}" if note else ""))
    return found


def _expand(item: Any, templates: templating.Templates, name: str) -> Iterable[Any]:
    if not isinstance(item, str):
        return [item]
    made = templates.value(item, f"role {name}: meta/components.yml")
    return made if isinstance(made, list) else [made]


def define(raw: Any, templates: templating.Templates, where: str) -> Written:
    """Template one definition.

    A component whose ``when`` is false is absent: what it made on the host is removed. An item whose ``when`` is false is
    left out before anything of it is templated.

    :raises AnsibleError: a template fails; a definition is not a mapping
    """
    if not isinstance(raw, dict):
        raise AnsibleError(f"{where}: a component must be a mapping with a name, not {kind_of(raw)}")
    name = templates.value(raw.get("name"), f"{where}: name")
    where = f"{where}, component {name}"
    state = templates.value(raw.get("state"), f"{where}: state")
    if not templates.condition(raw.get("when", True), f"{where}: when"):
        state = "absent"
    if state == "absent":
        # The host's ledger knows what it made; its definition may not even render where it does not apply.
        gone = {"name": name, "state": state, "purge": templates.value(raw.get("purge", False), f"{where}: purge")}
        return {key: value for key, value in gone.items() if value is not None}
    made: Written = {"name": name}
    for key, value in raw.items():
        if key in ("name", "when", "note"):
            continue
        made[key] = items(value, templates, f"{where}: {key}") if isinstance(value, list) else templates.value(value, f"{where}: {key}")
        if isinstance(value, str) and isinstance(made[key], list):  # a whole list out of one template
            made[key] = items(made[key], templates, f"{where}: {key}")
    return {key: value for key, value in made.items() if value is not None}


def items(listed: list[Any], templates: templating.Templates, where: str) -> list[Any]:
    """Template a list; an item whose ``when`` is false is left out before anything of it is templated.

    :raises AnsibleError: a template fails
    """
    made = []
    for number, item in enumerate(listed, 1):
        if isinstance(item, dict) and "when" in item:
            if not templates.condition(item["when"], f"{where}, item {number}: when"):
                continue
            item = {key: value for key, value in item.items() if key != "when"}
        made.append(item)
    result = templates.value(made, where)
    return list(result)
