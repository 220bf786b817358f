# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.site_secrets_renew``: new values for secrets that exist."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory

ARGUMENT_SPEC: dict[str, Any] = {"names": {"type": "list", "elements": "str", "required": True}}


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """Runs on the controller, whatever host the task is for."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Answer with names only."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        names = self.validate_argument_spec(ARGUMENT_SPEC)[1]["names"]
        renewed = store.renew(self._loader, site_directory(task_vars or {}), names, bool(self._task.check_mode))
        result.update(changed=bool(renewed), renewed=renewed)
        return result
