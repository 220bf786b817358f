# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action ``vannah.healthcloud.certificate_report``. Documentation: plugins/modules/certificate_report.py."""

from __future__ import annotations

import json
import os
import time

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import hosts_said
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.local import LocalAction
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import crl, report, trust
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import write_file
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory
from ansible_collections.vannah.healthcloud.plugins.module_utils.task_types import Arguments, Result, TaskVars


class ActionModule(LocalAction):
    """The action ``vannah.healthcloud.certificate_report``."""

    ARGUMENT_SPEC = documented.spec("certificate_report")

    def perform(self, arguments: Arguments, known: TaskVars) -> Result:
        """Judge the answers of all hosts of the play."""
        answers, silent = hosts_said.certificates(known, arguments["answers"])
        site = site_directory(known)
        authorities = trust.known(site)
        now = time.time()
        found = [
            report.authority_row(one.name, one.path, one.serial, one.not_before, one.not_after, now, trust.PURPOSES[one.part])
            for one in authorities
        ]
        called = {one.identifier: one.name for one in authorities}
        found += report.rows(answers, called, now, arguments["close_days"], crl.serials(site))
        problems = report.problems(found, silent)
        if arguments["file"] and not self._task.check_mode:
            text = json.dumps({"certificates": found, "problems": problems}, indent=2, sort_keys=True) + "\n"
            write_file(os.path.abspath(arguments["file"]), text.encode(), 0o644)
        return {"changed": False, "certificates": found, "table": report.table(found), "problems": problems}
