# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``caprover_update``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: caprover_update
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Update CapRover, or restore the version before the last update
description:
  - Pulls the new version, stops CapRover, copies its data and starts the new version. If that does not answer with all of its apps within
    O(wait) seconds, the previous version and the copy are restored and the task fails.
  - The containers of the apps run all the time. When CapRover starts it updates its nginx, so their sites are interrupted for some seconds.
  - An older version than the one that runs is refused, as is a version that does not work with the Docker of a node.
  - An update that was interrupted is completed by the next call. If a restore was interrupted, the next call completes that instead.
  - The copy stays in C(/var/lib/vannah/caprover-update) of CapRover's host until the next update. It holds keys and hashes of passwords,
    and only root can read it.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  password: {type: str, required: true, description: CapRover's password.}
  previous_password:
    description: Another password that is tried, such as the one of the data that O(back) restores.
    type: str
    default: ""
  version: {type: str, required: true, description: "The version, such as V(1.15.3)."}
  image: {type: str, default: caprover/caprover, description: The image without its version.}
  admin_port: {type: int, default: 3000, description: Port where CapRover answers without TLS.}
  back:
    description:
      - Restores the version before the last update, with its data of that time. Changes of apps and settings since then are lost in
        CapRover; the next run of the site applies the inventory again.
    type: bool
    default: false
  wait: {type: int, default: 300, description: "Seconds to pull the image, and for CapRover to answer."}
"""

EXAMPLES = r"""
- name: Another version of CapRover
  vannah.healthcloud.caprover_update:
    password: "{{ lookup('vannah.healthcloud.secret', 'caprover_password') }}"
    version: 1.15.3
"""

RETURN = r"""
version: {returned: always, type: str, description: The version before the call.}
way_back: {returned: always, type: str, description: "The version that O(back) would restore before the call, or empty."}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
