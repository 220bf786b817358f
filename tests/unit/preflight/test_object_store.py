# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store's drives, sets, keys and buckets."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules import buckets

from .conftest import Judge, codes, points, site

FOUR = "object_store: s1 s2 s3 s4"
ONE = "object_store: s1"
DRIVES = "minio_drives: [" + ", ".join(f"/srv/minio/drive{number}" for number in range(1, 5)) + "]"
STORE = "object_store"


def drives(count: int) -> str:
    """That many drives on each host."""
    return "minio_drives: [" + ", ".join(f"/srv/d{number}" for number in range(count)) + "]"


@pytest.mark.parametrize(
    ("groups", "variables"),
    [
        (FOUR, ""),
        (FOUR, DRIVES),
        (ONE, DRIVES),
        (FOUR, "minio_parity: 2"),
        ("object_store: s1 s2 s3", drives(2)),
        ("object_store: s1 s2", drives(1) + "\nminio_parity: 1"),
        (FOUR + " s5 s6 s7 s8", "minio_pools: [{hosts: [s1, s2, s3, s4]}, {hosts: [s5, s6, s7, s8]}]"),
        (FOUR, "minio_drives: [{path: /srv/minio/drive1, device: LABEL=one}]\nminio_format_drives: true"),
        (FOUR, "minio_buckets: [{name: dicom, object_lock: {mode: compliance, years: 10}, lifecycle: [{id: a, expiry_days: 3650}]}]"),
        (FOUR, "minio_tiers: [{name: COLD}]\nminio_buckets: [{name: dicom, lifecycle: [{id: a, transition_days: 30, tier: COLD}]}]"),
    ],
)
def test_good(judged: Judge, groups: str, variables: str) -> None:
    """What people may well write is only told of the server's age."""
    report = judged(site(groups, variables))
    assert [finding.line() for finding in report.errors] == []
    assert codes(report) == {"object-store-unmaintained"}


@pytest.mark.parametrize(
    ("groups", "variables", "code", "where", "variable"),
    [
        ("object_store: s1 s2 s3", "", "object-store-too-few-drives", STORE, "minio_drives"),
        ("object_store: s1 s2", "minio_parity: 2", "object-store-too-few-drives", STORE, "minio_drives"),
        (ONE, "", "object-store-parity-unsaid", STORE, "minio_drives"),
        (ONE, "minio_parity: 0", "object-store-parity-none", "all", "minio_parity"),
        (FOUR, "minio_parity: 3", "object-store-parity-too-high", "all", "minio_parity"),
        (FOUR, "minio_parity: -1", "object-store-parity-too-high", "all", "minio_parity"),
        (ONE, drives(17), "object-store-sets-unequal", "all", "minio_drives"),
        (FOUR, "[@s2]\n" + drives(2), "object-store-drives-unequal", STORE, "minio_drives"),
        (ONE, "minio_drives: [/srv/a, /srv/b, /srv/c, /srv/a/]", "object-store-drive-twice", "all", "minio_drives"),
        (
            FOUR,
            "minio_drives: [{path: /srv/a, device: /dev/sdb}, {path: /srv/b, device: /dev/sdb}]",
            "object-store-drive-twice",
            "all",
            "minio_drives",
        ),
        (FOUR, "minio_drives: [srv/a]", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_drives: [/srv]", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_pools: [{hosts: [s1, s2, s3]}]", "object-store-pool-hosts", "all", "minio_pools"),
        (FOUR, "minio_pools: [{hosts: [s1, s2, s3, s4]}, {hosts: [s1, s9]}]", "object-store-pool-hosts", "all", "minio_pools"),
        (FOUR, "[@s3]\nminio_parity: 1", "object-store-setting-differs", STORE, "minio_parity"),
        (FOUR, "minio_settings: {MINIO_ROOT_USER: admin}", "object-store-setting-own", "all", "minio_settings"),
        (FOUR, "minio_settings: {MINIO_STORAGE_CLASS_STANDARD: 'EC:0'}", "object-store-setting-own", "all", "minio_settings"),
        (FOUR, "minio_settings: {MINIO_KMS_SECRET_KEY: null}", "object-store-key-missing", "all", "minio_settings"),
        (
            FOUR,
            "minio_settings: {MINIO_KMS_SECRET_KEY: null}\nminio_buckets: [{name: dicom, encryption: sse-s3}]",
            "bucket-encryption-without-key",
            "all",
            "minio_buckets[0].encryption",
        ),
        (FOUR, "minio_buckets: [{name: Dicom}]", "bucket-name-invalid", "all", "minio_buckets[0].name"),
        (FOUR, "minio_buckets: [{name: dicom}, {name: dicom}]", "bucket-name-invalid", "all", "minio_buckets[1].name"),
        (
            FOUR,
            "minio_buckets: [{name: dicom, lifecycle: [{id: a, expiry_days: 0}]}]",
            "bucket-lifecycle-days",
            "all",
            "minio_buckets[0].lifecycle[0].expiry_days",
        ),
        (
            FOUR,
            "minio_buckets: [{name: dicom, lifecycle: [{id: a, transition_days: -1, tier: C}]}]\nminio_tiers: [{name: C}]",
            "bucket-lifecycle-days",
            "all",
            "minio_buckets[0].lifecycle[0].transition_days",
        ),
        (
            FOUR,
            "minio_buckets: [{name: dicom, object_lock: {mode: compliance, years: 10}, lifecycle: [{id: a, expiry_days: 365}]}]",
            "bucket-expiry-below-retention",
            "all",
            "minio_buckets[0].lifecycle[0].expiry_days",
        ),
        (
            FOUR,
            "minio_buckets: [{name: dicom, object_lock: {mode: governance, days: 30}, lifecycle: [{id: a, noncurrent_days: 7}]}]",
            "bucket-expiry-below-retention",
            "all",
            "minio_buckets[0].lifecycle[0].noncurrent_days",
        ),
        (FOUR, "minio_buckets: [{name: dicom, object_lock: {days: 7}}]", "bucket-retention-invalid", "all", "minio_buckets[0].object_lock"),
        (
            FOUR,
            "minio_buckets: [{name: dicom, lifecycle: [{id: a, transition_days: 7, tier: COLD}]}]",
            "bucket-tier-unknown",
            "all",
            "minio_buckets[0].lifecycle[0].tier",
        ),
    ],
)
def test_object_store(judged: Judge, groups: str, variables: str, code: str, where: str, variable: str) -> None:
    """One slip in an otherwise good site."""
    assert (code, where, variable) in points(judged(site(groups, variables)))


@pytest.mark.parametrize(
    ("key", "bad"), [("c2hvcnQ=", True), ("not base64 at all but long enough", True), ("QUJD" * 10 + "QUI=", False), ("QUJD" * 11, True)]
)
def test_key(judged: Judge, key: str, bad: bool) -> None:
    """32 bytes in base64, no more and no less."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import SecretsFile

    report = judged(site(FOUR), secrets=(SecretsFile("secrets.yml", values={"minio_kms_key": key}),))
    assert ("object-store-key-size" in codes(report)) is bad


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("dicom", True),
        ("dicom.2026-archive", True),
        ("ab", False),
        ("a" * 64, False),
        ("Dicom", False),
        ("di_com", False),
        ("-dicom", False),
        ("a..b", False),
        ("192.168.0.1", False),
        ("xn--dicom", False),
    ],
)
def test_bucket_names(name: str, good: bool) -> None:
    """The rules of S3."""
    assert (buckets.name_problem(name) == "") is good
