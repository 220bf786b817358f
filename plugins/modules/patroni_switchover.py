# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``patroni_switchover``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_switchover
short_description: Move the leader to another member
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - A planned switchover of about a second and a half, in which nothing that was acknowledged is lost.
  - Refused while the cluster is unhealthy, and for a candidate that lags or, where replication is synchronous, is no synchronous standby.
extends_documentation_fragment: [vannah.healthcloud.patroni, vannah.healthcloud.service_call]
options:
  candidate:
    description: The new leader. Empty is the best standby. Nothing is done when it is the leader already.
    type: str
    default: ""
  away_from:
    description: Do nothing unless this member leads, or when it is the only one.
    type: str
    default: ""
  timeout:
    description: Seconds for the cluster to be healthy again.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Switch over to the best standby
  vannah.healthcloud.patroni_switchover: {}

- name: Move the leader away before maintenance of this host
  vannah.healthcloud.patroni_switchover:
    away_from: "{{ inventory_hostname }}"
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
from: {returned: always, type: str, description: Who led.}
to: {returned: always, type: str, description: "Who leads now, or would in check mode."}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
