# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of CapRover share."""

from __future__ import annotations


class ModuleDocFragment:
    """How a CapRover server is reached, and what check mode means there."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Where CapRover answers, without a path. On its manager C(http://127.0.0.1:3000), which also works while it forces HTTPS.
      - From elsewhere C(https://captain.<root domain>); the certificate is verified.
    type: str
    default: http://127.0.0.1:3000
  password: {type: str, required: true, description: "CapRover's password, 8 to 29 characters."}
  ca: {type: path, default: "", description: File on the host with the CA of the server's certificate. Empty for those the host trusts.}
  allow_http:
    description: Allows the password to be sent to another host without TLS. For test servers only.
    type: bool
    default: false
  timeout: {type: int, default: 120, description: "Seconds to wait for each answer. A certificate takes 15, as does a delete with volumes."}
  wait: {type: int, default: 60, description: "Seconds to wait for a server that starts; a restart takes 45. Check mode does not wait."}
"""

    #: Of those that make what lists name.
    CHANGES = r"""
attributes:
  check_mode: {details: "If no server answers yet, everything is shown as new."}
"""
