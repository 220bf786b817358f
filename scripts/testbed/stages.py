# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages of a long run: which of how many, for how long, of about how long; the first error in two lines, the rest in a log."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream, texts

from . import shell
from .shell import ROOT, SetupError

LOGS = ROOT / ".cache" / "logs"
CONSOLE = "vannah.healthcloud.console"
#: Seconds that a program beside the stages gets to end.
ENDING = 10.0
#: What a stage tells the programs that it starts: which it is, how long it takes and since when it runs.
OF_STAGE = ("VANNAH_STAGE", "VANNAH_STAGE_EXPECTED", "VANNAH_STAGE_STARTED")
AGAIN = "remove the cause, then run the same again: it continues from here."


class StageError(Exception):
    """A stage failed and has said so itself."""


@dataclass(frozen=True)
class Stage:
    """One stage.

    :param expected: seconds that it takes on two cores; a function is asked when the stage begins, and knows what is done already
    :param work: does it; what it raises as SetupError ends the run
    :param speaks: its programs show their own progress
    :param word: what is running in it now, if known
    """

    name: str
    expected: float | Callable[[], float]
    work: Callable[[], None]
    speaks: bool = False
    word: Callable[[], str] = lambda: ""

    def seconds(self) -> float:
        """How long it takes from now on."""
        return self.expected() if callable(self.expected) else self.expected


def head(number: int, total: int) -> str:
    """``[3/7] ``."""
    return f"[{number}/{total}] "


def progress(title: str, word: str, elapsed: str) -> str:
    """The line that shows what is running."""
    return f"{title}: {word}  {elapsed}" if word else f"{title}  {elapsed}"


def run(stages: Sequence[Stage], name: str) -> None:
    """Run the stages one after another.

    :param name: of the log
    :raises StageError: one failed; what and what to do is printed.
    """
    log = stream.Log(LOGS, name)
    try:
        for number, stage in enumerate(stages, 1):
            _run(stage, head(number, len(stages)), log)
    finally:
        log.close()


def _run(stage: Stage, prefix: str, log: stream.Log) -> None:
    title = f"{prefix}{stage.name}"
    expected = stage.seconds()
    print(f"{title} (about {texts.clock(expected)})", flush=True)
    log.line(title)
    began = time.monotonic()
    os.environ["VANNAH_STAGE"] = prefix
    os.environ["VANNAH_STAGE_EXPECTED"] = str(expected)
    os.environ["VANNAH_STAGE_STARTED"] = str(time.time())
    lock = threading.RLock()
    live = stream.Live(
        sys.stdout,
        lock,
        lambda: progress(title, stage.word(), texts.elapsed(time.monotonic() - began, expected)),
        plain=not stream.is_live(sys.stdout, os.environ.get("TERM")),
    )
    shell.before_output = live.erase
    if not stage.speaks:
        live.start()
    try:
        stage.work()
    except SetupError as error:
        live.end()
        log.line(str(error))
        for line in told(title, str(error)):
            print(line, file=sys.stderr, flush=True)
        if log.path is not None and "\n" in str(error).strip():
            print(f"Details: {log.path.relative_to(ROOT)}", file=sys.stderr, flush=True)
        raise StageError from None
    finally:
        live.end()
        shell.before_output = lambda: None
        for variable in OF_STAGE:
            os.environ.pop(variable, None)
    line = f"{title}: {texts.clock(time.monotonic() - began)}"
    print(line, flush=True)
    log.line(line)


def told(title: str, text: str) -> list[str]:
    """The two lines of an error: what, and what to do."""
    first = text.strip().splitlines()[0] if text.strip() else "failed"
    what, found, fix = first.partition("Fix: ")
    return [f"FAILED  {title}: {what.strip()}", f"        Fix: {fix.strip() if found else AGAIN}"]


def program(argv: Sequence[str], *, extra: Mapping[str, str] | None = None) -> None:
    """Run a program that shows its own progress and its own errors.

    :raises StageError: it failed.
    """
    with subprocess.Popen(list(argv), cwd=ROOT, env={**os.environ, **(extra or {})}, stdin=subprocess.DEVNULL) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            # The terminal has told it, too.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(ENDING)
            raise
        finally:
            if process.poll() is None:
                process.kill()
    if status != 0:
        raise StageError


class Background:
    """A program that runs beside the stages, with its output in a log. It belongs to none of them, and counts its own time.

    It stays in the process group: what ends the run ends it too.
    """

    def __init__(self, name: str, argv: Sequence[str], extra: Mapping[str, str]) -> None:
        self.name = name
        LOGS.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = LOGS / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        # What a person waits for goes first.
        quiet = ["nice", "-n", "5", *argv]
        own = {name: value for name, value in os.environ.items() if name not in OF_STAGE}
        try:
            self._process = subprocess.Popen(
                quiet, cwd=ROOT, env={**own, **extra}, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=subprocess.STDOUT
            )
        finally:
            os.close(descriptor)

    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def word(self) -> str:
        """What it said last."""
        try:
            return last_word(self.path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return ""

    def join(self) -> None:
        """Wait until it ends.

        :raises SetupError: it failed; the message begins with what it said of that.
        """
        if self._process.wait() != 0:
            raise SetupError(failure_of(self.path))

    def stop(self) -> None:
        """End it where it still runs; one that does not end in time is killed with all that it has started."""
        if not self.runs():
            return
        self._process.terminate()
        try:
            self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            for pid in [self._process.pid, *below(self._process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ENDING)


def below(pid: int) -> list[int]:
    """The processes that a process has started, and theirs (proc(5))."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int(path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = list(children.get(pid, ()))
    for child in found:  # it grows
        found += children.get(child, ())
    return found


def last_word(text: str) -> str:
    """The last whole line of a log; of the console's lines of progress only where there is nothing else."""
    lines = [line for line in text[: text.rfind("\n") + 1].splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(stream.PROGRESS)]
    return (said or lines or [""])[-1].removeprefix(stream.PROGRESS).strip()


def failure_of(path: Path) -> str:
    """What a program's log says of its failure, on the first line; then the log."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    failed = [line.removeprefix("FAILED").strip() for line in lines if line.startswith("FAILED")]
    what = failed[0] if failed else (lines[-1] if lines else "it ended without a message")
    return "\n".join([f"{what} Details: {path.relative_to(ROOT)}", *lines[-30:]])
