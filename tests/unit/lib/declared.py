# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role declares against what else it says: a kind that is emptied, or that names what is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_WORD = re.compile(r"[A-Za-z_]\w*")
#: Ends of the names of options that say when members are restarted.
_POLICIES = ("_restart_policy", "_update_policy")


@dataclass(frozen=True)
class Role:
    """A role's files, as they are written.

    :ivar variables: ``vars/main.yml``
    """

    name: str
    exports: Mapping[str, Any] = field(default_factory=dict)
    components: list[Any] = field(default_factory=list)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Role:
        """A role in its folder."""
        meta = {name: _read(path / "meta" / f"{name}.yml") for name in ("exports", "components", "argument_specs")}
        options = meta["argument_specs"]["argument_specs"]["main"].get("options") or {}
        return cls(path.name, meta["exports"] or {}, meta["components"] or [], options, _read(path / "vars" / "main.yml") or {})

    @property
    def units(self) -> dict[str, Mapping[str, Any]]:
        """Unit -> what a component says of it."""
        listed = [unit for item in self.components if isinstance(item, Mapping) for unit in item.get("units") or ()]
        return {str(unit["name"]): unit for unit in listed if isinstance(unit, Mapping)}

    def items(self, kind: str) -> list[Any]:
        """The items that stand there; of a template of a whole list none."""
        found = self.exports.get(kind)
        return found if isinstance(found, list) else []

    def words(self, value: Any, seen: Collection[str] = ()) -> set[str]:
        """The names in a value, also in the private variables that it uses."""
        found = set(_WORD.findall(json.dumps(value, default=str)))
        inner = {name for name in found if name in self.variables and name not in seen}
        return found.union(*(self.words(self.variables[name], {*seen, *inner}) for name in inner))


def disagreements(role: Role, units: Collection[str]) -> Iterator[str]:
    """What of a role's declarations is missing, or names what there is not.

    :param units: of all roles: what a role brings may run in another one's unit
    """
    yield from _of_host(role, units)
    stated = {item["variable"] for item in role.items("restart_policy")}
    for name in role.options:
        if name.endswith(_POLICIES) and name not in stated:
            yield f"restart_policy: {name} is not among them"
    addresses = {item["variable"] for item in role.items("addresses")}
    ports = role.exports.get("firewall_ports")
    for name in sorted(role.words([item.get("from") for item in role.items("firewall_ports")])):
        if role.options.get(name, {}).get("type") in ("list", "raw") and name not in addresses:
            yield f"addresses: {name} says who may reach a port, and is not among them"
    yield from _of_metrics(role, ports)
    yield from _of_backups(role)


def _of_host(role: Role, units: Collection[str]) -> Iterator[str]:
    host = role.exports.get("host") or {}
    names = [item.get("name") for item in role.components if isinstance(item, Mapping)]
    for key in ("component", "records"):
        if key in host and host[key] not in names:
            yield f"host.{key}: no component of the role has the name {host[key]}"
    unit = host.get("unit")
    if unit and "{{" not in unit and unit not in units:
        yield f"host.unit: no role has the unit {unit}"
    # A driver looks itself for what has the ports of its unit.
    running = [name for name, said in role.units.items() if said.get("state") != "unmanaged" and "driver" not in said]
    if not unit and running and role.exports.get("firewall_ports") and not any("driver" in said for said in role.units.values()):
        yield f"host.unit: which of {', '.join(running)} listens on the ports in firewall_ports"


def _of_metrics(role: Role, ports: Any) -> Iterator[str]:
    targets = role.items("scrape_targets")
    open_ports = {str(item.get("port")) for item in role.items("firewall_ports")}
    for item in targets:
        if isinstance(ports, list) and str(item["port"]) not in open_ports:
            yield f"scrape_targets: {item['job']}: nothing in firewall_ports opens its port"
    scraped = {str(item["port"]) for item in targets}
    for item in role.items("firewall_ports"):
        if "monitoring" in role.words(item.get("from")) and str(item["port"]) not in scraped:
            yield f"scrape_targets: the port {item['name']} is open for monitoring, and is not among them"
    if not targets and role.exports.get("scrape_targets") == []:
        yield from (f"scrape_targets: {name} is about metrics, and there are none" for name in role.options if "_metrics_port" in name)


def _of_backups(role: Role) -> Iterator[str]:
    if role.exports.get("data_directories") and not role.exports.get("keeps"):
        yield "keeps: data_directories has some, and nothing says which job backs them up, or why none is needed"
    if role.exports.get("backup_paths") and not any("job" in item for item in role.items("keeps")):
        yield "keeps: backup_paths has some, and nothing says which job backs them up"


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
