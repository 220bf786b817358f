# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object store that is not the site's: its endpoint, its keys, and what only MinIO has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import SecretsFile, Site
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.minio import endpoint

from tests.unit.lib.sites import Judge, codes, points, site

ONE = "object_store: s1"
TWO = "object_store: s1 s2"
URL = "object_store_endpoint: https://s3.example.net"
S3 = f"object_store_backend: s3\n{URL}"
GIVEN = {"object_store_access_key": "AKIA5XR2QTB7", "object_store_secret_key": "q7rT0zPq9LmX2cVbN4e/Aa+1kWd5"}
KEYS = (SecretsFile("secrets.yml", values=GIVEN),)


@pytest.mark.parametrize(
    ("groups", "variables"),
    [
        (ONE, S3),
        (ONE, S3 + "\nobject_store_region: eu-central-1\nobject_store_ca: /etc/ssl/clinic.pem"),
        (ONE, "object_store_backend: s3\nobject_store_endpoint: http://127.0.0.1:9000"),
        (TWO, S3 + "\nminio_buckets: [{name: dicom, quota: none, lifecycle: [{id: a, transition_days: 30, tier: GLACIER}]}]"),
        # No server listens there, so something else may.
        (ONE, S3 + "\nfirewall_ports: [{name: own, port: 9000}]"),
    ],
)
def test_good(judged: Judge, groups: str, variables: str) -> None:
    """Neither drives nor parity are asked for, nothing is said of a server's age, and one host is enough."""
    report = judged(site(groups, variables), secrets=KEYS)
    assert [finding.line() for finding in (*report.errors, *report.warnings)] == []


@pytest.mark.parametrize(("variables", "refused"), [(S3, False), ("minio_parity: 0", True)])
def test_a_backup_server_may_speak_to_the_endpoint(judged: Judge, variables: str, refused: bool) -> None:
    """It would not be lost with what it protects."""
    assert ("host-exclusive-groups" in codes(judged(site(f"{ONE}\nbackup: s1", variables), secrets=KEYS))) is refused


def test_servers_of_our_own_are_the_default(judged: Judge) -> None:
    """What is said of them is said of them only."""
    assert "object-store-parity-unsaid" in codes(judged(site(ONE, "object_store_backend: minio")))


@pytest.mark.parametrize(
    ("groups", "variables", "code", "where", "variable"),
    [
        (ONE, "object_store_backend: s3", "object-store-endpoint-missing", "all", "object_store_backend"),
        (ONE, 'object_store_backend: s3\nobject_store_endpoint: ""', "object-store-endpoint-missing", "all", "object_store_backend"),
        (
            ONE,
            "object_store_backend: s3\nobject_store_endpoint: http://s3.example.net",
            "object-store-endpoint-invalid",
            "all",
            "object_store_endpoint",
        ),
        (
            ONE,
            "object_store_backend: s3\nobject_store_endpoint: https://s3.eu-central-1.amazonaws.com",
            "object-store-endpoint-region",
            "all",
            "object_store_endpoint",
        ),
        (
            ONE,
            "object_store_backend: s3\nobject_store_endpoint: https://s3.amazonaws.com\nobject_store_region: eu-west-1",
            "object-store-endpoint-region",
            "all",
            "object_store_region",
        ),
        (ONE, URL, "object-store-endpoint-unused", "all", "object_store_endpoint"),
        (ONE, f"{S3}\n[@s1]\nobject_store_backend: minio", "object-store-endpoint-unused", "all", "object_store_endpoint"),
        (TWO, f"{S3}\n[@s2]\nobject_store_region: eu-west-1", "object-store-endpoint-differs", "object_store", "object_store_region"),
        (TWO, f"{S3}\n[@s2]\nobject_store_backend: minio", "object-store-endpoint-differs", "object_store", "object_store_backend"),
        (TWO, f"{S3}\n[@s2]\nminio_buckets: [{{name: dicom}}]", "object-store-endpoint-differs", "object_store", "minio_buckets"),
        ("etcd: s1", S3, "object-store-endpoint-nobody", "all", "object_store_backend"),
        (ONE, f"{S3}\nminio_users: [{{name: imaging}}]", "object-store-minio-only", "all", "minio_users"),
        (ONE, f"{S3}\nminio_policies: [{{name: read}}]", "object-store-minio-only", "all", "minio_policies"),
        (ONE, f"{S3}\nminio_service_accounts: [{{access_key: one}}]", "object-store-minio-only", "all", "minio_service_accounts"),
        (ONE, f"{S3}\nminio_tiers: [{{name: COLD}}]", "object-store-minio-only", "all", "minio_tiers"),
        (ONE, f"{S3}\nminio_buckets: [{{name: dicom, quota: 5TiB}}]", "object-store-minio-only", "all", "minio_buckets[0].quota"),
        (ONE, f"{S3}\nminio_parity: 2", "object-store-setting-idle", "all", "minio_parity"),
        (ONE, f"{S3}\n[object_store]\nminio_drives: [/srv/a]", "object-store-setting-idle", "object_store", "minio_drives"),
        (ONE, f"{S3}\nminio_buckets: [{{name: Dicom}}]", "bucket-name-invalid", "all", "minio_buckets[0].name"),
        (ONE, "object_store_backend: aws", "variable-not-a-choice", "all", "object_store_backend"),
        (ONE, f"{S3}\nobject_store_ca: pki/ca.crt", "variable-malformed", "all", "object_store_ca"),
        (ONE, f"{S3}\nobject_store_region: eu central 1", "variable-malformed", "all", "object_store_region"),
        (ONE, f"{S3}\nobject_store_access_key: AKIA5XR2QTB7", "variable-removed", "all", "object_store_access_key"),
        (ONE, f"{S3}\nobject_store_secret_key: q7rT0zPq9LmX2cVbN4e", "variable-removed", "all", "object_store_secret_key"),
        (ONE, f"{S3}\nobject_store_secret_key: q7rT0zPq9LmX2cVbN4e", "secret-in-plain", "all", "object_store_secret_key"),
        (ONE, "object_store_backend: s3\nobject_store_endpiont: https://x", "variable-misspelt", "all", "object_store_endpiont"),
    ],
)
def test_slips(judged: Judge, groups: str, variables: str, code: str, where: str, variable: str) -> None:
    """One slip in an otherwise good site, whose text quotes no key."""
    report = judged(site(groups, variables), secrets=KEYS)
    assert (code, where, variable) in points(report)
    assert not any(value in report.text() for value in GIVEN.values())


