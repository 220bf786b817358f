# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that tests handle: no output and no log shows their values, whatever a test asserts of them."""

from __future__ import annotations

#: In place of a value.
MARK = "********"
#: Shorter values are words that occur by chance.
SHORTEST = 8
_values: set[str] = set()


def hide(value: str) -> str:
    """Remember a secret; the value itself."""
    if len(value) >= SHORTEST:
        _values.add(value)
    return value


def scrub(text: str) -> str:
    """The text without the secrets that are known, also where pytest has cut a long value in its middle (``'a-pass...word'``)."""
    for value in sorted(_values, key=len, reverse=True):
        text = text.replace(value, MARK).replace(repr(value)[1:-1], MARK)
        for length in range(len(value) - 1, 2, -1):
            text = text.replace(f"{value[:length]}...", f"{MARK}...").replace(f"...{value[-length:]}", f"...{MARK}")
    return text
