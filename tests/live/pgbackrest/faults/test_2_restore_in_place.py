# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores onto the cluster: refused, killed and repeated, a second one after a first, and back to what was before. In this order."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial

import pytest

from tests.live.lib.site import errors_of
from tests.live.lib.waiting import wait_until
from tests.live.postgresql.cluster import Cluster

from .conftest import Backups

VERB = "postgresql/restore.yml"
MARKER = "/etc/patroni/vannah-restoring"
#: Times within the scenario, by what was written just before them.
TIMES: dict[str, str] = {}
LONG = pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes half a minute: `make soak` runs it")


def restore(site: Cluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the verb on the cluster."""
    return site.playbook(VERB, *words("restore_in_place=backup/vannah", *arguments))


def words(*arguments: str) -> list[str]:
    """As extra variables; a value may have spaces."""
    pairs = (argument.partition("=") for argument in arguments)
    return [word for name, _sign, value in pairs for word in ("-e", f"{name}='{value}'")]


def write(site: Cluster, name: str) -> None:
    """A row, and the time just after it was committed."""
    site.query(site.leader(), f"create table if not exists kept (name text primary key); insert into kept values ('{name}')")
    TIMES[name] = site.query(site.leader(), "select clock_timestamp()") or ""


def rows(site: Cluster, host: str = "") -> set[str]:
    """The rows of a member, by default of the leader."""
    return set((site.query(host or site.leader(), "select name from kept") or "").split())


def _has(site: Cluster, host: str, wanted: set[str]) -> bool:
    return rows(site, host) == wanted


def _begun(site: Cluster, host: str) -> bool:
    return site.run(host, "test", "-e", MARKER, check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("restore_in_place=true",), "replaces the databases of the cluster backup/vannah"),
        (
            ("restore_in_place=backup/vannah", "restore_type=time", "restore_target=2020-01-01 00:00:00+00"),
            "before the end of the oldest backup",
        ),
        (("restore_in_place=backup/vannah", "restore_type=name", "restore_target=nmaed"), "no restore point with the name nmaed"),
        (("restore_in_place=backup/vannah", "restore_member=db1"), "extra vars restore_member: a playbook finds this out by itself"),
        pytest.param(("restore_in_place=vannah",), "replaces the databases of the cluster backup/vannah", marks=LONG),
        pytest.param(
            ("restore_in_place=backup/vannah", "restore_type=lsn", "restore_target=FF/0"), "has no WAL at FF/0 or after it", marks=LONG
        ),
        pytest.param(
            ("restore_in_place=backup/vannah", "restore_type=time", "restore_target=2099-01-01 00:00:00+00"), "is in the future", marks=LONG
        ),
        pytest.param(("restore_in_place=backup/vannah", "restore_timeline=77"), "is not in the repository", marks=LONG),
    ],
)
def test_restores_that_are_refused(site: Cluster, arguments: tuple[str, ...], said: str) -> None:
    """And the cluster runs on: the leader is the same, in the same process."""
    before = site.query(site.leader(), "select pg_postmaster_start_time()")
    done = site.playbook(VERB, *words(*arguments))
    assert done.returncode != 0 and said in done.stdout and "Fix: " in done.stdout, done.stdout[-3000:]
    assert site.query(site.leader(), "select pg_postmaster_start_time()") == before


def test_a_restore_that_is_killed_and_repeated(site: Cluster) -> None:
    """To the transaction, on every member. The run is killed while a member's data are replaced."""
    write(site, "first")
    write(site, "lost")
    arguments = words("restore_in_place=backup/vannah", "restore_type=time", f"restore_target={TIMES['first']}")
    members = site.hosts("postgresql")
    with site.start_playbook(VERB, *arguments) as running:
        wait_until(lambda: any(_begun(site, host) for host in members), "the restore to begin", timeout=120)
        os.killpg(running.pid, signal.SIGKILL)
    done = site.playbook(VERB, *arguments)
    assert done.returncode == 0, errors_of(done.stdout) + done.stdout[-3000:]
    for host in members:
        wait_until(partial(_has, site, host, {"first"}), f"{host} to have the first row alone", timeout=30)
    site.wait_members()


def test_a_second_restore_after_the_first(site: Cluster, backups: Backups) -> None:
    """To a time on the new timeline. The newest backup from before it does not lead to it, and pgBackRest would take that."""
    write(site, "second")
    write(site, "third")
    done = restore(site, "restore_type=time", f"restore_target={TIMES['second']}")
    assert done.returncode == 0, errors_of(done.stdout) + done.stdout[-3000:]
    assert rows(site) == {"first", "second"}
    assert backups.cron("verify") == (0, "")


def test_what_the_restore_left_is_found(site: Cluster, backups: Backups) -> None:
    """At the time of the last row the cluster was on a timeline that the restore has left. The newest one has no such row."""
    try:
        done = site.playbook(VERB, *words("restore_type=time", f"restore_target={TIMES['third']}"))
        assert done.returncode == 0, errors_of(done.stdout) + done.stdout[-3000:]
        assert set(backups.scratch("select name from kept").split()) == {"first", "second", "third"}
    finally:
        removed = site.playbook(VERB, "-e", "restore_remove=true")
    assert removed.returncode == 0, removed.stdout[-3000:]


@LONG
def test_a_restore_that_is_undone(site: Cluster) -> None:
    """The cluster itself, to the time when the last row was there."""
    done = restore(site, "restore_type=time", f"restore_target={TIMES['third']}")
    assert done.returncode == 0, errors_of(done.stdout) + done.stdout[-3000:]
    assert rows(site) == {"first", "second", "third"}


@LONG
def test_a_timeline_that_is_named(site: Cluster) -> None:
    """The newest one has no third row at that time."""
    write(site, "fourth")
    timeline = int(site.query(site.leader(), "select timeline_id from pg_control_checkpoint()") or "0")
    # Two timelines begin with a restore: when the data have recovered, and when Patroni starts them.
    done = restore(site, f"restore_timeline={timeline - 2}")
    assert done.returncode == 0, errors_of(done.stdout) + done.stdout[-3000:]
    assert rows(site) == {"first", "second"}
