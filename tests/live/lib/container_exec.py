# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in containers whose output is known to be complete.

`docker exec` may end with exit status 0 and lose its output while the machine is busy and the container is just coming up. So the last
thing that a command prints here is a mark; where it is missing, the output was lost.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from tests.live.lib.waiting import FaultError

#: The last line of what a command prints. The shell passes standard input through and gives the command's own exit status.
MARK = "vannah-complete"
MARKED = f'"$@"; status=$?; echo {MARK}; exit $status'
#: How often something that changes nothing is read before that is a failure.
READS = 5


class LostOutputError(FaultError):
    """The command ended well by its exit status, and its output is not there."""


def execute(container: str, argv: Sequence[str], *, stdin: str | None = None, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command in a container and return how it ended.

    :raises LostOutputError: exit status 0, and the output is not complete.
    """
    flags = ["-i"] if stdin is not None else []
    done = subprocess.run(
        ["docker", "exec", *flags, container, "sh", "-c", MARKED, "sh", *argv],
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
        timeout=timeout,
    )
    output, found, rest = done.stdout.rpartition(f"{MARK}\n")
    if found and not rest:
        return subprocess.CompletedProcess(done.args, done.returncode, output, done.stderr)
    if done.returncode == 0:
        raise LostOutputError(f"{container}: {' '.join(argv[:6])} exited 0 and its output was lost: {done.stdout[-200:]!r}")
    return done
