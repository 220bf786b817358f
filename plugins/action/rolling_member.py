# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.rolling_member``: restart one member of a cluster. Documentation: plugins/modules/rolling_member.py."""

from __future__ import annotations

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils import documented
from ..module_utils.controller import rolling
from ..module_utils.controller.action import Result
from ..module_utils.controller.rolling_action import MemberAction


class ActionModule(MemberAction):
    """The action ``vannah.healthcloud.rolling_member``."""

    ARGUMENT_SPEC = documented.spec("rolling_member")

    def act(self) -> Result:
        """Do what :func:`rolling.restart_member` decides."""
        always: list[rolling.Unit] = []
        if boolean(self.value("asked", False)):
            always = [{"role": self.role, "component": unit["component"], "unit": unit["unit"]} for unit in self.value("units", [])]
        done = rolling.restart_member(self.host, self, self.params["update"], always, self.params["prepare"])
        result: Result = {**self.done, "updated": done.updated, "restarts": done.restarted, "again": done.again}
        if self.params["update"]:
            result["msg"] = done.text(self.host)
        if done.again and not self.params["prepare"]:
            result.update(add_group=rolling.group(self.role, rolling.AGAIN), parent_groups=[])
        return result
