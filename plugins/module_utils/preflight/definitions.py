# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each definition of the inventory against the schema: unknown, misspelt and removed names, and values of the wrong kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from . import extra_values
from .findings import Code, Finding, Level
from .model import CONNECTION_PORTS, UNKNOWN, Definition, Host, Site, owner_of
from .schema import ANSIBLE_VARIABLES, Option, Schema
from .texts import Template, contains_template, template_error, walk
from .values import CODES as VALUE_CODES
from .values import Problem, check

CODES = (
    *VALUE_CODES,
    Code(
        "inventory-empty",
        "The inventory has no host: most often another inventory than was meant.",
        "Use the path of the site's inventory: -i inventories/<site>.",
    ),
    Code(
        "inventory-unreadable",
        "A file of the inventory does not parse, or its variables cannot be loaded.",
        "Correct the file at the place that the message names.",
    ),
    Code(
        "variable-misspelt",
        "A variable is not known, and its name is close to one that is.",
        "Use the name that the message suggests; or another name, if the variable is your own.",
    ),
    Code(
        "variable-unknown",
        "A variable begins with a role's name or with site_, and no role knows it.",
        "Use a variable that the role's README lists. For a variable of your own, use a name with another beginning, or"
        " list it in site_own_variables.",
    ),
    Code(
        "variable-removed",
        "A variable of an earlier release, or of another collection for something that is configured differently here: it has no effect.",
        "Use what the message names instead.",
    ),
    Code("variable-missing", "A required variable is not set.", "Set the variable."),
    Code(
        "variable-empty",
        "A variable has no value (nothing or null behind its name): that is not the default, and where a default is true it turns it off.",
        "Set a value; or remove the line for the default.",
    ),
    Code("variable-broken-template", "A Jinja expression does not parse.", "Write an expression that parses."),
    Code(
        "variable-undefined",
        "A Jinja expression uses a variable that is not there, or refers to itself.",
        "Use the name that the message suggests; or set the variable that the expression uses.",
    ),
    Code(
        "group-misspelt",
        "A group is not known, and its name is close to one that is.",
        "Use the name that the message suggests; or another name, if the group is your own.",
    ),
    Code(
        "group-without-role",
        "A group is known to the design, and no role of this release serves it: its hosts get nothing for it.",
        "Change nothing, or remove the group until a release serves it.",
        Level.WARNING,
    ),
    Code(
        "group-without-hosts",
        "There are variables for a group that a role serves, and the group has no host: most often hosts.yml spells it otherwise.",
        "Put hosts into this group; or remove its variables.",
    ),
    Code(
        "inventory-without-groups",
        "No host is in a group that brings a service, and variables of services are there: the firewall would close the services' ports.",
        "Put hosts into the groups that site_map.yml names, below children of all.",
    ),
    Code(
        "inventory-base-only",
        "No host is in a group that brings a service, and no variable refers to one: base and firewall are all they get.",
        "Change nothing, if that is meant; else put hosts into the groups that site_map.yml names.",
        Level.WARNING,
    ),
)

#: Ports of Ansible's own that the site hangs on. A text of digits is one to Ansible, so to us.
_CONNECTION = {name: Option(name=name, type="int", cli=True, role="site") for name in CONNECTION_PORTS}


def check_inventory(site: Site) -> Iterator[Finding]:
    """Whether there is an inventory at all, and whether all of it could be read."""
    if not site.hosts:
        yield Finding(
            "inventory-empty", "all", "-", "the inventory has no host.", "put hosts below hosts: of a group, in the site's hosts.yml"
        )
    for part in site.unreadable:
        if part.closed:
            fix = "use the vault password that it was encrypted with (--vault-password-file or --ask-vault-pass)"
            yield Finding("secret-file-closed", part.where, part.variable, part.reason, fix, part.source)
        else:
            yield Finding("inventory-unreadable", part.where, part.variable, part.reason, "correct the file at that place", part.source)


def check_groups(site: Site, served: frozenset[str]) -> Iterator[Finding]:
    """Group names: those close to a known one, and known ones that nothing serves.

    :param served: groups that the site map gives at least one role.
    """
    for group, hosts in site.groups.items():
        if group in site.schema.groups:
            if hosts and group not in served and group not in ("all", "ungrouped"):
                yield Finding(
                    "group-without-role", group, "-", "no role of this release serves this group.", "change nothing, or remove the group"
                )
            continue
        guess = site.schema.group_names.closest(group) or _short_for(site, group)
        # A person's own group that holds one of this collection (<group>_clinic above <group>) is theirs.
        if guess is not None:
            yield Finding("group-misspelt", group, "-", f"this group is not known. Did you mean {guess}?", f"use {guess}")
    yield from _check_hosts_of_groups(site, served)


