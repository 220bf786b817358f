# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``pki_certificates``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pki_certificates
short_description: Report the certificates of a host
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Reads every certificate that a component of this host has, and those in O(also), as they are on disk.
  - Names the units that use each of them.
extends_documentation_fragment: [vannah.healthcloud.service_call.reads]
options:
  also:
    description: Certificates that no component has, such as those of a public authority.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {type: str, required: true, description: What the certificate is called.}
      path: {type: path, required: true, description: The file with the certificate and its chain.}
      units: {type: list, elements: str, default: [], description: Units that use it.}
      role: {type: str, default: "", description: The role that names it. It is not used.}
"""

EXAMPLES = r"""
- name: Ask the host for its certificates
  vannah.healthcloud.pki_certificates:
  register: certificates
"""

RETURN = r"""
certificates:
  description:
    - Each with C(component), C(name), C(path), C(key), C(units), C(common_name), C(names), C(addresses), C(issuer), C(serial), C(authority)
      (the identifier of the authority's key), C(not_before) and C(not_after) (seconds since the epoch).
    - C(problem) says why it cannot be used, C(key_fits) whether it belongs to its key.
    - C(trusted) are the authorities in the file that its service reads, null where it has no such file.
  returned: success
  type: list
  elements: dict
trusted:
  description: "The site's authorities as this host has them: C(key), C(fingerprint), C(called), C(begins)."
  returned: success
  type: list
  elements: dict
waits:
  description: Units that were started with another certificate or authority than their files have now. They wait for a restart.
  returned: success
  type: list
  elements: str
clock: {returned: success, type: float, description: "The host's time, seconds since the epoch."}
"""
