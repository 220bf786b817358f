# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings with which etcd starts and then stops the site; the other rules of etcd are tested with the database's."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.etcd.member_settings import compaction_problem, quota

from tests.unit.lib.sites import Judge, points, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3"
MIB = 1048576


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ("quota-backend-bytes: 100000", "etcd-setting-range"),
        ("QUOTA_BACKEND_BYTES: '16777215'", "etcd-setting-range"),
        ("quota-backend-bytes: 16777216", ""),
        ("quota-backend-bytes: 0", ""),  # etcd's default of 2 GiB
        ("quota-backend-bytes: -1", ""),  # none
        ("quota-backend-bytes: 8589934592", ""),
        ("max-request-bytes: 1000", "etcd-setting-range"),
        ("max-request-bytes: 1000000000", "etcd-setting-range"),
        ("max-request-bytes: 0", "etcd-setting-range"),
        ("max-request-bytes: 1572864", ""),
        ("max-txn-ops: 1", "etcd-setting-range"),
        ("max-txn-ops: 256", ""),
        ("snapshot-count: 1", "etcd-setting-range"),
        ("snapshot-count: 0", ""),
        ("snapshot-count: 100000000", "etcd-setting-range"),
        ("heartbeat-interval: 1", "etcd-setting-range"),
        ("heartbeat-interval: 10", ""),
        ("election-timeout: 60000", "etcd-timing"),
        ("election-timeout: 200", "etcd-timing"),
        ("force-new-cluster: true", "etcd-setting-unsafe"),
        ("force-new-cluster: 'True'", "etcd-setting-unsafe"),
        ("force-new-cluster: false", ""),
        ("unsafe-no-fsync: 1", "etcd-setting-unsafe"),
        ("enable-grpc-gateway: false", "etcd-setting-unsafe"),
        ("enable-grpc-gateway: true", ""),
        ("strict-reconfig-check: 'false'", "etcd-setting-unsafe"),
        ("auto-compaction-retention: 0", "etcd-compaction"),
        ("auto-compaction-retention: '0'", "etcd-compaction"),
        ("auto-compaction-retention: null", "etcd-compaction"),
        ("auto-compaction-mode: revision", "etcd-compaction"),  # with the role's duration etcd would not start
        ("{auto-compaction-mode: revision, auto-compaction-retention: '1000'}", ""),
        ("auto-compaction-mode: sometimes", "etcd-compaction"),
    ],
)
def test_settings(judged: Judge, settings: str, code: str) -> None:
    written = settings if settings.startswith("{") else f"{{{settings}}}"
    found = {(point[0], point[2]) for point in points(judged(site(THREE, f"[etcd]\netcd_settings: {written}")))}
    assert found & ({(code, "etcd_settings")} if code else found) == ({(code, "etcd_settings")} if code else set())
    assert len({one for one in found if one[0].startswith("etcd-")}) == (1 if code else 0)


@pytest.mark.parametrize(("retention", "code"), [("'0'", "etcd-compaction"), ("0h", "etcd-compaction"), ("30m", ""), ("'2'", "")])
def test_history_is_thrown_away(judged: Judge, retention: str, code: str) -> None:
    found = {point[0] for point in points(judged(site(THREE, f"[etcd]\netcd_compaction_retention: {retention}")))}
    assert found == ({code} if code else set())


def test_a_quota_that_is_too_small_says_what_to_write(judged: Judge) -> None:
    (finding,) = judged(site(THREE, "[etcd]\netcd_settings: {quota-backend-bytes: 100000}")).errors
    assert "quota-backend-bytes: 100000 bytes is less than 16777216 bytes" in finding.line() and "etcd_quota_mb: 2048" in finding.line()


@pytest.mark.parametrize(
    ("settings", "megabytes", "expected"),
    [
        ({}, 2048, 2048 * MIB),
        ({}, "64", 64 * MIB),
        ({"quota-backend-bytes": 5}, 2048, 5),
        ({"QUOTA_BACKEND_BYTES": "5"}, 2048, 5),
        ({"quota-backend-bytes": 0}, 1, 2048 * MIB),
        ({"quota-backend-bytes": None}, 1, 2048 * MIB),
        ({"quota-backend-bytes": -1}, 1, 0),
        ({"quota-backend-bytes": "x"}, 1, None),
        (None, 2048, 2048 * MIB),
        ({}, None, None),
    ],
)
def test_the_quota_that_a_member_gets(settings: Any, megabytes: Any, expected: int | None) -> None:
    assert quota(settings, megabytes) == expected


@pytest.mark.parametrize(("mode", "retention", "wrong"), [(None, "1h", False), ("periodic", ["x"], False), ("revision", "1h", True)])
def test_retention(mode: Any, retention: Any, wrong: bool) -> None:
    assert bool(compaction_problem(mode, retention)) is wrong
