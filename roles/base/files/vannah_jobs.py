#!/usr/bin/python3 -I
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the backup jobs of cron share: a lock, a time limit, a log, a record of how they ended, and metrics that are replaced in one step.

Installed by the role vannah.healthcloud.base beside the programs that import it; it does nothing by itself.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

#: cron's PATH is /usr/bin:/bin; the surroundings of a shell are not those of a job, whose programs take options from variables.
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
#: Seconds between the signal that asks a program to end and the one that makes it, and between two attempts.
GRACE, POLL = 30, 2.0
#: Files with what drills have measured.
KEPT = 200
#: Of a task: end of the metric's name -> its meaning.
OF_TASKS = {
    "ended_timestamp_seconds": "When the task ended the last time; 0: never.",
    "succeeded_timestamp_seconds": "When the task succeeded the last time; 0: never.",
    "scheduled_timestamp_seconds": "Since when the task has had a schedule.",
    "ok": "1: the task succeeded the last time.",
    "duration_seconds": "How long the task took the last time.",
}

#: Name, labels and value of a metric.
Value = tuple[str, Mapping[str, str], float]


class Failed(Exception):
    """A job has failed; the text says why."""


#: What a job ends with: what it says itself, and what is wrong with its data and its disk.
ERRORS = (Failed, OSError, ValueError, KeyError, TypeError)


class Ran(NamedTuple):
    """What a program did: its exit status, or None after the time limit, and what it printed."""

    status: int | None
    text: str


