# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo` killed with -9, all of its process group, and started again: it ends well, and a browser opens what it prints."""

from __future__ import annotations

import os
import random
import re
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.live.lib.browser import Browser
from tests.live.newcomer.newcomer import NETWORK, Newcomer, docker

#: `make soak` sets this to 10: that many runs are killed at random moments.
RANDOM_KILLS = int(os.environ.get("VANNAH_NEWCOMER_KILLS", "0"))
#: Seconds that a run of this demo takes; a moment after its end is a run that was not killed.
DURATION = 240.0


def on_server(host: str, *argv: str) -> bool:
    """Whether a command succeeds on a server that may not be there."""
    done = subprocess.run(["docker", "exec", f"{NETWORK}-{host}", *argv], capture_output=True, check=False)
    return done.returncode == 0


def servers_are_being_made() -> bool:
    """The first container is there."""
    return on_server("db1", "true")


def first_converge_is_under_way() -> bool:
    """A host has a lease."""
    return on_server("db1", "test", "-e", "/run/vannah/lease")


def database_has_started() -> bool:
    """Patroni runs."""
    return on_server("db1", "pgrep", "-x", "patroni") or on_server("db1", "pgrep", "-f", "/usr/bin/patroni")


@pytest.mark.skipif(RANDOM_KILLS > 0, reason="random moments instead")
def test_killed_at_three_moments(newcomer: Newcomer) -> None:
    """While the servers are made, in the first converge, once etcd and the database have started; the run after ends well."""
    for moment in (servers_are_being_made, first_converge_is_under_way, database_has_started):
        newcomer.kill_when(moment)
    newcomer.ends_well()


@pytest.mark.skipif(RANDOM_KILLS > 0, reason="the demo of the test above")
def test_a_browser_opens_the_address_that_is_printed(newcomer: Newcomer) -> None:
    """With what the demo says: a line for /etc/hosts, and the authority to import."""
    said = " ".join(newcomer.printed().split())
    url = re.search(r"https://database\.[a-z.]*[a-z]", said)
    line = re.search(r"A line for /etc/hosts, where the DNS does not know them: ([0-9.]+ [a-z. ]+?)\. ", said)
    assert url and line, newcomer.printed()[-3000:]
    assert "pki/ca.crt" in said
    browser = Browser(lambda argv, given: docker("exec", "-i", f"{NETWORK}-db2", *argv, given=given))
    browser.set_up(line[1])
    refused = browser.opened(f"{url[0]}/patroni")
    assert '"scope"' not in refused, refused[-2000:]
    browser.trust((newcomer.folder / "inventories" / "demo" / "pki" / "ca.crt").read_text(encoding="ascii"))
    shown = browser.opened(f"{url[0]}/patroni")
    assert '"scope"' in shown, shown[-2000:]


@pytest.mark.skipif(RANDOM_KILLS == 0, reason="a long form of the test: make soak")
@pytest.mark.parametrize("number", range(RANDOM_KILLS))
def test_killed_at_a_random_moment(newcomer: Newcomer, number: int) -> None:
    """Killed once at any moment of a fresh demo; the run after ends well."""
    newcomer.forget()
    seed = int(os.environ.get("VANNAH_SEED", str(time.time_ns() % 1_000_000))) + number
    moment = random.Random(seed).uniform(0.5, DURATION)
    began = time.monotonic()
    passed: Callable[[], bool] = lambda: time.monotonic() - began > moment  # noqa: E731
    newcomer.kill_when(passed, may_end=True)
    try:
        newcomer.ends_well()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, killed after {moment:.1f} s: {error}") from None
