# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store's drives, sets, keys and buckets."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.minio import buckets

from tests.unit.lib.sites import GOOD, Judge, codes, points, site, vaulted

FOUR = "object_store: s1 s2 s3 s4"
ONE = "object_store: s1"
FIVE = FOUR + " s5"
POOLS, HIGH = "minio_pools", "object-store-parity-too-high"
#: Sixteen drives, of which MinIO by itself would spare four.
MANY = "[" + ", ".join(f"/srv/d{number}" for number in range(16)) + "]"
DRIVES = "minio_drives: [" + ", ".join(f"/srv/minio/drive{number}" for number in range(1, 5)) + "]"
STORE = "object_store"
INVALID = "object-store-entry-invalid"
HOSTS_ALONE = "object_store: {hosts: {" + ", ".join(f"s{n}: {{ansible_host: 10.1.0.{n}}}" for n in range(1, 5)) + "}}"
GOOD_TEXT = "".join(f"{name}: {value}\n" for name, value in GOOD.items())
POLICY = "minio_policies: [{name: pacs, document: {Statement: {Effect: Allow, Action: 's3:*', Resource: 'arn:aws:s3:::dicom/*'}}}]"
ONE_DAY = "[{id: a, expiry_days: 1}]"
LATER = "'{{ ansible_facts.x }}'"
TIER = f"minio_tiers: [{{name: COLD, endpoint: 'https://cold:9000', bucket: cold, access_key: a, secret_key: {LATER}}}]"


def drives(count: int) -> str:
    """That many drives on each host."""
    return "minio_drives: [" + ", ".join(f"/srv/d{number}" for number in range(count)) + "]"


