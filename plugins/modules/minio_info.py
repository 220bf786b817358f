# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_info``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_info
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Report the state of a MinIO object store
description:
  - Asks the store for its servers, erasure sets, drives, healing and usage, and says what is not as it should be. Changes nothing.
extends_documentation_fragment: [vannah.healthcloud.minio, vannah.healthcloud.service_call.reads]
options:
  wait: {type: int, default: 0, description: Seconds to wait until nothing is wrong; the task fails when something was. 0 only looks.}
  drive:
    description: Wait for this drive alone, as RV(drives) names its endpoint; others may be lost or be healed meanwhile.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Wait until every drive is back
  vannah.healthcloud.minio_info:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
    wait: 120
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether the store answered.}
error: {returned: always, type: str, description: Why it did not.}
before:
  description: Whether the server of RV(answers) runs with the previous root credentials, see O(own_server).
  type: bool
  returned: always
mode: {returned: always, type: str, description: "MinIO's word for its state, C(online)."}
deployment: {returned: always, type: str, description: The deployment's id.}
versions: {returned: always, type: list, elements: str, description: Versions that its servers run.}
servers: {returned: always, type: list, elements: dict, description: "Servers with endpoint, state, version and uptime in seconds."}
parity: {returned: always, type: int, description: Drives of a set that may be lost.}
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
healing: {returned: always, type: int, description: How many drives are being healed.}
usage:
  description: Numbers of buckets, objects, versions and deletemarkers, and bytes, as of the store's last scan.
  type: dict
  returned: always
problems: {returned: always, type: list, elements: str, description: "What is not as it should be, a sentence each."}
lasting_problems:
  description: Those of them that a start of all servers together would not end. A server that runs with other settings waits for others.
  type: list
  elements: str
  returned: always
"""
