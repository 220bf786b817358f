# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of the PostgreSQL cluster share."""

from __future__ import annotations


class ModuleDocFragment:
    """How Patroni is reached, and when it counts as healthy."""

    DOCUMENTATION = r"""
options:
  url:
    description: Where this host's Patroni answers.
    type: str
    default: https://127.0.0.1:8008
  ca:
    description: The certificate of the site's CA.
    type: path
    default: /etc/vannah/pki/postgresql/ca.pem
  cert:
    description: The host's certificate. Changing anything needs it.
    type: path
    default: /etc/vannah/pki/postgresql/cert.pem
  key:
    description: Its key.
    type: path
    default: /etc/vannah/pki/postgresql/key.pem
  members:
    description: Names of the members that have to be there for the cluster to be healthy.
    type: list
    elements: str
    default: []
  max_lag:
    description: Bytes a standby may be behind and still count as up to date.
    type: int
    default: 1048576
notes:
  - The live cluster is asked at each call. Supports check mode and diff.
"""
