# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of the object store share."""

from __future__ import annotations


class ModuleDocFragment:
    """How an object store is reached, and what check mode and diff mean there."""

    DOCUMENTATION = r"""
options:
  endpoint: {type: str, default: https://127.0.0.1:9000, description: "Where the store answers, C(https://name:port)."}
  access_key: {type: str, required: true, description: Access key that this is done with; for MinIO the root user's name.}
  secret_key: {type: str, required: true, description: Its secret. It is used to sign requests and never sent.}
  ca:
    description: File on the host with the CA of the store's certificate. Empty for those the host trusts.
    type: path
    default: /etc/vannah/pki/ca.crt
  region: {type: str, default: us-east-1, description: The store's region.}
  timeout: {type: int, default: 30, description: Seconds to wait for each answer.}
  own_server:
    description: >-
      The endpoint is this host's own server, as the role minio runs it. Where it does not know O(access_key) and O(secret_key) because it
      was started with the previous root credentials, and waits for its restart, these are used: the host has them.
    type: bool
    default: false
"""

    #: Of those that make what lists name.
    CHANGES = r"""
attributes:
  check_mode: {details: "Where no store answers yet, everything is reported as to be created."}
"""
