# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a member how its cluster is. Reading never takes the host's lease. Documentation: plugins/modules/patroni_info.py."""

from __future__ import annotations

from ..module_utils.cluster_specs import INFO
from ..module_utils.controller.action import DomainAction


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.patroni_info``."""

    DOMAIN = "patroni"
    CALL = "info"
    LEASE = "none"  # looking disturbs nobody, whoever holds the host
    ARGUMENT_SPEC = INFO
