# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.rolling_plan``: who is restarted now, in which order. Documentation: plugins/modules/rolling_plan.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import planning, rolling
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars

ALONE = (
    "{host}: {name} is not restarted, because no host that can move its work to other members answers in this run."
    " Fix: repair one of those that manage the cluster, or name one in --limit too, and run {role}/rolling_restart.yml"
)


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.rolling_plan``."""

    ARGUMENT_SPEC = documented.spec("rolling_plan")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Judge what the members that are still in the run were found to wait for."""
        from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.rolling_action import declared

        role, said = declared(self._loader, arguments["role"], str(known.get("playbook_dir") or self._loader.get_basedir()))
        present = list(known["ansible_play_hosts"])
        looks = [rolling.Look.of(host, known["hostvars"].raw_get(host).get(arguments["looked"]) or {}) for host in present]
        missing = [host for host in known["ansible_play_hosts_all"] if host not in present]
        members = planning.members(known["groups"], role.name)
        away = missing + rolling.left_out(looks, members, known["ansible_play_hosts_all"])
        try:
            made = rolling.update(looks, missing) if arguments["update"] else self._waiting(role.name, said, looks, members)
        except ValueError as error:
            return {"changed": False, "failed": True, "msg": str(error)}
        moves = "leave" in said
        alone = rolling.alone(looks, made.now) if moves else []
        order = [
            {"name": host, "group": rolling.group(role.name, rolling.NOW), "through": rolling.through(looks, host) if moves else ""}
            for host in made.now
            if host not in alone
        ]
        order += [{"name": host, "group": rolling.group(role.name, rolling.TOGETHER), "through": ""} for host in made.together]
        postponed = [*made.postponed, *(ALONE.format(host=host, name=said["name"], role=role.name) for host in alone)]
        result = {"changed": False, "order": order, "postponed": postponed, "incomplete": away}
        return {**result, "continues": made.continues}

    @staticmethod
    def _waiting(role: str, said: Mapping[str, Any], looks: list[rolling.Look], members: Sequence[str]) -> rolling.Plan:
        together = str((said.get("together") or {}).get("verb") or "")
        return rolling.plan(looks, members, said["name"], f"{role}/rolling_restart.yml", together)
