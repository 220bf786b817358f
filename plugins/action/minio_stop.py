# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop an object store's server. Documentation: plugins/modules/minio_stop.py."""

from __future__ import annotations

from ..module_utils.controller.action import DomainAction
from ..module_utils.minio_verb_specs import STOP


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.minio_stop``."""

    DOMAIN = "minio"
    CALL = "stop"
    ARGUMENT_SPEC = STOP
