# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask what an object store's server runs with. Documentation: plugins/modules/minio_running.py."""

from __future__ import annotations

from ..module_utils.controller.action import DomainAction
from ..module_utils.minio_verb_specs import RUNNING


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.minio_running``."""

    DOMAIN = "minio"
    CALL = "running"
    LEASE = "none"  # looking disturbs nobody, whoever holds the host
    ARGUMENT_SPEC = RUNNING
