# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the controller: killed at any moment, two at once, wrong password, wrong inventory."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.lib.waiting import ceiling
from tests.live.postgresql.cluster import Cluster

#: ``make soak`` raises this to 1000.
KILLS = int(os.environ.get("VANNAH_KILLS", "3"))


def test_fault_15_controller_killed(site: Cluster, measured: Callable[[str], None]) -> None:
    """Killed at random moments while there is something to change; the second run ends well, the third changes nothing."""
    site.wait_healthy()
    site.converge_unchanged()
    undisturbed = site.fingerprint()
    began = time.monotonic()
    site.converge_unchanged()
    duration = time.monotonic() - began
    seed = int(os.environ.get("VANNAH_SEED", str(time.time_ns() % 1_000_000)))
    measured(f"seed {seed}")
    chance = random.Random(seed)
    for number in range(KILLS):
        moment = chance.uniform(0.3, duration * 1.5)
        with site.start_playbook("site.yml", "-e", f'{{"base_journal": {{"SystemMaxUse": "{200 + number}M"}}}}') as process:
            try:
                process.wait(moment)
            except Exception:
                os.killpg(process.pid, signal.SIGKILL)
        site.converge()
    site.converge_unchanged()
    assert site.fingerprint() == undisturbed
    site.wait_healthy()


def test_fault_17_two_at_once(site: Cluster, measured: Callable[[str], None]) -> None:
    """The second converge refuses within 5 s and says who holds the hosts since when; the first is not disturbed."""
    host = site.hosts("postgresql")[0]
    with site.holding_lease():
        began = time.monotonic()
        second = site.playbook("base.yml", "--limit", host)
        took = time.monotonic() - began
    measured(f"refused after {took:.1f} s (ceiling 5 s)")
    assert second.returncode != 0
    assert "held by" in second.stdout and "since" in second.stdout, second.stdout[-2000:]
    assert took <= ceiling(5)


@pytest.mark.parametrize("wrong", ["vault password", "inventory"])
def test_fault_18_refused_before_any_connection(site: Cluster, wrong: str, tmp_path: Path) -> None:
    """A wrong vault password and an inventory that does not parse end the run before any connection is opened."""
    if wrong == "vault password":
        password = tmp_path / "password"
        password.write_text("not the password\n", encoding="utf-8")
        broken = Cluster(site.inventory, ["--vault-password-file", str(password)], site.environment)
    else:
        inventory = tmp_path / "hosts.yml"
        inventory.write_text("all: {hosts: {db1: [}}\n", encoding="utf-8")
        broken = Cluster(inventory, site.arguments, site.environment)
    before = site.connections()
    done = broken.playbook("site.yml", "-vvv")
    assert done.returncode != 0
    assert "ESTABLISH SSH CONNECTION" not in done.stdout
    assert site.connections() == before
