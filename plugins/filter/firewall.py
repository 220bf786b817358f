# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the firewall. Documentation: firewall_rules.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.services.firewall.ruleset import ruleset


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"firewall_rules": ruleset}
