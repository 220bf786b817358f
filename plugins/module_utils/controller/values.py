# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of a role that a host records, and what of those that run there is not the inventory's (see :mod:`..effects`)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible.template import trust_as_template

from .. import effects, site_map
from ..preflight.changes import Taken, Unrecorded
from . import collect, templating

if TYPE_CHECKING:
    from ..agent.contract import Recorded

_cache: dict[str, dict[str, effects.Statement]] = {}


def stated(role: collect.Role, loader: Any = None, playbook_dir: str = "") -> dict[str, effects.Statement]:
    """A role's statements whose values are recorded. A variable that another role owns has the owner's statement.

    :raises EffectError: a statement is not as it must be
    """
    if role.path not in _cache:
        found = effects.recorded(role.exports, f"role {role.name}: meta/exports.yml")
        for name in role.exports.get(effects.FOLLOWS) or {}:
            owner = next((entry.role for entry in site_map.load().roles if name.startswith(f"{entry.role}_")), "")
            if owner and owner != role.name:
                theirs = effects.recorded(collect.load(loader, owner, playbook_dir).exports)
                found[name] = effects.described(found[name], theirs.get(name))
        _cache[role.path] = found
    return _cache[role.path]


def recorder(role: collect.Role, components: list[str]) -> str:
    """The component of a role that records: ``records`` of its export ``host``, the one of its name, or its first; empty where it has none.

    Another component than before would forget what hosts have recorded.
    """
    said = (role.exports.get("host") or {}).get("records")
    return next((name for name in (said, role.name) if name in components), next(iter(components), ""))


def value(name: str, statement: effects.Statement, templates: templating.Templates, role: str) -> Any:
    """What the inventory says of one of them, for the host of ``templates``.

    :raises AnsibleError: a template fails
    """
    return templates.value(statement.value or trust_as_template(f"{{{{ {name} }}}}"), f"role {role}: {name}")


def for_agent(role: collect.Role, templates: templating.Templates, verb: str, loader: Any, playbook_dir: str) -> Recorded | None:
    """What a component carries: ``values`` that it runs with, ``fixes`` for those that differ, and ``member``. No fix: nothing is refused.

    None where the role has no such values.

    :param verb: the playbook that runs now, where it is one that changes some of them
    """
    found: dict[str, list[Any]] = {}
    fixes: dict[str, list[Any]] = {}
    for name, statement in stated(role, loader, playbook_dir).items():
        said = [effects.canonical(value(name, statement, templates, role.name))]
        if statement.line:
            said += templates.value(list(statement.line), f"role {role.name}: {name}: line")
        allowed = statement.prefix or (verb and statement.verb == verb)
        fixes[name] = ["" if allowed else effects.fix(statement), statement.secret, statement.follows]
        found[name] = said
    if not found:
        return None
    member = role.exports.get(effects.MEMBERSHIP)
    return {"values": found, "fixes": fixes, "member": {"role": role.name, "unit": member["unit"]} if member else {}}


def changes(
    role: collect.Role, running: dict[str, str], templates: templating.Templates, loader: Any, playbook_dir: str
) -> list[effects.Change]:
    """What of a role runs on a host with another value than the inventory's.

    :param running: what the host has recorded
    :raises AnsibleError: a template fails
    """
    found = []
    for name, statement in stated(role, loader, playbook_dir).items():
        if name in running:
            wanted = effects.canonical(value(name, statement, templates, role.name))
            if not effects.same(statement, running[name], wanted):
                found.append(effects.Change(name, role.name, running[name], wanted, statement))
    return found


def unrecorded(
    role: collect.Role, listening: Container[int], templates: templating.Templates, loader: Any, playbook_dir: str
) -> list[Unrecorded]:
    """The ports of a role that an older release made on a host, and other settings that a verb changes.

    :param listening: the host's ports; where nothing listens on the wanted port and something on the role's default, the default runs
    :raises AnsibleError: a template fails
    """
    found = []
    for name, statement in stated(role, loader, playbook_dir).items():
        default = role.defaults.get(name)
        is_port = name.endswith("_port") and isinstance(default, int) and not statement.follows
        if is_port or statement.verb:
            wanted = effects.canonical(value(name, statement, templates, role.name))
            runs = is_port and wanted.isdigit() and int(wanted) not in listening and default in listening
            found.append(Unrecorded(statement, wanted, str(default) if runs else ""))
    return found


def taken(
    role: collect.Role,
    known: Mapping[str, Any],
    units: Sequence[str],
    served: Mapping[str, Sequence[Sequence[str]]],
    templates: templating.Templates,
    loader: Any,
    playbook_dir: str,
) -> list[Taken]:
    """The ports that a verb changes and that another program uses on a host, so that its service could not start.

    :param known: what the host says of the role's component; without values it is no longer a member
    :param units: of that component
    :param served: TCP port -> program and unit of each listener
    :raises AnsibleError: a template fails
    """
    if not served or not known.get("values"):
        return []
    found = []
    used = {str(item["port"]) for item in collect.ports(role, templates, f"role {role.name}: firewall_ports")}
    for name, statement in stated(role, loader, playbook_dir).items():
        if statement.verb and not statement.follows and name.endswith("_port"):
            wanted = effects.canonical(value(name, statement, templates, role.name))
            if wanted in used:
                others = [who for who in served.get(wanted, ()) if who[1] not in units]
                found += [Taken(name, role.name, wanted, program, unit) for program, unit in others[:1]]
    return found
