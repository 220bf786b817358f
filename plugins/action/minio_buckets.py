# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets of an object store. Documentation: plugins/modules/minio_buckets.py."""

from __future__ import annotations

from ..module_utils.controller.action import DomainAction
from ..module_utils.minio_spec import BUCKETS


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.minio_buckets``."""

    DOMAIN = "minio"
    CALL = "buckets"
    ARGUMENT_SPEC = BUCKETS
