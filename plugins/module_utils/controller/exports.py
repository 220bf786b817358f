# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles of a host export to others: ports to open, secrets to make, paths to back up.

Roles do not call each other. What one needs of another is read from ``meta/exports.yml`` of all roles that a host's groups
give it, templated on the controller with that host's variables.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.template import Templar

from .. import site_map
from . import collect, templating

#: What every role says of itself: lists of which an empty one is a statement, and the mappings ``host`` and ``effects``.
STATED = (
    "firewall_ports",
    "secrets",
    "data_directories",
    "restart_policy",
    "update_exclude",
    "addresses",
    "scrape_targets",
    "alert_rules",
    "backup_paths",
    "keeps",
)
#: Lists of what many roles have nothing to say of. docs/architecture.md, "What a role declares", has the keys of all.
OPTIONAL = (
    "artifacts",
    "backup_jobs",
    "binds",
    "calls",
    "certificates",
    "clusters",
    "database_clusters",
    "database_settings",
    "endpoints",
    "excludes",
    "given_secrets",
    "host_checks",
    "host_facts",
    "ingress",
    "known_by_address",
    "named_secrets",
    "own_address",
    "package_defaults",
    "registries",
    "summary",
    "takeover_paths",
)
#: What a role may export.
KINDS = (*STATED, *OPTIONAL)
#: Mappings beside the lists, each read by one part of the engine.
MAPPINGS = ("host", "effects", "identity", "follows", "membership", "converged", "rolling", "wave", "change_ports")

#: Set for the run of a verb that changes settings: overlays of variables with the values that hold until the new ones run.
BEFORE = "site_before"

_cache: dict[tuple[int, str, str, str], list[Any]] = {}


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
            _cache[key] = evaluate(kind, collect.load(loader, name, playbook_dir or loader.get_basedir()), variables, loader)
        found.extend(_cache[key])
    return found


def _with_before(kind: str, variables: Mapping[str, Any], loader: Any, playbook_dir: str | None, roles: Container[str] | None) -> list[Any]:
    """The current exports, and old ones that are not among them."""
    found: list[Any] = []
    for name in site_map.load().roles_of(variables.get("group_names") or ()):
        if roles is None or name in roles:
            role = collect.load(loader, name, playbook_dir or loader.get_basedir())
            for overlay in ({}, *variables[BEFORE]):
                exported = evaluate(kind, role, {**variables, **overlay}, loader)
                found += [item for item in exported if item not in found]
    return found


def host_variables(hostvars: Any, host: str) -> dict[str, Any]:
    """A host's variables, not templated: what templates of its roles may see.

    :raises AnsibleError: the inventory has no such host
    """
    if host not in hostvars:
        raise AnsibleError(f"the inventory has no host {host!r}")
    raw = hostvars.raw_get(host) if hasattr(hostvars, "raw_get") else hostvars[host]
    return {**raw, "hostvars": hostvars}


def evaluate(kind: str, role: collect.Role, variables: Mapping[str, Any], loader: Any) -> list[Any]:
    """The exports of one role.

    :raises AnsibleError: a template fails; it is no list
    """
    raw = role.exports.get(kind)
    if raw is None:
        return []
    where = f"role {role.name}: meta/exports.yml: {kind}, host {variables.get('inventory_hostname')}"
    templates = templating.Templates(Templar(loader=loader), role.variables(variables), [])
    listed = raw if isinstance(raw, list) else templates.value(raw, where)
    if not isinstance(listed, list):
        raise AnsibleError(f"{where}: must be a list, not {type(listed).__name__}")
    return [{**item, "role": role.name} if isinstance(item, dict) else item for item in collect.items(listed, templates, where)]
