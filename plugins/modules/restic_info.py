# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``restic_info``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_info
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Which backups of files there are
description:
  - Looks at the repositories, and tells how the jobs ended. Changes nothing. Runs on the backup server.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options:
  timeout: {type: int, default: 120, description: Seconds to wait for the answer.}
"""

EXAMPLES = r"""
- name: Ask for the backups
  vannah.healthcloud.restic_info:
"""

RETURN = r"""
repositories: {returned: success, type: list, elements: dict, description: "Repositories: name, newest, kept, drill."}
tasks: {returned: success, type: dict, description: "Task -> ended, succeeded, seconds, problem."}
table: {returned: success, type: list, elements: str, description: Lines for a person.}
problems: {returned: success, type: list, elements: str, description: "Tasks that failed, and repositories without a backup."}
"""
