# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role declares against what else it says: a kind that is emptied, or that leaves something out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .details import same_text
from .tree import EXPORTS, SITE_VARIABLES, SPECS, Problem, Role, World, literal, texts

#: Ends of the names of options that say when members are restarted.
_POLICIES = ("_restart_policy", "_update_policy")
_JOB = re.compile(r"\bjob=~?\\?[\"']([A-Za-z_-]+)\\?[\"']")


def problems(role: Role, world: World) -> Iterator[Problem]:
    """What of a role's declarations is missing."""
    yield from _of_options(role)
    yield from _of_effects(role)
    yield from _of_host(role)
    yield from _of_policies(role)
    yield from _of_addresses(role)
    yield from _of_metrics(role, world)
    yield from _of_backups(role)
    yield from _of_units(role)


def _of_options(role: Role) -> Iterator[Problem]:
    """Public variables: their names, and their defaults in two files."""
    for name, option in role.options.items():
        path = f"argument_specs.main.options.{name}"
        if not name.startswith(f"{role.name}_"):
            yield Problem(SPECS, path, f"a variable of the role begins with {role.name}_", f"rename {name} to {role.name}_...")
        if isinstance(option, Mapping) and option.get("default") is not None and name not in role.defaults:
            fix = f"add {name} to roles/{role.name}/defaults/main.yml, or remove the default"
            yield Problem(SPECS, path, f"{name} has a default here, and none in defaults/main.yml", fix)
    for name in role.defaults:
        if name not in role.options:
            problem = f"there is no {name}, and defaults/main.yml sets it"
            fix = f"add {name} to roles/{role.name}/meta/argument_specs.yml, or remove it from defaults/main.yml"
            yield Problem(SPECS, "argument_specs.main.options", problem, fix)


def _of_effects(role: Role) -> Iterator[Problem]:
    effects = role.exports.get("effects")
    stated = effects if isinstance(effects, Mapping) else {}
    for name in role.options:
        if name not in stated:
            problem = f"nothing says what a change of {name} does on a running site"
            yield Problem(EXPORTS, f"effects.{name}", problem, f"add {name} to effects: live, reload, rolling, together or new")
    for name in role.site_variables:
        if name not in role.site_effects:
            problem = f"nothing says what a change of {name} does on a running site"
            yield Problem(SITE_VARIABLES, f"effects.{name}", problem, f"add {name} to effects: live, reload, rolling, together or new")
    for name, said in stated.items():
        if isinstance(said, Mapping) and said.get("effect") == "together" and not (said.get("verb") or said.get("waits")):
            fix = "add the verb that changes it, or waits: the playbook that restarts what waits for it"
            yield Problem(EXPORTS, f"effects.{name}", "together needs a verb, or waits for one", fix)
        if (said == "new" or (isinstance(said, Mapping) and (said.get("effect") == "new" or said.get("verb")))) and not _why(said):
            yield Problem(EXPORTS, f"effects.{name}", "nothing says why a change is refused", f"add why to effects.{name}")


def _why(said: Any) -> bool:
    return isinstance(said, Mapping) and bool(said.get("why") or said.get("judged_with"))


def _of_host(role: Role) -> Iterator[Problem]:
    host = role.exports.get("host")
    unit = host.get("unit") if isinstance(host, Mapping) else None
    # A driver looks itself for what has the ports of its unit.
    running = [name for name, said in role.units.items() if said.get("state") != "unmanaged" and "driver" not in said]
    if not unit and running and role.exports.get("firewall_ports") and not any("driver" in said for said in role.units.values()):
        listed = ", ".join(running)
        yield Problem(
            EXPORTS, "host.unit", f"which of {listed} listens on the ports in firewall_ports", f"add unit to host: one of {listed}"
        )


