# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules of cron: whether cron takes them, and whether two of them ever fall on the same minute.

The format is that of crontab(5) of Debian's cron: five fields or a nickname. Where day of month and day of week are both restricted, a day
that fits either of them counts.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from ..agent.resources.cron import FIELDS, schedule_problem

#: Nicknames in five fields; @reboot has no time.
SPELT = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
#: Each day of month falls on each day of week within so many days.
_YEARS = 366 * 5
_BEGIN = date(2024, 1, 1)


class Schedule(NamedTuple):
    """The minutes, hours, days, months and days of week (0 is Sunday) of a schedule."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool  # a * for the day of month
    any_weekday: bool

    def falls_on(self, day: date) -> bool:
        """Whether it has times on a day."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day and by_weekday if self.any_day or self.any_weekday else by_day or by_weekday


def problem_of(text: str) -> str:
    """What is wrong with a schedule; empty where it is one with times that exist."""
    found = schedule_problem(" ".join(text.split()))
    if found:
        return found
    if text.strip() == "@reboot":
        return "schedule '@reboot' has no time: a server that runs for months would have no backup"
    made = parse(text)
    if not any(made.falls_on(_BEGIN + timedelta(number)) for number in range(_YEARS)):
        return f"schedule {text!r} names a day that no month has"
    return ""


def parse(text: str) -> Schedule:
    """A schedule that :func:`problem_of` has nothing to say of.

    :raises ValueError: it is not one
    """
    fields = SPELT.get(text.strip(), text).split()
    if schedule_problem(" ".join(fields)):
        raise ValueError(f"{text!r} is not a schedule")
    minutes, hours, days, months, weekdays = (_numbers(field, *known[1:]) for field, known in zip(fields, FIELDS, strict=True))
    stars = [field.startswith("*") for field in (fields[2], fields[4])]
    return Schedule(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), *stars)


def _numbers(field: str, low: int, high: int, names: tuple[str, ...], first: int) -> frozenset[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _slash, step = part.partition("/")
        if span == "*":
            begin, end = low, high
        else:
            words = span.split("-")
            numbers = [int(word) if word.isdigit() else names.index(word.lower()) + first for word in words]
            begin, end = numbers[0], numbers[-1]
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def meet(one: str, other: str) -> bool:
    """Whether two schedules ever fall on the same minute of the same day."""
    left, right = parse(one), parse(other)
    if not left.minutes & right.minutes or not left.hours & right.hours:
        return False
    return any(left.falls_on(day) and right.falls_on(day) for day in (_BEGIN + timedelta(number) for number in range(_YEARS)))


def longest_gap(text: str) -> int:
    """Days between two days of a schedule, at most: 7 for a weekly one."""
    made = parse(text)
    days = [number for number in range(_YEARS) if made.falls_on(_BEGIN + timedelta(number))]
    gaps = [later - earlier for earlier, later in pairwise(days)]
    return max(gaps, default=_YEARS)
