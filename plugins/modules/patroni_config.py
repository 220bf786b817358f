# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``patroni_config``; it runs on the controller (plugins/action/patroni_config.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_config
short_description: Patroni's configuration of the whole cluster
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Changes what differs from what is written here. What is not named stays; null takes a key away.
  - Run it on every member. Only the leader's host changes anything, so the rest of the cluster is not asked twice.
  - Every member is asked whether its PostgreSQL can read what Patroni has written for it, as nobody says so otherwise.
extends_documentation_fragment: [vannah.healthcloud.patroni]
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
  wait:
    description: Seconds to wait until somebody leads.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Commits wait for two standbys
  vannah.healthcloud.patroni_config:
    config: {synchronous_mode: true, synchronous_node_count: 2}
"""

RETURN = r"""
leader:
  description: Who leads; empty while nobody does.
  returned: always
  type: str
members:
  description: All members with name, role, state, timeline, lag in bytes (null where unknown), pending_restart and its reasons.
  returned: always
  type: list
  elements: dict
problems:
  description: Why the cluster is not whole, a sentence each. Empty when it is.
  returned: always
  type: list
  elements: str
pending_restart:
  description: Members with settings that only a restart makes true.
  returned: always
  type: list
  elements: str
"""
