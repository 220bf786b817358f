# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a host what its roles say, in one trip. Documentation: plugins/modules/converge.py."""

from __future__ import annotations

from ..module_utils import documented
from ..module_utils.controller.action import Result
from ..module_utils.controller.converge import ComponentAction


class ActionModule(ComponentAction):
    """The action ``vannah.healthcloud.converge``."""

    ARGUMENT_SPEC = documented.spec("converge")

    def perform(self) -> Result:
        """Collect the roles' components and send them."""
        return self.make(*self.role_components(self.params["roles"]))
