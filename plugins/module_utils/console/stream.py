# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the console writes: a line that is updated in place on a terminal, and the log file."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

ERASE = "\r\x1b[K"
COLORS = re.compile(r"\x1b\[[0-9;]*[mK]")
#: Logs that are kept, the newest.
KEPT = 20
#: Seconds between two updates of the line, and between two lines where there is no terminal.
LIVE_EVERY, PLAIN_EVERY = 0.5, 10.0
#: Begins a line of progress where there is no terminal.
PROGRESS = "  ... "


class Log:
    """The details of a run in a file that only its owner reads. A log that cannot be written is left out: no run fails for it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path: Path | None = None
        self._stream: TextIO | None = None
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._stream = os.fdopen(descriptor, "w", encoding="utf-8", errors="replace")
            self.path = path
            prune(folder, KEPT)

    def write(self, text: str) -> None:
        """Add text, without colours; at once, so that a run that is killed leaves what it did."""
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(COLORS.sub("", text))
                self._stream.flush()

    def line(self, text: str) -> None:
        """Add a line with the time of day."""
        self.write(f"{time.strftime('%H:%M:%S')} {text}\n")

    def close(self) -> None:
        """Nothing more comes."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.close()


def prune(folder: Path, kept: int) -> None:
    """Remove all logs but the newest."""
    found = []
    for path in folder.glob("*.log"):
        with contextlib.suppress(OSError):
            found.append((path.stat().st_mtime, path))
    for _, path in sorted(found, reverse=True)[kept:]:
        with contextlib.suppress(OSError):
            path.unlink()


def fit(text: str, width: int) -> str:
    """A line of progress, cut to ``width`` columns before its first two spaces: hosts and times, which follow them, stay."""
    what, gap, rest = text.partition("  ")
    room = width - len(gap + rest)
    if len(text) <= width or room < len("..."):
        return text[:width]
    return what[: room - len("...")] + "..." + gap + rest


class Live:
    """The line at the bottom of a terminal that shows what is running.

    :param plain: the output is not a terminal: a line of its own every 10 s instead, so that nothing takes minutes in silence
    :param lock: Ansible's own of its output. It forks while it holds it, so a fork never finds this thread in the middle of a write.
    :param text: gives the line: what is running, two spaces, its progress
    """

    def __init__(self, stream: Any, lock: Any, text: Callable[[], str], *, plain: bool = False, every: float | None = None) -> None:
        self._stream, self._lock, self._text, self._plain = stream, lock, text, plain
        self._every = every or (PLAIN_EVERY if plain else LIVE_EVERY)
        self._ended = threading.Event()
        self._shown = False
        self._pid = os.getpid()
        self.paused = False

    def start(self) -> None:
        """Begin to update the line."""
        threading.Thread(target=self._tick, name="console", daemon=True).start()

    def end(self) -> None:
        """Take the line away for good."""
        self._ended.set()
        self.erase()

    def erase(self) -> None:
        """Take the line away before something else is printed."""
        with self._lock:
            if self._shown and os.getpid() == self._pid:
                self._write(ERASE)
                self._shown = False

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # the reader has closed it: the run and its log continue
            self._stream.write(text)
            self._stream.flush()

    def _tick(self) -> None:
        while not self._ended.wait(self._every):
            with self._lock:
                if self.paused or self._ended.is_set():
                    continue
                text = self._text()
                if text and self._plain:
                    self._write(f"{PROGRESS}{text}\n")
                elif text:
                    self._write(ERASE + fit(text, shutil.get_terminal_size().columns - 1))
                    self._shown = True


class Unbuffered:
    """Standard output that is a pipe or a file: has each line at once, as a terminal has.

    ansible-core 2.21 does not flush what it prints (``Display.display``), so that a wait would be silent in `ansible-playbook | tee`, and
    the end of the output would be lost where a run is killed. A reader that has closed the pipe (`| head`) does not end the run: an error
    here would end the thread that takes the hosts' answers.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it at once."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        self.flush()
        return len(text)

    def flush(self) -> None:
        """Write the rest of the buffer. After the reader has closed the pipe, the output is discarded."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        except OSError:  # a full disk: the next line may find room
            pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def write_at_once() -> None:
    """Have standard output unbuffered from now on. Nothing is done for a terminal, or where a callback has replaced the stream."""
    if type(sys.stdout) is io.TextIOWrapper and not sys.stdout.line_buffering:
        sys.stdout = Unbuffered(sys.stdout)


class Tee:
    """Standard output or error: takes the live line away first, and has the log too.

    :param hushed: whether a text is for the log only
    """

    def __init__(self, stream: TextIO, live: Live | None, log: Log, hushed: Callable[[str], bool] = lambda _text: False) -> None:
        self._stream, self._live, self._log, self._hushed = stream, live, log, hushed
        self._pid = os.getpid()

    def write(self, text: str) -> int:
        """Write it everywhere, at once."""
        if os.getpid() != self._pid:
            return self._stream.write(text)
        self._log.write(text)
        if self._hushed(text):
            return len(text)
        if self._live is not None:
            self._live.erase()
        with contextlib.suppress(OSError):  # the reader has closed it (`| head`): the run and its log continue
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def is_live(stream: TextIO, terminal: str | None) -> bool:
    """Whether a line can be updated in place there."""
    try:
        return stream.isatty() and terminal not in (None, "", "dumb")
    except ValueError:
        return False


def relative(path: Path) -> str:
    """A path as a person in the checkout would write it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
