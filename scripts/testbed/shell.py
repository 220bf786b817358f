# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs, messages and the folders of this checkout."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: What set-up remembers between runs. Ignored by git; not to be removed before `make demo-down`, which learns from it which engine to stop.
STATE = ROOT / ".cache" / "testbed"


class SetupError(Exception):
    """Set-up cannot continue. The message is one sentence for the user."""


def full_disk(error: OSError, place: Path = ROOT) -> SetupError | None:
    """What to say of a disk or quota without room; None of another error."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    where = Path(error.filename) if isinstance(error.filename, str) else place
    while not where.is_dir():
        where = where.parent
    free = shutil.disk_usage(where).free // 1024**2
    return SetupError(f"The disk of {where} is full ({free} MiB free). Fix: make room there, then run the same again.")


#: Takes away a line of progress that is updated in place, where there is one.
before_output: Callable[[], None] = lambda: None  # noqa: E731 - replaced by a stage


def say(message: str) -> None:
    """Print one line at once, so that it stands before the output of the next program."""
    before_output()
    print(f"==> {message}", flush=True)


def warn(message: str) -> None:
    """Print a warning."""
    before_output()
    print(f"==> WARNING: {message}", file=sys.stderr, flush=True)


def run(argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: str | None = None) -> str:
    """Run a program, return its standard output.

    :raises SetupError: it is missing or did not exit 0; the message carries the end of its output.
    """
    try:
        done = subprocess.run(list(argv), env=env, input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SetupError(f"the program {argv[0]} is not installed") from None
    if done.returncode != 0:
        tail = (done.stdout + done.stderr).strip().splitlines()[-15:]
        last = tail[-1].strip()[:300] if tail else "without a message"
        raise SetupError("\n".join([f"`{' '.join(argv[:6])}` exited {done.returncode}: {last}", *tail]))
    return done.stdout


def read(argv: Sequence[str], valid: Callable[[str], bool], *, attempts: int = 5, pause: float = 1.0) -> str:
    """What a program of the engine's says, read again until it is valid: a busy engine may lose its output and exit 0.

    :raises SetupError: it failed, or was not valid each time; the message names the program and what it said last.
    """
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause)
        text = run(argv)
        if valid(text):
            return text
    raise SetupError(
        f"`{' '.join(argv[:6])}` exited 0, and its output is not valid, {attempts} times: {text.strip()[:200]!r}. Run the same again."
    )


def is_json(text: str) -> bool:
    """Whether a text is JSON with something in it."""
    try:
        return bool(json.loads(text))
    except ValueError:
        return False


def succeeds(argv: Sequence[str], *, timeout: float = 60) -> bool:
    """Whether the program is there and exits 0 within ``timeout`` seconds."""
    return said(argv, timeout=timeout) is not None


def said(argv: Sequence[str], *, timeout: float = 60) -> str | None:
    """What the program prints, without the space around it; None where it is missing, fails or takes longer than ``timeout`` seconds."""
    try:
        done = subprocess.run(list(argv), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=timeout, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def wait_for(what: str, ready: Callable[[], bool], *, seconds: float, give_up: Callable[[], str | None] = lambda: None) -> None:
    """Return as soon as ``ready()`` holds.

    :param give_up: a reason for which waiting on is useless, or None.
    :raises SetupError: the time is over or ``give_up`` gave a reason.
    """
    end = time.monotonic() + seconds
    while not ready():
        reason = give_up()
        if reason:
            raise SetupError(f"{what}: {reason}")
        if time.monotonic() > end:
            raise SetupError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)
