# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight knows of PostgreSQL."""

from __future__ import annotations

from ...preflight.rules import Area
from . import connections, database_locales, databases, objects, server_settings, setting_names, slots, standard_databases

AREA = Area(
    "Databases",
    (
        *databases.CODES,
        *server_settings.CODES,
        *setting_names.CODES,
        *objects.CODES,
        *standard_databases.CODES,
        *database_locales.CODES,
        *connections.CODES,
        *slots.CODES,
    ),
    (
        *databases.RULES,
        *server_settings.RULES,
        *setting_names.RULES,
        *objects.RULES,
        *standard_databases.RULES,
        *database_locales.RULES,
        *connections.RULES,
        *slots.RULES,
    ),
)
