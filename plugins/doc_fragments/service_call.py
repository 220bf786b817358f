# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that all modules share that call a service. The attribute ``lease`` is what their action goes by."""

from __future__ import annotations


class ModuleDocFragment:
    """A module that changes something, and one that only reads (``service_call.reads``)."""

    DOCUMENTATION = r"""
attributes:
  check_mode: {support: full, description: Reports what would be done and changes nothing.}
  diff_mode: {support: full, description: "Shows the state before and after, never a secret."}
  lease: {support: full, description: "Takes the host's lease, and fails while another run holds it."}
"""

    READS = r"""
attributes:
  check_mode: {support: full, description: "Reads as in a normal run, and does not wait."}
  diff_mode: {support: none, description: Nothing changes.}
  lease: {support: none, description: "Takes no lease, so it also works while another run holds the host."}
"""
