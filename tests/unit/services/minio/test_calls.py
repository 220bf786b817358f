# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets and how a store is against what real MinIO servers answered (RELEASE.2026-02-12, four drives each, TLS)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError

NO_BUCKETS = "<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>"
EMPTY = "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"
Any_ = Callable[..., Any]


def test_buckets_are_made_with_all_that_belongs_to_them(call: Any_, wanted: dict[str, Any]) -> None:
    run = call("buckets", "buckets_new", **wanted["buckets"])
    assert run.said[:2] == [
        ("bucket dicom-pixels", "create", "object_lock, encryption, quota, tags, policy, lifecycle"),  # the lock brings versioning
        ("bucket plain", "create", ""),
    ]
    assert run.result == {"answers": True, "buckets": ["dicom-pixels", "document", "locked-only", "nothing", "plain"]}
    assert run.store.left == []
    assert run.store.writes()[:7] == [
        ("PUT", "/dicom-pixels"),
        ("PUT", "/dicom-pixels?object-lock="),
        ("PUT", "/dicom-pixels?encryption="),
        ("PUT", "/minio/admin/v3/set-bucket-quota?bucket=dicom-pixels"),
        ("PUT", "/dicom-pixels?tagging="),
        ("PUT", "/dicom-pixels?policy="),
        ("PUT", "/dicom-pixels?lifecycle="),
    ]


def test_a_second_run_asks_three_times_and_does_nothing(call: Any_, wanted: dict[str, Any]) -> None:
    run = call("buckets", "buckets_again", **wanted["buckets"])
    assert run.said == []
    assert [target for _method, target, _body in run.store.sent] == ["/", "/minio/admin/v3/export-bucket-metadata", "/minio/admin/v3/tier"]


def test_statements_and_tags_in_another_order_change_nothing(call: Any_, wanted: dict[str, Any]) -> None:
    turned = json.loads(json.dumps(wanted["buckets"]["buckets"]))
    for bucket in turned:
        if isinstance(bucket.get("policy"), dict):
            bucket["policy"]["Statement"].reverse()
            bucket["policy"] = json.dumps(bucket["policy"])
        bucket.get("lifecycle", []).reverse()
    assert call("buckets", "buckets_again", buckets=turned[::-1]).said == []


def test_another_store_is_asked_bucket_by_bucket(call: Any_, wanted: dict[str, Any]) -> None:
    buckets = [{key: value for key, value in bucket.items() if key != "quota"} for bucket in wanted["buckets"]["buckets"]]
    run = call("buckets", "buckets_s3_again", backend="s3", buckets=buckets)
    assert run.said == []
    assert not any("/minio/" in target for _method, target, _body in run.store.sent)


@pytest.mark.parametrize(
    ("change", "detail", "before", "after"),
    [
        ({"tags": {"owner": "x"}}, "tags", 'tags: {"class": "phi = yes", "owner": "radiology"}', 'tags: {"owner": "x"}'),
        ({"tags": {}}, "tags", "", "tags: {}"),
        ({"quota": "none"}, "quota", "quota: 10737418240", "quota: 0"),
        ({"quota": "10GiB"}, "", "", ""),
        ({"encryption": "none"}, "encryption", "encryption: sse-s3", "encryption: none"),
        ({"policy": "none"}, "policy", "s3:GetObject", "policy: none"),
        ({"policy": "upload"}, "policy", "s3:GetObject", "s3:PutObject"),
        ({"lifecycle": []}, "lifecycle", "lifecycle old", ""),
        ({"object_lock": {"mode": "compliance", "days": 60}}, "object_lock", '"governance"', '"compliance"'),
        ({"object_lock": {"mode": "governance", "days": 30}}, "", "", ""),
        ({"object_lock": {}}, "object_lock", '"days": 30', "object_lock: {}"),
    ],
)
def test_changes(call: Any_, change: dict[str, Any], detail: str, before: str, after: str) -> None:
    run = call("buckets", "buckets_again", check=True, buckets=[{"name": "dicom-pixels", **change}])
    assert run.said == ([("bucket dicom-pixels", "update", detail)] if detail else [])
    for step in run.steps:
        assert before in step.diff["before"] and after in step.diff["after"]
    assert run.store.writes() == []


