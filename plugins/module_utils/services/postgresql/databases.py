# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL under Patroni."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ...agent.lib.plural import counted
from ...preflight.findings import Code, Finding, Level
from ...preflight.model import UNKNOWN, Site
from ...preflight.rules.directories import directory_problem
from ...preflight.rules.places import finding
from ...preflight.rules.settings import whole
from .settings import seconds

GROUP = "postgresql"
#: Debian's home of the user postgres: clusters lie below it, by version and name.
_SHARED = frozenset({PurePosixPath("/var/lib/postgresql")})
#: What the supported releases of Debian carry: 15 in Debian 12, 17 in Debian 13.
VERSIONS = ("15", "17")

CODES = (
    Code(
        "database-without-server",
        "Hosts are clients of a database, and no host is its server.",
        "Put at least one host into the group postgresql.",
    ),
    Code(
        "database-without-etcd",
        "Database servers without etcd: they cannot elect a leader.",
        "Put one or three hosts into the group etcd; they may be the database servers.",
    ),
    Code(
        "database-version-unsupported",
        "PostgreSQL below 15, or a version that no supported Debian carries.",
        'Set postgresql_version: "15" on Debian 12, "17" on Debian 13; or remove it.',
    ),
    Code(
        "database-setting-differs",
        "A setting of the whole cluster has different values on its members.",
        "Set the setting once, in group_vars/postgresql.yml.",
    ),
    Code(
        "database-ttl-too-small",
        "ttl, loop_wait or retry_timeout is below Patroni's documented minimum (20, 1 and 3 seconds); Patroni accepts that silently.",
        "Set postgresql_ttl to at least 20, postgresql_loop_wait to at least 1, postgresql_retry_timeout to at least 3.",
    ),
    Code(
        "database-timing",
        "loop_wait + 2 * retry_timeout is more than ttl: the leader's lock may expire while the leader still tries to renew it.",
        "Use a larger postgresql_ttl, or a smaller postgresql_retry_timeout.",
    ),
    Code(
        "database-data-directory",
        "The data directory is relative, a directory that others share (/, /home, /var/lib), or is not on persistent storage.",
        "Set postgresql_data_directory: an absolute path of its own, such as /var/lib/postgresql/17/vannah.",
    ),
    Code(
        "database-wal-senders",
        "Fewer WAL senders than the standbys, and one new standby or backup that is being copied, need.",
        "Set postgresql_max_wal_senders: the number of standbys and 2 more, or leave it out.",
    ),
    Code(
        "database-archive-timeout",
        "archive_timeout is above the stated RPO, or 0 (never): more would be lost with the servers than the site accepts.",
        "Set postgresql_archive_timeout: at most postgresql_rpo.",
    ),
    Code(
        "database-replication-without-standby",
        "Synchronous replication is requested, and the group postgresql has one host.",
        "Put a second and third host into the group postgresql, or set postgresql_synchronous: false.",
    ),
    Code(
        "database-synchronous-nodes",
        "More standbys must confirm a commit than the cluster has.",
        "Set postgresql_synchronous_nodes: at most the number of standbys.",
    ),
    Code(
        "database-strict-one-standby",
        "Synchronous and strict with one standby: when the standby is lost, nothing can be written.",
        "Put a third host into the group postgresql, or set postgresql_synchronous_strict: false.",
        Level.WARNING,
    ),
)

#: Patroni keeps these once for the whole cluster, in etcd; roles and databases are made by whichever member leads, from its own variables.
_CLUSTER_SETTINGS = (
    "postgresql_cluster postgresql_version postgresql_ttl postgresql_loop_wait postgresql_retry_timeout postgresql_synchronous "
    "postgresql_synchronous_strict postgresql_synchronous_nodes postgresql_failsafe postgresql_maximum_lag_on_failover "
    "postgresql_max_wal_senders postgresql_max_connections postgresql_roles postgresql_databases postgresql_slots"
).split()
#: Of ``postgresql_settings``, what Patroni keeps likewise: ``__postgresql_cluster_names`` of the role.
SERVER_SETTINGS = (
    "max_connections max_locks_per_transaction max_worker_processes max_prepared_transactions max_wal_senders max_replication_slots "
    "track_commit_timestamp wal_keep_size wal_level wal_log_hints"
).split()
_MINIMA = {"postgresql_ttl": 20, "postgresql_loop_wait": 1, "postgresql_retry_timeout": 3}


