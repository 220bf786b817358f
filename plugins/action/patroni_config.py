# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni's configuration of the whole cluster. Documentation: plugins/modules/patroni_config.py."""

from __future__ import annotations

from ..module_utils.cluster_specs import CONFIG
from ..module_utils.controller.action import DomainAction


class ActionModule(DomainAction):
    """The action ``vannah.healthcloud.patroni_config``."""

    DOMAIN = "patroni"
    CALL = "config"
    ARGUMENT_SPEC = CONFIG
