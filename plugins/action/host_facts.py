# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few facts of a host that the collection uses. Documentation: plugins/modules/host_facts.py."""

from __future__ import annotations

import time

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils.controller.action import AgentAction, Result
from ..module_utils.controller.specs import HOST_FACTS


class ActionModule(AgentAction):
    """The action ``vannah.healthcloud.host_facts``."""

    ARGUMENT_SPEC = HOST_FACTS

    def perform(self) -> Result:
        """Ask the host, and compare its clock with ours."""
        before = time.time()
        answer = self.converse({"op": "facts", "look": self._data() if self.takeover else []}, lease="none")
        after = time.time()
        facts = answer.get("facts") or {}
        result: Result = {"changed": False, "ansible_facts": {"vannah": facts}}
        clock = facts.get("clock")
        if isinstance(clock, int | float):
            # It was read some time during the trip, which is long where Python had to be installed first.
            result["clock_offset"] = round(clock - min(max(clock, before), after), 3)
        return result

    def _data(self) -> list[str]:
        """Where the host's roles keep data that they are not told to adopt: on a host that is taken over they may be another site's."""
        from ..module_utils.controller.exports import exports_of

        found = exports_of("data_directories", self.host, hostvars=self.vars["hostvars"], loader=self._loader)
        return [str(item["path"]) for item in found if not boolean(item["adopt"], strict=False)]
