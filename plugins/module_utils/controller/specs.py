# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions' tasks may say. ``component`` has its own: :mod:`component_spec`.

The documentation in ``plugins/modules`` is held equal to these by a unit test.
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

CONVERGE: Spec = {
    "roles": {"type": "list", "elements": "str", "required": True},
    "prepare": {"type": "list", "elements": "str", "default": []},
    "forming": {"type": "list", "elements": "dict", "default": []},
}

COMPONENT_RESTART: Spec = {
    "component": {"type": "str", "required": True},
    "role": {"type": "str", "required": True},
    "unit": {"type": "str", "required": True},
    "previous": {"type": "str", "choices": ["kept", "forgotten", "restored"]},
    "reason": {"type": "str"},
}

LEASE: Spec = {
    "state": {"type": "str", "choices": ["held", "released", "info"], "default": "held"},
    "takeover": {"type": "bool", "default": False},
}

HOST_FACTS: Spec = {"survey": {"type": "bool", "default": False}, "listeners": {"type": "bool", "default": False}}
