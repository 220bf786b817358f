# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hours in which a run of the whole site may interrupt a cluster's members."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: How a restart that waits is treated by a run of the whole site.
POLICIES = ("rolling", "window", "manual")

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"(?:(?P<days>[A-Za-z,-]+)\s+)?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)(?:\s+(?P<zone>[A-Za-z][A-Za-z0-9_+/-]*))?")
_EXAMPLE = "as in Sat,Sun 01:00-05:00 or Mon-Fri 22:00-05:00 Europe/Berlin"


@dataclass(frozen=True)
class Window:
    """Hours of some days of the week, by the clock of a place. One that ends before it begins ends on the next day."""

    days: frozenset[int]  # on which it opens; 0 is Monday
    start: time
    minutes: int  # from the opening to the end, by the clock on the wall
    zone: str = ""  # a name of the IANA data base; empty is the controller's

    def opening(self, day: date) -> tuple[datetime, datetime]:
        """Begin and end of the window that opens on a day, in UTC."""
        begin = datetime.combine(day, self.start)
        return self._utc(begin), self._utc(begin + timedelta(minutes=self.minutes))

    def _utc(self, wall: datetime) -> datetime:
        return (wall.replace(tzinfo=ZoneInfo(self.zone)) if self.zone else wall).astimezone(UTC)

    def openings(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Those that can matter at a time: from yesterday's to the same day of the next week."""
        today = now.astimezone(ZoneInfo(self.zone) if self.zone else None).date()
        for ahead in range(-1, 8):
            day = today + timedelta(days=ahead)
            if day.weekday() in self.days:
                yield self.opening(day)


def window(text: str) -> Window:
    """Read a window.

    :param text: ``[days] HH:MM-HH:MM [zone]``: ``Sat,Sun 01:00-05:00``, ``Mon-Fri 22:00-05:00 Europe/Berlin``
    :raises ValueError: it is invalid; the message says why
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"this is not a time of the week: days, hours and a time zone, {_EXAMPLE}")
    start, end = _minute(found["start"]), _minute(found["end"])
    if start == 24 * 60:
        raise ValueError("it begins at 24:00, which is 00:00 of the next day")
    if start == end:
        raise ValueError(f"it ends when it begins; a whole day is 00:00-24:00, {_EXAMPLE}")
    zone = found["zone"] or ""
    if zone:
        try:
            ZoneInfo(zone)
        except (OSError, ValueError) as problem:  # ZoneInfoNotFoundError is a KeyError where no data base has it
            raise ValueError(f"unknown time zone {zone}") from problem
        except KeyError as problem:
            raise ValueError(f"unknown time zone {zone}, or the controller lacks the package tzdata") from problem
    length = end - start if end > start else end + 24 * 60 - start
    return Window(_days(found["days"]), time(start // 60, start % 60), length, zone)


def _minute(text: str) -> int:
    hour, _colon, minute = text.partition(":")
    if int(minute) > 59 or int(hour) * 60 + int(minute) > 24 * 60:
        raise ValueError(f"{text} is not a time of the day, {_EXAMPLE}")
    return int(hour) * 60 + int(minute)


def _days(text: str | None) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin, end = _day(first), _day(last) if dash else _day(first)
        days |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(days)


def _day(text: str) -> int:
    if text.lower() not in _DAYS:
        raise ValueError(f"{text or 'an empty text'} is not a day: {', '.join(day.capitalize() for day in _DAYS)}")
    return _DAYS.index(text.lower())


def restart_due(policy: str, windows: str | Iterable[str] | None = None, now: datetime | None = None) -> dict[str, object]:
    """Whether a run of the whole site restarts what waits for it.

    :param policy: one of POLICIES
    :param windows: texts as :func:`window` reads them, or one
    :param now: not given, the controller's clock
    :return: ``now``: whether it does; ``why``: a text, why not; empty where it does
    :raises ValueError: an invalid policy or window
    """
    if policy not in POLICIES:
        raise ValueError(f"{policy} is not a policy: {', '.join(POLICIES)}")
    if policy == "rolling":
        return {"now": True, "why": ""}
    if policy == "manual":
        return {"now": False, "why": "until it is requested"}
    now = now or datetime.now(UTC)
    known = [window(text) for text in ([windows] if isinstance(windows, str) else windows or [])]
    openings = [(begin, end, one.zone) for one in known for begin, end in one.openings(now)]
    if any(begin <= now < end for begin, end, _zone in openings):
        return {"now": True, "why": ""}
    coming = min(((begin, zone) for begin, _end, zone in openings if begin > now), default=None)
    if coming is None:
        return {"now": False, "why": "for a maintenance window, and site_maintenance_windows is empty"}
    begin, zone = coming
    local = begin.astimezone(ZoneInfo(zone) if zone else None)
    return {"now": False, "why": f"for the maintenance window that opens on {local:%a %Y-%m-%d at %H:%M %Z}"}