def _short_for(site: Site, group: str) -> str | None:
    """The known group that a role's name or a part of the group's own stands for.

    Not where all its hosts are in that group anyway: then it is a group of one's own.
    """
    schema = site.schema
    guess = schema.group_of_role.get(group)
    if guess is None and len(group) >= 3:
        guess = min((known for known in schema.groups if known.startswith(group) or known.endswith(f"_{group}")), key=len, default=None)
    return None if guess is None or set(site.groups[group]) <= set(site.groups.get(guess, ())) else guess


def _check_hosts_of_groups(site: Site, served: frozenset[str]) -> Iterator[Finding]:
    """Groups with variables and without hosts, and an inventory with no host for any service."""
    files = (owner_of(path) for path in site.variable_files if path.startswith("group_vars/"))
    owners = {*files, *(definition.owner for definition in site.definitions if definition.owner not in site.hosts)}
    empty = sorted(group for group in owners & served if not site.members(group))
    for group in empty:
        fix = f"put hosts in {group}, below children of all, or remove its variables"
        yield Finding("group-without-hosts", group, "-", "there are variables for this group, and no host is in it.", fix)
    if not site.hosts or any(site.members(group) for group in served):
        return
    groups = ", ".join(sorted(served))
    # Only base and firewall is a valid choice, so it is not an error by itself; with a variable of a service it is a mistake.
    if empty or any(_of_a_service(site, definition.name) for definition in site.definitions):
        problem = "no host is in a group that brings a service, and the firewall would close the ports of those that run."
        yield Finding("inventory-without-groups", "all", "-", problem, f"put hosts in one of {groups}, below children of all")
    else:
        problem = "no host is in a group that brings a service: base and firewall are all they get, with SSH alone open."
        yield Finding("inventory-base-only", "all", "-", problem, f"change nothing if that is meant, or put hosts in one of {groups}")


def _of_a_service(site: Site, name: str) -> bool:
    option = site.schema.options.get(name)
    if option is None or option.role == "site":
        return False
    return not any(option.role in host.roles for host in site.hosts.values())


def check_definitions(site: Site) -> Iterator[Finding]:
    """Every definition: its name, and its value in each host's context."""
    own = _own_patterns(site.definitions)
    for definition in site.definitions:
        yield from _check_templates(definition)
        if definition.name in ANSIBLE_VARIABLES:  # Ansible itself would end the run, with neither file nor variable
            yield from _check_undefined(site, definition, Option(name=definition.name, role="site"))
        option = site.schema.options.get(definition.name) or _CONNECTION.get(definition.name)
        if option is None:
            yield from _check_name(site.schema, definition, own)
            continue
        if definition.value is None:
            # On the command line there is no line to leave out. Only the site's own may be unset for one run: they have no defaults.
            if definition.from_cli and option.of_site:
                continue
            fix = f"set {definition.name}: {option.type}, or leave the line out"
            if definition.from_cli and not definition.source:
                fix = f"{extra_values.fix(definition.name, definition.name, option, None)}; or leave it out"
            yield Finding("variable-empty", definition.owner, definition.name, "it has no value.", fix, definition.source)
            continue
        if definition.name not in ANSIBLE_VARIABLES:
            yield from _check_undefined(site, definition, option)
        for value in _values(site, definition):
            for problem in check(option, value, definition.name, definition.from_cli or definition.name in _CONNECTION):
                fix = _fix(definition, problem)
                yield Finding(problem.code, definition.owner, problem.path, problem.problem, fix, definition.source)


def check_required(site: Site) -> Iterator[Finding]:
    """Variables that a role requires and that some host of it lacks; for all hosts of a group at once where all lack it."""
    for option in site.schema.options.values():
        if not option.required:
            continue
        lacking = [
            host for host in site.hosts.values() if (option.role == "site" or option.role in host.roles) and host.get(option.name) is None
        ]
        for where in site_owner(site, [host.name for host in lacking]):
            owner = "every host" if option.role == "site" else f"the role {option.role}"
            yield Finding(
                "variable-missing", where, option.name, f"{owner} needs it, and it is not set.", f"set {option.name}: {option.type}"
            )


