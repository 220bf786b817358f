# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.ports_plan``: whose ports change, and may they. Documentation: plugins/modules/ports_plan.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import port_changes
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.ports_plan``."""

    ARGUMENT_SPEC = documented.spec("ports_plan")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Judge it with the hosts that are still in the run."""
        from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect

        folder = str(known.get("playbook_dir") or self._loader.get_basedir())

        def value(role: str, variable: str, host: str) -> Any:
            return known["hostvars"][host].get(variable, collect.load(self._loader, role, folder).defaults.get(variable))

        refused = port_changes.refusal(arguments["before"], known["ansible_play_hosts"], known["groups"], value)
        if refused:
            return {"changed": False, "failed": True, "msg": refused}
        roles = port_changes.changing(arguments["before"])
        result: Result = {"changed": False, "roles": roles}
        if roles:
            # Plays that a role needs for its ports have hosts where its group exists.
            result.update(add_group="ports_change", parent_groups=[port_changes.group(role) for role in roles])
        return result
