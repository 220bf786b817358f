# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart one unit of a role's component and see it ready. Documentation: plugins/modules/component_restart.py."""

from __future__ import annotations

from ansible.errors import AnsibleError

from ..module_utils import documented
from ..module_utils.controller import report
from ..module_utils.controller.action import Result
from ..module_utils.controller.converge import ComponentAction


class ActionModule(ComponentAction):
    """The action ``vannah.healthcloud.component_restart``."""

    ARGUMENT_SPEC = documented.spec("component_restart")

    def perform(self) -> Result:
        """Send the component's definition with the unit to restart."""
        role, name, unit = self.params["role"], self.params["component"], self.params["unit"]
        components, _artifacts = self.role_components([role])
        component = next((item for item in components if item["name"] == name), None)
        if component is None:
            raise AnsibleError(f"role {role} has no component {name}: it has {', '.join(item['name'] for item in components)}")
        if unit not in [item["name"] for item in component["units"]]:
            raise AnsibleError(f"component {name} has no unit {unit}: it has {', '.join(item['name'] for item in component['units'])}")
        self.add_authority([component])
        asked = {"component": name, "unit": unit, "previous": self.params["previous"], "reason": self.params["reason"]}
        answer = self.converse({"op": "restart", "components": [component], "restart": asked})
        return report.components(answer, bool(self._task.diff))
