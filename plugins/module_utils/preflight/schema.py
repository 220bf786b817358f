# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of a site's variables: the roles' argument specs and one file of site-wide variables, nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..declared import forms, kinds, role_files, tree
from ..task_types import Written
from .nearby import Names

Load = Callable[[Path], Any]
Item = Written

#: Variables of Ansible itself that people set in inventories (docs: "Special Variables", "Connection variables"; the options of the ssh,
#: local and become plugins of ansible-core). For "did you mean" only: what is not listed here is left alone unless it is close to one.
ANSIBLE_VARIABLES = frozenset(
    f"ansible_{name}"
    for name in (
        "become become_exe become_flags become_method become_pass become_password become_user check_mode config_file connection "
        "diff_mode facts forks group_priority host host_key_checking inventory_sources limit local module_compression no_log "
        "paramiko_pass paramiko_host_key_checking password pipelining playbook_python port private_key_file python_interpreter "
        "remote_tmp run_tags scp_executable scp_extra_args sftp_batch_mode sftp_executable sftp_extra_args "
        "shell_allow_world_readable_temp shell_executable shell_type skip_tags ssh_args ssh_common_args ssh_executable "
        "ssh_extra_args ssh_host ssh_host_key_checking ssh_pass ssh_password ssh_passphrase ssh_pipelining ssh_port "
        "ssh_private_key ssh_private_key_file ssh_retries ssh_timeout ssh_transfer_method ssh_use_tty ssh_user sudo_exe "
        "sudo_flags sudo_pass timeout user verbosity version winrm_transport"
    ).split()
)

#: Words that make a variable's value a secret, whatever the schema says of it.
SECRET_WORDS = re.compile(
    r"(?:^|_)(?:password|passwd|pass|passphrase|secret|secrets|token|cipher_pass|api_?key|private_?key|secret_?key|credentials?)$"
)
#: ... and what only names where a secret lies, how it is made or how it is handled.
NOT_SECRET = re.compile(r"(?:_file|_path|_name|_length|_encryption|_authentication|_method|_command|_hash)$")
_PORT_NAME = re.compile(r"(?:^|_)ports?(?:_|$)")


@dataclass(frozen=True)
class Option:
    """One variable, or one key of one, as a spec describes it."""

    name: str
    type: str = "str"
    elements: str | None = None
    choices: tuple[Any, ...] | None = None
    required: bool = False
    no_log: bool | None = None
    options: Mapping[str, Option] | None = None
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    cli: bool = False  # a switch of one run: text from -e counts as its type
    role: str = ""
    of_site: bool = False  # a variable of the whole site, without a default; a role may own it

    @property
    def secret(self) -> bool:
        """Whether the value may be a secret."""
        return looks_secret(self.name) if self.no_log is None else self.no_log

    @property
    def is_port(self) -> bool:
        """Whether the value is a port number: an integer whose name says so (or each item of a list of integers)."""
        return self.type == "int" and _PORT_NAME.search(self.name) is not None

    @property
    def is_port_range(self) -> bool:
        """Whether the value is a port or a range of ports: ``port`` of an entry in a list of them."""
        return self.type == "raw" and self.name == "port"


@dataclass(frozen=True)
class Removed:
    """A variable that an older release knew."""

    name: str
    instead: str  # a variable's name or a sentence
    since: str = ""


@dataclass(frozen=True)
class Exclusive:
    """Two groups that one host cannot be in, and why."""

    groups: tuple[str, str]
    why: str


