# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL, Patroni and etcd."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.schema import option_of
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.values import check
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.postgresql import databases
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.postgresql import objects as database_objects

from tests.unit.lib.sites import REPOSITORY, Judge, codes, points, site

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
        (
            THREE,
            "postgresql_rpo: 60\npostgresql_settings: {archive_timeout: 3600}",
            "database-archive-timeout",
            "all",
            "postgresql_settings",
        ),
        (
            THREE,
            "postgresql_rpo: 60\npostgresql_settings: {archive_timeout: 5min}",
            "database-archive-timeout",
            "all",
            "postgresql_settings",
        ),
        (
            THREE,
            "postgresql_rpo: 60\npostgresql_settings: {archive_timeout: null}",
            "database-archive-timeout",
            "all",
            "postgresql_settings",
        ),
        (THREE, "[etcd]\netcd_settings: {election-timeout: 100}", "etcd-timing", "etcd", "etcd_settings"),
        (THREE, "[etcd]\netcd_settings: {HEARTBEAT_INTERVAL: '500'}", "etcd-timing", "etcd", "etcd_settings"),
        (
            THREE,
            "[etcd]\netcd_settings: {heartbeat-interval: null}\netcd_election_timeout: 400",
            "etcd-timing",
            "etcd",
            "etcd_election_timeout",
        ),
        (THREE, "etcd_data_directory: /", "etcd-data-directory", "all", "etcd_data_directory"),
        (THREE, "etcd_data_directory: /home", "etcd-data-directory", "all", "etcd_data_directory"),
        (THREE, "etcd_data_directory: /home/data/etcd", "etcd-data-directory", "all", "etcd_data_directory"),
        (THREE, "etcd_data_directory: /root/etcd", "etcd-data-directory", "all", "etcd_data_directory"),
        (THREE, "etcd_data_directory: /run/user/0/etcd", "etcd-data-directory", "all", "etcd_data_directory"),
        (THREE, "postgresql_data_directory: /root/pg", "database-data-directory", "all", "postgresql_data_directory"),
        (THREE, "etcd_data_directory: /etc/etcd", "etcd-data-directory", "all", "etcd_data_directory"),
        (THREE, "etcd_data_directory: /srv", "etcd-data-directory", "all", "etcd_data_directory"),
        (THREE, "etcd_data_directory: var/lib", "etcd-data-directory", "all", "etcd_data_directory"),
        (THREE, "etcd_data_directory: ''", "etcd-data-directory", "all", "etcd_data_directory"),
        (
            THREE,
            "etcd_data_directory: /srv/data\npostgresql_data_directory: /srv//data/pg",
            "host-directories-overlap",
            "all",
            "postgresql_data_directory",
        ),
        (THREE, "etcd_data_directory: /var/lib/postgresql/etcd", "host-directories-overlap", "all", "etcd_data_directory"),
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
        (
            THREE,
            "postgresql_roles: [{name: x, state: absent}]\npostgresql_databases: [{name: a, owner: x}]",
            "database-owner-unknown",
            "all",
            "postgresql_databases[0].owner",
        ),
        (THREE, "postgresql_databases: [{name: a, owner: nobody}]", "database-owner-unknown", "all", "postgresql_databases[0].owner"),
    ],
)
def test_databases(judged: Judge, groups: str, variables: str, code: str, where: str, variable: str) -> None:
    """One slip in an otherwise good site."""
    assert (code, where, variable) in points(judged(site(groups, variables)))


@pytest.mark.parametrize(
    ("variables", "variable"),
    [
        ("postgresql_max_connections: 0", "postgresql_max_connections"),
        ("postgresql_max_connections: -10", "postgresql_max_connections"),
        ("postgresql_max_connections: 24", "postgresql_max_connections"),
        ("postgresql_archive_timeout: -1", "postgresql_archive_timeout"),
        ("postgresql_ttl: 100000", "postgresql_ttl"),
        ("postgresql_loop_wait: 10000", "postgresql_loop_wait"),
        ("postgresql_retry_timeout: 8000", "postgresql_retry_timeout"),
        ("postgresql_ready_timeout: -1", "postgresql_ready_timeout"),
        ("etcd_ready_timeout: 0", "etcd_ready_timeout"),
        ("etcd_heartbeat_interval: 0", "etcd_heartbeat_interval"),
        ("etcd_quota_mb: -1", "etcd_quota_mb"),
        ("etcd_compaction_retention: an hour", "etcd_compaction_retention"),
        ("postgresql_cluster: ''", "postgresql_cluster"),
        ("postgresql_cluster: a b/../c", "postgresql_cluster"),
        ("postgresql_cluster: ../../../home", "postgresql_cluster"),
    ],
)
def test_bounds(judged: Judge, variables: str, variable: str) -> None:
    """Numbers and names that would break a server, or a template."""
    found = {point[2] for point in points(judged(site(THREE, variables))) if point[0] in ("variable-out-of-range", "variable-malformed")}
    assert found == {variable}


