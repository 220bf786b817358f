# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of the object store's verbs may say; the documentation in ``plugins/modules`` is held equal by a unit test."""

from __future__ import annotations

from typing import Any

from .minio_spec import COMMON

Spec = dict[str, Any]

HEALTH: Spec = {
    "endpoint": {"type": "str", "default": "https://127.0.0.1:9000"},
    "ca": {"type": "path", "default": "/etc/vannah/pki/ca.crt"},
    "interrupt": {"type": "bool", "default": False},
    "wait": {"type": "int", "default": 0},
    "settle": {"type": "int", "default": 0},
}
RUNNING: Spec = {
    "binary": {"type": "path", "default": "/usr/local/bin/minio"},
    "environment": {"type": "path", "default": "/etc/minio/minio.env"},
}
STOP: Spec = {}
HEAL: Spec = {
    **COMMON,
    "bucket": {"type": "str", "default": ""},
    "prefix": {"type": "str", "default": ""},
    "deep": {"type": "bool", "default": True},
    "wait": {"type": "int", "default": 3600},
}
DEVICES: Spec = {
    "drives": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {"path": {"type": "path", "required": True}, "device": {"type": "str", "required": True}},
    },
    "format": {"type": "bool", "default": False},
    "lost": {"type": "bool", "default": False},
}
