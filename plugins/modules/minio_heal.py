# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_heal``; ``plugins/action/minio_heal.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_heal
short_description: Heal an object store
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Lets the store check its objects on all drives and repair what is missing or damaged, and waits for the end. Every few minutes, at
    first more often, a line reports its progress.
extends_documentation_fragment: [vannah.healthcloud.minio, vannah.healthcloud.service_call]
options:
  bucket: {type: str, default: "", description: Only this bucket.}
  prefix: {type: str, default: "", description: Only what begins so in O(bucket).}
  deep: {type: bool, default: true, description: "Read every part and compare its checksum, which finds bytes that were flipped."}
  wait: {type: int, default: 3600, description: Seconds to wait for the end. The store continues by itself afterwards.}
"""

EXAMPLES = r"""
- name: Heal everything
  vannah.healthcloud.minio_heal:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
"""

RETURN = r"""
scanned: {returned: always, type: int, description: How many things were looked at.}
healed: {returned: always, type: int, description: How many were damaged and are healed now.}
unhealed: {returned: always, type: int, description: How many are still damaged.}
damaged:
  description: Up to 50 of those that were damaged, with the drives that were wrong.
  returned: always
  type: list
  elements: dict
finished: {returned: always, type: bool, description: Whether it came to its end.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
