# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules: what cron takes, and which two of them begin in the same minute."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import schedules


@pytest.mark.parametrize(
    "text", ["15 1 * * 0", "*/5 * * * *", "@daily", "0 4 1,15 * *", "0 4 29 2 *", "5 1 * jan-mar mon", "0 0 31 * 7", " 15  1 * * 0 "]
)
def test_good(text: str) -> None:
    assert schedules.problem_of(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("daily", "has 1 fields"),
        ("61 1 * * *", "'61' is no minute"),
        ("15 1 * *", "has 4 fields"),
        ("15 1 * * 0 root", "has 6 fields"),
        ("0 1 30 2 *", "a day that no month has"),
        ("0 1 31 4,6,9,11 *", "a day that no month has"),
        ("@reboot", "has no time"),
        ("@dialy", "is unknown"),
        ("5/10 * * * *", "'5/10' is no minute"),
        ("", "has 0 fields"),
    ],
)
def test_bad(text: str, said: str) -> None:
    assert said in schedules.problem_of(text)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("15 1 * * 1-6", "15 1 * * 0", False),
        ("15 1 * * 1-6", "15 1 * * 6", True),
        ("15 1 * * *", "@daily", False),
        ("0 0 * * *", "@daily", True),
        ("*/15 1 * * *", "30 1 * * 0", True),
        ("15 1 * * 7", "15 1 * * 0", True),  # both are Sunday
        ("0 4 1 * *", "0 4 * * 0", True),  # the first is a Sunday some time
        ("0 4 29 2 *", "0 4 1 * *", False),
        ("0 4 13 * fri", "0 4 14 * *", True),  # either of the two: the 14th is a Friday some time
        ("0 4 */2 * 1", "0 4 2 * *", False),  # a * at the beginning: both have to fit
    ],
)
def test_two_in_the_same_minute(one: str, other: str, meet: bool) -> None:
    assert schedules.meet(one, other) is meet and schedules.meet(other, one) is meet


@pytest.mark.parametrize(("text", "days"), [("15 1 * * 0", 7), ("@daily", 1), ("0 4 1 * *", 31), ("0 4 * * 1,3", 5), ("@yearly", 366)])
def test_the_longest_gap(text: str, days: int) -> None:
    assert schedules.longest_gap(text) == days


def test_only_schedules_are_parsed() -> None:
    with pytest.raises(ValueError, match="not a schedule"):
        schedules.parse("daily")
