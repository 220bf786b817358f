# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that has booted without the disk with its data: no empty database takes their place."""

from __future__ import annotations

import time
from functools import partial

from tests.live.lib.waiting import ceiling, wait_until
from tests.live.postgresql.cluster import Cluster

#: Mount points of the disk; their data wait beside them while it is away.
MOUNTS = ("/var/lib/postgresql", "/var/lib/etcd")
UNITS = ("etcd.service", "patroni.service")


def is_started(site: Cluster, host: str, unit: str, before: int) -> bool:
    """Whether systemd has started a unit once more."""
    return site.starts(host, unit) > before


def test_no_empty_database_below_the_mount_point(site: Cluster, host: str) -> None:
    """Neither by the services at boot nor by a run, which says what is missing within a minute. With the disk all is as before."""
    rows = "SELECT count(*) FROM kept_rows"
    site.query(host, "CREATE TABLE kept_rows AS SELECT generate_series(1, 1000)")
    assert site.query(host, rows) == "1000"
    site.run(host, "systemctl", "stop", "patroni", "etcd")
    for path in MOUNTS:
        owner = site.read(host, "stat", "-c", "%U:%G", path).strip()
        site.run(host, "sh", "-ec", f"mv {path} {path}.away && mkdir -m 0755 {path} && chown {owner} {path}")
    try:
        before = {unit: site.starts(host, unit) for unit in UNITS}
        site.run(host, "systemctl", "start", "--no-block", *UNITS)
        for unit in UNITS:
            wait_until(partial(is_started, site, host, unit, before[unit]), f"systemd starts {unit}", ceiling(30))
        began = time.monotonic()
        done = site.playbook("site.yml")
        assert done.returncode != 0
        assert time.monotonic() - began < ceiling(60)
        for cluster in ("etcd", "postgresql"):
            assert f"although the cluster {cluster} has run there, and no member that answered has its data" in done.stdout, done.stdout[
                -4000:
            ]
        assert f"{MOUNTS[0]}/15/vannah/global/pg_control" in done.stdout
        left = site.read(host, "find", *MOUNTS, "-name", "pg_control", "-o", "-name", "member")
        assert left == "", f"an empty cluster was begun: {left}"
    finally:
        site.run(host, "systemctl", "stop", "patroni", "etcd")
        for path in MOUNTS:
            site.run(host, "sh", "-ec", f"rm -rf {path} && mv {path}.away {path}")
        site.run(host, "systemctl", "start", "--no-block", "etcd", "patroni")
    wait_until(lambda: site.query(host, rows) == "1000", "the rows are there", ceiling(60), 1)
    site.wait_members()
    site.converge_unchanged()
    site.query(host, "DROP TABLE kept_rows")
