# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each definition of the inventory against the schema: unknown, misspelt and removed names, and values of the wrong kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from .findings import Code, Finding, Level
from .model import UNKNOWN, Definition, Site
from .schema import ANSIBLE_VARIABLES, Schema
from .texts import Template, contains_template, template_error, walk
from .values import CODES as VALUE_CODES
from .values import check

CODES = (
    *VALUE_CODES,
    Code(
        "inventory-empty",
        "The inventory has no host: most often another inventory than was meant.",
        "The path of the site's inventory: -i inventories/<site>.",
    ),
    Code(
        "inventory-unreadable",
        "A file of the inventory does not parse, or its variables cannot be loaded.",
        "Mend the file at the place that the message names.",
    ),
    Code(
        "variable-misspelt",
        "A variable is not known, and its name is close to one that is.",
        "The name that the message suggests; or another name, if it is your own.",
    ),
    Code(
        "variable-unknown",
        "A variable begins with a role's name or with site_, and no role knows it.",
        "A variable that the role's README lists. A variable of your own: a name with another beginning, or list it in site_own_variables.",
    ),
    Code(
        "variable-removed",
        "A variable of an earlier release, or of other collections for what is decided otherwise here: it does nothing.",
        "What the message names instead.",
    ),
    Code("variable-missing", "A variable that a role cannot do without is not set.", "The variable."),
    Code("variable-broken-template", "A Jinja expression does not parse.", "An expression that parses."),
    Code(
        "group-misspelt",
        "A group is not known, and its name is close to one that is.",
        "The name that the message suggests; or another name, if it is your own.",
    ),
    Code(
        "group-without-role",
        "A group is known to the design, and no role of this release serves it: its hosts get nothing for it.",
        "Nothing; or leave the group out until a release serves it.",
        Level.WARNING,
    ),
)


def check_inventory(site: Site) -> Iterator[Finding]:
    """Whether there is an inventory at all, and whether all of it could be read."""
    if not site.hosts:
        yield Finding("inventory-empty", "all", "-", "the inventory has no host.", "-i inventories/<site>, with hosts in its hosts.yml")
    for where, reason in site.unreadable:
        yield Finding("inventory-unreadable", where, "-", reason, "a file that parses")


def check_groups(site: Site, served: frozenset[str]) -> Iterator[Finding]:
    """Group names: those close to a known one, and known ones that nothing serves.

    :param served: groups that the site map gives at least one role.
    """
    for group, hosts in site.groups.items():
        if group in site.schema.groups:
            if hosts and group not in served and group not in ("all", "ungrouped"):
                yield Finding(
                    "group-without-role", group, "-", "no role of this release serves this group.", "nothing, or leave the group out"
                )
            continue
        guess = site.schema.group_names.closest(group)
        # A person's own group that holds one of ours (postgresql_clinic above postgresql) is theirs.
        if guess is not None:
            yield Finding("group-misspelt", group, "-", f"this group is not known. Did you mean {guess}?", guess)


def check_definitions(site: Site) -> Iterator[Finding]:
    """Every definition: its name, and its value in each host's context."""
    own = _own_patterns(site.definitions)
    for definition in site.definitions:
        yield from _check_templates(definition)
        option = site.schema.options.get(definition.name)
        if option is None:
            yield from _check_name(site.schema, definition, own)
            continue
        for value in _values(site, definition):
            for problem in check(option, value, definition.name, definition.from_cli):
                remedy = _in_ini(problem.remedy) if _is_ini(definition.source) else problem.remedy
                yield Finding(problem.code, definition.owner, problem.path, problem.problem, remedy, definition.source)


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
            yield Finding("variable-missing", where, option.name, f"{owner} needs it, and it is not set.", f"{option.name}: {option.type}")


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


def _is_ini(source: str) -> bool:
    """Whether a definition stands in an inventory that is no YAML: its values are Python's."""
    file = source.rpartition(":")[0]
    return bool(file) and not file.endswith((".yml", ".yaml", ".json"))


def _in_ini(remedy: str) -> str:
    """A remedy as an INI file takes it: there true is a text, and True is none."""
    return re.sub(r"\b(true|false), without quotes$", lambda found: f"{found[1].capitalize()}, with a capital and without quotes", remedy)


def _check_templates(definition: Definition) -> Iterator[Finding]:
    for path, _key, leaf in walk(definition.value, definition.name):
        reason = template_error(leaf) if isinstance(leaf, Template) else None
        if reason is not None:
            yield Finding("variable-broken-template", definition.owner, path, f"{reason}.", "an expression that parses", definition.source)


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
        gone = f"was removed in {removed.since} and" if removed.since else "is no variable of this release and"
        yield Finding(
            "variable-removed",
            definition.owner,
            name,
            f"this variable {gone} does nothing.",
            removed.instead,
            definition.source,
        )
        return
    role = schema.prefix_of(name)
    guess = schema.names.closest(name, extra=1 if role else 0)
    if guess is not None:
        problem = f"this variable is not known. Did you mean {guess}?"
        yield Finding("variable-misspelt", definition.owner, name, problem, guess, definition.source)
    elif role is not None:
        owner = "site-wide variables begin with site_" if role == "site" else f"the role {role} has no such variable"
        listed = "docs/preflight.md" if role == "site" else f"roles/{role}/README.md"
        yield Finding(
            "variable-unknown",
            definition.owner,
            name,
            f"{owner}, and this one is not known.",
            f"a variable from {listed}, or your own under a name with another beginning",
            definition.source,
        )
