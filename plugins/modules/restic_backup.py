# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``restic_backup``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_backup
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: A backup of a host's files or of the buckets, now
description:
  - Makes a backup as the job of cron makes it, with its lock, log and metrics.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  task: {type: str, choices: [files, objects], default: files, description: "What is backed up; V(objects), on the backup server."}
  first: {type: bool, default: false, description: "With the repository as it is now, also of a host that was rebuilt."}
  limit: {type: int, default: 21600, description: Seconds until it has to end.}
"""

EXAMPLES = r"""
- name: Make a backup before a change
  vannah.healthcloud.restic_backup:
"""

RETURN = r"""
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
