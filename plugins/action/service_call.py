# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of every module that calls a service and has no logic of its own; ``meta/runtime.yml`` routes them here."""

from __future__ import annotations

from ..module_utils.controller.action import ServiceAction


class ActionModule(ServiceAction):
    """Sends the call that the task's module names."""
