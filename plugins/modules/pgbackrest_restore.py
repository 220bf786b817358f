# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``pgbackrest_restore``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_restore
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Restore a backup onto the data of a PostgreSQL cluster
description:
  - Restores a backup onto the data of this host's member, which is stopped, and lets PostgreSQL recover to the target without Patroni.
  - A run that was killed is repeated.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  stanza: {type: str, required: true, description: Name of the stanza.}
  data: {type: path, required: true, description: The member's data.}
  programs: {type: path, required: true, description: "Folder of PostgreSQL's programs."}
  port: {type: int, default: 5498, description: "Port while it recovers, which is a part of the socket's name."}
  repository: {type: int, default: 1, description: Number of the repository.}
  attempts: {type: list, elements: list, default: [], description: "Options of M(vannah.healthcloud.pgbackrest_target)."}
  bytes: {type: int, default: 0, description: Size of the restored cluster.}
  archived: {type: str, default: "", description: "The newest segment of WAL, which an attempt without a target has to reach."}
  system: {type: str, default: "", description: System identifier of the cluster in the repository.}
  foreign: {type: bool, default: false, description: Restore also onto the data of a cluster with another system identifier.}
  wait: {type: int, default: 3600, description: "Seconds for the restore, and again for the recovery."}
  state:
    type: str
    choices: [present, absent, fit]
    default: present
    description: >-
      V(absent) removes the data, so that the member copies them from the leader. V(fit) only looks whether a restore is possible.
"""

EXAMPLES = r"""
- name: Restore the newest state
  vannah.healthcloud.pgbackrest_restore:
    stanza: vannah
    data: /var/lib/postgresql/17/vannah
    programs: /usr/lib/postgresql/17/bin
    attempts: "{{ found.attempts }}"
    system: "{{ found.system }}"
"""

RETURN = r"""
data: {returned: success, type: bool, description: Whether this member had complete data.}
interrupted: {returned: success, type: bool, description: Whether an earlier restore was interrupted on this member.}
same: {returned: success, type: bool, description: Whether they are data of the repository's cluster.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
