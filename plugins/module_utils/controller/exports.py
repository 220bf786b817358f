# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles of a host export to others: ports to open, secrets to make, paths to back up.

Roles do not call each other. What one needs of another is read from ``meta/exports.yml`` of all roles that a host's groups
give it, templated on the controller with that host's variables.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.template import Templar

from .. import site_map
from ..declared import kinds
from ..declared.forms import kind_of
from ..task_types import TaskVars
from . import collect, templating

#: Lists that a role may export.
KINDS = tuple(name for name, kind in kinds.KINDS.items() if kind.listed)

#: Set for the run of a verb that changes settings: overlays of variables with the values that hold until the new ones run.
BEFORE = "site_before"

_cache: dict[tuple[int, str, str, str], list[Any]] = {}
#: One for each host and role: its kinds of exports share what variables become.
_templates: dict[tuple[int, str, str], templating.Templates] = {}


def exports_of(
    kind: str, host: str, *, hostvars: Any, loader: Any, playbook_dir: str | None = None, roles: Container[str] | None = None
) -> list[Any]:
    """The concatenated exports of a kind of all roles that a host's groups give it; each mapping with its ``role``.

    Evaluated once per process and host.

    :param kind: one of :data:`KINDS`
    :param host: a name of the inventory
    :param hostvars: the task's ``hostvars``
    :param loader: the task's loader
    :param playbook_dir: where roles of a playbook of one's own are looked for; only for roles of other collections
    :param roles: only of these, where it is known that no other one has any
    :raises AnsibleError: there is no such kind or host, a template fails
    """
    if kind not in KINDS:
        raise AnsibleError(f"unknown kind of export {kind!r}: the kinds are {', '.join(KINDS)}")
    found: list[Any] = []
    variables = host_variables(hostvars, host)
    if variables.get(BEFORE):
        return _with_before(kind, variables, loader, playbook_dir, roles)
    for name in site_map.load().roles_of(variables.get("group_names") or ()):
        if roles is not None and name not in roles:
            continue
        key = (id(hostvars), host, name, kind)
        if key not in _cache:
            role = collect.load(loader, name, playbook_dir or loader.get_basedir())
            if kind not in role.exports:
                _cache[key] = []
                continue
            known = _templates.get(key[:3])
            if known is None:
                known = _templates[key[:3]] = templating.Templates(Templar(loader=loader), role.variables(variables), [])
            _cache[key] = evaluate(kind, role, known, host)
        found.extend(_cache[key])
    return found


def exported_by_all(
    kind: str, groups: Mapping[str, Sequence[str]], hostvars: Any, loader: Any, playbook_dir: str | None = None
) -> list[Any]:
    """The exports of an optional kind of all hosts. Only those are looked at whose roles have it: to get a host's variables costs most.

    :param groups: the task's ``groups``
    :raises AnsibleError: see :func:`exports_of`
    """
    hosts: dict[str, list[str]] = {}
    for entry in site_map.load().roles:
        members = dict.fromkeys(host for group in entry.groups for host in groups.get(group, ()))
        if members and kind in collect.load(loader, entry.role, playbook_dir or loader.get_basedir()).exports:
            for host in members:
                hosts.setdefault(host, []).append(entry.role)
    return [
        item
        for host, roles in hosts.items()
        for item in exports_of(kind, host, hostvars=hostvars, loader=loader, playbook_dir=playbook_dir, roles=roles)
    ]


def _with_before(kind: str, variables: Mapping[str, Any], loader: Any, playbook_dir: str | None, roles: Container[str] | None) -> list[Any]:
    """The current exports, and old ones that are not among them."""
    found: list[Any] = []
    for name in site_map.load().roles_of(variables.get("group_names") or ()):
        if roles is None or name in roles:
            role = collect.load(loader, name, playbook_dir or loader.get_basedir())
            for overlay in ({}, *variables[BEFORE]):
                templates = collect.templates_of(role, {**variables, **overlay}, Templar(loader=loader))
                exported = evaluate(kind, role, templates, str(variables.get("inventory_hostname")))
                found += [item for item in exported if item not in found]
    return found


def host_variables(hostvars: Any, host: str) -> TaskVars:
    """A host's variables, not templated: what templates of its roles may see.

    :raises AnsibleError: the inventory has no such host
    """
    if host not in hostvars:
        raise AnsibleError(f"the inventory has no host {host!r}")
    raw = hostvars.raw_get(host) if hasattr(hostvars, "raw_get") else hostvars[host]
    return {**raw, "hostvars": hostvars}


def evaluate(kind: str, role: collect.Role, templates: templating.Templates, host: str) -> list[Any]:
    """The exports of one role.

    :param templates: with the host's variables
    :param host: whose they are, for errors
    :raises AnsibleError: a template fails; it is not a list; there is no such kind
    """
    raw = role.exports.get(kind)
    if raw is None:
        if kind not in KINDS:
            raise AnsibleError(
                f"roles export no {kind!r}: the kinds are {', '.join(KINDS)}. Fix: use one of them, or describe it in {kinds.SPECIFICATION}"
            )
        return []
    where = f"role {role.name}: meta/exports.yml: {kind}, host {host}"
    listed = raw if isinstance(raw, list) else templates.value(raw, where)
    if not isinstance(listed, list):
        raise AnsibleError(f"{where}: must be a list, not {kind_of(listed)}")
    return [{**item, "role": role.name} if isinstance(item, dict) else item for item in collect.items(listed, templates, where)]
