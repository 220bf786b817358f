# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles need of a host, out of their ``meta/exports.yml``: asked of it before they come to it for the first time.

``host`` says the component that shows that the role has been there (without templates), and its memory; ``data_directories`` where its data
will lie and how much room that takes at least; ``host_checks`` programs of the role that may refuse the host. ``unit`` of ``host`` has the
TCP ports of ``firewall_ports`` asked: whether another program has one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import yaml
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.template import trust_as_template

from ..task_types import Written
from . import collect, templating

if TYPE_CHECKING:
    from ..agent.contract import Check


class Port(TypedDict):
    """A TCP port that a role will listen on."""

    role: str
    name: str
    port: int
    variable: str
    unit: str


class JudgedPort(Port):
    """The same, and whether the role's own check judges it."""

    judged: bool


class Request(TypedDict):
    """What to ask a host, see :func:`request`. A need is an item of ``data_directories`` with its role."""

    needs: list[Written]
    memory_mb: int
    checks: list[Check]
    ports: list[JudgedPort]


#: Kinds that are worth a call of their own.
_ASKED = ("data_directories", "host_checks")


@cache
def declared(roles: Path = collect.COLLECTION / "roles") -> dict[str, Written]:
    """Role -> what its exports say, templates not evaluated; read once per process."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {file.parent.parent.name: yaml.load(file.read_bytes(), Loader=loader) or {} for file in sorted(roles.glob("*/meta/exports.yml"))}  # noqa: S506 # both are safe


# Read before Ansible forks: every worker inherits it.
declared()


def unmade(roles: Iterable[str], made: Iterable[str]) -> list[str]:
    """The roles that were not on a host yet and want to know something of it.

    :param made: names of the components in the host's ledger
    """
    there = set(made)
    return [
        role
        for role in roles
        if any(declared().get(role, {}).get(kind) for kind in _ASKED) and declared()[role].get("host", {}).get("component") not in there
    ]


def request(action: Any, roles: Iterable[str], new: Iterable[str], facts: Mapping[str, Any]) -> Request:
    """What to ask a host.

    :param roles: all of the host, because what they keep on one file system adds up
    :param new: those that were not there yet: their checks are asked
    :return: ``needs`` (``{role, path, needs_mb, ...}``), ``memory_mb`` (of all roles together), ``checks`` (see the agent's survey),
        ``ports`` (``{role, name, port, variable, unit, judged}``: TCP, of the new
        roles; ``judged``: whether the role has the port's unit is judged by its own check, or it is to adopt it)
    :raises AnsibleError: a template fails
    """
    variables = {**action.vars, "ansible_facts": {**(action.vars.get("ansible_facts") or {}), "vannah": facts}}
    needs: list[Written] = []
    checks: list[Check] = []
    wanted: list[JudgedPort] = []
    memory = 0
    for name in roles:
        role = collect.load(action._loader, name, str(action.vars.get("playbook_dir") or action._loader.get_basedir()))
        templates = templating.Templates(action._templar, role.variables(variables), [f"{role.path}/templates"])
        where = f"role {role.name}: meta/exports.yml"
        said = collect.items([role.exports.get("host") or {}], templates, f"{where}: host")
        memory += sum(int(item.get("memory_mb", 0)) for item in said)
        needs += [{**item, "role": role.name} for item in _listed(role, "data_directories", templates, where)]
        if name in set(new):
            wanted += _ports(role, [str(item["unit"]) for item in said if item.get("unit")], templates, f"{where}: firewall_ports")
        for item in _listed(role, "host_checks", templates, where) if name in set(new) else ():
            check: Check = {
                "name": role.name,
                "arguments": [str(word) for word in item["arguments"]],
                "input": "",
                "program": Path(role.find("files", item["program"])).read_text(encoding="utf-8"),
            }
            if item.get("template"):
                check["input"] = templates.file(role.find("templates", item["template"]), action._loader, where)
            checks.append(check)
    return {"needs": needs, "memory_mb": memory, "checks": checks, "ports": wanted}


def _ports(role: collect.Role, units: Iterable[str], templates: templating.Templates, where: str) -> list[JudgedPort]:
    """The TCP ports that a role will listen on, for each unit that does."""
    found: list[Port] = [
        {"role": role.name, "name": str(item["name"]), "port": int(item["port"]), "variable": item["from_variable"], "unit": unit}
        for unit in units
        for item in collect.ports(role, templates, where)
        if str(item.get("proto", "tcp")) == "tcp" and str(item.get("port", "")).isdigit()
    ]
    judged = bool(role.exports.get("host_checks"))
    if found and not judged and f"{role.name}_adopt" in role.defaults:
        judged = boolean(templates.value(trust_as_template(f"{{{{ {role.name}_adopt }}}}"), where), strict=False)
    return [{**item, "judged": judged} for item in found]


def _listed(role: collect.Role, kind: str, templates: templating.Templates, where: str) -> list[Written]:
    raw = role.exports.get(kind) or []
    found = raw if isinstance(raw, list) else templates.value(raw, f"{where}: {kind}")
    return collect.items(found, templates, f"{where}: {kind}")