def check_groups(site: Site) -> Iterator[Finding]:
    """Servers, their clients and who decides."""
    if site.members("postgresql_client") and not site.members(GROUP):
        yield Finding(
            "database-without-server",
            "postgresql_client",
            "-",
            "these hosts are clients of a database that no host serves.",
            "put hosts in the group postgresql",
        )
    if site.members(GROUP) and not site.members("etcd"):
        problem = "the database servers cannot elect a leader."
        yield Finding("database-without-etcd", GROUP, "-", problem, "put one or three hosts in the group etcd")


def check_version(site: Site) -> Iterator[Finding]:
    """The major version."""
    for host in site.members(GROUP):
        version = host.known("postgresql_version")
        if not isinstance(version, str) or version in VERSIONS or not version:
            continue
        major = re.match(r"\d+", version)
        if major and int(major[0]) < 15:
            problem = f"PostgreSQL {major[0]} is too old: 15 is the oldest that is served."
        elif major and major[0] in VERSIONS:
            problem = f"the major version is meant, {major[0]}; the minor comes from Debian."
        else:
            problem = "no supported Debian carries this version."
        fix = 'set postgresql_version: "15" on Debian 12, "17" on Debian 13, or remove it'
        yield finding(site, host, ("postgresql_version",), GROUP, "database-version-unsupported", problem, fix)


def check_cluster_settings(site: Site) -> Iterator[Finding]:
    """Settings that Patroni has once for all members."""
    settings = [value for host in site.members(GROUP) if (value := host.get("postgresql_settings")) is not UNKNOWN]
    given = {name: [host.get(name) for host in site.members(GROUP)] for name in _CLUSTER_SETTINGS}
    given |= {f"postgresql_settings.{name}": [_value(one, name) for one in settings] for name in SERVER_SETTINGS}
    for name, values in given.items():
        if len({repr(value) for value in values if value is not UNKNOWN}) > 1:
            yield Finding(
                "database-setting-differs",
                GROUP,
                name,
                "the members have different values, and the cluster has one.",
                f"set {name} once, in group_vars/{GROUP}.yml",
            )


def _value(settings: Any, name: str) -> Any:
    """A server setting as PostgreSQL reads it: 5 and "5" are the same."""
    value = settings.get(name) if isinstance(settings, Mapping) else None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def check_timing(site: Site) -> Iterator[Finding]:
    """``loop_wait + 2 * retry_timeout <= ttl``, and Patroni's minima."""
    for host in site.members(GROUP):
        for name, minimum in _MINIMA.items():
            value = host.number(name)
            if value is not None and value < minimum:
                yield finding(
                    site,
                    host,
                    (name,),
                    GROUP,
                    "database-ttl-too-small",
                    f"{value} s is below Patroni's minimum of {minimum} s.",
                    f"set {name}: at least {minimum}",
                )
        ttl, loop_wait, retry = (host.number(name) for name in _MINIMA)
        if ttl is not None and loop_wait is not None and retry is not None and loop_wait + 2 * retry > ttl:
            needed = loop_wait + 2 * retry
            problem = f"loop_wait {loop_wait} + 2 * retry_timeout {retry} = {needed} is more than ttl {ttl}."
            yield finding(
                site,
                host,
                _MINIMA,
                GROUP,
                "database-timing",
                problem,
                f"set postgresql_ttl: at least {max(needed, 20)}, or a smaller postgresql_retry_timeout",
            )


def check_data_directory(site: Site) -> Iterator[Finding]:
    """Where the data lies."""
    for host in site.members(GROUP):
        text = host.known("postgresql_data_directory")
        if not isinstance(text, str):
            continue
        problem = directory_problem(text, "the database's", shared=_SHARED)
        if problem:
            fix = "set postgresql_data_directory: an absolute path of its own, such as /var/lib/postgresql/17/vannah"
            yield finding(site, host, ("postgresql_data_directory",), GROUP, "database-data-directory", problem, fix)