def _of_policies(role: Role) -> Iterator[Problem]:
    stated = {item.get("variable") for item in role.items("restart_policy")}
    for name in role.options:
        if name.endswith(_POLICIES) and name not in stated:
            yield Problem(EXPORTS, "restart_policy", f"{name} is not among them", f"add {{variable: {name}, group: GROUP}}")


def _of_addresses(role: Role) -> Iterator[Problem]:
    addresses = {item.get("variable") for item in role.items("addresses")}
    for name in sorted(role.words([item.get("from") for item in role.items("firewall_ports")])):
        if (role.options.get(name) or {}).get("type") in ("list", "raw") and name not in addresses:
            problem = f"{name} says who may reach a port, and is not among them"
            yield Problem(EXPORTS, "addresses", problem, f"add {{variable: {name}, form: source}}")


def _of_metrics(role: Role, world: World) -> Iterator[Problem]:
    ports, targets = role.exports.get("firewall_ports"), role.items("scrape_targets")
    open_ports = {same_text(item.get("port")) for item in role.items("firewall_ports")}
    for item in targets:
        if isinstance(ports, list) and same_text(item.get("port")) not in open_ports:
            problem = f"{item.get('job')}: nothing in firewall_ports opens its port"
            yield Problem(EXPORTS, "scrape_targets", problem, "add the port to firewall_ports, open for the group monitoring")
    scraped = {same_text(item.get("port")) for item in targets}
    for item in role.items("firewall_ports"):
        if "monitoring" in role.words(item.get("from")) and same_text(item.get("port")) not in scraped:
            problem = f"the port {item.get('name')} is open for monitoring, and is not among them"
            yield Problem(
                EXPORTS, "scrape_targets", problem, f"add a target with the port of {item.get('name')}, or close it for monitoring"
            )
    if not targets and role.exports.get("scrape_targets") == []:
        for name in (name for name in role.options if "_metrics_port" in name):
            yield Problem(EXPORTS, "scrape_targets", f"{name} is about metrics, and there are none", f"add a target with the port {name}")
    jobs = {literal(item.get("job")) for other in world.roles.values() for item in other.items("scrape_targets")}
    for number, item in enumerate(role.items("alert_rules")):
        for job in sorted({job for text in texts(item.get("expr")) for job in _JOB.findall(text)} - jobs):
            fix = f"use the job of a target in scrape_targets, or add a target with the job {job}"
            yield Problem(EXPORTS, f"alert_rules[{number}].expr", f"no role has a scrape target with the job {job}", fix)


def _of_backups(role: Role) -> Iterator[Problem]:
    for number, item in enumerate(role.items("keeps")):
        if ("job" in item) == ("none" in item):
            problem = f"{item.get('data')} has {'both a job and a reason' if 'job' in item else 'neither a job nor a reason'}"
            yield Problem(EXPORTS, f"keeps[{number}]", problem, "write job, or none with the reason why no backup is needed")
    if role.exports.get("data_directories") and not role.exports.get("keeps"):
        problem = "data_directories has some, and nothing says which job backs them up, or why none is needed"
        yield Problem(EXPORTS, "keeps", problem, "add {data: WHAT, job: JOB}, or none with a reason in place of job")
    if role.exports.get("backup_paths") and not any("job" in item for item in role.items("keeps")):
        problem = "backup_paths has some, and nothing says which job backs them up"
        yield Problem(EXPORTS, "keeps", problem, "add {data: WHAT, job: files}")


def _of_units(role: Role) -> Iterator[Problem]:
    """A unit that its package must not enable, and that no component has: nothing ever starts it."""
    if all(literal(name) for name in role.units):
        for number, item in enumerate(role.items("package_defaults")):
            unit = literal(item.get("unit"))
            if unit and unit not in role.units:
                fix = f"add {unit} to the units of a component (state: unmanaged, if the role does not run it), or remove it here"
                yield Problem(EXPORTS, f"package_defaults[{number}].unit", f"no component of the role has the unit {unit}", fix)
