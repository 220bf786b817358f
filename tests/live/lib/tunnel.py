# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way through SSH to a port of a server's loopback."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.live.lib.waiting import FaultError, ceiling

#: Forward and do nothing else, with a connection of its own; end when the local port is not available.
OPTIONS = ["-N", "-S", "none", "-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes"]
ATTEMPTS = 3


@contextlib.contextmanager
def forwarded(destination: Sequence[str], port: int, folder: Path) -> Iterator[int]:
    """A local port that leads to ``port`` of the server's loopback.

    :param destination: arguments of ssh(1) that say where and how
    :param folder: what relative paths in them start from
    :raises FaultError: ssh ended or did not listen in time, thrice; with what it said.
    """
    for attempt in range(ATTEMPTS):
        # Another program may take the port before ssh does: ask again then.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            local = int(probe.getsockname()[1])
        # A file, for a pipe that no one reads stops ssh once it is full.
        with tempfile.TemporaryFile("w+") as said:
            argv = ["ssh", *OPTIONS, "-L", f"127.0.0.1:{local}:127.0.0.1:{port}", *destination]
            process = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stderr=said)
            try:
                if _listens(process, local, ceiling(20)):
                    yield local
                    return
            finally:
                # Not SIGTERM: an ssh that gets it just before it waits for its sockets waits on. It has nothing to put in order.
                process.kill()
                process.wait()
            said.seek(0)
            reason = said.read().strip()
        if attempt + 1 == ATTEMPTS:
            # The last line is why it ended; those before it are of sshd and the way there.
            raise FaultError(f"no tunnel to {destination[-1]}: {reason.splitlines()[-1] if reason else 'ssh says nothing'}")


def _listens(process: subprocess.Popen[bytes], port: int, timeout: float) -> bool:
    """Wait until something answers at the port; False where ssh ended first or the time is up."""
    deadline = time.monotonic() + timeout
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.1)
    return False
