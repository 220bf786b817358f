# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of journald.conf(5), systemd 252 and 257, and their values.

journald ignores an option or a value that it cannot read, and takes its own default: 4 GiB in place of the role's one.
https://www.freedesktop.org/software/systemd/man/257/journald.conf.html
"""

from __future__ import annotations

import re
from typing import Any

_SIZE = (r"(?i:infinity)|\d+(?:\.\d+)?[BKMGTPE]?(?: ?\d+(?:\.\d+)?[BKMGTPE])*", "a size such as 500M or 4G")
_TIME_UNIT = (
    r"(?:usec|us|µs|msec|ms|seconds|second|sec|s|minutes|minute|min|m|hours|hour|hr|h|days|day|d|weeks|week|w|months|month|M|years|year|y)"
)
_TIME = (rf"infinity|\d+(?:\.\d+)?|(?:\d+(?:\.\d+)?\s*{_TIME_UNIT}\s*)+", "a time such as 3month or 30s")
_NUMBER = (r"\d+", "a whole number")
_YES = (r"(?i:yes|no|true|false|on|off|y|n|t|f|1|0)", "yes or no")
_LEVEL = ("emerg|alert|crit|err|warning|notice|info|debug|[0-7]", "a level from emerg to debug")

#: Option -> pattern of its values, and what to write.
OPTIONS: dict[str, tuple[str, str]] = {
    "Storage": ("volatile|persistent|auto|none", "volatile, persistent, auto or none"),
    "Compress": (f"{_YES[0]}|{_SIZE[0]}", "yes, no or a size such as 512B"),
    "SplitMode": ("uid|none", "uid or none"),
    "RateLimitBurst": _NUMBER,
    "SystemMaxFiles": _NUMBER,
    "RuntimeMaxFiles": _NUMBER,
    "TTYPath": (r"/dev/\S+", "the path of a terminal"),
    "ForwardToSocket": (r"\S+", "an address"),
    "LineMax": _SIZE,
    **{f"{where}{what}": _SIZE for where in ("System", "Runtime") for what in ("MaxUse", "KeepFree", "MaxFileSize")},
    **dict.fromkeys(("SyncIntervalSec", "RateLimitIntervalSec", "MaxRetentionSec", "MaxFileSec"), _TIME),
    **dict.fromkeys(("Seal", "ReadKMsg", "ForwardToSyslog", "ForwardToKMsg", "ForwardToConsole", "ForwardToWall"), _YES),
    "Audit": (f"{_YES[0]}|", "yes, no or an empty text"),
    **{f"MaxLevel{name}": _LEVEL for name in ("Store", "Syslog", "KMsg", "Console", "Wall", "Socket")},
}


def problem(name: Any, value: Any) -> tuple[str, str] | None:
    """What is wrong with an option and its value, and what to write; None where nothing is. ``null`` removes an option of the role's."""
    if not isinstance(name, str) or name not in OPTIONS:
        near = next((known for known in OPTIONS if known.lower() == str(name).lower()), "")
        return "journald knows no such option.", near or "an option of journald.conf(5)"
    if value is None:
        return None
    if isinstance(value, bool):
        value = "yes" if value else "no"
    pattern, example = OPTIONS[name]
    if isinstance(value, int | float | str) and re.fullmatch(pattern, str(value).strip(" ")):
        return None
    return "journald cannot read this value, and would use its own default.", example
