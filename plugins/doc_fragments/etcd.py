# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of etcd share."""

from __future__ import annotations


class ModuleDocFragment:
    """How a member of etcd is reached."""

    DOCUMENTATION = r"""
options:
  endpoint:
    description: Where this host's member answers.
    type: str
    default: https://127.0.0.1:2379
  ca:
    description: The certificate of the site's CA.
    type: path
    default: /etc/vannah/pki/etcd/ca.pem
  cert:
    description: A client certificate.
    type: path
    default: /etc/vannah/pki/etcd/cert.pem
  key:
    description: Its key.
    type: path
    default: /etc/vannah/pki/etcd/key.pem
"""
