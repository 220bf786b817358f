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
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options:
  stanza: {type: str, required: true, description: Name of the stanza.}
  repository: {type: int, default: 1, description: Number of the repository.}
  type: {type: str, choices: [latest, time, lsn, name], default: latest, description: Where the restore ends.}
  target: {type: str, default: "", description: "A time (without a zone: UTC), an LSN, or the name of a restore point."}
  timeline: {type: str, default: latest, description: "V(latest), or the number of an earlier timeline, which a restore left."}
"""

EXAMPLES = r"""
- name: Look for the backup before a time
  vannah.healthcloud.pgbackrest_target:
    stanza: vannah
    type: time
    target: 2026-12-01 10:15:00+00
"""

RETURN = r"""
attempts: {returned: success, type: list, elements: list, description: "Options of pgBackRest for each attempt, the first choice first."}
timeline: {returned: success, type: int, description: Number of the timeline that is followed.}
bytes: {returned: success, type: int, description: Size of the restored cluster.}
archived: {returned: success, type: str, description: "The newest segment of WAL; empty where another timeline has newer ones."}
system: {returned: success, type: str, description: System identifier of the cluster in the repository.}
"""
