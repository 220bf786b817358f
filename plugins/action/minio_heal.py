# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heal an object store. Documentation: plugins/modules/minio_heal.py."""

from __future__ import annotations

from ..module_utils.controller.action import DomainAction
from ..module_utils.minio_verb_specs import HEAL


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.minio_heal``."""

    DOMAIN = "minio"
    CALL = "heal"
    ARGUMENT_SPEC = HEAL
