# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``certificate_report``, which runs on the controller; it judges in ``pki/report.py``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_report
short_description: List every certificate of a site with its days left
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Reads what M(vannah.healthcloud.pki_certificates) registered for each host of the play, adds the site's own authorities and judges them.
  - Reports a host that could not be asked as a problem.
  - Run it with C(run_once).
options:
  answers: {type: str, required: true, description: Name of the variable that M(vannah.healthcloud.pki_certificates) was registered as.}
  close_days:
    type: int
    default: 21
    description: A certificate with fewer days left is a problem. Certificates are renewed 30 days before they expire.
  file:
    type: path
    description: A file on the controller that gets the report as JSON. Nothing is written in check mode.
attributes:
  check_mode: {support: full, description: "Reads as in a normal run, and writes no file."}
  diff_mode: {support: none, description: There is nothing to show.}
"""

EXAMPLES = r"""
- name: Judge the certificates
  vannah.healthcloud.certificate_report:
    answers: certificates
  run_once: true
"""

RETURN = r"""
certificates:
  description:
    - Each with C(host), C(component), C(name), C(path), C(common_name), C(names), C(issuer), C(serial), C(units), C(not_after), C(days),
      C(state) (V(expired), V(revoked), V(wrong), V(close) or V(ok)) and C(problem).
  returned: success
  type: list
  elements: dict
table: {returned: success, type: list, elements: str, description: "The same as a table, one text a line."}
problems: {returned: success, type: list, elements: str, description: "What has to be done, with its fix; empty where nothing has."}
"""
