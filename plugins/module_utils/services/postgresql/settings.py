# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of PostgreSQL that are times."""

from __future__ import annotations

import re
from typing import Any

from ...preflight.rules.settings import whole

#: Units of time that PostgreSQL takes, in seconds.
_SECONDS = {"us": 0.000001, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}


def seconds(value: Any) -> int | None:
    """A setting that is a time, in seconds where it has no unit; None for anything else."""
    match = re.fullmatch(r"(\d+)\s*(us|ms|s|min|h|d)", value.strip()) if isinstance(value, str) else None
    return round(int(match[1]) * _SECONDS[match[2]]) if match else whole(value)
