# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites out of a few lines of YAML."""

from tests.unit.lib.sites import judged, read, schema

__all__ = ["judged", "read", "schema"]
