# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All data of etcd are lost, those of the databases are not: no member with older data leads, neither at boot nor in a run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tests.live.lib.waiting import ceiling, wait_until
from tests.live.postgresql.cluster import Cluster

ROWS = 1000
MARK = "/etc/patroni/vannah-newest"


def test_a_stale_member_does_not_lead(site: Cluster, measured: Callable[[str], None]) -> None:
    """The third member is behind, and etcd starts empty: the run names the newest member, and all acknowledged rows are there then."""
    site.wait_healthy()
    hosts, leader, standby = site.hosts("postgresql"), site.leader(), site.synchronous()
    (stale,) = {*hosts} - {leader, standby}
    site.run(stale, "systemctl", "stop", "patroni")
    assert site.query(leader, f"CREATE TABLE acknowledged AS SELECT generate_series(1, {ROWS}) AS n", timeout=30) is not None
    assert site.query(leader, "SELECT count(*) FROM acknowledged") == str(ROWS)
    for host in (stale, *hosts):
        site.run(host, "systemctl", "stop", "patroni", timeout=120)
    for host in hosts:
        site.run(host, "systemctl", "stop", "etcd")
        site.run(host, "rm", "-rf", "/var/lib/etcd/vannah/member")
    # As the guide says it (docs/day2.md, Lost data).
    done = site.playbook("site.yml")
    assert done.returncode != 0 and "contact-cluster-data-missing" in done.stdout, done.stdout[-4000:]
    for host in hosts:
        site.run(host, "rm", "-f", "/etc/etcd/vannah-joined")
    # Where a server boots in between, its Patroni waits.
    site.run(stale, "systemctl", "start", "--no-block", "patroni")
    anew = ("site.yml", "-e", f"site_data_lost_hosts={','.join(hosts)}")
    done = site.playbook(*anew)
    assert done.returncode != 0 and "contact-newest-member" in done.stdout, done.stdout[-4000:]
    text = " ".join(done.stdout.split())
    positions = {host: int(lsn, 16) for host, lsn in re.findall(r"(\w+) has timeline \d+ up to 0/([0-9A-F]+)", text)}
    named = re.findall(rf"touch {MARK} on (\w+)", text)
    assert set(positions) == {*hosts} and min(positions.values()) == positions[stale] < sorted(positions.values())[1], positions
    assert named and set(named) <= {leader, standby}, text[-4000:]
    site.run(named[0], "touch", MARK)
    began = time.monotonic()
    done = site.playbook(*anew)
    assert done.returncode == 0, done.stdout[-6000:]
    measured(f"etcd anew in {time.monotonic() - began:.0f} s, {ROWS} rows kept")
    wait_until(site.healthy, "all members are there again", ceiling(120), 1)
    for host in hosts:
        assert site.query(host, "SELECT count(*) FROM acknowledged") == str(ROWS), host
        assert site.run(host, "test", "-e", MARK, check=False).returncode != 0, host
    site.query(site.leader(), "DROP TABLE acknowledged")
    site.converge_unchanged()
