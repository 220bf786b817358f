# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Minor updates of one member's packages. Documentation: plugins/modules/patroni_update.py."""

from __future__ import annotations

from ..module_utils.cluster_specs import UPDATE
from ..module_utils.controller.action import DomainAction


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.patroni_update``."""

    DOMAIN = "patroni"
    CALL = "update"
    ARGUMENT_SPEC = UPDATE