@pytest.mark.parametrize(
    "variables",
    [
        "postgresql_rpo: 60\npostgresql_settings: {archive_timeout: 30s}\npostgresql_archive_timeout: 300",
        "postgresql_rpo: 60\npostgresql_settings: {archive_timeout: '{{ ansible_facts.x }}'}\npostgresql_archive_timeout: 300",
        "etcd_settings: {election-timeout: '5000', heartbeat-interval: 500, snapshot-count: 7000}",
        "postgresql_settings: {max_connections: 25, max_wal_senders: '10', wal_keep_size: 1GB, track_commit_timestamp: true}",
        "postgresql_settings: {wal_keep_size: 16, hot_standby: true, max_worker_processes: null, wal_log_hints: 'off'}",
        "postgresql_settings: {max_worker_processes: '{{ ansible_facts.x }}', max_locks_per_transaction: 32}",
        "etcd_data_directory: /srv/etcd\npostgresql_data_directory: /srv/pg\npostgresql_cluster: a.b-c_1\netcd_compaction_retention: 1h30m",
    ],
)
def test_settings_that_are_well(judged: Judge, variables: str) -> None:
    """What wins over a variable is what is judged."""
    assert [finding.line() for finding in judged(site(THREE, variables)).errors] == []


def test_bounds_are_of_variables() -> None:
    """Each file of bounds names variables of its role, and their defaults lie within."""
    for path in sorted(REPOSITORY.glob("roles/*/meta/bounds.yml")):
        specs = yaml.safe_load(path.with_name("argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
        for name, bound in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            default = specs[name].get("default")
            if default is not None:
                assert list(check(option_of(name, {**specs[name], **bound}), default, name)) == []
            assert bound.keys() <= {"min", "max", "pattern"}


LONG = "r" * 64


@pytest.mark.parametrize(
    ("variables", "code", "variable", "text"),
    [
        ("postgresql_roles: [{name: postgres}]", "database-role-reserved", "postgresql_roles[0].name", "another name"),
        ("postgresql_roles: [{name: a}, {name: replicator}]", "database-role-reserved", "postgresql_roles[1].name", "made by the role"),
        ("postgresql_roles: [{name: rewinder, state: absent}]", "database-role-reserved", "postgresql_roles[0].name", "made by the role"),
        ("postgresql_roles: [{name: pg_monitor}]", "database-role-reserved", "postgresql_roles[0].name", "member_of"),
        ("postgresql_roles: [{name: public}]", "database-entry-refused", "postgresql_roles[0]", "bad-name"),
        (f"postgresql_roles: [{{name: {LONG}}}]", "database-entry-refused", "postgresql_roles[0]", "63 bytes"),
        (f"postgresql_databases: [{{name: {LONG}}}]", "database-entry-refused", "postgresql_databases[0]", "63 bytes"),
        ("postgresql_roles: [{name: a, connection_limit: -7}]", "database-entry-refused", "postgresql_roles[0]", "bad-limit"),
        ("postgresql_databases: [{name: a, encoding: UTF-16}]", "database-entry-refused", "postgresql_databases[0]", "bad-encoding"),
        (
            "postgresql_roles: [{name: a, member_of: [b]}, {name: b, member_of: [a]}]",
            "database-role-circle",
            "postgresql_roles",
            "members of themselves",
        ),
        ("postgresql_roles: [{name: a, settings: {'work mem': 1}}]", "database-entry-refused", "postgresql_roles[0]", "bad-setting"),
        ("postgresql_roles: [{name: a, superusr: true}]", "variable-unknown-key", "postgresql_roles[0].superusr", "superuser"),
        ("postgresql_roles: [{name: a, connection_limit: many}]", "variable-wrong-type", "postgresql_roles[0].connection_limit", "number"),
        (
            "postgresql_databases: [{name: a, extension: [pg_trgm]}]",
            "variable-unknown-key",
            "postgresql_databases[0].extension",
            "extensions",
        ),
        (
            "postgresql_databases: [{name: a, schemas: [{owner: x}]}]",
            "variable-missing-key",
            "postgresql_databases[0].schemas[0].name",
            "name",
        ),
        (
            "postgresql_databases: [{name: a, grants: [{role: public, privileges: [SELEC], object: all tables in schema public}]}]",
            "database-entry-refused",
            "postgresql_databases[0]",
            "'SELEC' is not a privilege",
        ),
        (
            "postgresql_databases: [{name: a, grants: [{role: '{{ lookup(''pipe'', ''x'') }}', privileges: [ALL], object: database},"
            " {role: public, privileges: [ALL], object: table x}]}]",
            "database-entry-refused",
            "postgresql_databases[0]",
            "bad-grant",
        ),
    ],
)
def test_what_the_module_would_refuse(judged: Judge, variables: str, code: str, variable: str, text: str) -> None:
    """With the module's own words, before there is a server."""
    found = [finding for finding in judged(site(THREE, variables)).errors if finding.code == code]
    assert [finding.variable for finding in found] == [variable]
    assert text in f"{found[0].problem} {found[0].fix}"


@pytest.mark.parametrize(
    ("role", "bad"),
    [
        ("name: app ro", True),
        ("name: app ro, login: false", False),
        ("name: app ro, state: absent", False),
        ("name: app ro, password: '{{ lookup(''env'', ''X'') }}'", False),
        ("name: app-ro", False),
    ],
)
def test_names_of_secrets(judged: Judge, role: str, bad: bool) -> None:
    """A role that gets one of the site's secrets gives it its name."""
    found = points(judged(site(THREE, f"postgresql_roles: [{{{role}}}]")))
    assert (("secret-name-unusable", "all", "postgresql_roles[0].name") in found) is bad


def test_entries_that_the_module_takes(judged: Judge) -> None:
    """Also where parts of them are known only later, or a number is written as a text."""
    given = (
        "postgresql_roles: [{name: app, password: '{{ lookup(''vannah.healthcloud.secret'', ''x'') }}', connection_limit: '5',"
        " settings: {search_path: [app]}}, {name: reader, login: false, member_of: [pg_monitor]}]\n"
        "postgresql_databases: [{name: app, owner: app, schemas: [{name: app, owner: app}], extensions: [pg_trgm],"
        " grants: [{role: reader, privileges: [temp], object: database}]}]"
    )
    assert judged(site(THREE, given)).errors == ()


@pytest.mark.parametrize(
    ("variables", "variable"),
    [
        ("[@db2]\npostgresql_databases: [{name: a}]", "postgresql_databases"),
        ("[@db2]\npostgresql_roles: [{name: a}]", "postgresql_roles"),
        ("[@db2]\npostgresql_slots: {a: {type: physical}}", "postgresql_slots"),
        ("[@db2]\npostgresql_settings: {max_connections: 300}", "postgresql_settings.max_connections"),
    ],
)
def test_what_the_cluster_has_once(judged: Judge, variables: str, variable: str) -> None:
    """On one member only."""
    assert ("database-setting-differs", "postgresql", variable) in points(judged(site(THREE, variables)))


def test_a_members_own_settings_may_differ(judged: Judge) -> None:
    """Memory is a server's own; and PostgreSQL takes a number as a text."""
    given = "[@db1]\npostgresql_settings: {work_mem: 8MB, max_connections: 300}\n"
    given += "".join(f"[@{host}]\npostgresql_settings: {{max_connections: '300'}}\n" for host in ("db2", "db3"))
    assert judged(site(THREE, given)).errors == ()


def test_the_names_are_the_roles() -> None:
    """What preflight repeats of the role postgresql."""
    role = yaml.safe_load((REPOSITORY / "roles" / "postgresql" / "vars" / "main.yml").read_text(encoding="utf-8"))
    assert role["__postgresql_cluster_names"] == databases.SERVER_SETTINGS
    assert [entry["name"] for entry in role["__postgresql_own_roles"]] == list(database_objects.OWN_ROLES)


def test_warnings_stop_nothing(judged: Judge) -> None:
    """Synchronous and strict with one standby is the owner's choice."""
    report = judged(site(TWO, "postgresql_synchronous: true\npostgresql_synchronous_strict: true"))
    assert report.errors == ()
    assert codes(report) == {"database-strict-one-standby"}
