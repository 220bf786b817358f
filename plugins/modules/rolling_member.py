# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``rolling_member``; what it does is in ``plugins/action/rolling_member.py`` and ``controller/rolling.py``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rolling_member
short_description: Restart one member of a cluster
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Restarts the pending units of one member and waits until the cluster is healthy. A leader hands over first.
  - Fails before anything is interrupted where the cluster cannot spare the member.
  - C(rolling) in the role's C(meta/exports.yml) defines how each step is done.
  - Run it with C(serial=1) and C(any_errors_fatal).
options:
  role: {type: str, required: true, description: The role whose hosts form the cluster.}
  update: {type: bool, default: false, description: Install the updates of the member's packages first.}
  prepare:
    description: Do all that comes before the restart, and end there. RV(restarts) says whether a restart is needed.
    type: bool
    default: false
attributes:
  check_mode: {support: full, description: Reports what would be done and changes nothing.}
  diff_mode: {support: full, description: Shows what the role's converge would change.}
"""

EXAMPLES = r"""
- name: Restart the member
  vannah.healthcloud.rolling_member:
    role: etcd
"""

RETURN = r"""
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
updated: {returned: success, type: list, elements: str, description: Packages that were updated.}
restarts: {returned: success, type: bool, description: "Whether the member was restarted, or with O(prepare) has to be."}
again:
  description: Whether it has to be restarted again after the leader, which alone can lower some settings. It is put into a group for that.
  returned: success
  type: bool
msg: {returned: with O(update), type: str, description: The same in words.}
"""
