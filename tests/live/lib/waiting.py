# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what a fault test promises, and how a promise that did not hold is told."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
#: What is awaited now and since when (time.monotonic), for who shows the progress.
awaited: tuple[str, float] | None = None


class FaultError(AssertionError):
    """A ceiling or a promise did not hold; the text says which and by how much."""


def ceiling(seconds: float) -> float:
    """What a fault test may assert: the ceiling of the promise, doubled where the machine is busy with other work."""
    return seconds * 2 if os.getloadavg()[0] > (os.cpu_count() or 1) else seconds


@contextlib.contextmanager
def awaiting(what: str) -> Iterator[None]:
    """Say what is awaited while the body runs."""
    global awaited
    before, awaited = awaited, (what, time.monotonic())
    try:
        yield
    finally:
        awaited = before


def wait_until(question: Callable[[], T], what: str, timeout: float, interval: float = 0.25) -> T:
    """Ask until the answer is true.

    :raises FaultError: when it was not true in time.
    """
    deadline = time.monotonic() + timeout
    with awaiting(what):
        while True:
            answer = question()
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise FaultError(f"not within {timeout:.0f} s: {what}")
            time.sleep(interval)
