# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database cluster, as applications and as its own servers see it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.live.lib.reachability import missing
from tests.live.lib.site import Site
from tests.live.lib.values import Values
from tests.live.lib.waiting import ceiling, wait_until
from tests.live.postgresql.database import Database, Login


def port_of(reached: Site, client: str, kind: str) -> int:
    """Port of a client's endpoint."""
    return int(reached.values.setting(client, f"haproxy_{kind}_port"))


@contextmanager
def connected(reached: Site, login: Login, kind: str, **options: Any) -> Iterator[psycopg.Connection[Any]]:
    """A connection through the first client's endpoint, its certificate verified with the site's authority."""
    client = reached.hosts("postgresql_client")[0]
    settings: dict[str, Any] = {
        "host": "127.0.0.1",  # the way through the tunnel: the server's certificate is valid for it
        "dbname": "postgres",
        "user": login.role,
        "password": login.password,
        "sslmode": "verify-full",
        "sslrootcert": str(reached.inventory / "pki" / "ca.crt"),
        "connect_timeout": 5,
        **options,
    }
    with (
        reached.tunnel(client, port_of(reached, client, kind)) as port,
        psycopg.connect(port=port, autocommit=True, **settings) as connection,
    ):
        yield connection


def is_synchronous(values: Values, host: str) -> bool:
    """Whether commits wait for a standby: as the role has it, by the members of the inventory, not by those that are reached now."""
    return bool(values.get(host, "postgresql_synchronous", len(values.members("postgresql")) > 2))


@pytest.fixture
def client(reached: Site, databases: list[Database]) -> str:
    """A server with endpoints."""
    if not reached.hosts("postgresql_client"):
        pytest.skip(missing(reached.values, "postgresql_client", "clients"))
    return reached.hosts("postgresql_client")[0]


def test_one_leader_and_every_standby_streams(reached: Site, databases: list[Database], leader: Database) -> None:
    """One server writes; each of the others receives from it."""
    streaming = leader.sql("select application_name from pg_stat_replication where state = 'streaming'").split()
    assert sorted(streaming) == sorted(server.name for server in databases if server.name != leader.name)


def test_commits_wait_for_a_standby(reached: Site, databases: list[Database], leader: Database) -> None:
    """With two or more standbys replication is synchronous, unless the site says otherwise."""
    if not is_synchronous(reached.values, leader.name):
        pytest.skip("the site has no synchronous replication")
    assert int(leader.sql("select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')")) >= 1


def test_row_written_here_is_read_there(reached: Site, client: str, login: Login) -> None:
    """A row written through the read-write endpoint is read at the read-only endpoint."""
    value = time.time_ns()
    with connected(reached, login, "read_write") as connection:
        connection.execute(f"create table {login.schema}.rows (value bigint)")
        connection.execute(f"insert into {login.schema}.rows values (%s)", (value,))
        assert connection.execute("select pg_is_in_recovery()").fetchone() == (False,)

    def read() -> bool:
        with connected(reached, login, "read_only") as connection:
            found = connection.execute("select to_regclass(%s)", (f"{login.schema}.rows",)).fetchone()
            return found != (None,) and connection.execute(f"select value from {login.schema}.rows").fetchone() == (value,)

    wait_until(read, "the row is read at the read-only endpoint", ceiling(10), interval=0.5)


def test_read_only_endpoint_leads_to_a_standby(reached: Site, databases: list[Database], client: str, login: Login) -> None:
    """Readers do not load the leader while there is a standby."""
    if len(databases) < 2:
        only = len(reached.values.members("postgresql")) < 2
        pytest.skip("the site has no standby" if only else "none of the site's standbys can be judged now")
    with connected(reached, login, "read_only") as connection:
        assert connection.execute("select pg_is_in_recovery()").fetchone() == (True,)


def test_connections_are_encrypted(reached: Site, client: str, login: Login) -> None:
    """The database refuses connections without TLS, and its certificate is valid."""
    with connected(reached, login, "read_write") as connection:
        assert connection.execute("select version from pg_stat_ssl where pid = pg_backend_pid()").fetchone() in [("TLSv1.2",), ("TLSv1.3",)]
    with (
        pytest.raises(psycopg.OperationalError, match=r"no (pg_hba\.conf entry|encryption)"),
        connected(reached, login, "read_write", sslmode="disable"),
    ):
        pass


@pytest.mark.parametrize("user", ["postgres", "replicator", "rewinder"])
def test_no_default_password(reached: Site, client: str, login: Login, user: str) -> None:
    """The database refuses logins without a password and with common passwords."""
    for password in (None, "", user, "postgres", "password", "changeme"):
        with (
            pytest.raises(psycopg.OperationalError, match=r"password|pg_hba\.conf rejects"),
            connected(reached, login, "read_write", user=user, password=password, passfile="/dev/null"),
        ):
            pass


def test_passwords_are_scram_and_nobody_is_trusted(leader: Database) -> None:
    """Stored passwords are SCRAM verifiers; no line of pg_hba.conf trusts, and none allows connections of other hosts without TLS."""
    assert leader.sql("select rolname from pg_authid where rolpassword !~ '^SCRAM-SHA-256\\$'") == ""
    assert leader.sql("select line_number from pg_hba_file_rules where auth_method = 'trust'") == ""
    plain = "select line_number from pg_hba_file_rules where type in ('host', 'hostnossl') and auth_method <> 'reject'"
    assert leader.sql(f"{plain} and coalesce(address, '') not in ('127.0.0.1', '::1')") == ""


def test_the_leader_is_who_patroni_says(reached: Site, databases: list[Database], leader: Database) -> None:
    """`patronictl` and PostgreSQL agree."""
    answer = leader.server.ask("patronictl", "-c", "/etc/patroni/config.yml", "list", "--format", "tsv")
    assert answer.status == 0
    rows = [line.split("\t") for line in answer.text.splitlines() if "\t" in line]
    header, members = rows[0], rows[1:]
    leaders = [row[header.index("Member")] for row in members if row[header.index("Role")] == "Leader"]
    assert leaders == [leader.name]
    assert len(members) == len(databases)
