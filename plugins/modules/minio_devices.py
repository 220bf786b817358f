# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``minio_devices``; it runs on the controller (plugins/action/minio_devices.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minio_devices
short_description: Format and mount the drives of an object store
version_added: 0.2.0
author: The VannahHealthCloud developers
description:
  - Mounts devices by units of systemd. A device with a file system is mounted as it is.
  - An empty one gets XFS where that is asked for. One that holds anything is never overwritten.
options:
  drives:
    description: Drives with their devices.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where it is mounted.
        type: path
        required: true
      device:
        description: C(/dev/...), C(LABEL=...) or C(UUID=...).
        type: str
        required: true
  format:
    description: Whether an empty device gets a file system.
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
mounted:
  description: Path and device of each drive.
  returned: always
  type: dict
"""
