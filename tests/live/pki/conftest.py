# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of the database that verify its certificate, while certificates are replaced below them."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.live.postgresql.cluster import Cluster
from tests.live.postgresql.writer import TABLE, Writers, lost_rows

READ_WRITE_PORT = 5000


@dataclass
class Clients:
    """Clients outside of the site: they know the authorities that they were given."""

    conninfo: str
    authorities: Path

    def trust(self, *files: Path) -> None:
        """Give them the certificates of authorities, in place of those that they have."""
        beside = self.authorities.with_suffix(".new")
        beside.write_text("".join(file.read_text(encoding="ascii") for file in files), encoding="ascii")
        shutil.move(beside, self.authorities)


@pytest.fixture(scope="session")
def site() -> Cluster:
    """The site with its database cluster."""
    return Cluster.from_environment()


@pytest.fixture(scope="session")
def clients(site: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Their role, the table that they write to, and the endpoint of an application server. They start with the site's own authority."""
    password = secrets.token_urlsafe(24)
    leader = site.leader()
    site.query(leader, f"drop table if exists {TABLE}; drop role if exists writer; create role writer login password '{password}'")
    site.query(
        leader,
        f"create table {TABLE} (run bigint, writer int, number int, primary key (run, writer, number));"
        f"grant select, insert on {TABLE} to writer",
    )
    authorities = tmp_path_factory.mktemp("client") / "ca.crt"
    with site.tunnel(site.hosts("postgresql_client")[0], READ_WRITE_PORT) as port:
        tls = f"sslmode=verify-full sslrootcert={authorities}"
        conninfo = f"host=127.0.0.1 port={port} dbname=postgres user=writer password={password} {tls} application_name=writer"
        made = Clients(f"{conninfo} keepalives_idle=5 keepalives_interval=2 keepalives_count=3", authorities)
        made.trust(site.inventory / "pki" / "ca.crt")
        yield made


@pytest.fixture
def writers(site: Cluster, clients: Clients, measured: Callable[[str], None]) -> Iterator[Writers]:
    """Four clients that write all through the test; afterwards every acknowledged row must be there."""
    site.wait_healthy()
    with Writers(clients.conninfo) as writing:
        writing.wait_for_rows(100)
        yield writing
        writing.wait_for_rows(20)
    site.wait_healthy()
    with psycopg.connect(clients.conninfo, connect_timeout=5) as connection:
        lost = lost_rows(connection, writing)
    measured(f"{len(writing.record.acknowledged)} rows acknowledged, {len(lost)} lost, {len(writing.record.doubtful)} doubtful")
    assert not lost, f"{len(lost)} acknowledged rows are not there, for example (writer, number) {sorted(lost)[:5]}"
