# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a host what its roles say, in one trip. Documentation: plugins/modules/converge.py."""

from __future__ import annotations

from ..module_utils.controller.action import Result
from ..module_utils.controller.converge import ComponentAction
from ..module_utils.controller.specs import CONVERGE


class ActionModule(ComponentAction):
    """The action ``vannah.healthcloud.converge``."""

    ARGUMENT_SPEC = CONVERGE

    def perform(self) -> Result:
        """Collect the roles' components and send them."""
        components, artifacts = self.role_components(self.params["roles"])
        self.prepared = [item["name"] for item in components if item["role"] in self.params["prepare"]]
        return self.make(components, artifacts)
