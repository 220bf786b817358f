# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold, release or ask for a host's lease. Documentation: plugins/modules/lease.py."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..module_utils import documented
from ..module_utils.controller import clocks
from ..module_utils.controller.action import AgentAction, Result

if TYPE_CHECKING:
    from ..module_utils.agent.contract import Action, LeaseAnswer

_ACTIONS: dict[str, Action] = {"held": "take", "released": "release", "info": "none"}


class ActionModule(AgentAction):
    """The action ``vannah.healthcloud.lease``."""

    ARGUMENT_SPEC = documented.spec("lease")

    def flag(self, name: str) -> bool:
        """The task's own ``takeover`` counts as the run's."""
        return super().flag(name) or (name == "takeover" and self.params["takeover"])

    def perform(self) -> Result:
        """Send the wish; a lease is nothing of the host that a run changes."""
        before = time.time()
        answer = self.converse({"op": "lease"}, lease=_ACTIONS[self.params["state"]])
        offset = clocks.offset(answer.get("clock"), before, time.time())
        lease: LeaseAnswer = answer.get("lease") or {}
        result: Result = {"changed": False, "held": bool(lease.get("holder")), "holder": lease.get("holder"), "lease": lease}
        return result if offset is None else {**result, "clock_offset": offset}
