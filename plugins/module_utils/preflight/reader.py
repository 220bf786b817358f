# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From ansible-core's inventory objects to the model of a site.

The objects are used directly: a loop over ``hostvars`` in a template costs milliseconds for each host and variable, this costs about one
millisecond for each host in all. Nothing is asked of any host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.vault import AnsibleVaultError
from ansible.vars.plugins import get_vars_from_inventory_sources, get_vars_from_path

from ..declared.kinds import EVALUATED, KINDS
from ..task_types import Written
from .model import UNKNOWN, Controller, Definition, Host, SecretsFile, Site, Unreadable, owner_of
from .ports import Ports, of_sshd
from .schema import ANSIBLE_VARIABLES, Schema
from .templates import HostValues, VaultClosed, causes, origin_of, origin_of_error, plain
from .texts import is_template, template_error, walk

#: What ansible-core itself puts among a host's variables.
_MAGIC = frozenset(
    "ansible_check_mode ansible_config_file ansible_diff_mode ansible_facts ansible_forks ansible_inventory_sources "
    "ansible_playbook_python ansible_run_tags ansible_skip_tags ansible_verbosity ansible_version group_names groups "
    "inventory_dir inventory_file inventory_hostname inventory_hostname_short omit playbook_dir".split()
)

#: Files beside those of variables that are not read.
_OTHER_FILES = frozenset({".bak", ".j2", ".md", ".orig", ".rst", ".sample", ".example", ".swp", ".txt"})

RolesOf = Callable[[Iterable[str]], Iterable[str]]


