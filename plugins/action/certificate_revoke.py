# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.certificate_revoke``. Documentation: plugins/modules/certificate_revoke.py."""

from __future__ import annotations

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import hosts_said, reissue
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import crl, revocation, trust
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.certificate_revoke``."""

    ARGUMENT_SPEC = documented.spec("certificate_revoke")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Write the list, and say where what is on it is in use."""
        before = reissue.policy(arguments["before"], variable="certificate_revoked_at")["reissue"]
        answers, _silent = hosts_said.certificates(known, arguments["answers"])
        site = site_directory(known)
        own = {one.identifier for one in trust.known(site)}
        serials, refused = revocation.wanted(answers, own, arguments["host"], arguments["name"], arguments["serial"], before)
        if refused:
            return {"changed": False, "failed": True, "msg": refused}
        new = crl.revoke(self._loader, site, serials, bool(self._task.check_mode))
        used = revocation.in_use(answers, own, [*crl.serials(site), *serials])
        plan = revocation.planned(serials, new, used, before)
        return {"changed": bool(new), "plan": plan, "serials": new, "replace": used}
