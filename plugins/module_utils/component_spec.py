# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one definition of what a component may say.

The ``component`` and ``converge`` actions validate against :data:`COMPONENT_SPEC`, the documentation in
``plugins/modules/component.py`` is held equal to it by a unit test, and the agent receives definitions that were
normalised by it (every option present, defaults filled in), so that the host side never guesses.

The format is Ansible's own argument spec, so that ansible-core's validator does the work
(``ansible.module_utils.common.arg_spec.ArgumentSpecValidator``).
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

#: What a changed file, certificate or package asks of a unit.
ON_CHANGE = ["restart", "reload", "defer", "none"]

STATE: Spec = {"type": "str", "choices": ["present", "absent"], "default": "present"}

READY_SPEC: Spec = {
    "tcp": {"type": "str"},  # host:port
    "http": {"type": "str"},  # URL, http or https
    "status": {"type": "list", "elements": "int", "default": [200]},
    "ca": {"type": "path"},  # CA bundle for https, else the system's
    "cert": {"type": "path"},  # client certificate for mutual TLS
    "key": {"type": "path", "no_log": False},
    "command": {"type": "list", "elements": "str"},  # argv; ready when it exits 0
    "user": {"type": "str"},  # run the command as this user
    "timeout": {"type": "int", "default": 60},  # seconds
}

COMPONENT_SPEC: Spec = {
    "name": {"type": "str", "required": True},
    "state": STATE,
    # Packages and users of an absent component are removed only with purge. Data never is.
    "purge": {"type": "bool", "default": False},
    "groups": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "gid": {"type": "int"},
            "system": {"type": "bool", "default": True},
            "state": STATE,
        },
    },
    "users": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "uid": {"type": "int"},
            "group": {"type": "str"},
            "groups": {"type": "list", "elements": "str", "default": []},  # supplementary; added, never taken away
            "comment": {"type": "str", "default": ""},
            "home": {"type": "path"},
            "shell": {"type": "str", "default": "/usr/sbin/nologin"},
            "system": {"type": "bool", "default": True},
            "create_home": {"type": "bool", "default": False},
            "state": STATE,
        },
    },
    "packages": {
        "type": "list",
        "elements": "dict",  # a plain string is taken as {name: string}
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "state": STATE,
            "version": {"type": "str"},  # a pin: exact, or a prefix ending in *; becomes a file in /etc/apt/preferences.d
            "hold": {"type": "bool", "default": False},
        },
    },
    "directories": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "path", "required": True},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "mode": {"type": "str", "default": "0755"},
            "mounted": {"type": "bool", "default": False},  # left alone while nothing is mounted there
            "validate": {"type": "list", "elements": "str"},  # argv, asked before it is made or changed
            "state": STATE,  # absent removes it only when it is empty
        },
    },
    "links": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "path", "required": True},
            "target": {"type": "str"},
            "state": STATE,
        },
    },
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "mutually_exclusive": [["template", "content", "src", "artifact"]],
        "options": {
            "path": {"type": "path", "required": True},
            "template": {"type": "str"},  # name below the role's (or the playbook's) templates/
            "content": {"type": "str"},
            "src": {"type": "str"},  # a file of the controller, below the role's (or the playbook's) files/
            "artifact": {
                "type": "dict",
                "options": {
                    "src": {"type": "path", "required": True},  # on the controller
                    "sha256": {"type": "str", "required": True},
                },
            },
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "mode": {"type": "str", "default": "0644"},
            "before": {"type": "str", "choices": ["packages"]},
            "validate": {"type": "list", "elements": "str"},  # argv with %s: only for self-contained files
            "sensitive": {"type": "bool", "default": False},  # no diff
            "on_change": {"type": "str", "choices": ON_CHANGE},  # default: what the unit says
            "units": {"type": "list", "elements": "str"},  # default: every unit of the component
            # A bind-mounted file (a container's /etc/hosts) cannot be renamed over; the agent then writes in place.
            "state": STATE,
        },
    },
    # Each an argv, run on the real paths after all changed files are written and before any unit is touched.
    "validate": {"type": "list", "elements": "list", "default": []},
    "certificates": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "key": {"type": "path", "required": True, "no_log": False},
            "cert": {"type": "path", "required": True},  # leaf, then chain
            "ca": {"type": "path"},  # where the CA's certificate is written, if anywhere
            "common_name": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},  # DNS names
            "addresses": {"type": "list", "elements": "str", "default": []},  # IP addresses
            "usages": {"type": "list", "elements": "str", "choices": ["server", "client"], "default": ["server", "client"]},
            "days": {"type": "int", "default": 90},
            "renew_before": {"type": "int", "default": 30},  # days
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "key_mode": {"type": "str", "default": "0640"},
            "on_change": {"type": "str", "choices": ON_CHANGE, "default": "reload"},
            "units": {"type": "list", "elements": "str"},
        },
    },
    "sysctls": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "value": {"type": "str", "required": True},
        },
    },
    "cron": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},  # the file's name in /etc/cron.d
            "schedule": {"type": "str", "required": True},  # five fields or @daily and the like
            "user": {"type": "str", "default": "root"},
            "command": {"type": "str", "required": True},
            "environment": {"type": "dict", "default": {}},
            "state": STATE,
        },
    },
    "units": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},  # with its suffix: .service, .timer, .socket, .mount
            "content": {"type": "str"},  # a whole unit file, written to /etc/systemd/system
            "template": {"type": "str"},  # the same from a template
            "dropins": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},  # file name without .conf
                    "content": {"type": "str"},
                    "template": {"type": "str"},
                },
            },
            "state": {"type": "str", "choices": ["started", "stopped", "unmanaged", "absent"], "default": "started"},
            "enabled": {"type": "bool", "default": True},
            "masked": {"type": "bool", "default": False},
            "on_change": {"type": "str", "choices": ON_CHANGE, "default": "restart"},
            "watch": {"type": "dict", "default": {}},  # path -> restart | reload | defer | none
            "watch_packages": {"type": "list", "elements": "str"},  # default: the component's packages
            "watch_command": {"type": "list", "elements": "str"},  # prints what the unit really runs with
            "no_block": {"type": "bool", "default": False},  # systemctl --no-block: members that wait for each other
            "socket": {"type": "str"},  # where it listens the service is its to start, and is restarted in place of a reload
            "driver": {"type": "str", "default": "systemd"},  # or a service with its own part for it: controller/rules.py
            "driver_options": {"type": "dict", "default": {}},  # what the driver has to know of the service
            "ready": {"type": "dict", "options": READY_SPEC},
        },
    },
    # A configuration that can lock us out (sshd, firewall): a revert is armed and disarmed by the next connection.
    "lockout_guard": {"type": "int", "default": 0},  # seconds; 0: none
}
