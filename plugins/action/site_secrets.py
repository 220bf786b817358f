# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.site_secrets``: what a site needs before its first host is contacted."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import ensure_authority
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory

ARGUMENT_SPEC: dict[str, Any] = {
    "secrets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "no_log": False,  # names and kinds, never values
        "options": {
            "name": {"type": "str", "required": True},
            "kind": {"type": "str", "choices": ["password", "key32"], "default": "password"},
        },
    },
    "authority": {"type": "bool", "default": True},
    "site_name": {"type": "str"},
}


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """Runs on the controller, whatever host the task is for."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make what is missing; answer with names only."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        known = task_vars or {}
        arguments = self.validate_argument_spec(ARGUMENT_SPEC)[1]
        site = site_directory(known)
        check = bool(self._task.check_mode)
        created = store.ensure(self._loader, site, arguments["secrets"], check)
        authority = False
        if arguments["authority"]:
            name = arguments["site_name"] or self._templar.template(known.get("site_name")) or "site"
            authority = ensure_authority(self._loader, site, str(name), check)
        result.update(changed=bool(created or authority), created=created, authority_created=authority)
        return result
