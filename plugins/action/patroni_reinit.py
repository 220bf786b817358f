# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy one member's data anew. Documentation: plugins/modules/patroni_reinit.py."""

from __future__ import annotations

from ..module_utils.cluster_specs import REINIT
from ..module_utils.controller.action import DomainAction


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.patroni_reinit``."""

    DOMAIN = "patroni"
    CALL = "reinit"
    ARGUMENT_SPEC = REINIT
