# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``minio_heal``; it runs on the controller (plugins/action/minio_heal.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_heal
short_description: Heal an object store
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Has the store look at its objects on all drives and repair what is missing or damaged, and waits for the end. Every few minutes, at
    first more often, a line says how far it is.
extends_documentation_fragment: [vannah.healthcloud.minio]
options:
  bucket:
    description: Only this bucket.
    type: str
    default: ""
  prefix:
    description: Only what begins so in O(bucket).
    type: str
    default: ""
  deep:
    description: Read every part and compare its checksum, which finds bytes that were flipped.
    type: bool
    default: true
  wait:
    description: Seconds to wait for the end. The store goes on by itself afterwards.
    type: int
    default: 3600
"""

EXAMPLES = r"""
- name: Heal everything
  vannah.healthcloud.minio_heal:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
"""

RETURN = r"""
scanned:
  description: How many things were looked at.
  returned: always
  type: int
healed:
  description: How many were not whole and are now.
  returned: always
  type: int
unhealed:
  description: How many are not whole still.
  returned: always
  type: int
items:
  description: Up to 50 of those that were not whole, with the drives that were wrong.
  returned: always
  type: list
  elements: dict
finished:
  description: Whether it came to its end.
  returned: always
  type: bool
"""
