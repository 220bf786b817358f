# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that commit one row after the other and remember exactly what was acknowledged.

A status page can be green while rows are lost, so the faults are judged by these: every row that a COMMIT
acknowledged must be there afterwards, and the longest time without an acknowledgement is the write gap.

A commit that carries a notice does not count: a cancelled wait for the synchronous standby returns success with a
WARNING ("The transaction has already committed locally, but might not have been replicated to the standby",
https://www.postgresql.org/docs/17/warm-standby.html#SYNCHRONOUS-REPLICATION).
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

import psycopg

TABLE = "fault_rows"
#: Seconds between two commits of a client. Short against every gap that is judged; the servers of a test share the machine with it.
PAUSE = 0.005 if os.environ.get("VANNAH_SOAK") else 0.02


@dataclass(frozen=True)
class Acknowledged:
    """One row whose COMMIT returned without a notice; times are of the controller's monotonic clock, in seconds."""

    writer: int
    number: int
    sent: float
    at: float
    server: str


@dataclass
class Record:
    """What the clients saw. Appended to from several threads; list.append is atomic in CPython."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    doubtful: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[float, str]] = field(default_factory=list)

    def longest_gap(self, since: float, until: float) -> float:
        """Longest time in seconds without an acknowledgement between two instants."""
        instants = [since, *sorted(a.at for a in self.acknowledged if since <= a.at <= until), until]
        return max(later - earlier for earlier, later in itertools.pairwise(instants))

    def first_after(self, instant: float) -> Acknowledged | None:
        """The first row that was both sent and acknowledged after an instant."""
        return min((a for a in self.acknowledged if a.sent > instant), key=lambda a: a.at, default=None)


class Writers:
    """A context manager that writes with ``count`` clients until it is left.

    :param conninfo: libpq connection string of the endpoint that applications use.
    """

    def __init__(self, conninfo: str, count: int = 4) -> None:
        self.record = Record()
        self._conninfo = conninfo
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,), daemon=True) for number in range(count)]
        self._run = time.time_ns()

    @property
    def run(self) -> int:
        """Tells the rows of this run from those of another one."""
        return self._run

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def wait_for_rows(self, count: int, timeout: float = 60) -> None:
        """Wait until so many more rows are acknowledged.

        :raises TimeoutError: with the last error a client saw.
        """
        goal = len(self.record.acknowledged) + count
        deadline = time.monotonic() + timeout
        while len(self.record.acknowledged) < goal:
            if time.monotonic() > deadline:
                last = self.record.errors[-1][1] if self.record.errors else "no error seen"
                raise TimeoutError(f"{count} rows were not acknowledged within {timeout:.0f} s; last error: {last}")
            self._stop.wait(0.05)

    def _write(self, writer: int) -> None:
        numbers = itertools.count()
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=False, connect_timeout=3) as connection:
                    self._write_on(connection, writer, numbers)
            except psycopg.Error as error:
                self.record.errors.append((time.monotonic(), str(error).strip().splitlines()[0] if str(error).strip() else repr(error)))
                self._stop.wait(0.1)

    def _write_on(self, connection: psycopg.Connection[tuple[object, ...]], writer: int, numbers: itertools.count[int]) -> None:
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        row = connection.execute("select coalesce(host(inet_server_addr()), 'local')").fetchone()
        server = str(row[0]) if row else "unknown"
        connection.commit()
        while not self._stop.is_set():
            number = next(numbers)
            notices.clear()
            sent = time.monotonic()
            connection.execute(f"insert into {TABLE} (run, writer, number) values (%s, %s, %s)", (self._run, writer, number))
            connection.commit()
            if notices:
                self.record.doubtful.append((writer, number))
                continue
            self.record.acknowledged.append(Acknowledged(writer, number, sent, time.monotonic(), server))
            self._stop.wait(PAUSE)


def lost_rows(connection: psycopg.Connection[tuple[object, ...]], writers: Writers) -> set[tuple[int, int]]:
    """Rows that were acknowledged and are not there."""
    there = set(connection.execute(f"select writer, number from {TABLE} where run = %s", (writers.run,)).fetchall())
    return {(a.writer, a.number) for a in writers.record.acknowledged} - {(int(str(w)), int(str(n))) for w, n in there}