@dataclass
class Schema:
    """Everything an inventory may say."""

    options: dict[str, Option] = field(default_factory=dict)
    prefixes: dict[str, str] = field(default_factory=dict)  # "postgresql_" -> role or "site"
    groups: frozenset[str] = frozenset()
    removed: dict[str, Removed] = field(default_factory=dict)
    exclusive: tuple[Exclusive, ...] = ()
    defaults: dict[str, Written] = field(default_factory=dict)  # role -> its defaults
    exports: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # role -> its meta/exports.yml, not evaluated
    misread: list[tuple[str, str]] = field(default_factory=list)  # (file of a role, what is wrong with it): it counts as missing
    planned_clusters: tuple[str, ...] = ()  # groups that will form a cluster once a release serves them
    names: Names = field(default_factory=lambda: Names(()))
    group_of_role: dict[str, str] = field(default_factory=dict)  # role -> the group that brings it, where the two have other names
    group_names: Names = field(default_factory=lambda: Names(()))
    declared: tree.World | None = None  # all roles as they are written; None where a test has none

    def finish(self) -> Schema:
        """Prepare the look-up of near names; call once after the tables are filled."""
        self.names = Names({*self.options, *self.removed, *ANSIBLE_VARIABLES})
        self.group_names = Names(self.groups)
        return self

    def exported(self, kind: str) -> list[Item]:
        """The items of a kind of all roles, each with its ``role``, as they are written: for kinds whose keys are plain.

        An item's ``when`` is true or not on each host, see :meth:`.model.Host.exported`.
        """
        found = []
        for role, said in self.exports.items():
            items = said.get(kind)
            found += [{**item, "role": role} for item in items or () if isinstance(item, Mapping)] if isinstance(items, list) else []
        return found

    @cached_property
    def malformed(self) -> dict[str, list[str]]:
        """Role -> what is wrong with the form of its ``meta/exports.yml``; only roles with whose form something is."""
        options: dict[str, set[str]] = {}
        for option in self.options.values():
            options.setdefault(option.role, set()).add(option.name)
        known = {role: forms.Known(self.groups, frozenset(options.get(role, ()))) for role in self.exports}
        found = {role: list(kinds.of_role(said, known[role])) for role, said in self.exports.items()}
        return {role: problems for role, problems in found.items() if problems}

    def clusters(self) -> list[str]:
        """The groups whose hosts form a cluster: they find each other by address, and have to know of each other."""
        return [*dict.fromkeys(str(item["group"]) for item in self.exported("clusters")), *self.planned_clusters]

    def prefix_of(self, name: str) -> str | None:
        """The role (or "site") whose name a variable begins with."""
        return next((role for prefix, role in self.prefixes.items() if name.startswith(prefix)), None)


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that its value is a secret."""
    lowered = name.lower()
    return bool(SECRET_WORDS.search(lowered)) and not NOT_SECRET.search(lowered)


def option_of(name: str, spec: Mapping[str, Any], role: str = "") -> Option:
    """An option of Ansible's argument spec, with the ``min``, ``max``, ``pattern``, ``cli`` of site_variables.yml and meta/bounds.yml."""
    nested = spec.get("options")
    choices = spec.get("choices")
    return Option(
        name=name,
        type=str(spec.get("type", "str")),
        elements=spec.get("elements"),
        choices=tuple(choices) if choices is not None else None,
        required=bool(spec.get("required", False)),
        no_log=spec.get("no_log"),
        options={key: option_of(key, value or {}, role) for key, value in nested.items()} if nested else None,
        mutually_exclusive=tuple(tuple(group) for group in spec.get("mutually_exclusive") or ()),
        minimum=spec.get("min"),
        maximum=spec.get("max"),
        pattern=spec.get("pattern"),
        cli=bool(spec.get("cli", False)),
        role=role,
    )


def read_schema(roles: Path, site_variables: Path, groups: Iterable[str], load: Load) -> Schema:
    """The schema from a tree of roles and the file of site-wide variables.

    :param groups: group names of the site map.
    :param load: reads one YAML file.
    """
    schema = Schema(prefixes={"site_": "site"})
    site = load(site_variables) or {}
    _read_site(schema, site, "site")
    exclusive = site.get("exclusive_groups") or ()
    schema.exclusive = tuple(Exclusive((entry["groups"][0], entry["groups"][1]), str(entry["why"])) for entry in exclusive)
    schema.planned_clusters = tuple(site.get("planned_clusters") or ())
    read: dict[str, tree.Role] = {}
    for role in sorted(path for path in roles.iterdir() if path.is_dir()) if roles.is_dir() else ():
        read[role.name] = _read_role(schema, role, load)
    schema.declared = tree.World(read, site_variables=frozenset(site.get("variables") or ()) | frozenset(site.get("verbs") or ()))
    schema.groups = frozenset({"all", "ungrouped", *groups, *(site.get("known_groups") or ())})
    return schema.finish()


