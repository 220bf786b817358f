# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.site_secrets_renew``: new values for secrets that exist."""

from __future__ import annotations

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.site_secrets_renew``."""

    ARGUMENT_SPEC = documented.spec("site_secrets_renew")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Answer with names only."""
        renewed = store.renew(self._loader, site_directory(known), arguments["names"], bool(self._task.check_mode))
        return {"changed": bool(renewed), "renewed": renewed}
