# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over a site. Documentation: addresses_of.yml, locales_of.yml, restart_due.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.addresses import addresses_of
from ..module_utils.maintenance import restart_due
from ..module_utils.postgresql_locales import locales_of


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"addresses_of": addresses_of, "locales_of": locales_of, "restart_due": restart_due}
