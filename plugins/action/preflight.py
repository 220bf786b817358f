# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.preflight``: the whole inventory is judged on the controller before any host is contacted."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import judge
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.reader import InventoryReader, inventory_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import controller_of, schema_of
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store

ARGUMENT_SPEC: dict[str, Any] = {}


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """Runs on the controller, whatever host the task is for."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Judge the inventory; fail with every error at once."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(ARGUMENT_SPEC)
        # The objects behind hostvars: a look through hostvars itself would evaluate every variable of every host.
        hostvars = (task_vars or {})["hostvars"]
        inventory, variables, loader = hostvars._inventory, hostvars._variable_manager, hostvars._loader
        roles = site_map.load()
        directory = inventory_directory(inventory)
        secrets = store.as_file(loader, directory) if directory else None
        reader = InventoryReader(inventory, variables, loader, schema_of(loader, roles), roles.roles_of)
        site = reader.read(controller_of(inventory, bool(self._task.check_mode)), [secrets] if secrets else [])
        report = judge(site, frozenset(roles.groups_served()))
        result.update(changed=False, msg=report.text())
        if self._task.register:
            # Only for who asked: Ansible prints all of a failed result, and everything would stand there twice.
            result.update(report.result())
        if report.warnings:
            result["warnings"] = [finding.line() for finding in report.warnings]
        if report.errors:
            result["failed"] = True
        return result
