# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a converged site must do. The same assertions run on test servers and, by `make verify SITE=...`, on a real site.

Servers are asked through Ansible, as the playbooks reach them (user, key, port, become), one question for all that is static of a
server. Nothing stays behind on a site but log lines.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from contact import Reached, refused
from server import Login, Server, scram_verifier
from site_under_test import REPOSITORY, Site


@pytest.fixture(scope="session")
def whole_site() -> Site:
    """The site's inventory with all of its hosts."""
    os.chdir(REPOSITORY)
    # testinfra asks the shell for ansible: the one of this Python, also where pytest was started by its path.
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return Site.from_environment()


@pytest.fixture(scope="session")
def absent(whole_site: Site) -> dict[str, str]:
    """The hosts that cannot be judged, and why. Where that is all of them, nothing else is tried."""
    hosts = whole_site.hosts("all")
    found = refused(whole_site.inventory, hosts)
    if hosts and len(found) == len(hosts):
        pytest.exit("nothing can be judged.\n" + "\n".join(f"{host} {why}" for host, why in found.items()), returncode=1)
    return found


@pytest.fixture(scope="session")
def site(whole_site: Site, absent: dict[str, str]) -> Site:
    """The site as far as it can be judged."""
    if absent:
        whole_site.__dict__["values"] = Reached(whole_site.inventory, list(absent))  # it keeps what it has read
    return whole_site


@pytest.fixture(scope="session")
def servers(site: Site) -> dict[str, Server]:
    """All servers by name."""
    return {name: Server(name, site.inventory) for name in site.hosts("all")}


@pytest.fixture(scope="session")
def databases(site: Site, servers: dict[str, Server]) -> list[Server]:
    """The database servers; tests that want them are skipped where a site has none."""
    found = [servers[name] for name in site.hosts("postgresql")]
    if not found:
        pytest.skip("the site has no database servers")
    return found


@pytest.fixture(scope="session")
def leader(databases: list[Server]) -> Server:
    """The one database server that is not in recovery."""
    found = [server for server in databases if server.sql("select pg_is_in_recovery()") == "f"]
    assert len(found) == 1, f"leaders: {[server.name for server in found]}"
    return found[0]


@pytest.fixture(scope="session")
def login(leader: Server) -> Iterator[Login]:
    """A role that may log in and write into a schema of its own."""
    name = f"vannah_verify_{secrets.token_hex(4)}"
    password = secrets.token_urlsafe(24)
    leader.sql(f"create role {name} login password '{scram_verifier(password)}'; create schema {name} authorization {name}")
    yield Login(name, password, name)
    leader.sql(f"drop schema {name} cascade; drop role {name}")
