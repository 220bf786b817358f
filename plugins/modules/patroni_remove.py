# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``patroni_remove``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_remove
short_description: Take one member out of its cluster
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Stops Patroni and PostgreSQL on this host for good. The data stay where they are.
  - Refused for the live leader, and where commits would have no standby left to wait for.
extends_documentation_fragment: [vannah.healthcloud.patroni, vannah.healthcloud.service_call]
options:
  member:
    description: Name of this host's member.
    type: str
    required: true
  others:
    description: URLs of the other members' Patroni, to see from there that this one is gone.
    type: list
    elements: str
    default: []
  unit:
    description: The unit of Patroni.
    type: str
    default: patroni.service
  force:
    description: Also where commits would have no standby left. Never the leader.
    type: bool
    default: false
  timeout:
    description: Seconds for PostgreSQL to stop and for the cluster to forget the member.
    type: int
    default: 360
"""

EXAMPLES = r"""
- name: Take this host out
  vannah.healthcloud.patroni_remove:
    member: "{{ inventory_hostname }}"
    others: ["https://192.0.2.11:8008", "https://192.0.2.12:8008"]
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
