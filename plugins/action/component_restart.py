# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart one unit of a role's component and see it ready. Documentation: plugins/modules/component_restart.py."""

from __future__ import annotations

from ..module_utils import documented
from ..module_utils.controller.action import Result
from ..module_utils.controller.converge import ComponentAction


class ActionModule(ComponentAction):
    """The action ``vannah.healthcloud.component_restart``."""

    ARGUMENT_SPEC = documented.spec("component_restart")

    def perform(self) -> Result:
        """Send the component's definition with the unit to restart."""
        asked = self.params
        return self.restart(asked["role"], asked["component"], asked["unit"], asked["previous"], asked["reason"])
