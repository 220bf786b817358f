# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of the cluster's actions may say; the documentation in ``plugins/modules`` is held equal by a unit test."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

PKI = "/etc/vannah/pki/postgresql"
#: How this host's Patroni is reached, and what counts as up to date.
COMMON: Spec = {
    "url": {"type": "str", "default": "https://127.0.0.1:8008"},
    "ca": {"type": "path", "default": PKI + "/ca.pem"},
    "cert": {"type": "path", "default": PKI + "/cert.pem"},
    "key": {"type": "path", "default": PKI + "/key.pem", "no_log": False},
    "members": {"type": "list", "elements": "str", "default": []},
    "max_lag": {"type": "int", "default": 1048576},
}
FORCE: Spec = {"force": {"type": "bool", "default": False}}

INFO: Spec = {**COMMON, "wait": {"type": "int", "default": 0}}
CONFIG: Spec = {
    **COMMON,
    "config": {"type": "dict", "required": True},
    "hba": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "list", "elements": "str", "default": []},
    "wait": {"type": "int", "default": 60},
}
SWITCHOVER: Spec = {
    **COMMON,
    "candidate": {"type": "str", "default": ""},
    "away_from": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 120},
}
RESTART: Spec = {**COMMON, **FORCE, "only_pending": {"type": "bool", "default": True}, "timeout": {"type": "int", "default": 300}}
REINIT: Spec = {**COMMON, **FORCE, "timeout": {"type": "int", "default": 3600}}
REMOVE: Spec = {
    **COMMON,
    **FORCE,
    "member": {"type": "str", "required": True},
    "others": {"type": "list", "elements": "str", "default": []},
    "unit": {"type": "str", "default": "patroni.service"},
    "timeout": {"type": "int", "default": 360},
}
GUARD: Spec = {
    "scope": {"type": "str", "required": True},
    "data_directory": {"type": "path", "required": True},
    "ports": {"type": "list", "elements": "int", "default": [5432, 8008]},
    "adopt": {"type": "bool", "default": False},
}
UPDATE: Spec = {"names": {"type": "list", "elements": "str", "default": []}, "refresh": {"type": "bool", "default": True}}
ETCD_HEALTH: Spec = {
    "endpoint": {"type": "str", "default": "https://127.0.0.1:2379"},
    "ca": {"type": "path", "default": "/etc/vannah/pki/etcd/ca.pem"},
    "cert": {"type": "path", "default": "/etc/vannah/pki/etcd/cert.pem"},
    "key": {"type": "path", "default": "/etc/vannah/pki/etcd/key.pem", "no_log": False},
    "interrupt": {"type": "str", "default": ""},
    "formed": {"type": "bool", "default": False},
    "members": {"type": "list", "elements": "str", "default": []},
    "wait": {"type": "int", "default": 0},
}
