# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A progress line every ten seconds while a call to a host lasts: what the host does or waits for, since when, until when, and why.

The host's agent says it in a file (``agent/core/waiting.py``). A thread beside the call reads that through a second connection of the same
kind. Whatever goes wrong here is ignored: the call itself does not fail, and the thread then only says that the call lasts.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from .shell import Done

#: Seconds before the first progress line, and between two.
EVERY = 10.0
#: Seconds between two looks for a failed peer.
LOOK = 2.0
#: Seconds for the second connection's answer.
PATIENCE = 5.0
#: Seconds that the end of a call waits for a second connection that is in use.
ENDING = 2.0
#: From here on Ansible prints every command of a connection: it would print those of the second one too.
NOISY = 3
#: The file of the agent, and the host's own time to compare with.
COMMAND = "cat /run/vannah/waiting.json 2>/dev/null; echo; date +%s"


class Said(TypedDict):
    """What a host says of its work, see :func:`parse`; seconds."""

    what: str
    elapsed: float | None
    seconds: float | None
    reason: str


class Beat:
    """A context for one call; outside of it nothing is printed.

    :param host: name of the host, for the reader
    :param read: asks the host and gives what :func:`parse` gives; None where that cannot be done
    :param show: prints a line
    :param look: called more often, never twice at once: whether something has to be sent to the host; returns True once that is done
    """

    def __init__(
        self,
        host: str,
        read: Callable[[], Said | None] | None,
        show: Callable[[str], object],
        every: float = EVERY,
        patience: float = PATIENCE,
        look: Callable[[], bool] | None = None,
    ) -> None:
        self.host, self.read, self.show, self.every, self.patience, self.look = host, read, show, every, patience, look
        self._over = threading.Event()
        # A fork that ends while one of its threads hands a line over would leave the queue of all forks locked.
        self._speaking = threading.Lock()
        self._begun = 0.0
        #: The threads that use a second connection, by what they do there: it may hang, and Ansible may print a line of it.
        self._asking: dict[str, threading.Thread] = {}
        #: Since when the host has left a question without an answer.
        self._silent: float | None = None

    def __enter__(self) -> Beat:
        self._begun = time.monotonic()
        with suppress(RuntimeError):  # no more threads: the call continues without progress lines
            threading.Thread(target=self._run, name=f"beat {self.host}", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        with self._speaking:
            asking = list(self._asking.values())
        end = time.monotonic() + ENDING
        for thread in asking:
            thread.join(max(end - time.monotonic(), 0.0))

    def _run(self) -> None:
        spoken = self._begun
        while not self._over.wait(self.every if self.look is None else min(self.every, LOOK)):
            try:
                if self.look is not None:
                    self._in_thread("look", self._look)
                if time.monotonic() - spoken < self.every:
                    continue
                spoken = time.monotonic()
                said = self._ask()
                now = time.monotonic()
                line = text(self.host, said, now - self._begun, silent=0.0 if self._silent is None else now - self._silent)
                with self._speaking:
                    if not self._over.is_set():
                        self.show(line)
            except Exception:
                continue

    def _look(self) -> None:
        if self.look is not None and self.look():
            self.look = None

    def _ask(self) -> Said | None:
        """What the host says; None where it says nothing in time. A question that hangs is not asked a second time."""
        read = self.read
        if read is None:
            return None
        answers: list[Said | None] = []
        asked = time.monotonic()
        thread = self._in_thread("read", lambda: answers.append(read()))
        if thread is not None:
            thread.join(self.patience)
        if thread is not None and not thread.is_alive():
            self._silent = None
        elif self._silent is None:
            self._silent = asked
        return answers[0] if answers else None

    def _in_thread(self, name: str, work: Callable[[], object]) -> threading.Thread | None:
        """Do something in a thread of its own; None where the last one of that name still hangs, or the call is over."""

        def quietly() -> None:
            with suppress(BaseException):  # such a thread prints no trace of its own
                work()

        with self._speaking:
            last = self._asking.get(name)
            if self._over.is_set() or (last is not None and last.is_alive()):
                return None
            thread = threading.Thread(target=quietly, name=f"beat {self.host}: {name}", daemon=True)
            thread.start()
            self._asking[name] = thread
        return thread


def parse(output: str, run: str) -> Said | None:
    """What :data:`COMMAND` printed, with ``elapsed`` seconds by the host's own clock; None where it says nothing.

    The agent of an interrupted run continues until its step is done, and the agent of this run waits for it.

    :param run: this run's id
    """
    said, now = None, None
    for line in output.splitlines():
        line = line.strip()
        if line.startswith("{"):
            try:
                said = json.loads(line)
            except ValueError:
                return None
        elif line.isdigit():
            now = int(line)
    if not isinstance(said, dict) or not isinstance(said.get("what"), str):
        return None
    since, seconds = said.get("since"), said.get("seconds")
    own = said.get("run") == run
    return {
        "what": said["what"] if own else f"waiting for an earlier run that is still working on this host ({said['what']})",
        "elapsed": max(now - since, 0.0) if now is not None and isinstance(since, int | float) else None,
        "seconds": seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None,
        "reason": str(said.get("reason") or ""),
    }


def text(host: str, said: Said | None, running: float, clock: Callable[[], float] = time.time, silent: float = 0.0) -> str:
    """The line for a reader.

    :param said: see :func:`parse`
    :param running: seconds that the call has taken
    :param silent: seconds that the host has not answered a question over its connection; 0 where it answers, or is not asked
    """
    if said is None:
        line = f"{host}: waiting for the answer of the host, {running:.0f} s so far"
        return line + (
            f"; {host} has not answered over its connection (SSH) for {silent:.0f} s: does it run, and is it reachable?" if silent else ""
        )
    now = clock()
    elapsed = running if said["elapsed"] is None else said["elapsed"]
    line = f"{host}: {said['what']}, since {_time(now - elapsed)} ({elapsed:.0f} s)"
    if said["seconds"] is not None:
        line += f", until {_time(now - elapsed + said['seconds'])} at most ({said['seconds']:.0f} s)"
    return line + (f": {said['reason']}" if said["reason"] else "")


def _time(seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def beside(action: Any) -> Beat:
    """The beat of an action's call to its host.

    :param action: an :class:`.action.AgentAction`
    """
    from ansible.utils.display import Display

    scrubbers: list[Any] = []

    def show(line: str) -> None:
        if not scrubbers:
            scrubbers.append(action._scrubber())
        Display().display(scrubbers[0].text(line))

    others = getattr(action, "peers", ())
    return Beat(
        getattr(action, "host", "the host"),
        (lambda: _read(action)) if Display().verbosity < NOISY else None,
        show,
        EVERY,
        look=(lambda: _warn(action, others)) if others else None,
    )


def _read(action: Any) -> Said | None:
    from . import run

    # With input no terminal is asked for.
    return parse(str(_execute(action, COMMAND, b"\n").get("stdout", "")), run.run_info("")["id"])


def _warn(action: Any, others: Any) -> bool:
    """Tell the host's agent to stop waiting, where another member of its new cluster has failed; True once it has been told."""
    from . import peers, run

    lost = peers.lost(others)
    if lost is None:
        return False
    said = {"run": run.run_info("")["id"], "peer": lost[0], "reason": lost[1]}
    return _execute(action, peers.COMMAND, json.dumps(said).encode("ascii")).get("rc") == 0


def _execute(action: Any, command: str, data: bytes) -> Done:
    """Ask the host over a connection of its own, with the options of the action's. Connection plugins keep what they do in themselves."""
    twin = copy.copy(action)
    twin._connection = copy.copy(action._connection)
    if twin._connection.become is not None:
        twin._connection.become = copy.copy(twin._connection.become)
    done: Done = twin._low_level_execute_command(command, sudoable=True, in_data=data)
    return done
