# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_health``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_health
short_description: Check whether an object store accepts writes
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Asks this host's own server of the store, without credentials.
  - With O(interrupt) it fails where the store would not accept writes without this host's server.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options:
  endpoint: {type: str, default: https://127.0.0.1:9000, description: Where this host's server answers.}
  ca: {type: path, default: /etc/vannah/pki/ca.crt, description: File with the CA of its certificate.}
  interrupt:
    description: Require that the store would work without this host's drives, and that none is being healed.
    type: bool
    default: false
  wait: {type: int, default: 0, description: Seconds to wait until it is so; the task fails when it was not. 0 only looks.}
  settle:
    description: >-
      Seconds that the server has to have run. Drives that it could not use when it started it looks for again after 15 seconds, and says
      nowhere that it lacks them until then.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Check that this server can be restarted
  vannah.healthcloud.minio_health:
    interrupt: true
"""

RETURN = r"""
healthy: {returned: always, type: bool, description: Whether it is so.}
healing: {returned: always, type: int, description: How many drives are being healed.}
problem: {returned: always, type: str, description: "Why it is not, a sentence."}
"""
