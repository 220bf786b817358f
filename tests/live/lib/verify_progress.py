# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make verify` shows in place of pytest's dots: which test runs, of how many, what it waits for, and failures in two lines.

Tracebacks are in a log below .cache/logs. They are of the style `short`, without arguments and local variables, which may be secrets.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream, texts

from tests.live.lib import waiting
from tests.live.lib.verify_failures import Failures, details_of, message_of

LOGS = Path(__file__).resolve().parents[3] / ".cache" / "logs"
#: Seconds after which it is said what a test waits for.
PATIENCE = 3.0


def label(name: str, documentation: str | None) -> str:
    """What a test sees to: the first line of its documentation, else its name; with the parameters that it has."""
    lines = (documentation or "").strip().splitlines()
    parameters = name.partition("[")[2].rstrip("]")
    said = lines[0].rstrip(".") if lines else name.partition("[")[0].removeprefix("test_").replace("_", " ")
    return f"{said} ({parameters})" if parameters else said


class Erasing:
    """Standard output of pytest, which takes the line of progress away before it writes, and writes at once."""

    def __init__(self, file: TextIO, live: stream.Live, lock: Any) -> None:
        self._file, self._live, self._lock = file, live, lock

    def write(self, text: str) -> int:
        """Write it before the line is shown again."""
        with self._lock:
            if text:
                self._live.erase()
            written = self._file.write(text)
            self._file.flush()
            return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Progress:
    """Plugin of pytest: the line of the test that runs, and what failed at once.

    :param output: the terminal or file, which pytest does not capture
    :param stage: ``[7/7] `` in a demo
    :param expected: seconds that all tests take, where that is known
    :param site: the folder of inventories/
    :param log: has the tracebacks
    """

    def __init__(
        self,
        output: TextIO,
        *,
        live: bool,
        stage: str = "",
        expected: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        site: str = "demo",
        log: stream.Log | None = None,
    ) -> None:
        self._output, self._stage, self._expected, self._clock = output, stage, expected, clock
        self._began = clock()
        self._number = self._total = 0
        self._what = ""
        self._lock = threading.RLock()
        self._live = stream.Live(output, self._lock, self.now, plain=not live)
        self._failures = Failures(site)
        self._log = log

    def now(self) -> str:
        """The line that shows what is running."""
        elapsed = texts.elapsed(self._clock() - self._began, self._expected)
        if not self._what:
            return f"{self._stage}Reading the tests  {elapsed}"
        awaited = waiting.awaited
        for_what = f", waiting for: {awaited[0]}" if awaited and time.monotonic() - awaited[1] >= PATIENCE else ""
        return f"{self._stage}Test {self._number} of {self._total}: {self._what}{for_what}  {elapsed}"

    def pytest_configure(self, config: pytest.Config) -> None:
        """Tracebacks without values of variables, for the log; of pytest's own summary the skipped tests stay."""
        config.option.tbstyle, config.option.showlocals, config.option.fulltrace = "short", False, False
        config.option.reportchars = "s"

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Begin to show it."""
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.reportchars = "s"
            reporter._tw._file = Erasing(reporter._tw._file, self._live, self._lock)
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
        """Say at once what failed."""
        if report.failed:
            self._fail(self._what, report)
        elif report.when == "call" and self._log is not None:
            self._log.line(f"{report.outcome} {self._what}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read."""
        if report.failed:
            self._fail(report.nodeid, report)

    def _fail(self, what: str, report: pytest.TestReport | pytest.CollectReport) -> None:
        with self._lock:
            self._live.erase()
            print("\n".join(self._failures.lines(what, message_of(report))), file=self._output, flush=True)
        if self._log is not None:
            self._log.line(f"failed {what} ({report.nodeid})")
            self._log.write(details_of(report))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
        """Counted as ever, with no dot."""
        if not isinstance(report, pytest.TestReport) or hasattr(report, "wasxfail"):
            return None
        if report.when != "call" and report.passed:
            return "", "", ""
        return ("error" if report.failed and report.when != "call" else report.outcome), "", report.outcome.upper()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Nothing more happens. pytest says nothing more of failures."""
        self._live.end()
        session.config.option.tbstyle = "no"
        if self._log is not None:
            self._log.close()
            if self._failures and self._log.path is not None:
                print(f"Details: {stream.relative(self._log.path)}", file=self._output, flush=True)


def of_this_run() -> Progress:
    """With the standard output as it is before pytest captures it, and the stage of the demo that has started this."""
    output = os.fdopen(os.dup(sys.__stdout__.fileno() if sys.__stdout__ else 1), "w", encoding="utf-8", errors="replace")
    expected = os.environ.get("VANNAH_STAGE_EXPECTED")
    return Progress(
        output,
        live=stream.is_live(output, os.environ.get("TERM")),
        stage=os.environ.get("VANNAH_STAGE", ""),
        expected=float(expected) if expected else None,
        site=Path(os.environ.get("VANNAH_SITE_INVENTORY", "demo")).name,
        log=stream.Log(LOGS, "verify"),
    )
