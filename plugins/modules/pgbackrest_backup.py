# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``pgbackrest_backup``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_backup
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: A backup of a PostgreSQL cluster, now
description:
  - Makes a backup as the jobs of cron make it, with their lock, log and metrics. Runs on the backup server.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  type: {type: str, choices: [full, diff, incr], default: incr, description: Kind of the backup. The first one is always full.}
  repository: {type: int, default: 1, description: Number of the repository.}
  task: {type: str, default: incremental, description: "Name of the task in logs and metrics: V(incremental), V(full) or V(offsite)."}
  expire: {type: bool, default: true, description: Afterwards remove the backups that O(repository) keeps no longer.}
  limit: {type: int, default: 21600, description: Seconds until it has to end.}
"""

EXAMPLES = r"""
- name: Make a backup before an upgrade
  vannah.healthcloud.pgbackrest_backup:
    type: incr
"""

RETURN = r"""
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
