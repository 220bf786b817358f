# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``minio_devices``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_devices
short_description: Format and mount the drives of an object store
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Mounts devices by units of systemd, by the UUID of their file system. XFS or ext4 is mounted as it is, where it holds nothing or what an
    object store has written.
  - An empty device gets XFS where that is asked for. One that holds anything else is refused, and nothing is written to it.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  drives:
    description: Drives with their devices.
    type: list
    elements: dict
    required: true
    suboptions:
      path: {type: path, required: true, description: Where it is mounted.}
      device: {type: str, required: true, description: "C(/dev/...), C(LABEL=...) or C(UUID=...)."}
  format: {type: bool, default: false, description: Whether an empty device gets a file system.}
  lost:
    description: Whether a drive that this module has mounted before may be missing. The task warns of it, and handles the others.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Mount a drive
  vannah.healthcloud.minio_devices:
    drives: [{path: /srv/minio/drive1, device: /dev/sdb}]
    format: true
"""

RETURN = r"""
mounted: {returned: always, type: dict, description: Path and device of each drive.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
