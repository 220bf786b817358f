# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_users``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_users
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Policies, users and service accounts of MinIO
description:
  - Creates or changes what the lists name. What they do not name stays as it is.
  - Everything is compared on the host with one read of MinIO's own export. Secrets are sent encrypted and never shown.
  - A policy that is not there, or one that is to go and still attached, is refused before anything is changed.
requirements: ["python3-cryptography on the host, to make or change users and service accounts. The role minio installs it."]
extends_documentation_fragment: [vannah.healthcloud.minio, vannah.healthcloud.minio.changes, vannah.healthcloud.service_call]
options:
  policies:
    description: Policies that users can be given. MinIO's own, such as V(readwrite), are always there and stay as they are.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {type: str, required: true, description: The policy's name.}
      state: {type: str, choices: [present, absent], default: present, description: V(absent) removes it.}
      document: {type: raw, description: "The policy, as a mapping or JSON. The order of statements and lists does not matter."}
  users:
    description: Users.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {type: str, required: true, description: "The user's name, which is the access key."}
      state:
        description: V(absent) removes the user, and with it the user's service accounts.
        type: str
        choices: [present, absent]
        default: present
      secret: {type: str, description: "The secret. Without it, an existing user's stays."}
      enabled: {type: bool, default: true, description: Whether the user may do anything.}
      policies: {type: list, elements: str, description: "Policies attached, all of them. Without it, they stay."}
  service_accounts:
    description: Further credentials of a user.
    type: list
    elements: dict
    default: []
    suboptions:
      access_key: {type: str, required: true, description: The access key.}
      state: {type: str, choices: [present, absent], default: present, description: V(absent) removes it.}
      user: {type: str, default: "", description: The user that it belongs to. It cannot be changed later.}
      secret_key: {type: str, description: Its secret.}
      policy:
        description: A policy document that narrows what the user may do. Without it, a new account may do what the user may.
        type: raw
      name: {type: str, description: A name for people.}
      description: {type: str, description: What it is for.}
"""

EXAMPLES = r"""
- name: Define the users of the store
  vannah.healthcloud.minio_users:
    access_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_user') }}"
    secret_key: "{{ lookup('vannah.healthcloud.secret', 'minio_root_password') }}"
    policies:
      - name: dicom
        document:
          Statement:
            - {Effect: Allow, Action: ["s3:GetObject", "s3:PutObject"], Resource: "arn:aws:s3:::dicom/*"}
            - {Effect: Allow, Action: "s3:ListBucket", Resource: "arn:aws:s3:::dicom"}
    users:
      - name: orthanc
        secret: "{{ lookup('vannah.healthcloud.secret', 'minio_user_orthanc') }}"
        policies: [dicom]
  run_once: true
"""

RETURN = r"""
answers: {returned: always, type: bool, description: Whether the store answered; false in check mode where it does not yet.}
users: {returned: always, type: list, elements: str, description: Names of all users that are there at the end.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
