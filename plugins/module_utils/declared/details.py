# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes within single declarations that would only be seen on a running site: rules that never load, ports of nothing, other owners."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .tree import ARTIFACTS, EXPORTS, SITE_VARIABLES, Problem, Role, World, literal

TASKS = "tasks/main.yml"
_ROLES = re.compile(r"\broles:\s*\[([^\]]*)\]")
#: https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels; the names of alerts are values, and every tool takes these.
_ALERT, _LABEL = re.compile(r"[A-Za-z_]\w*"), re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|\{\{.*?\}\}")
#: What Jinja evaluates in a template, and texts within it.
_BLOCK, _TEXT = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL), re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_WITH_PORTS = ("tcp", "udp", "sctp", "6", "17", "132")


def problems(role: Role, world: World) -> Iterator[Problem]:
    """Everything of that kind."""
    yield from _tasks(role)
    yield from _templates(role, world)
    yield from _ports(role)
    yield from _alerts(role)
    yield from _secrets(role)
    yield from _site_variables(role, world)
    for name, entry in role.artifacts.items():
        url = literal(entry.get("url")) if isinstance(entry, Mapping) else ""
        if url and not url.startswith("https://"):
            yield Problem(ARTIFACTS, f"{name}.url", "it is not an https URL", f"write the https URL that {name} is downloaded from")


def _tasks(role: Role) -> Iterator[Problem]:
    """The role's tasks apply the role itself."""
    if role.tasks is None:
        return
    named = {name.strip("'\" ") for listed in _ROLES.findall(role.tasks) for name in listed.split(",")}
    fix = f"write {TASKS} as `make new-role` does, with vannah.healthcloud.converge: {{roles: [{role.name}]}}"
    if not role.tasks:
        yield Problem(TASKS, "-", "the file is missing or empty", fix)
    elif "vannah.healthcloud.converge:" not in role.tasks or role.name not in named:
        yield Problem(TASKS, "-", f"no task converges the role {role.name}", fix)
    elif named != {role.name}:
        yield Problem(TASKS, "-", f"a task converges {', '.join(sorted(named - {role.name}))}, too", fix)


def _templates(role: Role, world: World) -> Iterator[Problem]:
    """Names of the role that its templates use and nothing gives. What has a default may be missing."""
    known = {*role.variables, *world.variables}
    name = re.compile(rf"(?<![\w.])(?:__)?{re.escape(role.name)}_\w+\b(?!\s*(?:\(|\|\s*d(?:efault)?\b|is\s+(?:not\s+)?defined|=(?!=)))")
    used: set[str] = set()
    for block in _BLOCK.findall(role.templates):
        used.update(name.findall(_TEXT.sub("", block)))
    for one in sorted(used - known):
        if not re.search(
            rf"(?:set|macro)\s+{one}\b|for\s+(?:\w+,\s*)*{one}\b(?:,\s*\w+)*\s+in\b|register: *{one}\b|^\s*{one}:", role.text, re.MULTILINE
        ):
            near = difflib.get_close_matches(one, list(known), 1)
            fix = f"use {near[0]} in the template" if near else f"add {one} to the role's variables, or remove it from the template"
            yield Problem("templates", "-", f"a template uses {one}, and there is no such variable", fix)


def _ports(role: Role) -> Iterator[Problem]:
    for number, item in enumerate(role.items("firewall_ports")):
        proto, port = str(item.get("proto")), item.get("port")
        where = f"firewall_ports[{number}].port"
        if proto in _WITH_PORTS and port in (None, ""):
            yield Problem(EXPORTS, where, f"{proto} has ports, and none is given", f"add {where}")
        elif proto not in _WITH_PORTS and literal(proto) and proto != "None" and port not in (None, ""):
            yield Problem(EXPORTS, where, f"{proto} has no ports", f"remove {where}, or correct firewall_ports[{number}].proto")


def _alerts(role: Role) -> Iterator[Problem]:
    for number, item in enumerate(role.items("alert_rules")):
        where, name = f"alert_rules[{number}]", literal(item.get("alert"))
        if name and not _ALERT.fullmatch(name):
            yield Problem(EXPORTS, f"{where}.alert", "the name has other signs than letters, digits and _", f"rename {where}.alert")
        for key in ("labels", "annotations"):
            given = item.get(key)
            for label in given if isinstance(given, Mapping) else ():
                if not _LABEL.fullmatch(str(label)):
                    problem = f"{label} is a name that Prometheus refuses"
                    yield Problem(EXPORTS, f"{where}.{key}", problem, f"use letters, digits and _ for the names in {where}.{key}")
        unbalanced = _unbalanced(str(item.get("expr") or ""))
        if unbalanced:
            yield Problem(EXPORTS, f"{where}.expr", unbalanced, f"correct {where}.expr")


def _unbalanced(expression: str) -> str:
    """What bracket or quote of an expression of Prometheus has no other."""
    rest = _QUOTED.sub("", expression)
    if "{%" in rest:
        return ""
    if any(quote in rest for quote in "\"'`"):
        return "a quote has no other at its end"
    open_ones: list[str] = []
    for sign in rest:
        if sign in "([{":
            open_ones.append(sign)
        elif sign in _PAIRS and (not open_ones or open_ones.pop() != _PAIRS[sign]):
            return f"a {sign} ends nothing"
    return f"a {open_ones[-1]} does not end" if open_ones else ""


def _secrets(role: Role) -> Iterator[Problem]:
    made = {literal(item.get("name")) for item in role.items("secrets")}
    for number, item in enumerate(role.items("given_secrets")):
        name = literal(item.get("name"))
        if name and name in made:
            problem = f"the site makes {name}, and it comes from outside"
            yield Problem(EXPORTS, f"given_secrets[{number}]", problem, f"remove {name} from secrets or from given_secrets")
    for number, item in enumerate(role.items("registries")):
        if literal(item.get("password")):
            where = f"registries[{number}].password"
            problem = "a password stands there in plain text"
            fix = f"use lookup('vannah.healthcloud.secret', NAME) for {where}, and list NAME in secrets or given_secrets"
            yield Problem(EXPORTS, where, problem, fix)


def _site_variables(role: Role, world: World) -> Iterator[Problem]:
    for name in role.site_variables:
        others = [other.name for other in world.roles.values() if other.name != role.name and _has(other, name)]
        if others or name in world.site_variables:
            owner = f"the role {', '.join(others)}" if others else "playbooks/vars/site_variables.yml"
            fix = f"remove {name} from one of the two, or rename it"
            yield Problem(SITE_VARIABLES, f"variables.{name}", f"{owner} declares {name}, too", fix)
    for name in role.removed:
        if name in world.variables:
            problem = f"{name} is said to be removed, and there is a variable with this name"
            yield Problem(SITE_VARIABLES, "removed", problem, f"remove {name} from removed, or remove the variable")


def _has(role: Role, name: str) -> bool:
    return name in role.options or name in role.site_variables


def same_text(value: Any) -> str:
    """A template without the spaces that mean nothing in it."""
    return re.sub(r"\s+", "", value) if isinstance(value, str) and "{{" in value else str(value)
