# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``certificate_revoke``, which runs on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_revoke
short_description: Put a certificate on the site's revocation list
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Adds the serial number of a certificate to C(pki/ca.crl) in the inventory's folder, signed by the site's CA.
  - Names the hosts on which a revoked certificate is in use. Nothing is done on them.
  - Run it with C(run_once). Needs the site's vault password.
options:
  answers: {type: str, required: true, description: Name of the variable that M(vannah.healthcloud.pki_certificates) was registered as.}
  host: {type: str, default: "", description: "With O(name): a host that uses the certificate."}
  name: {type: str, default: "", description: Name of the certificate or of its component.}
  serial: {type: str, default: "", description: "In place of O(host) and O(name): the serial number, hexadecimal."}
  before: {type: str, required: true, description: "Only a certificate that was signed before this time, such as V(2026-12-01T10:00:00Z)."}
attributes:
  check_mode: {support: full, description: Reports what would be revoked and writes nothing.}
  diff_mode: {support: none, description: There is nothing to show.}
"""

EXAMPLES = r"""
- name: Revoke the certificate of etcd on db1
  vannah.healthcloud.certificate_revoke:
    answers: certificates
    host: db1
    name: etcd
    before: "2026-12-01T10:00:00Z"
  run_once: true
"""

RETURN = r"""
plan: {returned: success, type: list, elements: str, description: "What is done, one text a line."}
serials: {returned: success, type: list, elements: str, description: Serial numbers that were not on the list before.}
replace:
  description: Hosts on which a revoked certificate is in use, with the names of those certificates.
  returned: success
  type: dict
"""
