# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run jobs in parallel, each with its output in a file of its own, and say on the terminal which of them run and how they ended."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

#: Seconds without an event after which a line says what is running.
QUIET = 60.0
#: Lines of the output of a job that failed which the terminal shows; the file has all of them.
TAIL = 80


class Output:
    """Where a job writes: a file, or this program's own standard output."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._file: TextIO | None = path.open("w", encoding="utf-8", errors="replace") if path else None

    def line(self, text: str) -> None:
        """Write one line at once."""
        print(text, file=self._file or sys.stdout, flush=True)

    def run(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> int:
        """Run a program whose output goes here too; return its exit status."""
        return subprocess.run(
            list(argv), cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=self._file, stderr=subprocess.STDOUT, check=False
        ).returncode

    def close(self) -> None:
        """Close the file, where there is one."""
        if self._file:
            self._file.close()


@dataclass(frozen=True)
class Job:
    """One part of the work.

    :ivar work: does it; it raises nothing
    :ivar verdict: how it ended, as one line for the terminal, and whether that is good
    """

    name: str
    work: Callable[[Output], None]
    verdict: Callable[[], tuple[str, bool]]


def cores() -> int:
    """How many processors this program may use."""
    return len(os.sched_getaffinity(0))


def lanes() -> int:
    """How many jobs run at a time: one more than there are cores, because a scenario waits for a part of its time, or VANNAH_TEST_LANES."""
    wanted = os.environ.get("VANNAH_TEST_LANES", "")
    return int(wanted) if wanted.isdigit() and int(wanted) else cores() + 1


def clock(seconds: float) -> str:
    """``4:07``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def run(jobs: Sequence[Job], logs: Path, *, width: int) -> None:
    """Run all jobs, the first ones first; return when all have ended.

    A single job writes to the terminal itself.

    :param logs: the folder of the files with their output
    :param width: how many jobs run at a time
    """
    if not jobs:
        return
    if len(jobs) == 1:
        jobs[0].work(Output())
        return
    logs.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    waiting = list(jobs)
    running: dict[str, float] = {}
    ended: queue.Queue[tuple[Job, Output]] = queue.Queue()
    longest = max(len(job.name) for job in jobs)

    def say(name: str, text: str) -> None:
        print(f"[{clock(time.monotonic() - begun):>5}] {name:<{longest}}  {text}", flush=True)

    def do(job: Job, output: Output) -> None:
        try:
            job.work(output)
        finally:
            ended.put((job, output))

    while waiting or running:
        while waiting and len(running) < width:
            job = waiting.pop(0)
            output = Output(logs / f"{job.name.replace(' ', '-')}.log")
            running[job.name] = time.monotonic()
            say(job.name, f"started, output in {output.path}")
            threading.Thread(target=do, args=(job, output), daemon=True).start()
        try:
            job, output = ended.get(timeout=QUIET)
        except queue.Empty:
            for name, since in running.items():
                say(name, f"running for {clock(time.monotonic() - since)}")
            continue
        took = time.monotonic() - running.pop(job.name)
        output.close()
        text, good = job.verdict()
        say(job.name, f"{text} in {clock(took)}")
        if not good and output.path:
            _show_tail(output.path)


def _show_tail(path: Path) -> None:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    print("\n".join(f"        | {line}" for line in lines[-TAIL:]), flush=True)
    print(f"        {len(lines)} lines in {path}", flush=True)
