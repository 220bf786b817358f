# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All database servers are lost, and with them the quorum of etcd: rebuilt from the backup server with one command."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.live.lib.site import REPOSITORY, errors_of
from tests.live.lib.waiting import wait_until
from tests.live.postgresql.cluster import Cluster

#: Writes a row each half second, with its time.
WRITER = "while true; do echo 'insert into written values (clock_timestamp());'; sleep 0.5; done | runuser -u postgres -- psql -qX"


@pytest.mark.parametrize(
    ("hosts", "said"),
    [("db1", "whose servers are all lost"), ("db1,db2", "Fix: write -e site_data_lost_hosts=db1,db2,backup1")],
)
def test_servers_that_are_not_lost(site: Cluster, hosts: str, said: str) -> None:
    """A rebuild without all members, or one that leaves etcd without a quorum, is refused before anything is changed."""
    done = site.playbook("postgresql/rebuild.yml", "-e", "restore_in_place=backup/vannah", "-e", f"site_data_lost_hosts={hosts}")
    assert done.returncode != 0 and "Nothing was changed" in done.stdout and said in done.stdout, done.stdout[-3000:]
    assert site.leader()


@pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes five minutes: `make soak` runs it")
def test_all_database_servers_are_lost(site: Cluster) -> None:
    """What is missing of the commits is at most archive_timeout. Rows are written for longer than that."""
    leader, members = site.leader(), site.hosts("postgresql")
    timeout = float(site.values.setting(leader, "postgresql_archive_timeout"))
    site.query(leader, "create table if not exists written (at timestamptz)")
    site.run(leader, "systemd-run", "--quiet", "--unit=writer", "sh", "-c", WRITER)
    begun = time.monotonic()
    wait_until(lambda: time.monotonic() - begun > timeout + 10, "rows to be written", timeout=timeout + 60, interval=1)
    last = float(site.query(leader, "select extract(epoch from max(at)) from written") or "0")
    for host in members:
        site.docker("rm", "-f", "-v", site.container(host))
    argv = [str(os.path.join(os.path.dirname(sys.executable), "ansible-playbook")), "-i", str(site.inventory)]
    made = subprocess.run([*argv, "tests/servers/create.yml"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout[-3000:]

    lost = ",".join(dict.fromkeys([*members, *site.hosts("etcd")]))
    done = site.playbook("postgresql/rebuild.yml", "-e", "restore_in_place=backup/vannah", "-e", f"site_data_lost_hosts={lost}")
    assert done.returncode == 0, errors_of(done.stdout) + done.stdout[-3000:]
    site.wait_members()
    restored = float(site.query(site.leader(), "select extract(epoch from max(at)) from written") or "0")
    assert last - restored <= timeout + 1, f"{last - restored:.1f} s of commits are lost"
    print(f"MEASURED loss after losing all database servers: {last - restored:.1f} s (archive_timeout {timeout:g} s)")
    site.converge_unchanged()
