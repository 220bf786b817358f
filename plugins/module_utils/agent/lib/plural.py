# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A number with its noun."""

from __future__ import annotations


def counted(number: float, noun: str, several: str = "") -> str:
    """``1 host``, ``2 hosts``; ``several`` where that is no s at the end."""
    return f"{number} {noun if number == 1 else several or noun + 's'}"
