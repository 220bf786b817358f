# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few facts of a host that the collection uses. Documentation: plugins/modules/host_facts.py."""

from __future__ import annotations

import time

from ..module_utils import documented
from ..module_utils.controller.action import AgentAction, Result


class ActionModule(AgentAction):
    """The action ``vannah.healthcloud.host_facts``."""

    ARGUMENT_SPEC = documented.spec("host_facts")

    def perform(self) -> Result:
        """Ask the host, and compare its clock with ours."""
        before = time.time()
        answer = self.converse({"op": "facts"}, lease="none")
        after = time.time()
        facts = answer.get("facts") or {}
        result: Result = {"changed": False, "ansible_facts": {"vannah": facts}}
        clock = facts.get("clock")
        if isinstance(clock, int | float):
            # It was read some time during the trip, which is long where Python had to be installed first.
            result["clock_offset"] = round(clock - min(max(clock, before), after), 3)
        return result
