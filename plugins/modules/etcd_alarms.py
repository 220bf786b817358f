# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``etcd_alarms``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_alarms
short_description: Disarm etcd's alarm NOSPACE where the database has room again
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - A member whose database has reached its quota raises the alarm NOSPACE, and the whole cluster refuses writes until the alarm
    is disarmed.
  - Takes back the alarm of this host's member where its database is smaller than the quota that it runs with; compacts and defragments it
    first where it is not. Warns where that was not enough.
  - Also takes back the alarm of a member that the cluster no longer has.
extends_documentation_fragment: [vannah.healthcloud.etcd, vannah.healthcloud.service_call]
"""

EXAMPLES = r"""
- name: Disarm the alarm of a database that has room again
  vannah.healthcloud.etcd_alarms:
"""

RETURN = r"""
alarms: {returned: always, type: list, elements: str, description: The alarms that this host's member had raised.}
size: {returned: always, type: int, description: Bytes of its database; 0 where it does not answer.}
quota: {returned: always, type: int, description: Bytes that the database may have; 0 for no quota. Asked only while there is an alarm.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