def check_wal_senders(site: Site) -> Iterator[Finding]:
    """Connections for standbys and base backups."""
    members = site.members(GROUP)
    # pg_basebackup takes two: one for the files, one for the WAL meanwhile. It fetches a new standby, and the backup of a rebuilt one.
    needed = len(members) - 1 + 2
    for host in members:
        settings = host.known("postgresql_settings")
        override = settings.get("max_wal_senders") if isinstance(settings, Mapping) else None
        value = whole(override) if override is not None else host.number("postgresql_max_wal_senders")
        if value is not None and value < needed:
            name = "postgresql_max_wal_senders" if override is None else "postgresql_settings"
            problem = f"{counted(value, 'WAL sender')} for {counted(len(members) - 1, 'standby', 'standbys')} and the two of a copy."
            yield finding(
                site, host, (name,), GROUP, "database-wal-senders", problem, f"set max_wal_senders: at least {needed}, or remove it"
            )


def check_archive_timeout(site: Site) -> Iterator[Finding]:
    """What may be lost when every server is lost."""
    for host in site.members(GROUP):
        rpo, timeout, variable = host.number("postgresql_rpo"), host.number("postgresql_archive_timeout"), "postgresql_archive_timeout"
        settings = host.known("postgresql_settings")
        if isinstance(settings, Mapping) and "archive_timeout" in settings:
            # It wins; null takes it away, and PostgreSQL's own is never.
            given, variable = settings["archive_timeout"], "postgresql_settings"
            timeout = 0 if given is None else seconds(given)
        if rpo is None or timeout is None or 0 < timeout <= rpo:
            continue
        problem = (
            f"a WAL segment is archived after {timeout} s, and the site accepts to lose {rpo} s."
            if timeout
            else f"0 is never, and the site accepts to lose {rpo} s."
        )
        yield finding(
            site,
            host,
            (variable, "postgresql_rpo"),
            GROUP,
            "database-archive-timeout",
            problem,
            f"set {'archive_timeout' if variable == 'postgresql_settings' else variable}: from 1 to {rpo}",
        )


def check_replication(site: Site) -> Iterator[Finding]:
    """Synchronous replication against the number of standbys."""
    members = site.members(GROUP)
    standbys = len(members) - 1
    for host in members:
        synchronous, strict, nodes = (
            host.get("postgresql_synchronous"),
            host.get("postgresql_synchronous_strict"),
            host.number("postgresql_synchronous_nodes"),
        )
        if synchronous is True and standbys == 0:
            yield finding(
                site,
                host,
                ("postgresql_synchronous",),
                GROUP,
                "database-replication-without-standby",
                "synchronous replication is requested, and there is no standby.",
                "put more hosts in the group postgresql, or set postgresql_synchronous: false",
            )
        elif strict is True and standbys == 0:
            yield finding(
                site,
                host,
                ("postgresql_synchronous_strict",),
                GROUP,
                "database-replication-without-standby",
                "writes would wait for a standby, and there is none.",
                "put more hosts in the group postgresql, or set postgresql_synchronous_strict: false",
            )
        if synchronous is True and strict is True and standbys == 1:
            yield finding(
                site,
                host,
                ("postgresql_synchronous_strict",),
                GROUP,
                "database-strict-one-standby",
                "when the only standby is lost, nothing can be written.",
                "put a third host in the group postgresql, or set postgresql_synchronous_strict: false",
            )
        if nodes is not None and standbys and (nodes > standbys or nodes < 1) and synchronous is not False:
            yield finding(
                site,
                host,
                ("postgresql_synchronous_nodes",),
                GROUP,
                "database-synchronous-nodes",
                f"commits are to wait for {counted(nodes, 'standby', 'standbys')}, and the cluster has {standbys}.",
                f"set postgresql_synchronous_nodes: from 1 to {standbys}",
            )


RULES = (
    check_groups,
    check_version,
    check_cluster_settings,
    check_timing,
    check_data_directory,
    check_wal_senders,
    check_archive_timeout,
    check_replication,
)
