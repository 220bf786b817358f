# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL, Patroni and etcd."""

from __future__ import annotations

import pytest

from .conftest import Judge, codes, points, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"
TWO = "etcd: db1 db2 db3\npostgresql: db1 db2"
ONE = "etcd: db1 db2 db3\npostgresql: db1"


@pytest.mark.parametrize(
    ("groups", "variables", "code", "where", "variable"),
    [
        ("etcd: a b\npostgresql: a b", "", "etcd-members-even", "etcd", "-"),
        ("etcd: a b c d\npostgresql: a b", "", "etcd-members-even", "etcd", "-"),
        ("etcd: a\npostgresql: a b", "", "etcd-single-with-databases", "etcd", "-"),
        ("etcd: a\npostgresql: a", "", "etcd-single-member", "etcd", "-"),
        ("etcd: a b c d e f g h i\npostgresql: a", "", "etcd-many-members", "etcd", "-"),
        (THREE, "[etcd]\netcd_election_timeout: 200", "etcd-timing", "etcd", "etcd_election_timeout"),
        ("postgresql: a b", "", "database-without-etcd", "postgresql", "-"),
        ("postgresql_client: a", "", "database-without-server", "postgresql_client", "-"),
        (THREE, "postgresql_version: '14'", "database-version-unsupported", "all", "postgresql_version"),
        (THREE, "postgresql_version: '9.6'", "database-version-unsupported", "all", "postgresql_version"),
        (THREE, "postgresql_version: '17.2'", "database-version-unsupported", "all", "postgresql_version"),
        (THREE, "postgresql_version: '16'", "database-version-unsupported", "all", "postgresql_version"),
        (THREE, "[@db2]\npostgresql_ttl: 40", "database-setting-differs", "postgresql", "postgresql_ttl"),
        (THREE, "postgresql_ttl: 19", "database-ttl-too-small", "all", "postgresql_ttl"),
        (THREE, "postgresql_loop_wait: 0", "database-ttl-too-small", "all", "postgresql_loop_wait"),
        (THREE, "postgresql_retry_timeout: 2", "database-ttl-too-small", "all", "postgresql_retry_timeout"),
        (THREE, "postgresql_retry_timeout: 10", "database-timing", "all", "postgresql_retry_timeout"),
        (THREE, "postgresql_ttl: 30\npostgresql_loop_wait: 15", "database-timing", "all", "postgresql_ttl"),
        (THREE, "postgresql_data_directory: /", "database-data-directory", "all", "postgresql_data_directory"),
        (THREE, "postgresql_data_directory: /home", "database-data-directory", "all", "postgresql_data_directory"),
        (THREE, "postgresql_data_directory: //home/", "database-data-directory", "all", "postgresql_data_directory"),
        (THREE, "postgresql_data_directory: data/pg", "database-data-directory", "all", "postgresql_data_directory"),
        (THREE, "postgresql_data_directory: /srv/../home", "database-data-directory", "all", "postgresql_data_directory"),
        (THREE, "postgresql_data_directory: /tmp/pg", "database-data-directory", "all", "postgresql_data_directory"),
        (THREE, "postgresql_max_wal_senders: 3", "database-wal-senders", "all", "postgresql_max_wal_senders"),
        (THREE, "postgresql_settings: {max_wal_senders: '2'}", "database-wal-senders", "all", "postgresql_settings"),
        (THREE, "postgresql_rpo: 30", "database-archive-timeout", "all", "postgresql_rpo"),
        (THREE, "postgresql_rpo: 60\npostgresql_archive_timeout: 300", "database-archive-timeout", "all", "postgresql_archive_timeout"),
        (THREE, "postgresql_rpo: 60\npostgresql_archive_timeout: 0", "database-archive-timeout", "all", "postgresql_archive_timeout"),
        (ONE, "postgresql_synchronous: true", "database-replication-without-standby", "all", "postgresql_synchronous"),
        (THREE, "postgresql_synchronous_nodes: 3", "database-synchronous-nodes", "all", "postgresql_synchronous_nodes"),
        (
            TWO,
            "postgresql_synchronous: true\npostgresql_synchronous_strict: true",
            "database-strict-one-standby",
            "all",
            "postgresql_synchronous_strict",
        ),
        (THREE, "postgresql_databases: [{owner: postgres}]", "database-entry-invalid", "all", "postgresql_databases[0].name"),
        (THREE, "postgresql_roles: [{name: a}, {name: a}]", "database-entry-invalid", "all", "postgresql_roles[1].name"),
        (THREE, "postgresql_databases: [{name: a, owner: nobody}]", "database-owner-unknown", "all", "postgresql_databases[0].owner"),
    ],
)
def test_databases(judged: Judge, groups: str, variables: str, code: str, where: str, variable: str) -> None:
    """One slip in an otherwise good site."""
    assert (code, where, variable) in points(judged(site(groups, variables)))


def test_warnings_stop_nothing(judged: Judge) -> None:
    """Synchronous and strict with one standby is the owner's choice."""
    report = judged(site(TWO, "postgresql_synchronous: true\npostgresql_synchronous_strict: true"))
    assert report.errors == ()
    assert codes(report) == {"database-strict-one-standby"}
