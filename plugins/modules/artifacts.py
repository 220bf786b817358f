# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``vannah.healthcloud.artifacts``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifacts
author: The VannahHealthCloud developers (@vannahhealthcloud)
short_description: Fetch or build software that Debian does not carry into the controller's cache
description:
  - Fetches or builds what C(playbooks/vars/artifacts.yml) and the variable C(site_artifacts) say. Files that are in the cache are not
    changed.
  - A file that is fetched is compared with its sha256 before anything is done with it. A program that is built is proved by a committed
    go.sum, or by Go's checksum database.
  - Reports its progress on the terminal. Two concurrent runs wait for each other; a killed run leaves no incomplete file.
  - Nothing is done on the host that the task is for.
  - The cache is C(.cache/artifacts) of the collection's folder, or what the variable C(site_artifact_cache) says.
options:
  names:
    description: Names of artifacts. By default everything that the roles of the inventory's hosts export.
    type: list
    elements: str
  verify:
    description: Whether files that are in the cache are read and compared with its manifest; a damaged one is fetched or built again.
    type: bool
    default: false
attributes:
  check_mode:
    description: Reports what would be fetched or built, and does neither.
    support: full
  diff_mode:
    description: There is none.
    support: none
"""

EXAMPLES = r"""
- name: Fetch or build what the roles of the site need
  vannah.healthcloud.artifacts:

- name: Fetch one more
  vannah.healthcloud.artifacts:
    names: [mc]
"""

RETURN = r"""
artifacts:
  description: What was asked for.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: The artifact's name.
      type: str
      returned: always
    version:
      description: Its version in the lock file.
      type: str
      returned: always
    state:
      description: V(there), V(fetched) or V(built); in check mode V(fetch) or V(build) for what would be.
      type: str
      returned: always
    src:
      description: Its path.
      type: str
      returned: where it is there
    sha256:
      description: Its sha256.
      type: str
      returned: where it is there
    size:
      description: Its size in bytes.
      type: int
      returned: where it is there
    how:
      description: Where it is from.
      type: str
      returned: where it is there
    verified:
      description: What proved it.
      type: str
      returned: where it is there
code:
  description: A word for why it failed, such as V(artifact-unpinned) or V(artifact-mismatch).
  type: str
  returned: on failure
"""
