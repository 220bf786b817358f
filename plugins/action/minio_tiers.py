# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiers of MinIO: remote stores that a lifecycle moves objects to. Documentation: plugins/modules/minio_tiers.py."""

from __future__ import annotations

from ..module_utils.controller.action import DomainAction
from ..module_utils.minio_spec import TIERS


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.minio_tiers``."""

    DOMAIN = "minio"
    CALL = "tiers"
    ARGUMENT_SPEC = TIERS