@pytest.mark.parametrize(
    ("secrets", "variables", "found"),
    [
        ((), S3, set(GIVEN)),
        (({"minio_root_user": "x" * 20},), S3, set(GIVEN)),
        (({"object_store_access_key": "AKIA5XR2QTB7", "object_store_secret_key": " "},), S3, {"object_store_secret_key"}),
        ((GIVEN,), S3, set()),
        ((), "", set()),
    ],
)
def test_keys(judged: Judge, secrets: tuple[dict[str, str], ...], variables: str, found: set[str]) -> None:
    """Both have to be there, and only for an endpoint."""
    report = judged(site(ONE, variables), secrets=[SecretsFile("secrets.yml", values=values) for values in secrets])
    lacking = {finding.variable for finding in report.errors if finding.code == "object-store-endpoint-keys"}
    assert lacking == found


def test_a_file_that_does_not_open_is_said_once(judged: Judge) -> None:
    """What is in it is not known."""
    report = judged(site(ONE, S3), secrets=[SecretsFile("secrets.yml", opened=False, reason="wrong password")])
    assert codes(report) == {"secret-file-closed"}


@pytest.mark.parametrize(
    ("key", "secret", "code"),
    [
        ("short", GIVEN["object_store_secret_key"], ""),
        ("AKIAIOSFODNN7EXAMPLE", GIVEN["object_store_secret_key"], "secret-known-default"),
        ("AKIA5XR2QTB7", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "secret-known-default"),
        ("AKIA5XR2QTB7", "q7rT0zPq9", "secret-too-short"),
        ("AKIA5XR2QTB7", "q7rT0zPq9LmX2cVbN4e\n", "secret-newline"),
    ],
)
def test_weak_keys(judged: Judge, key: str, secret: str, code: str) -> None:
    """The name may be short, for who gives it decides; what goes with it is judged as every secret is."""
    values = {"object_store_access_key": key, "object_store_secret_key": secret}
    assert codes(judged(site(ONE, S3), secrets=[SecretsFile("secrets.yml", values=values)])) == ({code} if code else set())


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ("https://s3.example.net", True),
        ("https://s3.example.net/", True),
        ("https://10.1.0.9:9000", True),
        ("https://[fd00::9]:9000", True),
        ("https://s3.eu-central-1.amazonaws.com", True),
        ("https://s3.dualstack.eu-central-1.amazonaws.com", True),
        ("https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com", True),
        ("http://127.0.0.1:9000", True),
        ("http://[::1]:9000", True),
        ("http://localhost:9000", True),
        ("http://s3.example.net", False),
        ("http://localhost.example.net", False),
        ("http://10.1.0.9:9000", False),
        ("s3://dicom", False),
        ("s3.example.net", False),
        ("https://", False),
        ("https://s3.example.net:x", False),
        ("https://s3.example.net:0", False),
        ("https://[fd00::9", False),
        ("https://s3.example.net/dicom", False),
        ("https://s3.example.net?x=1", False),
        ("https://key:secret@s3.example.net", False),
        ("https://dicom.s3.eu-central-1.amazonaws.com", False),
        ("https://dicom.s3.amazonaws.com", False),
    ],
)
def test_endpoints(given: str, good: bool) -> None:
    """What a URL of an endpoint is."""
    assert (endpoint.endpoint_problem(given) == "") is good


def test_switches_of_the_playbooks_are_no_slips(judged: Judge) -> None:
    """Their names begin alike."""
    given = {
        "host": "s1",
        "drive": "/srv/a",
        "wait": "60",
        "deep": "false",
        "bucket": "dicom",
        "force": "true",
        "renew": ["x"],
        "restart": "yes",
    }
    report = judged(site(ONE, S3), secrets=KEYS, extra={f"minio_{name}": value for name, value in given.items()})
    assert [finding.line() for finding in report.errors] == []
    old = judged(site(ONE, S3), secrets=KEYS, extra={f"object_store_{name}": value for name, value in given.items()})
    assert {(finding.code, finding.fix) for finding in old.errors} == {("variable-removed", f"use minio_{name}") for name in given}


def test_no_port_is_anybodys(read: Callable[..., Site]) -> None:
    """The role's options that are ports are not used where it sets up nothing."""
    ports = {kind: {port.first for port in read(site(ONE, text)).hosts["s1"].ports} for kind, text in (("s3", S3), ("minio", ""))}
    assert ports["minio"] - ports["s3"] == {9000, 9001}
