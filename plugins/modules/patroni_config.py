# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``patroni_config``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_config
short_description: Patroni's configuration of the whole cluster
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Changes what differs from what is written here. What is not named stays; null removes a key.
  - Run it on every member. Only the leader's host changes anything, so the rest of the cluster is not asked twice.
  - Every member is asked whether its PostgreSQL can read what Patroni has written for it, because Patroni does not report it.
extends_documentation_fragment: [vannah.healthcloud.patroni, vannah.healthcloud.service_call]
options:
  config:
    description: Keys as Patroni knows them (C(ttl), C(synchronous_mode), C(postgresql)).
    type: dict
    required: true
  hba:
    description: The lines that pg_hba.conf has to have; fails where PostgreSQL cannot read one of them.
    type: list
    elements: str
    default: []
  settings:
    description: Names of server settings; warns of those that this PostgreSQL does not know, which Patroni leaves out.
    type: list
    elements: str
    default: []
  parameters:
    description:
      - The server settings that Patroni's configuration on this host has, name and value. In check mode their changes are told, and which
        of them need a restart.
    type: dict
    default: {}
  wait:
    description: Seconds to wait for a leader.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Let commits wait for two standbys
  vannah.healthcloud.patroni_config:
    config: {synchronous_mode: true, synchronous_node_count: 2}
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether Patroni answered on this host; false only in check mode.}
scope: {returned: when Patroni answers, type: str, description: Name of the cluster.}
leader: {returned: always, type: str, description: "Name of the leader; empty while there is none."}
members:
  description: All members with name, role, state, timeline, lag in bytes (null where unknown), pending_restart and its reasons.
  returned: always
  type: list
  elements: dict
synchronous: {returned: when Patroni answers, type: list, elements: str, description: Names of the synchronous standbys.}
synchronous_mode: {returned: when Patroni answers, type: bool, description: Whether commits wait for a synchronous standby.}
paused: {returned: when Patroni answers, type: bool, description: Whether Patroni's automatic failover is paused.}
pending_restart: {returned: always, type: list, elements: str, description: Members with settings that need a restart.}
problems: {returned: always, type: list, elements: str, description: Why the cluster is not healthy; empty when it is.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
