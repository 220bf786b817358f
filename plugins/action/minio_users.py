# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MinIO's policies, users and service accounts. Documentation: plugins/modules/minio_users.py."""

from __future__ import annotations

from ..module_utils.controller.action import DomainAction
from ..module_utils.minio_spec import USERS


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.minio_users``."""

    DOMAIN = "minio"
    CALL = "users"
    ARGUMENT_SPEC = USERS