class Jobs:
    """The jobs of one role on a host.

    :param name: of the file with their state
    :param settings: ``metrics``, ``state``, ``log`` and ``lock`` (directories), ``limits`` (task -> seconds; ``default``), ``tasks`` (those
        that have a schedule)
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name, self.settings = name, settings
        for folder in ("state", "log", "lock"):
            os.makedirs(settings[folder], mode=0o755, exist_ok=True)

    def limit(self, task: str) -> float:
        """Seconds that a task may take."""
        limits = self.settings["limits"]
        return float(limits.get(task, limits["default"]))

    def log(self, task: str, text: str) -> None:
        """Append to the task's log."""
        with open(os.path.join(self.settings["log"], f"job-{task}.log"), "a", encoding="utf-8") as file:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            file.writelines(f"{stamp} {line}\n" for line in text.splitlines() or [""])

    @contextmanager
    def held(self, name: str, patience: float, why: str) -> Iterator[None]:
        """Hold a lock, which ends with this process.

        :raises Failed: another job has had it for ``patience`` seconds
        """
        with open(os.path.join(self.settings["lock"], f"{name}.lock"), "w", encoding="utf-8") as file:
            end = time.monotonic() + patience
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() >= end:
                        raise Failed(f"{why} has not ended within {patience:g} s") from None
                    time.sleep(min(POLL, patience or POLL))
            yield

    @property
    def _state(self) -> str:
        return os.path.join(self.settings["state"], f"{self.name}.json")

    def remembered(self) -> dict[str, dict[str, Any]]:
        """What the tasks did the last time: task -> ``ended``, ``succeeded`` (0: never), ``seconds``, ``problem``, ``scheduled``."""
        try:
            with open(self._state, encoding="utf-8") as file:
                found: dict[str, dict[str, Any]] = json.load(file)
                return found
        except (FileNotFoundError, ValueError):
            return {}

    def record(self, task: str, seconds: float, problem: str) -> None:
        """Remember how a task ended, and since when the tasks have had a schedule: one that never ran is seen by that."""
        with self.held(f"state-{self.name}", 60, "another job"):
            now, scheduled = time.time(), set(self.settings.get("tasks") or ())
            never = {"ended": 0, "succeeded": 0, "seconds": 0, "problem": ""}
            known = self.remembered()
            # A task that has lost its schedule is no concern any more.
            state = {name: said for name, said in known.items() if not scheduled or name in scheduled or not said.get("scheduled")}
            for name in scheduled:
                state[name] = {**never, "scheduled": now, **state.get(name, {})}
            before = state.get(task, never)
            succeeded = before["succeeded"] if problem else now
            state[task] = {**before, "ended": now, "succeeded": succeeded, "seconds": round(seconds, 3), "problem": problem}
            replace(self._state, json.dumps(state, indent=1) + "\n")

    def of_tasks(self, prefix: str, labels: Mapping[str, str]) -> list[Value]:
        """The metrics of the tasks; of one that never ran, since when it is scheduled."""
        found: list[Value] = []
        for task, said in sorted(self.remembered().items()):
            more = {**labels, "task": task}
            found.append((f"{prefix}_task_succeeded_timestamp_seconds", more, said["succeeded"]))
            if said.get("scheduled"):
                found.append((f"{prefix}_task_scheduled_timestamp_seconds", more, said["scheduled"]))
            if said["ended"]:
                found += [
                    (f"{prefix}_task_ended_timestamp_seconds", more, said["ended"]),
                    (f"{prefix}_task_ok", more, 0 if said["problem"] else 1),
                    (f"{prefix}_task_duration_seconds", more, said["seconds"]),
                ]
        return found

    def publish(self, name: str, values: Sequence[Value], meanings: Mapping[str, str]) -> None:
        """Replace a file of metrics for node_exporter's textfile collector."""
        os.makedirs(self.settings["metrics"], mode=0o755, exist_ok=True)
        replace(os.path.join(self.settings["metrics"], name), page(values, meanings))

    def evidence(self, name: str, task: str, text: str, *, newest: bool) -> None:
        """Keep what a drill has measured: the lines of its output that begin with ``evidence:``.

        :param name: of what was drilled
        :param newest: it was the newest backup; an older one says nothing of that
        """
        place, last = Path(self.settings["state"], "drills"), os.path.join(self.settings["state"], f"drill-{name}.json")
        found = [line.removeprefix("evidence: ") for line in text.splitlines() if line.startswith("evidence: ")]
        for line in found:
            place.mkdir(mode=0o755, exist_ok=True)
            said = json.dumps(json.loads(line), indent=1) + "\n"
            # Names of files may be those of people.
            replace(str(place / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{task}.json"), said, 0o640)
            if newest:
                replace(last, said, 0o640)
            for old in sorted(place.glob("*.json"))[:-KEPT]:
                old.unlink()
        if newest and not found:  # it was ended
            replace(last, json.dumps({"ok": False, "ended": time.time()}))

    def drilled(self, name: str, values: tuple[str, ...]) -> dict[str, float]:
        """What the newest drill has measured, by the ends of its metrics; nothing where there was none.

        :param values: of the evidence, besides when it ended and how
        """
        try:
            said = json.loads(Path(self.settings["state"], f"drill-{name}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        found = {"ended_timestamp_seconds": said["ended"], "ok": 1.0 if said["ok"] else 0.0}
        return found | {one: float(said[one]) for one in values if one in said}


def run(argv: list[str], limit: float, user: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run a program as a user, with nothing of this process's surroundings; after ``limit`` seconds it and its children are ended."""
    more: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user and os.geteuid() == 0 else {}
    try:
        home = (pwd.getpwnam(user) if more else pwd.getpwuid(os.geteuid())).pw_dir
    except KeyError:
        home = "/nonexistent"
    try:
        more |= {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "umask": 0o027}
        surroundings = {**ENVIRONMENT, "HOME": home, **(environment or {})}
        child = subprocess.Popen(argv, env=surroundings, cwd="/", start_new_session=True, **more)
    except OSError as error:
        return Ran(127, f"{argv[0]}: {error.strerror}")
    try:
        text = child.communicate(timeout=limit)[0]
    except subprocess.TimeoutExpired:
        for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
            os.killpg(child.pid, number)
            try:
                text = child.communicate(timeout=patience)[0]
                break
            except subprocess.TimeoutExpired:
                continue
        return Ran(None, text.decode("utf-8", "replace"))
    return Ran(child.returncode, text.decode("utf-8", "replace"))


def reason(ran: Ran, limit: float, mark: str = "ERROR:") -> str:
    """Why a run failed, in one line: its first error.

    :param mark: what stands before the text of an error
    """
    if ran.status is None:
        return f"it has not ended within {limit:g} s"
    lines = [line.strip() for line in ran.text.splitlines() if line.strip()]
    errors = [line.partition(mark)[2].strip() for line in lines if mark in line]
    return f"it ended with {ran.status}: {first_line((errors or lines or ['without a message'])[0])}"


def described(error: BaseException) -> str:
    """What a job ended with, in a line; an error that no job raises itself has its kind before it."""
    return str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"


def first_line(text: str) -> str:
    """The first line of a message, without what cannot be printed: with a wrong key it quotes the encrypted file."""
    return "".join(sign for sign in (text.splitlines() or [""])[0] if sign.isprintable())[:300]


def limit_given(argv: Sequence[str], settings: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """The words after ``--limit=SECONDS``, and the settings with it: a person's limit in place of those of the tasks.

    The program has to end by itself: what it runs has a session of its own, and would continue without it.
    """
    if not argv or not argv[0].startswith("--limit="):
        return list(argv), dict(settings)
    return list(argv[1:]), {**settings, "limits": {"default": float(argv[0].partition("=")[2])}}


def problems(text: str) -> str:
    """The first problem that a program has printed, and how many more there are; empty where there is none."""
    found = [line.removeprefix("problem: ") for line in text.splitlines() if line.startswith("problem: ")]
    return f"{found[0]}{f', and {len(found) - 1} more' if len(found) > 1 else ''}" if found else ""


def replace(path: str, text: str, mode: int = 0o644) -> None:
    """Write a file in one step: a reader sees the old text or the new one."""
    beside = f"{path}.{os.getpid()}.new"
    with open(beside, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def page(values: Sequence[Value], meanings: Mapping[str, str]) -> str:
    """Metrics in the text format of Prometheus, each with its meaning."""
    lines: list[str] = []
    for name, meaning in meanings.items():
        mine = [(labels, value) for metric, labels, value in values if metric == name]
        if mine:
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge"]
            for labels, value in mine:
                shown = ",".join(f'{key}="{text}"' for key, text in labels.items())
                lines.append(f"{name}{{{shown}}} {value:.17g}")
    return "\n".join(lines) + "\n"


def limited(unit: str, user: str, limit: float, cpu: int, *more: str) -> list[str]:
    """The words before a command that run it in a transient unit: with the least priority, part of a processor and a time limit."""
    words = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", f"--unit={unit}", f"--uid={user or 'root'}"]
    limits = {"RuntimeMaxSec": f"{limit:g}", "CPUQuota": f"{cpu}%", "Nice": "19", "IOSchedulingClass": "idle"}
    return [*words, *(f"--property={name}={value}" for name, value in limits.items()), *more]
