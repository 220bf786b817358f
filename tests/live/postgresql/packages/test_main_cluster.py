# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster ``main`` of Debian's packages on a server whose PostgreSQL is Patroni's: not made, not started, never in the way for long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.lib.waiting import ceiling, wait_until
from tests.live.postgresql.cluster import Cluster

#: Makes a cluster as Debian's packages do, and gives it Patroni's port.
MAKE = """
set -e
version=$(ls /usr/lib/postgresql)
pg_createcluster "$version" main --start-conf auto
sed -i 's/^port = .*/port = 5432/' "/etc/postgresql/$version/main/postgresql.conf"
systemctl daemon-reload
"""
#: As after a boot at which it was first.
TAKE = """
set -e
systemctl stop patroni.service
systemctl start "postgresql@$(ls /usr/lib/postgresql)-main.service"
systemctl start patroni.service
"""
#: A database in it, made while it has another port.
FILL = """
set -e
version=$(ls /usr/lib/postgresql)
folder="/etc/postgresql/$version/main"
echo auto > "$folder/start.conf"
sed -i 's/^port = .*/port = 5499/' "$folder/postgresql.conf"
systemctl start "postgresql@$version-main.service"
runuser -u postgres -- createdb --port 5499 theirs
systemctl stop "postgresql@$version-main.service"
sed -i 's/^port = .*/port = 5432/' "$folder/postgresql.conf"
systemctl daemon-reload
"""
DROP = 'pg_dropcluster --stop "$(ls /usr/lib/postgresql)" main'


@pytest.fixture(scope="module")
def host(site: Cluster) -> Iterator[str]:
    """The database server, without other clusters afterwards."""
    (name,) = site.hosts("postgresql")
    yield name
    site.run(name, "sh", "-c", DROP, check=False)


def clusters(site: Cluster, host: str) -> list[list[str]]:
    """What pg_lsclusters lists: version, name, port, status, ..."""
    return [line.split() for line in site.run(host, "pg_lsclusters", "-h").stdout.splitlines()]


def writes(site: Cluster, host: str) -> bool:
    """Whether Patroni's PostgreSQL takes writes."""
    site.wait_members(ceiling(60))
    return str(site.query(host, "SHOW data_directory")).strip().endswith("/vannah") and site.leaders() == [host]


def test_a_package_brings_no_cluster(site: Cluster, host: str) -> None:
    """base_packages has brought the server in the base wave; after a restart of the host there is one PostgreSQL."""
    assert "cron" in site.run(host, "sh", "-c", "dpkg-query --show 'postgresql-*-cron'").stdout
    assert clusters(site, host) == []
    site.restart(host)
    assert writes(site, host)
    assert clusters(site, host) == []


def test_an_empty_one_that_took_the_port_goes_by_a_converge(site: Cluster, host: str) -> None:
    """The database is down on all its servers; a converge stops the other cluster and Patroni's PostgreSQL is back."""
    site.run(host, "sh", "-c", MAKE, timeout=120)
    site.run(host, "sh", "-c", TAKE, timeout=120)
    wait_until(lambda: site.leaders() == [], "Patroni's PostgreSQL is down", ceiling(30))
    printed = site.converge()
    assert "holds nothing" in printed and "prevented from starting" in printed, printed[-3000:]
    assert writes(site, host)
    ((_version, _name, _port, status, *_rest),) = clusters(site, host)
    assert status == "down"
    site.converge_unchanged()
    site.restart(host)
    assert writes(site, host)


def test_one_with_data_is_refused_before_any_change(site: Cluster, host: str) -> None:
    """It does not run yet: it would take the port at the next boot. Its data stay."""
    site.run(host, "sh", "-c", FILL, timeout=120)
    before = site.fingerprint()
    refused = site.playbook(site.main_playbook)
    assert refused.returncode != 0
    assert "foreign-cluster" in refused.stdout and "start.conf" in refused.stdout, refused.stdout[-3000:]
    assert "Base wave" not in refused.stdout, "it was refused too late"
    assert site.fingerprint() == before
    assert writes(site, host)
