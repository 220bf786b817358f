# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.cluster_gate``: end the run where a member of a new cluster has failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import forming, waves
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.cluster_gate``."""

    ARGUMENT_SPEC = documented.spec("cluster_gate")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Compare the members with the hosts that are still in the run."""
        hostvars = known["hostvars"]
        clusters = waves.judged(arguments["wave"], arguments["clusters"]) if arguments["wave"] else arguments["clusters"]
        members = [name for cluster in clusters for name in cluster["members"]]
        failed = {name: self._failed(hostvars.raw_get(name), arguments["results"]) for name in members if name in hostvars}
        reasons = {name: str(found.get("msg") or "") for name, found in failed.items()}
        stopped = [name for name, found in failed.items() if found.get("code") == forming.STOPPED]
        said, culprits = forming.problem(clusters, known["ansible_play_hosts"], reasons, arguments["step"], stopped)
        return {"changed": False, "failed": True, "msg": said, "blamed": culprits} if said else {"changed": False}

    @staticmethod
    def _failed(variables: Mapping[str, Any], results: list[str]) -> Mapping[str, Any]:
        for name in results:
            found = variables.get(name)
            if isinstance(found, Mapping) and (found.get("failed") or found.get("unreachable")):
                return found
        return {}
