# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the catalogue of apps.

Documentation: apps_for_caprover.yml, apps_ingress.yml, apps_published.yml, apps_secret_names.yml, apps_services.yml.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.services.apps.caprover import for_caprover
from ..module_utils.services.apps.catalogue import ingress, published
from ..module_utils.services.apps.endpoints import services
from ..module_utils.services.apps.references import secret_names


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {
            "apps_for_caprover": for_caprover,
            "apps_ingress": ingress,
            "apps_published": published,
            "apps_secret_names": secret_names,
            "apps_services": services,
        }
