# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the dicts of settings that win over variables: numbers, texts, and texts with a unit."""

from __future__ import annotations

import re
from typing import Any

#: Units of time that PostgreSQL takes, in seconds.
_SECONDS = {"us": 0.000001, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}


def whole(value: Any) -> int | None:
    """A setting as a number: servers take 5 and "5" alike."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d+", value.strip()) else None


def seconds(value: Any) -> int | None:
    """A setting of PostgreSQL that is a time, in seconds where it has no unit; None for anything else."""
    match = re.fullmatch(r"(\d+)\s*(us|ms|s|min|h|d)", value.strip()) if isinstance(value, str) else None
    return round(int(match[1]) * _SECONDS[match[2]]) if match else whole(value)
