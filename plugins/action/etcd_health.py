# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask etcd's members how they are. Documentation: plugins/modules/etcd_health.py."""

from __future__ import annotations

from ..module_utils.cluster_specs import ETCD_HEALTH
from ..module_utils.controller.action import DomainAction


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.etcd_health``."""

    DOMAIN = "etcd"
    CALL = "health"
    LEASE = "none"  # looking disturbs nobody, whoever holds the host
    ARGUMENT_SPEC = ETCD_HEALTH
