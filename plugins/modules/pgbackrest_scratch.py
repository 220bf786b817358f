# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``pgbackrest_scratch``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_scratch
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: A PostgreSQL cluster restored beside the running one
description:
  - Restores a backup and its WAL on the backup server, and starts PostgreSQL on it. The cluster that runs is not touched.
  - The instance archives nothing and listens on a socket only.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  stanza: {type: str, required: true, description: Name of the stanza.}
  config: {type: path, required: true, description: "pgBackRest's configuration for restores."}
  programs: {type: path, required: true, description: "Folder of PostgreSQL's programs, of the cluster's major version."}
  path: {type: path, required: true, description: Folder of the instance.}
  port: {type: int, default: 5499, description: "Port, which is a part of the socket's name."}
  repository: {type: int, default: 1, description: Number of the repository.}
  type: {type: str, choices: [latest, time, lsn, name], default: latest, description: Where the restore ends.}
  target: {type: str, default: "", description: "A time (without a zone: UTC), an LSN, or the name of a restore point."}
  timeline: {type: str, default: "", description: "The number of a timeline; V(latest), the newest; empty, the current one at the target."}
  replace: {type: bool, default: false, description: Remove an instance of an earlier restore first.}
  wait: {type: int, default: 3600, description: "Seconds for the restore, and again for the recovery."}
  state: {type: str, choices: [present, absent], default: present, description: V(absent) stops the instance and removes it.}
"""

EXAMPLES = r"""
- name: Look at yesterday's data
  vannah.healthcloud.pgbackrest_scratch:
    stanza: vannah
    config: /etc/pgbackrest/vannah-restore.conf
    programs: /usr/lib/postgresql/17/bin
    path: /var/lib/postgresql/vannah-restore
    type: time
    target: 2026-12-01 10:15:00+00
"""

RETURN = r"""
databases: {returned: success, type: list, elements: dict, description: "name and bytes of each database; empty in check mode."}
timeline: {returned: success, type: int, description: Number of the timeline that is followed; 0 where the instance is removed.}
place: {returned: success, type: str, description: Folder of the socket.}
port: {returned: success, type: int, description: Port.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
