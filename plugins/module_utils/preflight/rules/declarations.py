# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles of the site declare: their files, what is written in them, and what the first host with a role makes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ansible.errors import AnsibleError

from ...declared import checks, forms, kinds
from ...task_types import Written
from .. import service_parts, templates, texts, values
from ..findings import Code, Finding
from ..model import UNKNOWN, Host, Site

CODES = (
    Code(
        "role-declaration-invalid",
        "What a role declares has another form than its readers expect, names what does not exist, leaves something out, or belongs to"
        " another role.",
        "Correct what the message names in the file of the role; docs/architecture.md has the keys of each kind.",
    ),
    Code(
        "role-file-invalid",
        "A file of a role is missing, cannot be read, or has not the form that its readers expect.",
        "Correct the file that the message names; docs/architecture.md says what each of them contains.",
    ),
)


def check_files(site: Site) -> Iterator[Finding]:
    """Files of every role, because one that cannot be read leaves its variables unknown on all hosts."""
    for where, problem in site.schema.misread:
        yield Finding("role-file-invalid", where, "-", f"{problem}.", f"correct {where}")
    roles = _roles(site)
    asked = [problem for role in roles if site.schema.exports.get(role, {}).get("host_facts") for problem in service_parts.host_facts(role)]
    for where, problem in (*service_parts.BROKEN, *asked):
        yield Finding("role-file-invalid", where, "-", f"{problem}.", f"correct {where}, or restore the release's")
    wrong = {where for where, _problem in site.schema.misread}
    for role in roles:
        where = f"roles/{role}/meta/exports.yml"
        if role not in site.schema.exports and where not in wrong:
            problem = "is missing: each role declares there what others have to know of it."
            yield Finding("role-file-invalid", where, "-", problem, f"write {where}, as `make new-role` does")
        declared = site.schema.declared.roles.get(role) if site.schema.declared else None
        if declared is not None and not declared.has("meta/components.yml"):
            where = f"roles/{role}/meta/components.yml"
            problem = "is missing: converge applies what a role defines there."
            yield Finding("role-file-invalid", where, "-", problem, f"write {where}, as `make new-role` does")


def check_declarations(site: Site) -> Iterator[Finding]:
    """Each role once: hosts differ in values of variables, which their own specifications judge."""
    malformed = site.schema.malformed
    judged: set[str] = set()
    for host in site.hosts.values():
        new = [role for role in host.roles if role not in judged and role in site.schema.exports]
        judged.update(new)
        evaluated = _evaluated(host, {role for role in new if role not in malformed})
        for role in new:
            where = f"roles/{role}/meta/exports.yml"
            for problem in malformed.get(role) or evaluated[role]:
                yield Finding("role-declaration-invalid", where, "-", f"{problem}.", f"correct {where}")
        for role, path, problem in host.unexportable() if new else ():
            if role in new:
                where = f"roles/{role}/meta/exports.yml"
                yield Finding("role-declaration-invalid", where, path, problem, f"correct {path} in {where}")


def check_references(site: Site) -> Iterator[Finding]:
    """What the declarations of a role name, and what they say beside those of the others; not where a file has another form."""
    world, wrong = site.schema.declared, _misread(site)
    for name in _roles(site):
        if world is None or name not in world.roles or name in wrong or name not in site.schema.exports:
            continue
        # Names of groups and variables are no matter of the form.
        if name in site.schema.malformed and any(kinds.of_role(site.schema.exports[name], forms.Known())):
            continue
        for found in checks.problems(world.roles[name], world):
            where = f"roles/{name}/{found.file}"
            yield Finding("role-declaration-invalid", where, found.path, f"{found.problem}.", f"{found.fix} ({where})")


def check_defaults(site: Site) -> Iterator[Finding]:
    """Defaults that a site would be refused for, if it set them."""
    wrong = _misread(site)
    for role in _roles(site):
        where = f"roles/{role}/defaults/main.yml"
        for name, value in site.schema.defaults.get(role, {}).items() if role not in wrong else ():
            option = site.schema.options.get(name)
            if option is None or option.role != role:
                continue
            try:
                given = UNKNOWN if texts.is_template(str(value)) else templates.plain(value)
            except (AnsibleError, templates.VaultClosed):
                continue
            for found in values.check(option, given, name):
                yield Finding(
                    "role-declaration-invalid", where, found.path, f"the default: {found.problem}", f"correct {found.path} in {where}"
                )


def _roles(site: Site) -> list[str]:
    """The roles of all hosts, each once."""
    return list(dict.fromkeys(role for host in site.hosts.values() for role in host.roles))


def _misread(site: Site) -> set[str]:
    """Roles with a file that cannot be read or has another form."""
    return {where.split("/")[1] for where, _problem in site.schema.misread}


def _evaluated(host: Host, roles: Collection[str]) -> dict[str, list[str]]:
    """What is wrong with what templates give. Which groups and hosts a variable names, its own rule judges."""
    found: dict[str, list[str]] = {role: [] for role in roles}
    for name in (name for name, kind in kinds.KINDS.items() if roles and kind.listed):
        items: dict[str, list[Written]] = {}
        for item in host.exported(name):
            items.setdefault(item["role"], []).append({key: part for key, part in item.items() if key != "role"})
        for role in roles:
            found[role] += kinds.of_kind(name, items.get(role, []), forms.Known())
    return found


RULES = (check_files, check_declarations, check_references, check_defaults)
