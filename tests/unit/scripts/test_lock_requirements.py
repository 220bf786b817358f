# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging the pins of two Pythons into one file."""

from __future__ import annotations

import lock_requirements
import pytest

OLD, NEW = lock_requirements.MARKERS


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        ({"a": "1"}, {"a": "1"}, ["a==1"]),
        ({"a": "1"}, {"a": "2"}, [f"a==1 ; {OLD}", f"a==2 ; {NEW}"]),
        ({"a": "1"}, {}, [f"a==1 ; {OLD}"]),
        ({}, {"a": "2"}, [f"a==2 ; {NEW}"]),
        ({"B": "1", "a": "1"}, {"B": "1", "a": "1"}, ["a==1", "B==1"]),
        ({}, {}, []),
    ],
)
def test_merge(older: dict[str, str], newer: dict[str, str], expected: list[str]) -> None:
    assert lock_requirements.merge(older, newer) == expected


def test_the_lock_pins_both_releases_of_ansible_core() -> None:
    lines = lock_requirements.LOCK.read_text(encoding="utf-8").splitlines()
    core = [line for line in lines if line.startswith("ansible-core==")]
    assert len(core) == 2
    assert core[0].startswith("ansible-core==2.19.") and core[0].endswith(OLD)
    assert core[1].endswith(NEW)
    assert not [line for line in lines if "://" in line], "the lock names an index"