def _read_site(schema: Schema, said: Mapping[str, Any], role: str) -> None:
    """What a file says of variables of the whole site, and of those that do nothing: the site's own, or those that only one role reads."""
    for name, spec in (said.get("variables") or {}).items():
        schema.options[name] = replace(option_of(name, spec or {}, role), of_site=True)
    for name, spec in (said.get("verbs") or {}).items():
        schema.options[name] = replace(option_of(name, {"cli": True, **(spec or {})}, role), of_site=True)
    for entry in said.get("removed") or ():
        schema.removed[entry["name"]] = Removed(entry["name"], str(entry["instead"]), str(entry.get("since", "")))


def _read_role(schema: Schema, role: Path, load: Load) -> tree.Role:
    schema.prefixes[f"{role.name}_"] = role.name
    of_site = _content(schema, role, "meta/site_variables.yml", load)
    _read_site(schema, of_site, role.name)
    specs = _content(schema, role, "meta/argument_specs.yml", load)
    options = ((specs.get("argument_specs") or {}).get("main") or {}).get("options") or {}
    limits = _content(schema, role, "meta/bounds.yml", load, frozenset(options))
    for name, spec in options.items():
        schema.options[name] = option_of(name, {**(spec or {}), **limits.get(name, {})}, role.name)
    if (role / "defaults" / "main.yml").is_file():
        schema.defaults[role.name] = dict(_content(schema, role, "defaults/main.yml", load))
    _both(schema, role, options)
    if (role / "meta" / "exports.yml").is_file():
        given = _content(schema, role, "meta/exports.yml", load)
        if not any(where == named(role, "meta/exports.yml") for where, _problem in schema.misread):
            schema.exports[role.name] = given
    tasks = role / "tasks" / "main.yml"
    return tree.Role(
        role.name,
        exports=schema.exports.get(role.name, {}),
        components=_content(schema, role, "meta/components.yml", load) or (),
        options=options,
        variables=_content(schema, role, "vars/main.yml", load),
        defaults=schema.defaults.get(role.name, {}),
        site_variables=of_site.get("variables") or {},
        site_effects=of_site.get("effects") or {},
        artifacts=_content(schema, role, "meta/artifacts.yml", load),
        has=lambda file: (role / file).is_file(),
        text=tree.text_of(role),
        templates=tree.texts_of(role, "templates"),
        tasks=tasks.read_text(encoding="utf-8", errors="replace").strip() if tasks.is_file() else "",
        removed=tuple(entry["name"] for entry in of_site.get("removed") or ()),
    )


def _both(schema: Schema, role: Path, options: Mapping[str, Any]) -> None:
    """Defaults stand in two files; where one of them is missing, everything that uses a variable would look wrong."""
    of_spec = [name for name, spec in options.items() if isinstance(spec, Mapping) and spec.get("default") is not None]
    for file, needed in (("defaults/main.yml", bool(of_spec)), ("meta/argument_specs.yml", bool(schema.defaults.get(role.name)))):
        if needed and not (role / file).is_file():
            other = "meta/argument_specs.yml" if file.startswith("defaults") else "defaults/main.yml"
            schema.misread.append((named(role, file), f"is missing, and {other} has variables"))


def named(role: Path, file: str) -> str:
    """A file of a role, as findings name it."""
    return f"roles/{role.name}/{file}"


def _content(schema: Schema, role: Path, file: str, load: Load, options: frozenset[str] = frozenset()) -> Any:
    """What a file of a role says; nothing where it is missing, and where it is wrong, which :attr:`Schema.misread` then says."""
    if not (role / file).is_file():
        return {}
    try:
        found = load(role / file)
    except role_files.UNREADABLE as error:
        schema.misread.append((named(role, file), role_files.why_unreadable(error)))
        return {}
    problems = list(role_files.of_file(file, found, options))
    schema.misread += [(named(role, file), problem) for problem in problems]
    return {} if problems or found is None else found
