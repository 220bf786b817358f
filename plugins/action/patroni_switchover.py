# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let another member lead. Documentation: plugins/modules/patroni_switchover.py."""

from __future__ import annotations

from ..module_utils.cluster_specs import SWITCHOVER
from ..module_utils.controller.action import DomainAction


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.patroni_switchover``."""

    DOMAIN = "patroni"
    CALL = "switchover"
    ARGUMENT_SPEC = SWITCHOVER
