# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated host for each test."""

from tests.unit.lib.host import component, ctx, host, no_lease_left, programs

__all__ = ["component", "ctx", "host", "no_lease_left", "programs"]
