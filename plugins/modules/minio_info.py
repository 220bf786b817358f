# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``vannah.healthcloud.minio_info``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_info
author: The VannahHealthCloud developers
short_description: How a MinIO object store is
description:
  - Asks the store for its servers, erasure sets, drives, healing and usage, and says what is not as it should be. Changes nothing.
extends_documentation_fragment: [vannah.healthcloud.minio]
options:
  wait:
    description: Seconds to wait until nothing is amiss; the task fails when something was. 0 only looks.
    type: int
    default: 0
  drive:
    description: Wait for this drive alone, as RV(drives) names its endpoint; others may be lost or be healed meanwhile.
    type: str
    default: ''
attributes:
  check_mode:
    description: Looks, and does not wait.
    support: full
  diff_mode:
    description: Nothing changes.
    support: none
"""

EXAMPLES = r"""
- name: Go on when every drive is back
  vannah.healthcloud.minio_info:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
    wait: 120
"""

RETURN = r"""
answers:
  description: Whether the store answered.
  type: bool
  returned: always
error:
  description: Why it did not.
  type: str
  returned: always
mode:
  description: MinIO's word for its state, C(online).
  type: str
  returned: always
deployment:
  description: The deployment's id.
  type: str
  returned: always
versions:
  description: Versions that its servers run.
  type: list
  elements: str
  returned: always
servers:
  description: Servers with endpoint, state, version and uptime in seconds.
  type: list
  elements: dict
  returned: always
parity:
  description: Drives of a set that may be lost.
  type: int
  returned: always
sets:
  description: Erasure sets with pool, set, drives, online, healing, write_quorum (drives needed for a write), capacity and used in bytes.
  type: list
  elements: dict
  returned: always
drives:
  description: Drives with endpoint, path, state, healing, pool, set, and total, used and available bytes.
  type: list
  elements: dict
  returned: always
healing:
  description: How many drives are being healed.
  type: int
  returned: always
usage:
  description: Numbers of buckets, objects, versions and deletemarkers, and bytes, as of the store's last scan.
  type: dict
  returned: always
problems:
  description: What is not as it should be, a sentence each.
  type: list
  elements: str
  returned: always
"""
