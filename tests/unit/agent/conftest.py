# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host for each test, and an authority that signs what it asks for."""

from tests.unit.lib.host import component, ctx, host, no_lease_left, programs
from tests.unit.lib.issuing import authority, web

__all__ = ["authority", "component", "ctx", "host", "no_lease_left", "programs", "web"]
