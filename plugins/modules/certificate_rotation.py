# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``certificate_rotation``, which runs on the controller; it judges in ``pki/rotation.py``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_rotation
short_description: Judge which certificates of a site are replaced
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Reads what M(vannah.healthcloud.pki_certificates) registered for each host of the play.
  - Names the certificates of components that the site's CA signed before O(before).
  - Fails where O(components) names one that no host has, and with O(finished) where some are left.
  - Run it with C(run_once).
options:
  answers: {type: str, required: true, description: Name of the variable that M(vannah.healthcloud.pki_certificates) was registered as.}
  before: {type: str, required: true, description: "A time of the past in UTC, such as V(2026-12-01T10:00:00Z)."}
  components:
    type: raw
    description: Names of components or certificates, as a list or a text with commas. All of them by default.
  finished: {type: bool, default: false, description: Whether the rotation has ended.}
attributes:
  check_mode: {support: full, description: "Nothing is ever changed. Fails not because of certificates that are left."}
  diff_mode: {support: none, description: There is nothing to show.}
"""

EXAMPLES = r"""
- name: Decide which certificates are replaced
  vannah.healthcloud.certificate_rotation:
    answers: certificates
    before: "2026-12-01T10:00:00Z"
  run_once: true
"""

RETURN = r"""
plan: {returned: success, type: list, elements: str, description: "What is done, one text a line."}
"""
