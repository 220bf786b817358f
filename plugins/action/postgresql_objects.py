# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, databases and what is in them. Documentation: plugins/modules/postgresql_objects.py."""

from __future__ import annotations

from ..module_utils.controller.action import DomainAction
from ..module_utils.postgresql_spec import OBJECTS


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.postgresql_objects``."""

    DOMAIN = "postgresql"
    CALL = "objects"
    ARGUMENT_SPEC = OBJECTS
