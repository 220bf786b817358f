# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's database, as the files ``verify_*.py`` ask it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.live.lib.reachability import required
from tests.live.lib.server import Server
from tests.live.lib.site import Site
from tests.live.postgresql.database import Database, Login, scram_verifier


@pytest.fixture(scope="session")
def databases(reached: Site, servers: dict[str, Server]) -> list[Database]:
    """The database servers; tests that want them are skipped where a site has none."""
    names = required(reached, "postgresql", "database servers")
    return [Database(servers[name], int(reached.values.setting(name, "postgresql_port"))) for name in names]


@pytest.fixture(scope="session")
def leader(databases: list[Database]) -> Database:
    """The one database server that is not in recovery."""
    found = [server for server in databases if server.sql("select pg_is_in_recovery()") == "f"]
    assert len(found) == 1, f"leaders: {[server.name for server in found]}"
    return found[0]


#: The tests' own roles of runs that were killed; one that runs beside this one keeps its own until its end.
LEFT = "select rolname from pg_roles where rolname ~ '^vannah_verify_[0-9a-f]{8}$' and coalesce(rolvaliduntil, '-infinity') < now()"


@pytest.fixture(scope="session")
def login(leader: Database) -> Iterator[Login]:
    """A role that may log in and write into a schema of its own, for an hour at most."""
    for left in leader.sql(LEFT).split():
        leader.sql(f"drop schema if exists {left} cascade; drop role {left}")
    until = leader.sql("select now() + interval '1 hour'")
    name = f"vannah_verify_{secrets.token_hex(4)}"
    password = secrets.token_urlsafe(24)
    leader.sql(
        f"create role {name} login password '{scram_verifier(password)}' valid until '{until}'; create schema {name} authorization {name}"
    )
    yield Login(name, password, name)
    leader.sql(f"drop schema {name} cascade; drop role {name}")
