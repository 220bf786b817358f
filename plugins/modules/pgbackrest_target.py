# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``pgbackrest_target``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_target
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Whether a PostgreSQL cluster can be restored to a target, and from which backup
description:
  - Asks the repositories. Changes nothing. Runs on the backup server.
  - The target is proven to be in the repository; of its WAL only as much is read as that needs, into a folder that is removed.
  - Without O(timeline) the timeline that was the current one at the target is followed; that may be one that a restore has left.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options:
  stanza: {type: str, required: true, description: Name of the stanza.}
  config: {type: path, required: true, description: "pgBackRest's configuration for restores."}
  programs: {type: path, required: true, description: "Folder of PostgreSQL's programs, of the cluster's major version."}
  repository: {type: int, default: 1, description: Number of the repository.}
  wait: {type: int, default: 3600, description: Seconds for the search of a restore point.}
  type: {type: str, choices: [latest, time, lsn, name], default: latest, description: Where the restore ends.}
  target: {type: str, default: "", description: "A time (without a zone: UTC), an LSN, or the name of a restore point."}
  timeline: {type: str, default: "", description: "The number of a timeline; V(latest), the newest; empty, the current one at the target."}
"""

EXAMPLES = r"""
- name: Look for the backup before a time
  vannah.healthcloud.pgbackrest_target:
    stanza: vannah
    config: /etc/pgbackrest/vannah-restore.conf
    programs: /usr/lib/postgresql/17/bin
    type: time
    target: 2026-12-01 10:15:00+00
"""

RETURN = r"""
attempts: {returned: success, type: list, elements: list, description: "Options of pgBackRest for each attempt, the first choice first."}
timeline: {returned: success, type: int, description: Number of the timeline that is followed.}
newest: {returned: success, type: int, description: Number of the newest timeline.}
backup: {returned: success, type: str, description: Label of the backup.}
bytes: {returned: success, type: int, description: Size of the restored cluster.}
archived: {returned: success, type: str, description: "The newest segment of the timeline; empty where it has none that is sound."}
system: {returned: success, type: str, description: System identifier of the cluster in the repository.}
"""
