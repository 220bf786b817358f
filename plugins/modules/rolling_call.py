# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``rolling_call``; what it does is in ``plugins/action/rolling_call.py``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rolling_call
short_description: Make a call of a cluster's service on one member
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Runs the module that a role names under C(rolling) in its C(meta/exports.yml), with the parameters that it gives.
options:
  role: {type: str, required: true, description: The role whose hosts form the cluster.}
  call: {type: str, required: true, choices: [formed, gate, healthy, leave, resume], description: The call's name there.}
attributes:
  check_mode: {support: full, description: As the module that is named.}
  diff_mode: {support: full, description: As the module that is named.}
"""

EXAMPLES = r"""
- name: Require that all members have started once
  vannah.healthcloud.rolling_call:
    role: etcd
    call: formed
"""

RETURN = r"""
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
