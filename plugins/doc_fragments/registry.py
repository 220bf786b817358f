# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of the registry share."""

from __future__ import annotations


class ModuleDocFragment:
    """How a registry is reached, and what check mode means there."""

    DOCUMENTATION = r"""
options:
  url: {type: str, default: https://127.0.0.1:5000, description: "Where the registry answers, C(https://name:port)."}
  user: {type: str, default: "", description: Who asks. Empty for a registry without users.}
  password: {type: str, default: "", description: "The user's password."}
  ca:
    description: File on the host with the CA of the registry's certificate. Empty for those the host trusts.
    type: path
    default: /etc/vannah/pki/ca.crt
  timeout: {type: int, default: 120, description: Seconds to wait for each answer.}
"""

    #: Of those that make what lists name.
    CHANGES = r"""
attributes:
  check_mode: {details: "Where no registry answers yet, everything is shown as to be made."}
"""
