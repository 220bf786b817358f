# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first run, which is killed while CapRover is installed and then repeated: the known default password is tried all the time."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.live.caprover.captain import Captain
from tests.live.caprover.outside import Watch, drained
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until


def test_a_first_run_that_is_killed_and_repeated(site: Site, captain: Captain, measured: Callable[[str], None]) -> None:
    """The service of CapRover is there, and its password is still the one-time one. The next run completes it."""

    def installing() -> bool:
        said = site.run(captain.host, "docker", "service", "ls", "--quiet", "--filter", "name=captain-captain", check=False)
        return said.returncode == 0 and bool(said.stdout.strip())

    with Watch(captain) as watch:
        with site.start_playbook("site.yml") as process, drained(process) as lines:
            wait_until(lambda: installing() or process.poll() is not None, "CapRover is being installed", ceiling(400), 0.2)
            assert process.poll() is None, "".join(lines)[-4000:]
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        site.converge()
    accepted = [where for where, status in watch.said if status == 100]
    assert accepted == [], watch.said
    # CapRover has answered both ways, or the password was not tried.
    assert {where for where, status in watch.said if status in (1105, 1113)} == {"outside", "inside"}, watch.said
    assert watch.opened <= {(captain.host, 80), (captain.host, 443)}, watch.opened
    measured(f"{watch.sweeps} looks at the ports, {len(watch.said)} answers to the default password, none accepted it")
