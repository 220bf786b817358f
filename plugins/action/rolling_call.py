# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.rolling_call``: one call of a cluster's service. Documentation: plugins/modules/rolling_call.py."""

from __future__ import annotations

from ..module_utils import documented
from ..module_utils.controller.action import Result
from ..module_utils.controller.rolling_action import MemberAction


class ActionModule(MemberAction):
    """The action ``vannah.healthcloud.rolling_call``."""

    ARGUMENT_SPEC = documented.spec("rolling_call")

    def act(self) -> Result:
        """Run the call."""
        return {**self.call(self.params["call"]), **self.done}
