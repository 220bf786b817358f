# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Format and mount the drives of an object store. Documentation: plugins/modules/minio_devices.py."""

from __future__ import annotations

from ..module_utils.controller.action import DomainAction
from ..module_utils.minio_verb_specs import DEVICES


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.minio_devices``."""

    DOMAIN = "minio"
    CALL = "devices"
    ARGUMENT_SPEC = DEVICES
