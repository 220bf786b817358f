# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``restic_objects``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restic_objects
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Objects of a bucket restored from its backups
description:
  - Restores the objects of a bucket as they were at a time, into a folder of the backup server or into a bucket. Runs on the backup server.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  bucket: {type: str, required: true, description: The bucket whose backups are read.}
  time: {type: str, default: latest, description: "V(latest), or a time (without a zone: UTC): the newest backup that is not newer."}
  target: {type: path, required: true, description: Folder of the objects. With O(into) it is removed at the end.}
  into: {type: str, default: "", description: "A bucket that exists. Objects that differ are replaced, and others stay."}
  endpoint: {type: str, default: "", description: "URL of the store, for O(into)."}
  access_key: {type: str, default: "", description: "A user that may write to the bucket, for O(into)."}
  secret_key: {type: str, default: "", description: "Its secret, for O(into)."}
  replace: {type: bool, default: false, description: Remove the objects of an earlier restore first.}
  limit: {type: int, default: 21600, description: Seconds until each part has to end.}
"""

EXAMPLES = r"""
- name: Look at yesterday's objects
  vannah.healthcloud.restic_objects:
    bucket: images
    time: 2026-12-01 10:15:00
    target: /var/lib/vannah-restore
"""

RETURN = r"""
snapshot: {returned: success, type: str, description: ID of the snapshot.}
time: {returned: success, type: str, description: When the snapshot was made.}
objects: {returned: success, type: int, description: How many objects it has.}
place: {returned: success, type: str, description: Where the objects are then.}
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
