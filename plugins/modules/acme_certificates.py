# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of ``acme_certificates``; ``plugins/action/service_call.py`` runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: acme_certificates
short_description: Obtain or install certificates of a public authority
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Has the program of the role C(acme) obtain the certificates that are missing or end soon.
  - On the other hosts it installs those of the host that obtains them.
  - Asks for nothing while a valid certificate is there, and after a failure not before some time has passed.
  - A failure leaves the present certificate in place. It is a warning while that is valid.
extends_documentation_fragment: [vannah.healthcloud.service_call]
options:
  obtains: {type: bool, required: true, description: Whether this host asks the authority.}
  retry: {type: bool, default: false, description: Try what failed a short time ago again at once.}
  given:
    description: On the other hosts, what M(vannah.healthcloud.acme_export) gave. Left out, only what is missing is reported.
    type: list
    elements: dict
    suboptions:
      name: {type: str, required: true, description: Name of the certificate.}
      fullchain: {type: str, required: true, description: The certificate and its chain in PEM.}
      private_key: {type: str, required: true, description: Its key in PEM.}
      directory: {type: str, required: true, description: The authority that issued it.}
"""

EXAMPLES = r"""
- name: Obtain certificates
  vannah.healthcloud.acme_certificates:
    obtains: true
"""

RETURN = r"""
certificates:
  description: Each with C(name), C(state) (V(missing), V(other), V(expired), V(due) or V(valid)) and C(reason).
  returned: success
  type: list
  elements: dict
steps: {returned: always, type: list, elements: str, description: "What was done, or would be in check mode, one line each."}
"""
