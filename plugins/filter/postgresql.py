# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the databases. Documentation: locales_of.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.services.postgresql.locales import locales_of


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"locales_of": locales_of}
