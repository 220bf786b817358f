# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the object store. Documentation: minio_layout.yml, minio_picture.yml, minio_pools_declared.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..module_utils.services.minio.layout import as_declared, layout
from ..module_utils.services.minio.picture import picture


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name -> function."""
        return {"minio_layout": layout, "minio_picture": picture, "minio_pools_declared": as_declared}