class InventoryReader:
    """Reads one inventory into a :class:`Site`."""

    def __init__(self, inventory: Any, variable_manager: Any, loader: Any, schema: Schema, roles_of: RolesOf) -> None:
        """Read with the inventory's own managers.

        :param inventory: InventoryManager.
        :param roles_of: the roles that a host with these groups gets, in the site map's order.
        """
        self._inventory = inventory
        self._variables = variable_manager
        self._loader = loader
        self._schema = schema
        self._roles_of = roles_of
        self._ports = Ports(schema)
        self._base = str(Path(inventory_directory(inventory) or loader.get_basedir()).resolve())
        self._unreadable: dict[str, Unreadable] = {}  # by file, where it is known, else by host or group

    def read(self, controller: Controller, secrets: Iterable[SecretsFile] = (), authority_end: datetime | None = None) -> Site:
        """The whole site. Variables that cannot be loaded become entries of ``Site.unreadable``, not exceptions."""
        hosts = {name: host for name, host in self._inventory.hosts.items() if not host.implicit}
        groups = self._groups(hosts)
        merged = {name: self._merged(host) for name, host in hosts.items()}
        definitions = tuple(self._definitions(hosts, groups, merged))
        return Site(
            schema=self._schema,
            hosts={name: self._host(host, merged[name]) for name, host in hosts.items()},
            groups=groups,
            definitions=definitions,
            secrets=tuple(secrets),
            authority_end=authority_end,
            controller=controller,
            unreadable=tuple(self._unreadable.values()),
            variable_files=tuple(variable_files(self._inventory)),
        )

    def _groups(self, hosts: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        found = {}
        for name, group in self._inventory.groups.items():
            members = [host.name for host in group.get_hosts() if host.name in hosts]
            found[name] = tuple(dict.fromkeys(members))
        return found

    def _merged(self, host: Any) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._variables.get_vars(host=host, include_hostvars=False)
        except AnsibleError as problem:
            self._not_read(host.name, problem)
            return None
        return found

    def _host(self, host: Any, variables: Mapping[str, Any] | None) -> Host:
        groups = frozenset(group.name for group in host.get_groups())
        roles = tuple(self._roles_of(groups))
        defaults: Written = {}
        for role in roles:
            defaults.update(self._schema.defaults.get(role, {}))
        if variables is None:
            return Host(name=host.name, groups=groups, roles=roles, resolve=lambda _name: UNKNOWN)
        values = HostValues(variables, defaults, self._loader)
        admitted = self._ports.admitted(roles, values)
        found = Host(name=host.name, groups=groups, roles=roles, resolve=values, admitted=admitted, undefined=values.undefined)
        found.exported = partial(self._exported, roles, values)
        found.unexportable = partial(self._unexportable, roles, values)
        found.ports = (*of_sshd(found), *self._ports.of(roles, values))
        return found

    def _exported(self, roles: Iterable[str], values: HostValues, kind: str) -> list[Written]:
        """The items of a kind of a host's roles, each with its role. What only the host checks can tell in them is UNKNOWN.

        Templates see the inventory and the roles' public variables. An item whose ``when`` is not known to be true is left out.
        """
        found: list[Written] = []
        for role in roles:
            listed = values.evaluate(self._schema.exports.get(role, {}).get(kind))
            items = [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
            found += [{**item, "role": role} for item in items if item.get("when", True) is True]
        return found

    def _unexportable(self, roles: Iterable[str], values: HostValues) -> Iterator[tuple[str, str, str]]:
        """(role, path, problem) of each template in the roles' exports that cannot be parsed, or of a list's that can have no value."""
        for role in roles:
            exports = self._schema.exports.get(role, {})
            for path, _key, leaf in walk(exports, ""):
                wrong = template_error(str.__str__(leaf)) if isinstance(leaf, str) and is_template(leaf) else None
                if wrong:
                    yield role, path.lstrip("."), f"{wrong}."
            for kind in (name for name, kind in KINDS.items() if kind.listed and name in exports):
                items = exports[kind] if isinstance(exports[kind], list) else [exports[kind]]
                for number, item in enumerate(items):
                    if values.evaluate(item.get("when", True) if isinstance(item, Mapping) else True) is not False:
                        values.evaluate(item)
                        where = f"{kind}[{number}]" if items is exports[kind] else kind
                        found = values.without_value(item, where)
                        yield from ((role, path, problem) for path, problem, _guess in found)
            for kind in (kind for kind in EVALUATED if kind in exports):
                values.evaluate(exports[kind])
                yield from ((role, path, problem) for path, problem, _guess in values.without_value(exports[kind], kind))

    # --- one definition for each place that sets a variable

    def _definitions(
        self, hosts: Mapping[str, Any], groups: Mapping[str, tuple[str, ...]], merged: Mapping[str, Mapping[str, Any] | None]
    ) -> Iterator[Definition]:
        for name, members in groups.items():
            group = self._inventory.groups[name]
            for variables in self._places(group, name):
                yield from self._each(name, variables, members, merged)
        for name, host in hosts.items():
            for variables in self._places(host, name):
                yield from self._each(name, variables, (name,), merged)
        extra = self._variables.extra_vars
        yield from self._each("extra vars", extra, tuple(hosts), merged, from_cli=True)

    def _places(self, entity: Any, name: str) -> Iterator[Mapping[str, Any]]:
        """What hosts.yml, the files beside it and the files beside the playbook say of one group or host."""
        yield entity.vars
        try:
            yield get_vars_from_inventory_sources(self._loader, self._inventory._sources, [entity], "task")
            basedir = self._loader.get_basedir()
            if Path(basedir).resolve() != Path(self._base):
                yield get_vars_from_path(self._loader, basedir, [entity], "task")
        except AnsibleError as problem:
            self._not_read(name, problem)

    def _not_read(self, name: str, problem: AnsibleError) -> None:
        """Note an error of a host's or group's files: once for each file, with whose file it is rather than who came upon it."""
        source = origin_of_error(problem, self._base)
        closed = any(isinstance(link, AnsibleVaultError) for link in causes(problem))
        where = owner_of(source) or name
        self._unreadable.setdefault(source or name, Unreadable(where, _reason(problem), source, closed))

    def _each(
        self,
        owner: str,
        variables: Mapping[str, Any],
        members: tuple[str, ...],
        merged: Mapping[str, Mapping[str, Any] | None],
        from_cli: bool = False,
    ) -> Iterator[Definition]:
        for name, value in variables.items():
            if name in _MAGIC:
                continue
            known_name = name in self._schema.options or name in ANSIBLE_VARIABLES
            hosts = (
                tuple(host for host in members if (known := merged[host]) is not None and known.get(name) is value) if known_name else ()
            )
            try:
                given = plain(value)
            except VaultClosed:
                source = origin_of(value, name, self._base)
                reason = f"the vaulted value of {name} does not open with the given vault password."
                self._unreadable.setdefault(f"{owner} (vaulted)", Unreadable(owner, reason, source, True, str(name)))
                continue
            yield Definition(owner, str(name), given, origin_of(value, name, self._base), hosts, from_cli)


def inventory_directory(inventory: Any) -> str | None:
    """The directory of the first inventory source that lies on disk; None for a host list or no source."""
    for source in inventory._sources:
        path = Path(str(source))
        if path.is_dir():
            return str(path)
        if path.is_file():
            return str(path.parent)
    return None


def variable_files(inventory: Any) -> Iterator[str]:
    """Names of the files and folders in ``group_vars`` and ``host_vars`` beside the inventory that could be read for a group or host."""
    beside = {path if path.is_dir() else path.parent for path in (Path(str(source)) for source in inventory._sources) if path.exists()}
    for folder in ("group_vars", "host_vars"):
        found = {path for base in beside if (base / folder).is_dir() for path in (base / folder).iterdir()}
        for name in sorted({path.name for path in found if path.is_dir() or path.suffix not in _OTHER_FILES}):
            if not name.startswith(".") and not name.endswith("~"):
                yield f"{folder}/{name}"


def _reason(problem: AnsibleError) -> str:
    """The message's first line; ansible-core adds the source lines around, which may hold secrets, only to the others."""
    return str(problem).splitlines()[0].rstrip(".") + "."
