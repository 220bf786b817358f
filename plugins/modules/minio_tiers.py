# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_tiers``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_tiers
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Tiers of MinIO, remote stores that a lifecycle moves objects to
description:
  - Creates or changes the tiers that the list names. Others stay as they are.
  - Each remote is asked with the credentials given for it before anything is declared. One that does not answer, or a new tier's place
    where objects lie already, fails the task.
  - The remote of a tier that is there and stays as it is may be away; the task then only warns.
  - Secrets cannot be read back. An access key has one secret; where the given one fits and the store gets at the remote with what it
    has, nothing is changed. To find that out, the store itself puts a small object there and takes it away again, also in check mode.
requirements: ["python3-cryptography on the host, to make or change tiers. The role minio installs it."]
extends_documentation_fragment: [vannah.healthcloud.minio, vannah.healthcloud.minio.changes, vannah.healthcloud.service_call]
options:
  tiers:
    description: Tiers.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {type: str, required: true, description: "The tier's name, in capitals."}
      state:
        description: V(absent) removes the tier. One that a lifecycle names, or with objects in it, is refused.
        type: str
        choices: [present, absent]
        default: present
      type: {type: str, choices: [minio, s3], default: minio, description: What the remote is.}
      endpoint: {type: str, default: "", description: "Where the remote answers. Like all but the credentials, it cannot be changed later."}
      bucket: {type: str, default: "", description: "Its bucket, which exists."}
      prefix: {type: str, default: "", description: Where in the bucket the objects go. No other tier or store may use the same.}
      region: {type: str, default: "", description: Its region.}
      storage_class: {type: str, default: "", description: Storage class of the objects there. Type V(s3) only.}
      access_key: {type: str, default: "", description: Access key at the remote.}
      secret_key: {type: str, default: "", description: Its secret.}
"""

EXAMPLES = r"""
- name: Move old studies to the second site
  vannah.healthcloud.minio_tiers:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
    tiers:
      - name: COLD
        endpoint: https://store2.example.org:9000
        bucket: cold
        prefix: site1
        access_key: site1-tier
        secret_key: "{{ lookup('vannah.healthcloud.secret', 'tier_cold') }}"
  run_once: true
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether the store answered; false in check mode where it does not yet.}
tiers: {returned: always, type: list, elements: str, description: Names of all tiers that are there at the end.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
