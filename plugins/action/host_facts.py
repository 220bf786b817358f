# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few facts of a host that the collection uses. Documentation: plugins/modules/host_facts.py."""

from __future__ import annotations

from ..module_utils.controller.action import AgentAction, Result
from ..module_utils.controller.specs import HOST_FACTS


class ActionModule(AgentAction):
    """The action ``vannah.healthcloud.host_facts``."""

    ARGUMENT_SPEC = HOST_FACTS

    def perform(self) -> Result:
        """Ask the host."""
        answer = self.converse({"op": "facts"}, lease="none")
        return {"changed": False, "ansible_facts": {"vannah": answer.get("facts") or {}}}
