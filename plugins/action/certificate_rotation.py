# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.certificate_rotation``. Documentation: plugins/modules/certificate_rotation.py."""

from __future__ import annotations

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import hosts_said, reissue
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import rotation
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.certificate_rotation``."""

    ARGUMENT_SPEC = documented.spec("certificate_rotation")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Judge the answers of the hosts that are still in the run."""
        told = reissue.policy(arguments["before"], arguments["components"])
        before, only = told["reissue"], told["reissue_of"]
        answers, _silent = hosts_said.certificates(known, arguments["answers"])
        refused = rotation.unknown(answers, only)
        found = rotation.older(answers, before, only)
        if not refused and arguments["finished"] and found and not self._task.check_mode:
            left = ", ".join(f"{host}: {item['name']}" for host, item in found)
            refused = (
                f"these certificates were not replaced: {left}. Fix: repair what the run reports of these hosts, then run this again with"
                f" -e {reissue.BEFORE}={rotation.time_of(before)}, which leaves those that are replaced already"
            )
        if refused:
            return {"changed": False, "failed": True, "msg": refused}
        return {"changed": False, "plan": rotation.planned(found, before)}
