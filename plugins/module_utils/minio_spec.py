# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be said of an object store: the one definition for the actions, their documentation and preflight."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

STATE: Spec = {"type": "str", "choices": ["present", "absent"], "default": "present"}

#: How the store is reached.
COMMON: Spec = {
    "endpoint": {"type": "str", "default": "https://127.0.0.1:9000"},
    "access_key": {"type": "str", "required": True, "no_log": False},  # a name
    "secret_key": {"type": "str", "required": True, "no_log": True},
    "ca": {"type": "path", "default": "/etc/vannah/pki/ca.crt"},
    "region": {"type": "str", "default": "us-east-1"},
    "timeout": {"type": "int", "default": 30},
}

# What is not given stays as it is.
LIFECYCLE_RULE: Spec = {
    "id": {"type": "str", "required": True},
    "enabled": {"type": "bool", "default": True},
    "prefix": {"type": "str", "default": ""},
    "expiry_days": {"type": "int"},
    "expired_delete_markers": {"type": "bool", "default": False},
    "transition_days": {"type": "int"},
    "tier": {"type": "str"},
    "noncurrent_days": {"type": "int"},
    "newer_noncurrent_versions": {"type": "int"},
    "noncurrent_transition_days": {"type": "int"},
    "noncurrent_tier": {"type": "str"},
    "abort_incomplete_days": {"type": "int"},
}

BUCKET: Spec = {
    "name": {"type": "str", "required": True},
    "state": STATE,
    "drop_data": {"type": "bool", "default": False},
    "versioning": {"type": "str", "choices": ["enabled", "suspended"]},
    "object_lock": {
        "type": "dict",
        "options": {
            "mode": {"type": "str", "choices": ["governance", "compliance"]},
            "days": {"type": "int"},
            "years": {"type": "int"},
        },
    },
    "encryption": {"type": "str", "choices": ["sse-s3", "none"]},
    "quota": {"type": "str"},
    "policy": {"type": "raw"},
    "tags": {"type": "dict"},
    "lifecycle": {"type": "list", "elements": "dict", "options": LIFECYCLE_RULE},
}

BUCKETS: Spec = {
    **COMMON,
    "backend": {"type": "str", "choices": ["auto", "minio", "s3"], "default": "auto"},
    "buckets": {"type": "list", "elements": "dict", "required": True, "options": BUCKET},
}

TIER: Spec = {
    "name": {"type": "str", "required": True},
    "state": STATE,
    "type": {"type": "str", "choices": ["minio", "s3"], "default": "minio"},
    "endpoint": {"type": "str", "default": ""},
    "bucket": {"type": "str", "default": ""},
    "prefix": {"type": "str", "default": ""},
    "region": {"type": "str", "default": ""},
    "storage_class": {"type": "str", "default": ""},
    "access_key": {"type": "str", "default": "", "no_log": False},
    "secret_key": {"type": "str", "default": "", "no_log": True},
}

TIERS: Spec = {**COMMON, "tiers": {"type": "list", "elements": "dict", "required": True, "options": TIER}}

USERS: Spec = {
    **COMMON,
    "policies": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"name": {"type": "str", "required": True}, "state": STATE, "document": {"type": "raw"}},
    },
    "users": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "state": STATE,
            "secret": {"type": "str", "no_log": True},
            "enabled": {"type": "bool", "default": True},
            "policies": {"type": "list", "elements": "str"},
        },
    },
    "service_accounts": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "access_key": {"type": "str", "required": True, "no_log": False},
            "state": STATE,
            "user": {"type": "str", "default": ""},
            "secret_key": {"type": "str", "no_log": True},
            "policy": {"type": "raw"},
            "name": {"type": "str"},
            "description": {"type": "str"},
        },
    },
}

INFO: Spec = {**COMMON, "wait": {"type": "int", "default": 0}, "drive": {"type": "str", "default": ""}}