@pytest.mark.parametrize(
    ("groups", "variables"),
    [
        (FOUR, ""),
        (FOUR, DRIVES),
        (ONE, DRIVES),
        (FOUR, f"minio_drives: [\"{{{{ lookup('env', 'HOME') }}}}/a\", {{path: {LATER}, device: LABEL=a b}}]"),
        (FOUR, "minio_drives: [/mnt]"),
        (FOUR, "minio_console: false\nminio_console_port: 9000"),
        (FOUR, "minio_parity: 2"),
        ("object_store: s1 s2 s3", drives(2)),
        ("object_store: s1 s2", drives(1) + "\nminio_parity: 1"),
        (FOUR + " s5 s6 s7 s8", "minio_pools: [{hosts: [s1, s2, s3, s4]}, {hosts: [s5, s6, s7, s8]}]"),
        (FIVE, f"minio_pools: [{{hosts: [s2, s3, s4, s5]}}, {{hosts: [s1], drives: {MANY}}}]"),
        (FIVE, f"minio_pools: [{{hosts: [s1], drives: {MANY}}}, {{hosts: [s2, s3, s4, s5]}}]\nminio_parity: 2"),
        (FOUR, "minio_pools: [{hosts: [s1, s2, s3, s4], drives: [{path: /srv/a}]}]"),
        (FOUR, "minio_drives: [{path: /srv/minio/drive1, device: LABEL=one}]\nminio_format_drives: true"),
        (FOUR, "minio_buckets: [{name: dicom, object_lock: {mode: compliance, years: 10}, lifecycle: [{id: a, expiry_days: 3650}]}]"),
        (FOUR, TIER + "\nminio_buckets: [{name: dicom, lifecycle: [{id: a, transition_days: 30, tier: COLD}]}]"),
        (FOUR, TIER + "\nminio_buckets: [{name: dicom, lifecycle: [{id: a, transition_days: 0, tier: COLD}]}]"),
        (FOUR, "minio_tiers: [{name: OLD, state: absent}]\nminio_buckets: [{name: gone, state: absent, drop_data: true}]"),
        # As the module takes them: a number for a text, a text for a number.
        (FOUR, "minio_buckets: [{name: dicom, quota: 1073741824, lifecycle: [{id: 1, expiry_days: '30'}]}]"),
        (
            FOUR,
            "minio_buckets: [{name: a-b, object_lock: {mode: governance, days: 9}, lifecycle: [{id: a, expiry_days: 1, enabled: false}]}]",
        ),
        (FOUR, "minio_settings: {MINIO_API_REQUESTS_MAX: 1500, MINIO_API_STALE_UPLOADS_EXPIRY: 24h, MINIO_API_ROOT_ACCESS: true}"),
        (FOUR, "minio_settings: {MINIO_SCANNER_SPEED: slow, MINIO_HEAL_BITROTSCAN: 6m, MINIO_COMPRESSION_ENABLE: false}"),
        (FOUR, "minio_settings: {MINIO_API_CORS_ALLOW_ORIGIN: 'https://pacs.clinic.health', MINIO_API_REQUESTS_MAX: null}"),
        (FOUR, POLICY + "\nminio_users: [{name: pacs, policies: [pacs, readwrite]}, {name: old, state: absent}]"),
        (FOUR, "minio_users: [{name: pacs}]\nminio_service_accounts: [{access_key: pacs-1, user: pacs, description: of the archive}]"),
        # What is unknown before the host checks is not judged, and the rest of the entry is not judged by it.
        (FOUR, f"minio_users: [{{name: pacs, secret: {LATER}, policies: {LATER}}}]"),
        (FOUR, f"minio_service_accounts: [{{access_key: root-1, user: {LATER}, secret_key: {LATER}, policy: {LATER}}}]"),
        (FOUR, f"minio_tiers: [{{name: COLD, endpoint: {LATER}, bucket: {LATER}, access_key: a, secret_key: {LATER}}}]"),
        (FOUR, f"minio_policies: [{{name: pacs, document: {LATER}}}]\nminio_buckets: [{{name: {LATER}, quota: {LATER}, policy: {LATER}}}]"),
        (
            FOUR,
            f"minio_buckets: [{{name: dicom, object_lock: {{mode: compliance, days: {LATER}}}, lifecycle: {ONE_DAY}}}]",
        ),
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
        (ONE, "minio_drives: [/srv/minio/drive1, /srv/minio//drive1]", "object-store-drive-twice", "all", "minio_drives"),
        (ONE, "minio_drives: [/srv/minio/./drive1, /srv/minio/drive1]", "object-store-drive-twice", "all", "minio_drives"),
        (ONE, "minio_drives: [/srv/minio, /srv/minio/drive1]", "object-store-drive-within", "all", "minio_drives"),
        (ONE, "minio_drives: [/dev/sdb, /dev/sdc]", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, r'minio_drives: ["/srv/min\nio"]', "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_drives: [/var/lib]", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_drives: []", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_drives: [{path: /srv/a, device: sdb}]", "variable-malformed", "all", "minio_drives[0].device"),
        (FOUR, "minio_drives: [{path: /srv/a, devise: /dev/sdb}]", "variable-unknown-key", "all", "minio_drives[0].devise"),
        (FOUR, "minio_drives: [{device: /dev/sdb}]", "variable-missing-key", "all", "minio_drives[0].path"),
        (FOUR, "minio_console_port: 9000", "host-port-twice", "all", "minio_console_port"),
        (FOUR, "minio_drives: [/home/minio/drive1]", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_drives: [/root/drive1]", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_drives: [srv/a]", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_drives: [/srv]", "object-store-drive-path", "all", "minio_drives"),
        (FOUR, "minio_pools: [{hosts: [s1, s2, s3]}]", "object-store-pool-hosts", "all", "minio_pools"),
        (FOUR, "minio_pools: [{hosts: [s1, s2, s3, s4]}, {hosts: [s1, s9]}]", "object-store-pool-hosts", "all", "minio_pools"),
        (
            FOUR,
            "minio_pools: [{hosts: [s1, s2, s3, s4], drives: [{path: /srv/a, device: /dev/sdb}]}]",
            "object-store-pool-device",
            "all",
            "minio_pools[0].drives",
        ),
        (FIVE, f"minio_pools: [{{hosts: [s1], drives: {MANY}}}, {{hosts: [s2, s3, s4, s5]}}]", HIGH, "all", POOLS),
        (FIVE, "minio_pools: [{hosts: [s2, s3, s4, s5]}, {hosts: [s1]}]", HIGH, "all", POOLS),
        (FOUR, "[@s3]\nminio_parity: 1", "object-store-setting-differs", STORE, "minio_parity"),
        *(
            (FOUR, f"minio_settings: {{{name}: {value}}}", "object-store-setting-invalid", "all", f"minio_settings.{name}")
            for name, value in (
                ("MINIO_API_REQUESTS_MAX", "many"),
                ("MINIO_API_REQUESTS_MAX", "1.5"),
                ("MINIO_API_STALE_UPLOADS_EXPIRY", "1d"),
                ("MINIO_API_CLUSTER_DEADLINE", "10"),
                ("MINIO_BROWSER", "'yes'"),
                # Compared with the word on: it would be off.
                ("MINIO_API_ROOT_ACCESS", "'true'"),
                ("MINIO_SCANNER_SPEED", "quick"),
                ("MINIO_HEAL_BITROTSCAN", "weekly"),
                ("MINIO_API_LIST_QUORUM", "all"),
            )
        ),
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


ALLOW = "Effect: Allow, Action: 's3:GetObject'"


@pytest.mark.parametrize(
    ("variables", "code", "variable", "said"),
    [
        ("minio_buckets: [{name: minio}]", "bucket-name-invalid", "minio_buckets[0].name", "keeps such names for itself"),
        ("minio_buckets: [{name: dicom, quota: lots}]", INVALID, "minio_buckets[0].quota", "bad-bucket: bucket dicom: quota 'lots'"),
        ("minio_buckets: [{name: dicom, policy: everything}]", INVALID, "minio_buckets[0].policy", "bad-policy: bucket dicom"),
        (
            "minio_buckets: [{name: dicom, object_lock: {}, versioning: suspended}]",
            INVALID,
            "minio_buckets[0].versioning",
            "an object lock needs versioning",
        ),
        (
            "minio_buckets: [{name: dicom, lifecycle: [{id: a, expiry_days: 1}, {id: a, expiry_days: 2}]}]",
            INVALID,
            "minio_buckets[0].lifecycle[1].id",
            "another rule of the bucket has this id",
        ),
        ("minio_buckets: [{name: dicom, lifecycle: [{id: a}]}]", INVALID, "minio_buckets[0].lifecycle[0]", "does nothing"),
        (
            "minio_buckets: [{name: dicom, object_lock: {mode: compliance, days: 30}, lifecycle: [{id: a, newer_noncurrent_versions: 3}]}]",
            "bucket-expiry-below-retention",
            "minio_buckets[0].lifecycle[0].newer_noncurrent_versions",
            "keeps every version 30 days",
        ),
        (
            TIER + "\nminio_buckets: [{name: dicom, lifecycle: [{id: a, expiry_days: 3, transition_days: 4, tier: COLD}]}]",
            INVALID,
            "minio_buckets[0].lifecycle[0]",
            "nothing would ever be moved",
        ),
        (
            f"minio_buckets: [{{name: dicom, policy: {{Statement: {{{ALLOW}, Principal: '*', Resource: 'arn:aws:s3:::other/*'}}}}}}]",
            INVALID,
            "minio_buckets[0].policy",
            "write arn:aws:s3:::dicom",
        ),
        (
            f"minio_buckets: [{{name: dicom, policy: {{Statement: {{{ALLOW}, Principal: ['*'], Resource: 'arn:aws:s3:::dicom/*'}}}}}}]",
            INVALID,
            "minio_buckets[0].policy",
            "Principal of its policy is not a mapping",
        ),
        ("minio_buckets: [{name: dicom, versionning: enabled}]", "variable-unknown-key", "minio_buckets[0].versionning", "versioning"),
        ("minio_buckets: [{name: dicom, versioning: 'yes'}]", "variable-not-a-choice", "minio_buckets[0].versioning", ""),
        ("minio_buckets: [{quota: 1GiB}]", "variable-missing-key", "minio_buckets[0].name", ""),
        ("minio_tiers: [{name: COLD, bucket: cold, access_key: a, secret_key: b}]", INVALID, "minio_tiers[0]", "endpoint is missing"),
        (TIER.replace("COLD", "cold").replace("https", "ftp"), INVALID, "minio_tiers[0]", "a tier's name is in capitals"),
        (TIER.replace("https", "ftp"), INVALID, "minio_tiers[0]", "bad-endpoint: tier COLD"),
        ("minio_users: [{name: ab}]", INVALID, "minio_users[0]", "bad-user: user 'ab'"),
        ("minio_users: [{name: pacs}, {name: pacs}]", INVALID, "minio_users[1].name", "pacs is listed twice"),
        ("minio_users: [{name: pacs, policies: [nope]}]", "object-store-entry-undeclared", "minio_users[0].policies[0]", "nope"),
        (POLICY.replace("name: pacs", "name: readonly"), INVALID, "minio_policies[0]", "MinIO's own"),
        (f"minio_policies: [{{name: pacs, document: {{Statement: {{{ALLOW}}}}}}}]", INVALID, "minio_policies[0]", "no Resource"),
        (
            "minio_service_accounts: [{access_key: pacs-1, user: nobody}]",
            "object-store-entry-undeclared",
            "minio_service_accounts[0].user",
            "no nobody",
        ),
        ("minio_service_accounts: [{access_key: pacs-1}]", INVALID, "minio_service_accounts[0]", "bad-service-account"),
    ],
)
def test_entries(judged: Judge, variables: str, code: str, variable: str, said: str) -> None:
    """What the module would refuse once there is a server: its own words, the place, and what to write."""
    found = [finding for finding in judged(site(FOUR, variables)).errors if (finding.code, finding.variable) == (code, variable)]
    assert len(found) == 1 and found[0].where == "all" and found[0].fix
    assert said in found[0].problem


@pytest.mark.parametrize(
    "variables",
    [
        "minio_drives: [/srv/minio/drive1]\npostgresql_data_directory: /srv/minio/drive1/pg",
        "minio_drives: [/var/lib/postgresql/17/clinic]",
        "minio_drives: [/var/lib/etcd]",
    ],
)
def test_drives_that_are_anothers(judged: Judge, variables: str) -> None:
    """On a host with several services."""
    groups = "etcd: a b c\npostgresql: a b c d\nobject_store: a b c d"
    assert "host-directories-overlap" in codes(judged(site(groups, variables)))
    apart = "etcd: a b c\npostgresql: a b c\nobject_store: d e f g"
    assert "host-directories-overlap" not in codes(judged(site(apart, variables)))


def test_entries_are_all_said_at_once(judged: Judge) -> None:
    """One bad entry does not hide the others, nor one attribute the next."""
    text = "minio_buckets: [{name: minio, quota: lots}, {name: dicom, quota: lots, policy: everything}]\n"
    found = points(judged(site(FOUR, text + "minio_users: [{name: ab}, {name: b}]")))
    assert {variable for code, _where, variable in found if code == INVALID} == {
        *("minio_buckets[0].quota", "minio_buckets[1].quota", "minio_buckets[1].policy", "minio_users[0]", "minio_users[1]"),
    }


def test_a_vaulted_entry_is_not_quoted(judged: Judge) -> None:
    """Only the module's code is said of it; a vaulted secret beside a plain mistake changes nothing."""
    hidden = vaulted("hidden-bucket-quota").replace("\n", "\n      ")
    whole = "minio_buckets:\n  - name: dicom\n    quota: " + hidden
    plain = "minio_users:\n  - name: ab\n    secret: " + vaulted("hidden-secret-of-it").replace("\n", "\n      ")
    for text, said in ((whole, "vaulted and not shown"), (plain, "user 'ab'")):
        lines = [finding.line() for finding in judged(HOSTS_ALONE, files={"group_vars/all.yml": GOOD_TEXT + text}).errors]
        assert any(said in line for line in lines), lines
        assert "hidden" not in str(lines)


@pytest.mark.parametrize(
    "variables",
    [
        "minio_pools: [{hosts: [{s1: }, s2, s3, s4]}]",
        "minio_tiers: [{name: [x]}]\nminio_buckets: [{name: dicom, lifecycle: [{id: a, transition_days: 1, tier: C}]}]",
    ],
)
def test_kinds_that_nobody_thought_of(judged: Judge, variables: str) -> None:
    """They are a finding of their own, and the other findings are there too."""
    found = codes(judged(site(FOUR, variables + "\nsite_domain: x_y.health")))
    assert found & {"variable-wrong-type", INVALID} and "domain-invalid" in found and "preflight-rule-broken" not in found


@pytest.mark.parametrize(
    ("variables", "variable"),
    [
        ("minio_users: [{name: imaging@x}]", "minio_users[0].name"),
        ("minio_users: [{name: pacs}]\nminio_service_accounts: [{access_key: a b c, user: pacs}]", "minio_service_accounts[0].access_key"),
        ("minio_users: [{name: old@x, state: absent}, {name: a.b-c_d}]", ""),
        (f"minio_users: [{{name: imaging@x, secret: {LATER}}}]", ""),
    ],
)
def test_names_of_secrets(judged: Judge, variables: str, variable: str) -> None:
    """Where the site makes the secret, its name has the user's in it."""
    found = [point[2] for point in points(judged(site(FOUR, variables))) if point[0] == "secret-name-unusable"]
    assert found == ([variable] if variable else [])


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
