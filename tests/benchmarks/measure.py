# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time whole commands in alternation and give ratios.

The machine's speed drifts and other load comes and goes, so two commands are compared pair by pair within one run and
the median of the ratios is what is quoted; the absolute figures are printed beside it with their range.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: What a developer's shell may set and an operator's does not: without bytecode, each run compiles 120 modules again.
NOT_AN_OPERATORS = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")


def plain_environment() -> dict[str, str]:
    """Return this process' environment as an operator's shell has it."""
    return {name: value for name, value in os.environ.items() if name not in NOT_AN_OPERATORS}


@dataclass(frozen=True)
class Sample:
    """One finished run: seconds of wall clock and CPU of the controller with its children, peak memory in MiB."""

    wall: float
    cpu: float
    peak_mib: float


class CommandFailed(RuntimeError):
    """A measured command did not exit 0: a number of it would mean nothing."""


def run_once(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Sample:
    """Run a command and account for it by wait4(2).

    :raises CommandFailed: with the tail of what it printed.
    """
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env={**plain_environment(), **(environment or {})}
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise CommandFailed(f"{' '.join(argv)} exited {process.returncode}:\n" + output.read().decode(errors="replace")[-3000:])
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@dataclass(frozen=True)
class Comparison:
    """Samples of two commands, taken in turn."""

    name: str
    first: list[Sample]
    second: list[Sample]

    def ratio(self) -> float:
        """Median over the pairs of first / second wall time."""
        return statistics.median(a.wall / b.wall for a, b in zip(self.first, self.second, strict=True))


def compare(name: str, first: Sequence[str], second: Sequence[str], pairs: int, environment: Mapping[str, str] | None = None) -> Comparison:
    """Run two commands alternately after one uncounted warm-up of each."""
    for argv in (first, second):
        run_once(argv, environment)
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    for number in range(pairs):
        # Which goes first alternates too, so that a cache warmed by one does not always serve the same other.
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            samples[side].append(run_once((first, second)[side], environment))
    return Comparison(name, *samples)


def line(label: str, samples: Sequence[Sample]) -> str:
    """One row: median wall with its range, median CPU, peak memory of the largest process."""
    walls = [s.wall for s in samples]
    return (
        f"  {label:<34} {statistics.median(walls):7.2f} s ({min(walls):.2f} to {max(walls):.2f})"
        f"   cpu {statistics.median(s.cpu for s in samples):6.2f} s   peak {max(s.peak_mib for s in samples):5.0f} MiB"
    )


def executable(name: str) -> str:
    """A program of the virtual environment beside the interpreter that runs this."""
    return str(Path(sys.executable).with_name(name))
