# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups and variables of an inventory, templates resolved: `ansible-inventory --list` prints templates as they are written."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
os.environ.setdefault("ANSIBLE_CONFIG", str(REPOSITORY / "ansible.cfg"))  # read by ansible at its import

import yaml  # noqa: E402
from ansible.errors import AnsibleError  # noqa: E402
from ansible.inventory.manager import InventoryManager  # noqa: E402
from ansible.parsing.dataloader import DataLoader  # noqa: E402
from ansible.template import Templar  # noqa: E402
from ansible.vars.manager import VariableManager  # noqa: E402
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map  # noqa: E402


@cache
def role_defaults() -> dict[str, Any]:
    """The defaults of all roles, as they are written."""
    found: dict[str, Any] = {}
    for file in sorted((REPOSITORY / "roles").glob("*/defaults/main.yml")):
        found.update(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    return found


class Values:
    """What an inventory says.

    :param inventory: what ``-i`` is given; nothing vault-encrypted in it is opened.
    """

    def __init__(self, inventory: str | Path) -> None:
        self._loader = DataLoader()
        self._inventory = InventoryManager(loader=self._loader, sources=[str(inventory)])
        self._variables = VariableManager(loader=self._loader, inventory=self._inventory)

    def hosts(self, group: str = "all") -> list[str]:
        """The hosts of a group, sorted; none where there is no such group."""
        found = self._inventory.get_groups_dict().get(group, [])
        return sorted(str(name) for name in found)

    def hosts_of(self, role: str) -> list[str]:
        """The hosts to which their groups give a role, sorted."""
        return sorted({host for group in site_map.load().groups_of(role) for host in self.hosts(group)})

    def members(self, group: str) -> list[str]:
        """The hosts that the inventory has in a group, also those that are not judged."""
        return Values.hosts(self, group)

    def in_order(self, group: str) -> list[str]:
        """The same in the order of the inventory, in which playbooks have them."""
        return [str(name) for name in self._inventory.get_groups_dict().get(group, [])]

    def groups(self) -> dict[str, list[str]]:
        """Every group with its hosts."""
        return {str(group): sorted(map(str, hosts)) for group, hosts in self._inventory.get_groups_dict().items()}

    def setting(self, host: str, name: str) -> Any:
        """A host's variable, or the default of the role that it is of."""
        return self.get(host, name, role_defaults()[name])

    def get(self, host: str, name: str, default: Any = None) -> Any:
        """A host's variable with its templates resolved, ``default`` where it has none."""
        variables = self._variables.get_vars(host=self._inventory.get_host(host))
        if name not in variables:
            return default
        return Templar(loader=self._loader, variables=variables).template(variables[name])

    def converges(self, host: str, role: str) -> bool:
        """Whether the site has the role's components at all (``converged`` in ``meta/exports.yml``); yes where that cannot be told here."""
        from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect

        try:
            found = collect.load(self._loader, role, str(REPOSITORY / "playbooks"))
            condition = found.exports.get("converged", True)
            if condition is True:
                return True
            variables = self._variables.get_vars(host=self._inventory.get_host(host))
            templates = collect.templates_of(found, variables, Templar(loader=self._loader, variables=variables))
            return bool(templates.condition(condition, f"role {role}: meta/exports.yml: converged"))
        except AnsibleError:
            return True  # a vaulted value, or facts of the host

    def exported(self, host: str, kind: str) -> list[dict[str, Any]]:
        """What the host's roles say of themselves (``meta/exports.yml``), by kind."""
        from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.exports import exports_of

        variables = self._variables.get_vars(host=self._inventory.get_host(host))
        return list(exports_of(kind, host, hostvars={host: variables}, loader=self._loader))
