# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``restic_restore``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_restore
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Files of a host restored from its backups
description:
  - Restores a file or folder from the host's repository on the backup server. Runs on the host whose files they are.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  path: {type: path, required: true, description: "The file or folder, as it was named on the host."}
  time: {type: str, default: latest, description: "V(latest), or a time (without a zone: UTC): the newest backup that is not newer."}
  target: {type: path, required: true, description: "Folder below which it is restored. V(/) is in place, after a backup of what is there."}
  replace: {type: bool, default: false, description: Remove the files of an earlier restore first.}
  limit: {type: int, default: 21600, description: Seconds until it has to end.}
"""

EXAMPLES = r"""
- name: Look at yesterday's files
  vannah.healthcloud.restic_restore:
    path: /captain/data
    time: 2026-12-01 10:15:00
    target: /var/lib/vannah-restore
"""

RETURN = r"""
snapshot: {returned: success, type: str, description: ID of the snapshot.}
time: {returned: success, type: str, description: When the snapshot was made.}
files: {returned: success, type: int, description: How many files are restored.}
place: {returned: success, type: str, description: Where the file or folder is then.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
