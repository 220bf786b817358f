# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the clock of a host is from this machine's."""

from __future__ import annotations


def offset(clock: object, before: float, after: float) -> float | None:
    """Seconds that a host's clock is ahead; None where it did not tell.

    The clock was read some time during the call, which is long where Python had to be installed first.

    :param clock: seconds since the epoch as the host has them
    :param before: when the call began, as this machine has it
    :param after: when it ended
    """
    if not isinstance(clock, int | float):
        return None
    return round(clock - min(max(clock, before), after), 3)
