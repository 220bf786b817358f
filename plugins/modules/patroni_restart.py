# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``patroni_restart``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_restart
short_description: Restart one member's PostgreSQL
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Patroni restarts the PostgreSQL of this host, and the task is done when it leads or follows again.
  - Refused for the leader, and where no healthy standby would be left.
extends_documentation_fragment: [vannah.healthcloud.patroni, vannah.healthcloud.service_call]
options:
  only_pending:
    description: Do nothing unless a setting waits for a restart.
    type: bool
    default: true
  force:
    description: Restart the leader too, and the last healthy standby; clients are interrupted.
    type: bool
    default: false
  timeout:
    description: Seconds for the member to be back.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Apply settings that wait for a restart
  vannah.healthcloud.patroni_restart: {}
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether Patroni answered on this host.}
scope: {returned: always, type: str, description: Name of the cluster.}
leader: {returned: always, type: str, description: "Name of the leader; empty while there is none."}
members:
  description: All members with name, role, state, timeline, lag in bytes (null where unknown), pending_restart and its reasons.
  returned: always
  type: list
  elements: dict
synchronous: {returned: always, type: list, elements: str, description: Names of the synchronous standbys.}
synchronous_mode: {returned: always, type: bool, description: Whether commits wait for a synchronous standby.}
paused: {returned: always, type: bool, description: Whether Patroni's automatic failover is paused.}
pending_restart: {returned: always, type: list, elements: str, description: Members with settings that need a restart.}
problems: {returned: always, type: list, elements: str, description: Why the cluster is not healthy; empty when it is.}
member: {returned: always, type: str, description: "Name of this host's member."}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
