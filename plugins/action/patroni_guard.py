# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse a host that carries somebody else's PostgreSQL. Documentation: plugins/modules/patroni_guard.py."""

from __future__ import annotations

from ..module_utils.cluster_specs import GUARD
from ..module_utils.controller.action import DomainAction


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.patroni_guard``."""

    DOMAIN = "patroni"
    CALL = "guard"
    LEASE = "none"  # it looks before anything is changed: a host that is refused is left without a trace
    ARGUMENT_SPEC = GUARD
