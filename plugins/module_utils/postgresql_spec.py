# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be said of PostgreSQL's roles and databases: the one definition for the action, its documentation and preflight."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

STATE: Spec = {"type": "str", "choices": ["present", "absent"], "default": "present"}

# An attribute that is not given stays as it is.
ROLE: Spec = {
    "name": {"type": "str", "required": True},
    "state": STATE,
    "login": {"type": "bool", "default": True},
    "password": {"type": "str", "no_log": True},
    "superuser": {"type": "bool"},
    "createdb": {"type": "bool"},
    "createrole": {"type": "bool"},
    "replication": {"type": "bool"},
    "connection_limit": {"type": "int"},
    "member_of": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "dict", "default": {}},
}

DATABASE: Spec = {
    "name": {"type": "str", "required": True},
    "state": STATE,
    "drop_data": {"type": "bool", "default": False},
    "owner": {"type": "str"},
    "encoding": {"type": "str"},
    "locale": {"type": "str"},
    "connection_limit": {"type": "int"},
    "settings": {"type": "dict", "default": {}},
    "extensions": {"type": "list", "elements": "str", "default": []},
    "schemas": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"name": {"type": "str", "required": True}, "owner": {"type": "str"}},
    },
    "grants": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "role": {"type": "str", "required": True},
            "privileges": {"type": "list", "elements": "str", "required": True},
            "object": {"type": "str", "required": True},  # not "on": YAML reads that as true
        },
    },
}

OBJECTS: Spec = {
    "port": {"type": "int", "default": 5432},
    "socket": {"type": "path", "default": "/var/run/postgresql"},
    "user": {"type": "str", "default": "postgres"},
    "roles": {"type": "list", "elements": "dict", "default": [], "options": ROLE},
    "databases": {"type": "list", "elements": "dict", "default": [], "options": DATABASE},
}