@pytest.mark.parametrize(
    ("bucket", "code"),
    [
        ({"name": "plain", "object_lock": {}}, "object-lock-late"),
        ({"name": "dicom-pixels", "versioning": "suspended"}, "bad-bucket"),
        ({"name": "dicom-pixels", "lifecycle": [{"id": "a", "expiry_days": 29}]}, "lifecycle-below-retention"),
        ({"name": "dicom-pixels", "lifecycle": [{"id": "a", "newer_noncurrent_versions": 1}]}, "lifecycle-below-retention"),
        ({"name": "dicom-pixels", "object_lock": {"mode": "governance", "years": 2}}, "lifecycle-below-retention"),
        ({"name": "plain", "lifecycle": [{"id": "a", "transition_days": 1, "tier": "WARM"}]}, "unknown-tier"),
        (
            {
                "name": "plain",
                "policy": {"Statement": {"Effect": "Deny", "Principal": "*", "NotAction": "s3:Get*", "Resource": "arn:aws:s3:::plain"}},
            },
            "bad-policy",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(call: Any_, bucket: dict[str, Any], code: str) -> None:
    with pytest.raises(AgentError) as caught:
        call("buckets", "buckets_again", buckets=[{"name": "first-one"}, bucket])
    assert caught.value.code == code


def test_a_tier_that_a_task_before_would_make_is_no_error_in_check_mode(call: Any_) -> None:
    rules = [{"id": "a", "transition_days": 1, "tier": "WARM"}]
    run = call("buckets", "buckets_again", check=True, buckets=[{"name": "plain", "lifecycle": rules}])
    assert run.said == [("bucket plain", "update", "lifecycle")]
    assert "no tier WARM yet" in run.ctx.warnings[0]


def test_in_check_mode_without_a_server_everything_would_be_made(call: Any_, wanted: dict[str, Any]) -> None:
    run = call("buckets", None, check=True, **wanted["buckets"])
    assert [action for _target, action, _detail in run.said] == ["create"] * 5
    assert not run.result["answers"] and "Connection refused" in run.ctx.warnings[0]
    with pytest.raises(AgentError) as caught:
        call("buckets", None, **wanted["buckets"])
    assert caught.value.code == "minio-unreachable"


def test_a_wrong_secret(call: Any_) -> None:
    with pytest.raises(AgentError, match=r"SignatureDoesNotMatch.*the secret key is not that of the access key") as caught:
        call("buckets", "refused_secret", secret_key="another", buckets=[{"name": "plain"}])
    assert caught.value.code == "minio-refused" and "another" not in caught.value.msg


def test_sse_needs_a_key(call: Any_, exchange: Any_) -> None:
    said = '{"Code":"NotImplemented","Message":"KMS is not configured"}'
    answers = [exchange("GET", "/", NO_BUCKETS), exchange("GET", "/minio/kms/v1/status", said, 501)]
    with pytest.raises(AgentError, match="MINIO_KMS_SECRET_KEY") as caught:
        call("buckets", answers, buckets=[{"name": "sealed", "encryption": "sse-s3"}])
    assert caught.value.code == "no-kms-key"


def listed(name: str) -> str:
    return NO_BUCKETS.replace("<Buckets>", f"<Buckets><Bucket><Name>{name}</Name></Bucket>")


def s3_reads(exchange: Any_, name: str, lock: bool = False) -> list[Any]:
    none = {"encryption": "ServerSideEncryptionConfigurationNotFoundError", "tagging": "NoSuchTagSet", "policy": "NoSuchBucketPolicy"}
    none |= {"lifecycle": "NoSuchLifecycleConfiguration", "object-lock": "ObjectLockConfigurationNotFoundError"}
    answers = [exchange("GET", "/", listed(name)), exchange("GET", f"/{name}?versioning=", "<VersioningConfiguration/>")]
    return answers + [exchange("GET", f"/{name}?{word}=", f"<Error><Code>{code}</Code></Error>", 404) for word, code in none.items()]


def test_a_bucket_with_objects_continuesly_where_that_is_said(call: Any_, exchange: Any_) -> None:
    one = "<ListVersionsResult><Version><Key>a</Key><VersionId>1</VersionId></Version></ListVersionsResult>"
    answers = [*s3_reads(exchange, "old-one"), exchange("GET", "/old-one?max-keys=1&versions=", one)]
    with pytest.raises(AgentError, match="drop_data: true") as caught:
        call("buckets", answers, backend="s3", buckets=[{"name": "old-one", "state": "absent"}])
    assert caught.value.code == "bucket-not-empty"
    answers = [
        *s3_reads(exchange, "old-one"),
        exchange("GET", "/old-one?max-keys=1&versions=", EMPTY),
        exchange("DELETE", "/old-one", "", 204),
    ]
    run = call("buckets", answers, backend="s3", buckets=[{"name": "old-one", "state": "absent"}])
    assert run.said == [("bucket old-one", "remove", "")] and run.result["buckets"] == []


def test_what_a_retention_keeps_stays(call: Any_, exchange: Any_) -> None:
    one = "<ListVersionsResult><Version><Key>a &amp; b</Key><VersionId>1</VersionId></Version></ListVersionsResult>"
    kept = "<DeleteResult><Error><Key>a &amp; b</Key><Message>Object is WORM protected</Message></Error></DeleteResult>"
    answers = [*s3_reads(exchange, "old-one"), exchange("GET", "/old-one?max-keys=1000&versions=", one)]
    answers.append(exchange("POST", "/old-one?delete=", kept))
    with pytest.raises(AgentError, match="1 version cannot be deleted") as caught:
        call("buckets", answers, backend="s3", buckets=[{"name": "old-one", "state": "absent", "drop_data": True}])
    assert caught.value.code == "retained"


def test_a_server_that_is_busy_is_asked_again(call: Any_, exchange: Any_) -> None:
    busy = "<Error><Code>SlowDown</Code></Error>"
    answers = [
        exchange("GET", "/", busy, 503),
        exchange("GET", "/", busy, 503),
        exchange("GET", "/", NO_BUCKETS),
        exchange("PUT", "/one-more"),
    ]
    assert call("buckets", answers, buckets=[{"name": "one-more"}]).said == [("bucket one-more", "create", "")]


@pytest.mark.parametrize(
    ("region", "said"), [("us-east-1", b""), ("eu-central-1", b"<LocationConstraint>eu-central-1</LocationConstraint>")]
)
def test_a_bucket_is_made_in_the_region(call: Any_, exchange: Any_, region: str, said: bytes) -> None:
    """The first of all regions must not be named; and the bucket is behind the endpoint's name, not in it (path style)."""
    answers = [exchange("GET", "/", NO_BUCKETS), exchange("PUT", "/one-more")]
    run = call("buckets", answers, backend="s3", region=region, buckets=[{"name": "one-more"}])
    method, target, body = run.store.sent[-1]
    assert (method, target) == ("PUT", "/one-more") and (said in body if said else body == b"")


def test_only_minio_has_a_quota(call: Any_, exchange: Any_) -> None:
    with pytest.raises(AgentError) as caught:
        call("buckets", [exchange("GET", "/", NO_BUCKETS)], backend="s3", buckets=[{"name": "one-more", "quota": "1GiB"}])
    assert caught.value.code == "not-minio"


def test_minio_has_no_action_for_uploads_that_never_ended(call: Any_, exchange: Any_) -> None:
    rules = [{"id": "a", "abort_incomplete_days": 3}, {"id": "b", "expiry_days": 9, "abort_incomplete_days": 3}]
    run = call("buckets", [exchange("GET", "/", NO_BUCKETS)], check=True, buckets=[{"name": "one-more", "lifecycle": rules}])
    assert "abort" not in run.steps[0].diff["after"] and "lifecycle b" in run.steps[0].diff["after"] and len(run.ctx.warnings) == 2
    run = call("buckets", [exchange("GET", "/", NO_BUCKETS)], check=True, backend="s3", buckets=[{"name": "one-more", "lifecycle": rules}])
    assert "abort_incomplete_days" in run.steps[0].diff["after"] and run.ctx.warnings == []


def test_listed_twice(call: Any_) -> None:
    with pytest.raises(AgentError) as caught:
        call("buckets", [], buckets=[{"name": "one-more"}, {"name": "one-more"}])
    assert caught.value.code == "listed-twice"


# --- info -------------------------------------------------------------------------------------------------------------------


def test_a_healthy_store(call: Any_) -> None:
    result = call("info", "info_healthy").result
    assert result["answers"] and result["problems"] == [] and result["mode"] == "online" and result["parity"] == 2
    (only,) = result["sets"]
    assert {key: only[key] for key in ("pool", "set", "drives", "online", "write_quorum")} == {
        "pool": 0,
        "set": 0,
        "drives": 4,
        "online": 4,
        "write_quorum": 3,
    }
    assert result["versions"] == ["2026-02-12T20:18:48Z"]


def test_a_lost_drive(call: Any_) -> None:
    result = call("info", "info_lost_drive").result
    assert result["problems"] == ["drive /srv/minio/d4 is corrupt"]
    assert result["sets"][0]["online"] == 3
    assert "REDACTED" not in str(result)


def test_waiting_for_a_healthy_store(call: Any_) -> None:
    with pytest.raises(AgentError, match="the object store does not answer") as caught:
        call("info", None, wait=0.01)
    assert caught.value.code == "not-in-time"
    assert call("info", None).result["answers"] is False
    assert call("info", "info_healthy", wait=5).result["problems"] == []
