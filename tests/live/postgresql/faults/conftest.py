# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the fault tests: the site, the table that is written to, and a report of what was measured."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.live.lib.waiting import ceiling, wait_until
from tests.live.postgresql.cluster import Cluster
from tests.live.postgresql.writer import TABLE, Writers, lost_rows

READ_WRITE_PORT = 5000


@pytest.fixture(scope="session")
def site() -> Cluster:
    """The site with its database cluster."""
    return Cluster.from_environment()


@pytest.fixture(scope="session")
def endpoint(site: Cluster) -> Iterator[str]:
    """Connection string of the applications' read-write endpoint, and the table they write to."""
    password = secrets.token_urlsafe(24)
    leader = site.leader()
    site.query(
        leader, f"drop table if exists {TABLE}; drop role if exists fault_writer; create role fault_writer login password '{password}'"
    )
    site.query(
        leader,
        f"create table {TABLE} (run bigint, writer int, number int, primary key (run, writer, number));"
        f"grant select, insert on {TABLE} to fault_writer; grant pg_read_all_stats to fault_writer",
    )
    client = site.hosts("postgresql_client")[0]
    with site.tunnel(client, READ_WRITE_PORT) as port:
        yield (
            f"host=127.0.0.1 port={port} dbname=postgres user=fault_writer password={password} sslmode=require "
            "keepalives_idle=5 keepalives_interval=2 keepalives_count=3 application_name=fault_writer"
        )


@pytest.fixture
def writers(site: Cluster, endpoint: str, measured: Callable[[str], None]) -> Iterator[Writers]:
    """Four clients that write all through the test; afterwards every acknowledged row must be there."""
    site.wait_healthy()
    with Writers(endpoint) as writing:
        writing.wait_for_rows(100)
        yield writing
    site.wait_healthy()

    def count_lost() -> set[tuple[int, int]]:
        with psycopg.connect(endpoint, connect_timeout=5) as connection:
            return lost_rows(connection, writing)

    lost = count_lost()
    measured(f"{len(writing.record.acknowledged)} rows acknowledged, {len(lost)} lost, {len(writing.record.doubtful)} doubtful")
    assert not lost, f"{len(lost)} acknowledged rows are not there, for example (writer, number) {sorted(lost)[:5]}"


@pytest.fixture
def within() -> Callable[[float], float]:
    """A ceiling in seconds, doubled on a loaded machine."""
    return ceiling


__all__ = ["wait_until"]
