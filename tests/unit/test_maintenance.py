# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance windows: what is written, when they are open, and when the next one opens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.maintenance import restart_due, window


def at(text: str) -> datetime:
    """A time in UTC; 2026-11-25 is a Wednesday."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "opened"),
    [
        ("02:00-04:00 UTC", "2026-11-25 02:00", True),
        ("02:00-04:00 UTC", "2026-11-25 03:59:59", True),
        ("02:00-04:00 UTC", "2026-11-25 04:00", False),
        ("02:00-04:00 UTC", "2026-11-25 01:59:59", False),
        # Over midnight: the day is that of the opening.
        ("Tue 22:00-05:00 UTC", "2026-11-25 04:59", True),
        ("Wed 22:00-05:00 UTC", "2026-11-25 04:59", False),
        ("Wed 22:00-05:00 UTC", "2026-11-25 22:00", True),
        ("Sun 22:00-05:00 UTC", "2026-11-23 01:00", True),
        ("Sat,Sun 01:00-05:00 UTC", "2026-11-29 01:30", True),
        ("Sat,Sun 01:00-05:00 UTC", "2026-11-30 01:30", False),
        ("Fri-Mon 01:00-05:00 UTC", "2026-11-30 01:30", True),
        ("Fri-Mon 01:00-05:00 UTC", "2026-12-01 01:30", False),
        ("mon-fri 00:00-24:00 UTC", "2026-11-27 23:59", True),
        ("mon-fri 00:00-24:00 UTC", "2026-11-28 00:00", False),
        ("22:00-24:00 UTC", "2026-11-25 23:59", True),
        # By the clock of the place, in winter and in summer.
        ("02:00-04:00 Europe/Berlin", "2026-11-25 01:00", True),
        ("02:00-04:00 Europe/Berlin", "2026-11-25 03:00", False),
        ("02:00-04:00 Europe/Berlin", "2026-07-25 00:00", True),
        ("02:00-04:00 Europe/Berlin", "2026-07-25 02:00", False),
        # Where it is already tomorrow.
        ("Thu 00:00-02:00 Asia/Tokyo", "2026-11-25 15:30", True),
        # The hour that there is twice belongs to it once more, the one that is not there ends it all the same.
        ("Sun 02:30-04:00 Europe/Berlin", "2026-10-25 02:30", True),
        ("Sun 01:00-04:00 Europe/Berlin", "2026-03-29 01:59", True),
        ("Sun 01:00-04:00 Europe/Berlin", "2026-03-29 02:00", False),
    ],
)
def test_open(text: str, now: str, opened: bool) -> None:
    """Whether a restart is due in a window."""
    assert restart_due("window", [text], at(now))["now"] is opened


@pytest.mark.parametrize(
    ("windows", "now", "why"),
    [
        (["Sun 02:00-04:00 UTC"], "2026-11-25 12:00", "for the maintenance window that opens on Sun 2026-11-29 at 02:00 UTC"),
        (["Wed 02:00-04:00 UTC"], "2026-11-25 12:00", "for the maintenance window that opens on Wed 2026-12-02 at 02:00 UTC"),
        (
            ["Sun 02:00-04:00 UTC", "Fri 23:00-01:00 Europe/Berlin"],
            "2026-11-25 12:00",
            "for the maintenance window that opens on Fri 2026-11-27 at 23:00 CET",
        ),
        ("Sun 02:00-04:00 UTC", "2026-11-25 12:00", "for the maintenance window that opens on Sun 2026-11-29 at 02:00 UTC"),
        ([], "2026-11-25 12:00", "for a maintenance window, and site_maintenance_windows is empty"),
        (None, "2026-11-25 12:00", "for a maintenance window, and site_maintenance_windows is empty"),
    ],
)
def test_next(windows: list[str] | str | None, now: str, why: str) -> None:
    """What is said of a restart that has to wait."""
    assert restart_due("window", windows, at(now)) == {"now": False, "why": why}


def test_by_the_controllers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a time zone."""
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert restart_due("window", ["Thu 00:00-02:00"], at("2026-11-25 15:30")) == {"now": True, "why": ""}
        assert str(restart_due("window", ["Thu 02:00-03:00"], at("2026-11-25 15:30"))["why"]).endswith("on Thu 2026-11-26 at 02:00 JST")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_other_policies() -> None:
    """Windows are nothing to them."""
    assert restart_due("rolling") == {"now": True, "why": ""}
    assert restart_due("manual", ["00:00-24:00"]) == {"now": False, "why": "until it is requested"}
    with pytest.raises(ValueError, match="rolling, window, manual"):
        restart_due("never")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a time of the week"),
        ("02:00", "not a time of the week"),
        ("2:00-4:00", "not a time of the week"),
        ("Sunday 02:00-04:00", "Sunday is not a day"),
        ("Sun, 02:00-04:00", "an empty text is not a day"),
        ("Sun-Sat-Mon 02:00-04:00", "Sat-Mon is not a day"),
        ("02:00-25:00", "25:00 is not a time"),
        ("02:60-04:00", "02:60 is not a time"),
        ("24:00-02:00", "00:00 of the next day"),
        ("02:00-02:00", "00:00-24:00"),
        ("02:00-04:00 Europe/Berlijn", "unknown time zone Europe/Berlijn"),
        ("02:00-04:00 ../etc/passwd", "not a time of the week"),
    ],
)
def test_no_window(text: str, why: str) -> None:
    """Slips, and what the message says of them."""
    with pytest.raises(ValueError, match=why):
        window(text)
