# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``minio_health``; it runs on the controller (plugins/action/minio_health.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_health
short_description: Whether an object store takes writes
version_added: 0.1.0
author: The VannahHealthCloud developers
description:
  - Asks this host's own server of the store, without credentials.
  - With O(interrupt) it fails where the store would take no writes without this host's server.
options:
  endpoint:
    description: Where this host's server answers.
    type: str
    default: https://127.0.0.1:9000
  ca:
    description: File with the CA of its certificate.
    type: path
    default: /etc/vannah/pki/ca.crt
  interrupt:
    description: Ask as if this host's drives were gone, and that none is being healed.
    type: bool
    default: false
  wait:
    description: Seconds to wait until it is so; the task fails when it was not. 0 only looks.
    type: int
    default: 0
  settle:
    description: >-
      Seconds that the server has to have run. Drives that it could not use when it started it looks for again after 15 seconds, and says
      nowhere that it lacks them until then.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: May this server be restarted
  vannah.healthcloud.minio_health:
    interrupt: true
"""

RETURN = r"""
healthy:
  description: Whether it is so.
  returned: always
  type: bool
healing:
  description: How many drives are being healed.
  returned: always
  type: int
problem:
  description: Why it is not, a sentence.
  returned: always
  type: str
"""
