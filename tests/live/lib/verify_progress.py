# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make verify` shows in place of pytest's dots: which test runs, how many there are, and what it waits for."""

from __future__ import annotations

import inspect
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream, texts

from tests.live.lib import waiting

#: Seconds after which it is said what a test waits for.
PATIENCE = 3.0


def label(name: str, documentation: str | None) -> str:
    """What a test sees to: the first line of its documentation, else its name; with the parameters that it has."""
    lines = (documentation or "").strip().splitlines()
    parameters = name.partition("[")[2].rstrip("]")
    said = lines[0].rstrip(".") if lines else name.partition("[")[0].removeprefix("test_").replace("_", " ")
    return f"{said} ({parameters})" if parameters else said


class Progress:
    """Plugin of pytest: the line of what goes on now, and the name of a test that failed at once.

    :param output: the terminal or file, which pytest does not capture
    :param stage: ``[7/7] `` in a demo
    :param expected: seconds that all tests take, where that is known
    """

    def __init__(
        self, output: TextIO, *, live: bool, stage: str = "", expected: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._output, self._stage, self._expected, self._clock = output, stage, expected, clock
        self._began = clock()
        self._number = self._total = 0
        self._what = ""
        self._live = stream.Live(output, threading.RLock(), self.now, plain=not live)

    def now(self) -> str:
        """The line that shows what is running."""
        elapsed = texts.elapsed(self._clock() - self._began, self._expected)
        if not self._what:
            return f"{self._stage}Reading the tests  {elapsed}"
        awaited = waiting.awaited
        for_what = f", waiting for: {awaited[0]}" if awaited and time.monotonic() - awaited[1] >= PATIENCE else ""
        return f"{self._stage}Test {self._number} of {self._total}: {self._what}{for_what}  {elapsed}"

    def pytest_sessionstart(self) -> None:
        """Begin to show it."""
        self._live.start()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """How many tests there are."""
        self._total = len(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """The next test."""
        self._number += 1
        self._what = label(item.name, inspect.getdoc(getattr(item, "function", None)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say at once what failed; pytest says why at the end."""
        if report.failed:
            self._live.erase()
            print(f"FAILED  {self._what}", file=self._output, flush=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
        """Counted as ever, with no dot."""
        if not isinstance(report, pytest.TestReport) or hasattr(report, "wasxfail"):
            return None
        if report.when != "call" and report.passed:
            return "", "", ""
        return ("error" if report.failed and report.when != "call" else report.outcome), "", ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Nothing more goes on."""
        self._live.end()


def of_this_run() -> Progress:
    """With the standard output as it is before pytest captures it, and the stage of the demo that has started this."""
    output = os.fdopen(os.dup(sys.__stdout__.fileno() if sys.__stdout__ else 1), "w", encoding="utf-8", errors="replace")
    expected = os.environ.get("VANNAH_STAGE_EXPECTED")
    live = stream.is_live(output, os.environ.get("TERM"))
    return Progress(output, live=live, stage=os.environ.get("VANNAH_STAGE", ""), expected=float(expected) if expected else None)
