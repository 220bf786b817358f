# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One set-up at a time on a machine: engine, images and package cache are the machine's, whatever checkout asks for them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from .shell import STATE, SetupError, full_disk, say

#: Seconds between two words about waiting.
WORD_EVERY = 10.0


def path_of(name: str) -> Path:
    """The lock file: of the machine for the set-up, of the checkout for its demo."""
    return Path("/run/vannah-testbed.lock") if name == "set-up" else STATE / f"{name}.lock"


@contextlib.contextmanager
def alone(name: str, path: Path | None = None, *, pause: float = 0.2) -> Iterator[None]:
    """Hold a lock; another run that holds it is waited for and named. The kernel gives it free however its holder ends.

    :raises SetupError: the lock file cannot be written.
    """
    where = path or path_of(name)
    try:
        where.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(where, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise full_disk(error, where) or SetupError(
            f"{where} cannot be written ({error.strerror}). Fix: run it as root, or as the owner of this folder."
        ) from None
    try:
        began, told = time.monotonic(), 0.0
        while not _taken(handle):
            now = time.monotonic()
            if not told or now - told >= WORD_EVERY:
                holder = os.pread(handle, 100, 0).decode(errors="replace").strip() or "another run"
                say(f"Waiting for {holder}, which works on the {name} ({now - began:.0f} s)")
                told = now
            time.sleep(pause)
        _sign(handle, where)
        yield
    finally:
        os.close(handle)


def _sign(handle: int, where: Path) -> None:
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"the run with pid {os.getpid()} since {time.strftime('%H:%M:%S')}".encode(), 0)
    except OSError as error:
        raise full_disk(error, where) or error from None


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
