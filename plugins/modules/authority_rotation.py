# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action ``authority_rotation``, which runs on the controller; it decides in ``pki/succession.py``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: authority_rotation
short_description: Take the steps of a rotation of the site's CA
version_added: 0.1.0
author: The VannahHealthCloud developers (@vannahhealthcloud)
description:
  - Makes, promotes and deletes the authorities in C(pki/) of the inventory's folder. The hosts are converged between the steps.
  - Reads what M(vannah.healthcloud.pki_certificates) registered for each host.
  - Fails where a host of the inventory has no answer, or has not finished the step before.
  - A step that an earlier run has taken is not repeated.
  - Run it with C(run_once). Needs the site's vault password.
options:
  answers: {type: str, required: true, description: Name of the variable that M(vannah.healthcloud.pki_certificates) was registered as.}
  step:
    description:
      - V(look) finds how far the rotation is, and makes the new authority where none is under way.
      - V(next) takes the step that is due. The new one signs, then the old one is deleted. Where no step is left, or the rotation is held,
        nothing more is converged in this run.
      - V(finished) only requires that the hosts are as the files say.
    type: str
    choices: [look, next, finished]
    required: true
  hold: {type: bool, default: false, description: Do not go beyond the first step. Both authorities stay trusted.}
attributes:
  check_mode: {support: full, description: "Shows the steps, and changes nothing."}
  diff_mode: {support: none, description: There is nothing to show.}
"""

EXAMPLES = r"""
- name: Take the next step
  vannah.healthcloud.authority_rotation:
    answers: certificates
    step: next
  run_once: true
"""

RETURN = r"""
stage:
  description: "Where the rotation is after this: V(trust), V(reissue), V(drop) where only hosts have to end it, or empty."
  returned: success
  type: str
plan: {returned: success, type: list, elements: str, description: "What is done from here on, or what to do now, one text a line."}
"""
