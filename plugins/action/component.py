# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one component of a host so, as the task says it. Documentation: plugins/modules/component.py."""

from __future__ import annotations

from ..module_utils.controller.action import Result
from ..module_utils.controller.converge import ComponentAction


class ActionModule(ComponentAction):
    """The action ``vannah.healthcloud.component``."""

    ARGUMENT_SPEC = None  # the definition is validated like those of roles

    def perform(self) -> Result:
        """Normalise the task's options and send them."""
        component, artifacts = self.inline_component(self.params)
        return self.make([component], artifacts)
