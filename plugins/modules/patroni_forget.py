# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``patroni_forget``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_forget
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Let Patroni forget who led, after a restore
description:
  - Deletes what Patroni keeps in etcd of its members and of the leader, so that this host's member, with its restored data, leads next.
  - The cluster's configuration stays. All members have to be stopped.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  scope: {type: str, required: true, description: Name of the cluster.}
  namespace: {type: str, default: /vannah/, description: Patroni's namespace.}
  hosts: {type: list, elements: str, required: true, description: "Members of etcd, as C(host:port)."}
"""

EXAMPLES = r"""
- name: Let the restored member lead
  vannah.healthcloud.patroni_forget:
    scope: vannah
    hosts: [192.0.2.11:2379]
"""

RETURN = r"""
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
