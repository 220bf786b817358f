# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What concerns one service: its unit tests, and the scenarios whose servers run it.

Both follow from what is there, so that a new service is in no table: the folder of its unit tests has its name, and the groups of a
scenario's inventory give their hosts roles (``playbooks/vars/site_map.yml``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: Tests of every role, of shared code and of the tables that follow from what there is: a change of a service may break them.
OF_EVERY_ROLE = ("tests/unit/roles", "tests/unit/scripts", "tests/unit/test_shared_code.py", "tests/unit/playbooks/test_each_verb.py")


class UnknownServiceError(Exception):
    """There is no such service; the text names those that there are."""


@dataclass(frozen=True)
class Service:
    """What to run for one service: folders and files of unit tests, and scenarios."""

    unit_tests: list[str]
    scenarios: list[str]


def find(root: Path, name: str) -> Service:
    """What concerns the service ``name``.

    :raises UnknownServiceError: no role has this name.
    """
    groups = {item["role"]: frozenset(item["groups"]) for item in _read(root / "playbooks" / "vars" / "site_map.yml")["roles"]}
    if name not in groups:
        raise UnknownServiceError(f"unknown service {name}: the services are {', '.join(sorted(groups))}")
    if name in groups[name]:  # a guest in the groups of other services, with a group and a scenario of its own (`make new-role`)
        others = frozenset().union(*(theirs for role, theirs in groups.items() if role != name))
        groups[name] = groups[name] - (others - {name})
    own = Path("tests", "unit", "services", name)
    return Service(
        [str(folder) for folder in (own, *map(Path, OF_EVERY_ROLE)) if (root / folder).exists()],
        sorted(file.parent.name for file in root.glob("molecule/[!_]*/molecule.yml") if _concerns(file.parent, groups, name)),
    )


def _concerns(scenario: Path, groups: Mapping[str, frozenset[str]], name: str) -> bool:
    """Whether a scenario has a host in one of the service's groups.

    A role of every host is tested by the scenarios with one server that are of no other service alone: each new service has one of its own.
    """
    found = _read(scenario / "inventory" / "hosts.yml")["all"]
    if "all" in groups[name]:
        return len(_hosts(found)) == 1 and scenario.name not in groups
    return any(_hosts(members) for group, members in found.get("children", {}).items() if group in groups[name])


def _hosts(group: dict[str, Any] | None) -> set[str]:
    """The hosts of a group and of those below it."""
    group = group or {}
    below = [_hosts(child) for child in (group.get("children") or {}).values()]
    return set(group.get("hosts") or {}).union(*below)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found
