# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.preflight``: the whole inventory is judged on the controller before any host is contacted."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.action.site_secrets import exported
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import end_of
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Report
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import catalogue, judge
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.reader import InventoryReader, inventory_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules import coverage, served
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.surroundings import controller_of, schema_of
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.preflight``."""

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:  # noqa: ARG002 # LocalAction gives it
        """Check the inventory; fail with every error at once."""
        # The objects behind hostvars: a look through hostvars itself would evaluate every variable of every host.
        hostvars = known["hostvars"]
        inventory, variables, loader = hostvars._inventory, hostvars._variable_manager, hostvars._loader
        try:
            roles = site_map.load()
        except site_map.SiteMapError as error:
            found = served.invalid(error)
            wrong = Report.of([found], catalogue(), len(inventory.hosts))
            return {"changed": False, "msg": wrong.text(), "report": True, "failed": True}
        directory = inventory_directory(inventory)
        secrets = store.as_file(loader, directory) if directory else None
        reader = InventoryReader(inventory, variables, loader, schema_of(loader, roles), roles.roles_of)
        end = end_of(directory) if directory else None
        site = reader.read(controller_of(inventory, bool(self._task.check_mode)), [secrets] if secrets else [], end)
        site.new_secrets = cache(partial(names_to_make, hostvars))
        report = judge(site, frozenset(roles.groups_served()))
        covered = coverage.lines(coverage.matrix(site))
        result: Result = {"changed": False, "msg": report.text(), "report": True}
        if coverage.concerned(report.errors):
            result["msg"] = "\n".join([result["msg"], "Backups:", *(f"  {line}" for line in covered)])
        if self._task.register:
            # Only for who asked: Ansible prints all of a failed result, and everything would stand there twice.
            result.update(report.result(), coverage=covered)
        if report.warnings:
            result["warnings"] = [finding.line() for finding in report.warnings]
        if report.errors:
            result["failed"] = True
        return result


def names_to_make(hostvars: Any) -> frozenset[str] | None:
    """The secrets that the next task makes; None where a mistake elsewhere in the inventory, which has its own finding, hides them."""
    try:
        return frozenset(str(item["name"]) for item in exported(hostvars))
    except Exception:  # of whatever kind: templates of all roles are evaluated
        return None
