# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and databases of PostgreSQL, entry by entry: the module's own spec and checks, asked before there is a server to ask."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from ... import documented
from ...agent.services.postgresql import calls as postgresql
from ...agent.services.postgresql.roles import circle
from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Host, Site
from ...preflight.rules.entries import Entry, entries, filled, is_open, refusal, shape, taken
from ...preflight.rules.places import place
from ...preflight.schema import option_of
from ...preflight.texts import Vaulted
from .databases import GROUP

CODES = (
    Code(
        "database-entry-invalid",
        "An entry of postgresql_databases or postgresql_roles has no name, or the same name as another entry.",
        "List each name once.",
    ),
    Code(
        "database-owner-unknown",
        "A database belongs to a role that postgresql_roles does not name, or has with state: absent.",
        "Add the role to postgresql_roles, or use another owner.",
    ),
    Code(
        "database-role-circle",
        "Roles would be members of each other, which PostgreSQL refuses in the middle of the run.",
        "Remove one member_of.",
    ),
    Code(
        "database-role-reserved",
        "An entry of postgresql_roles is a role that this collection's role makes itself, or PostgreSQL's own.",
        "Use another name. Passwords of the collection's own roles are among the site's secrets.",
    ),
    Code(
        "database-entry-refused",
        "The module would refuse an entry of postgresql_roles or postgresql_databases. The message begins with the module's own code, "
        "such as bad-grant.",
        "Correct what the message names.",
    ),
)

#: Made with the cluster; ``__postgresql_own_roles`` of the role gives them their passwords.
OWN_ROLES = ("postgres", "replicator", "rewinder")
#: Variable -> what the module takes of an entry, and its check.
KINDS: Mapping[str, tuple[documented.Spec, Callable[[Any], Any]]] = {
    "postgresql_roles": (documented.entry("postgresql_objects", "roles"), postgresql.wanted_role),
    "postgresql_databases": (documented.entry("postgresql_objects", "databases"), postgresql.wanted_database),
}


def check_entries(site: Site) -> Iterator[Finding]:
    """What the module would say of each entry that has a name."""
    for host in site.members(GROUP):
        for variable, (spec, call) in KINDS.items():
            where, _name, source = place(site, host, (variable,), GROUP)
            option = option_of(variable, {"type": "dict", "options": spec})
            for index, given in enumerate(entries(host.known(variable))):
                at, entry = f"{variable}[{index}]", taken(spec, given)
                if not entry.get("name"):
                    continue  # check_names speaks of it
                name = str(entry["name"])
                if variable == "postgresql_roles" and (name in OWN_ROLES or name.startswith("pg_")):
                    whose = "made by the role postgresql itself" if name in OWN_ROLES else "one of PostgreSQL's own roles"
                    problem = f"{'the role' if isinstance(entry['name'], Vaulted) else name} is {whose}."
                    fix = "use another name, or remove the entry; to have what such a role has, write member_of in an entry of your own"
                    yield Finding("database-role-reserved", where, f"{at}.name", problem, fix, source)
                    continue
                wrong = list(shape(option, entry, at))
                for code, path, problem, fix in wrong:
                    yield Finding(code, where, path, problem, fix, source)
                problem = "" if wrong else _refusal(spec, call, entry)
                if problem:
                    yield Finding("database-entry-refused", where, at, problem, "change the entry to what the message asks for", source)


def _refusal(spec: documented.Spec, call: Callable[[Any], Any], entry: Entry) -> str:
    """What the module's check says of an entry; what cannot be told yet is left out of it."""
    known = {key: value for key, value in entry.items() if not is_open(value)}
    for key in ("grants", "schemas", "extensions"):
        if key in entry and key not in known and isinstance(entry[key], list):
            known[key] = [item for item in entry[key] if not is_open(item)]
    ready = filled(spec, {"name": "unknown", **known})
    # No check quotes a password: that it is vaulted is no reason to hide the message.
    return refusal({key: value for key, value in entry.items() if key != "password"}, call, ready)


def check_names(site: Site) -> Iterator[Finding]:
    """Names of databases and roles."""
    for host in site.members(GROUP):
        roles = yield from _check_names(site, host, "postgresql_roles")
        yield from _check_names(site, host, "postgresql_databases")
        if roles is None:
            continue
        where, _name, source = place(site, host, ("postgresql_databases",), GROUP)
        for index, entry in enumerate(entries(host.known("postgresql_databases"))):
            owner = entry.get("owner")
            if isinstance(owner, str) and entry.get("state") != "absent" and owner not in roles and owner != "postgres":
                yield Finding(
                    "database-owner-unknown",
                    where,
                    f"postgresql_databases[{index}].owner",
                    "postgresql_roles does not name this role, or has it with state: absent.",
                    "add an entry for it to postgresql_roles",
                    source,
                )


def _check_names(site: Site, host: Host, variable: str) -> Generator[Finding, None, set[str] | None]:
    """Yields findings; returns the names of what will be there, or None where some of them cannot be told."""
    where, _name, source = place(site, host, (variable,), GROUP)
    names: set[str] = set()
    gone: set[str] = set()
    unknown = host.get(variable) is UNKNOWN
    for index, entry in enumerate(entries(host.known(variable))):
        name = entry.get("name")
        if name is UNKNOWN:
            unknown = True
        elif not isinstance(name, str) or not name:
            yield Finding(
                "database-entry-invalid", where, f"{variable}[{index}].name", "the entry has no name.", "set name: a text", source
            )
        elif name in names:
            yield Finding(
                "database-entry-invalid", where, f"{variable}[{index}].name", f"{name} is listed twice.", "write each name once", source
            )
        else:
            names.add(name)
            if entry.get("state") == "absent":
                gone.add(name)
    return None if unknown else names - gone


def check_memberships(site: Site) -> Iterator[Finding]:
    """Roles that would be members of themselves."""
    for host in site.members(GROUP):
        member_of: dict[str, list[str]] = {}
        for entry in entries(host.known("postgresql_roles")):
            groups = entry.get("member_of")
            if isinstance(entry.get("name"), str) and entry.get("state") != "absent" and isinstance(groups, list):
                member_of[str(entry["name"])] = [group for group in groups if isinstance(group, str)]
        around = circle(member_of)
        if around:
            where, _name, source = place(site, host, ("postgresql_roles",), GROUP)
            problem = f"roles would be members of themselves: {' in '.join(around)}."
            yield Finding("database-role-circle", where, "postgresql_roles", problem, "remove one member_of of them", source)


RULES = (check_names, check_entries, check_memberships)
