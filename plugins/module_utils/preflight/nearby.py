# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that are nearly another name."""

from __future__ import annotations

import re
from collections.abc import Iterable


def distance(left: str, right: str, limit: int) -> int:
    """Edits between two words: insertion, deletion, substitution, transposition of neighbours (optimal string alignment).

    Stops early and answers ``limit + 1`` when the words are further apart than ``limit``.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for row, one in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (one != other))
            if row > 1 and column > 1 and one == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, previous = previous, current
    return previous[-1] if previous[-1] <= limit else limit + 1


def plain(name: str) -> str:
    """A name without what people write differently: case, hyphens, camel case, doubled underscores."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[-_. ]+", "_", snake).lower().strip("_")


def tolerance(name: str) -> int:
    """How many edits still count as a slip: short names are close to everything, so they get fewer."""
    if len(name) < 4:
        return 0
    return 1 if len(name) < 9 else 2


def _letters(name: str) -> int:
    mask = 0
    for character in name:
        mask |= 1 << (ord(character) % 61)
    return mask


class Names:
    """Known names, prepared so that hundreds of unknown ones are compared in milliseconds."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._prepared = [(plain(name), _letters(plain(name)), name) for name in sorted(self.known)]
        self._by_words: dict[tuple[str, ...], str] = {}
        for target, _mask, name in self._prepared:
            self._by_words.setdefault(tuple(sorted(target.split("_"))), name)
        self._cache: dict[tuple[str, int], str | None] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.known

    def closest(self, name: str, extra: int = 0) -> str | None:
        """The known name that was probably meant, or None.

        ``extra`` edits are allowed on top of :func:`tolerance`: for a name that is known to be wrong a far guess is still a help.
        """
        key = (name, extra)
        if key not in self._cache:
            self._cache[key] = self._closest(name, extra)
        return self._cache[key]

    def _closest(self, name: str, extra: int) -> str | None:
        wanted = plain(name)
        # The same words in another order: etcd_dir_data for etcd_data_dir.
        reordered = self._by_words.get(tuple(sorted(wanted.split("_"))))
        if reordered is not None and reordered != name:
            return reordered
        limit = tolerance(wanted) + extra
        mask = _letters(wanted)
        best: tuple[int, str] | None = None
        for target, letters, candidate in self._prepared:
            # One edit changes at most two letters of the set.
            if candidate == name or abs(len(target) - len(wanted)) > limit or (mask ^ letters).bit_count() > 2 * limit:
                continue
            found = distance(wanted, target, limit)
            if found <= limit and (best is None or (found, candidate) < best):
                best = (found, candidate)
        return best[1] if best else None