def site_owner(site: Site, hosts: Iterable[str]) -> list[str]:
    """The shortest way to name some hosts: the group that holds exactly them, else each of them."""
    wanted = set(hosts)
    if not wanted:
        return []
    exact = [group for group, members in site.groups.items() if set(members) == wanted]
    if "all" in exact:
        return ["all"]
    return sorted(exact)[:1] or sorted(wanted)


def _values(site: Site, definition: Definition) -> Iterator[object]:
    """The definition's value; for a template the value in each host for which it is in force."""
    if not contains_template(definition.value):
        yield definition.value
        return
    seen: list[object] = []
    for name in definition.hosts:
        value = site.hosts[name].get(definition.name)
        if value is not UNKNOWN and value not in seen:
            seen.append(value)
            yield value


def _check_undefined(site: Site, definition: Definition, option: Option) -> Iterator[Finding]:
    """Templates without a value on hosts that use the variable; of the whole group where it is so on all of them."""
    if not contains_template(definition.value):
        return
    used = [host for name in definition.hosts if _uses(host := site.hosts[name], option)]
    lacking: dict[tuple[str, str, str], list[str]] = {}
    for host in used:
        for told in host.undefined(definition.name):
            lacking.setdefault(told, []).append(host.name)
    for (path, problem, guess), hosts in lacking.items():
        hint = f" Did you mean {guess}?" if guess else ""
        fix = f"use {guess}" if guess else "use a variable that the host has, or set the one that is used"
        for where in [definition.owner] if len(hosts) == len(used) else hosts:
            yield Finding("variable-undefined", where, path, f"{problem}{hint}", fix, definition.source)


def _uses(host: Host, option: Option) -> bool:
    """Whether anything of a host reads a variable; the site's are every host's."""
    return option.role == "site" or option.role in host.roles


def _fix(definition: Definition, problem: Problem) -> str:
    """What to do, in the language of the place: an inventory in YAML or INI, or the command line (a file of it has a source)."""
    if definition.from_cli and not definition.source and problem.option is not None:
        return extra_values.fix(definition.name, problem.path, problem.option, problem.given)
    return _in_ini(problem.fix) if _is_ini(definition.source) else problem.fix


def _is_ini(source: str) -> bool:
    """Whether a definition stands in an inventory that is no YAML: its values are Python's."""
    file = source.rpartition(":")[0]
    return bool(file) and not file.endswith((".yml", ".yaml", ".json"))


def _in_ini(fix: str) -> str:
    """A fix as an INI file takes it: there true is a text, and True is none."""
    return re.sub(r"\b(true|false), without quotes$", lambda found: f"{found[1].capitalize()}, with a capital and without quotes", fix)


def _check_templates(definition: Definition) -> Iterator[Finding]:
    for path, _key, leaf in walk(definition.value, definition.name):
        reason = template_error(leaf) if isinstance(leaf, Template) else None
        if reason is not None:
            yield Finding(
                "variable-broken-template", definition.owner, path, f"{reason}.", "write an expression that parses", definition.source
            )


def _own_patterns(definitions: Iterable[Definition]) -> tuple[str, ...]:
    found: list[str] = []
    for definition in definitions:
        if definition.name == "site_own_variables" and isinstance(definition.value, list | tuple):
            found.extend(str(item) for item in definition.value)
    return tuple(found)


def _check_name(schema: Schema, definition: Definition, own: tuple[str, ...]) -> Iterator[Finding]:
    name = definition.name
    if name in ANSIBLE_VARIABLES or any(fnmatchcase(name, pattern) for pattern in own):
        return
    removed = schema.removed.get(name)
    if removed is not None:
        gone = f"was removed in {removed.since} and" if removed.since else "is not a variable of this release and"
        yield Finding(
            "variable-removed",
            definition.owner,
            name,
            f"this variable {gone} has no effect.",
            removed.instead if " " in removed.instead else f"use {removed.instead}",
            definition.source,
        )
        return
    role = schema.prefix_of(name)
    guess = schema.names.closest(name, extra=1 if role else 0)
    if guess is not None:
        problem = f"this variable is not known. Did you mean {guess}?"
        yield Finding("variable-misspelt", definition.owner, name, problem, f"use {guess}", definition.source)
    elif role is not None:
        owner = "site-wide variables begin with site_" if role == "site" else f"the role {role} has no such variable"
        listed = "docs/preflight.md" if role == "site" else f"roles/{role}/README.md"
        yield Finding(
            "variable-unknown",
            definition.owner,
            name,
            f"{owner}, and this one is not known.",
            f"use a variable from {listed}, or your own under a name with another beginning",
            definition.source,
        )
