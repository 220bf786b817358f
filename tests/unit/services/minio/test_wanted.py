# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, sizes, rules and documents of buckets: what is refused, and that what is written reads back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import documents as documents
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import wanted as minio_wanted
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.policy import bucket_policy, canonical
from hypothesis import given
from hypothesis import strategies as st

NOTHING: dict[str, Any] = dict.fromkeys(documents.PLACES) | {"id": "a", "enabled": True, "prefix": "", "expired_delete_markers": False}


def code_of(function: Any, *arguments: Any) -> str:
    with pytest.raises(AgentError) as caught:
        function(*arguments)
    return caught.value.code


@pytest.mark.parametrize("name", ["abc", "a" * 63, "dicom.pixels-1", "1bucket", "1.2.3.4a"])
def test_good_names(name: str) -> None:
    assert minio_wanted.bucket_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "ab", "a" * 64, "Dicom", "dicom_pixels", "-dicom", "dicom-", ".dicom", "dicom.", "di..com", "di.-com", "di-.com", "dicöm"),
        *("192.168.0.1", "xn--dicom", "sthree-x", "dicom-s3alias", "dicom--ol-s3", "minio", "di com", "di/com", None, 7),
    ],
)
def test_names_that_s3_refuses(name: object) -> None:
    assert code_of(minio_wanted.bucket_name, name) == "bad-bucket-name"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1024", 1024),
        ("1KiB", 1024),
        ("1 kb", 1000),
        ("10GiB", 10 * 1024**3),
        ("2TB", 2 * 10**12),
        ("1P", 10**15),
        ("none", 0),
        ("0", 0),
        (7, 7),
    ],
)
def test_sizes(text: Any, size: int) -> None:
    assert minio_wanted.size("x", text) == size


@pytest.mark.parametrize("text", ["", "much", "-1", "1.5GiB", "GiB", "1XB", "1GiBB", "1GKiB"])
def test_bad_sizes(text: str) -> None:
    assert code_of(minio_wanted.size, "x", text) == "bad-bucket"


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"id": ""},
        {"expiry_days": 0},
        {"expiry_days": -1},
        {"noncurrent_days": 0},
        {"transition_days": -1, "tier": "COLD"},
        {"transition_days": 3},
        {"tier": "COLD"},
        {"noncurrent_tier": "COLD"},
        {"expiry_days": 3, "expired_delete_markers": True},
        {"expiry_days": 3, "transition_days": 3, "tier": "COLD"},
        {"noncurrent_days": 3, "noncurrent_transition_days": 4, "noncurrent_tier": "COLD"},
    ],
)
def test_bad_rules(rule: dict[str, Any]) -> None:
    assert code_of(minio_wanted.lifecycle, "x", [{**NOTHING, **rule}]) == "bad-lifecycle"


def test_an_id_is_there_once() -> None:
    rule = {**NOTHING, "expiry_days": 3}
    assert code_of(minio_wanted.lifecycle, "x", [rule, rule]) == "bad-lifecycle"


@pytest.mark.parametrize(
    ("lock", "rule", "refused"),
    [
        ({"mode": "governance", "days": 30}, {"expiry_days": 30}, False),
        ({"mode": "governance", "days": 30}, {"expiry_days": 29}, True),
        ({"mode": "governance", "days": 30}, {"expiry_days": 29, "enabled": False}, False),
        ({"mode": "compliance", "years": 1}, {"noncurrent_days": 364}, True),
        ({"mode": "compliance", "years": 1}, {"noncurrent_days": 365, "newer_noncurrent_versions": 2}, False),
        ({"mode": "compliance", "years": 1}, {"newer_noncurrent_versions": 2}, True),
        ({"mode": "compliance", "years": 1}, {"transition_days": 0, "tier": "COLD"}, False),
        ({}, {"expiry_days": 1}, False),
        (None, {"expiry_days": 1}, False),
    ],
)
def test_retention(lock: dict[str, Any] | None, rule: dict[str, Any], refused: bool) -> None:
    rules = minio_wanted.lifecycle("x", [{**NOTHING, **rule}])
    if refused:
        assert code_of(minio_wanted.check_retention, "x", lock, rules) == "lifecycle-below-retention"
    else:
        minio_wanted.check_retention("x", lock, rules)


@pytest.mark.parametrize(
    "lock", [{"mode": "governance"}, {"days": 3}, {"mode": "governance", "days": 3, "years": 1}, {"mode": "compliance", "days": 0}]
)
def test_bad_locks(lock: dict[str, Any]) -> None:
    item = dict.fromkeys(minio_wanted.ATTRIBUTES) | {"name": "abc", "state": "present", "drop_data": False}
    item["object_lock"] = {"mode": None, "days": None, "years": None, **lock}
    assert code_of(minio_wanted.bucket, item) == "bad-bucket"


@pytest.mark.parametrize(
    "tags", [{"a&b": "c"}, {"a": "<c>"}, {"aws:a": "c"}, {"": "c"}, {"a" * 129: ""}, {"a": "c" * 257}, {str(n): "" for n in range(51)}]
)
def test_bad_tags(tags: dict[str, str]) -> None:
    item = dict.fromkeys(minio_wanted.ATTRIBUTES) | {"name": "abc", "state": "present", "drop_data": False, "tags": tags}
    assert code_of(minio_wanted.bucket, item) == "bad-bucket"


# --- documents --------------------------------------------------------------------------------------------------------------

NUMBERS = st.integers(1, 4000)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=("Cc", "Cs")), max_size=20)


@st.composite
def rule(draw: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"enabled": draw(st.booleans()), "prefix": draw(TEXTS)}
    for option in documents.PLACES:
        if draw(st.booleans()):
            made[option] = True if option == "expired_delete_markers" else "COLD" if "tier" in option else draw(NUMBERS)
    for days, tier in (("transition_days", "tier"), ("noncurrent_transition_days", "noncurrent_tier")):
        if (days in made) != (tier in made):
            made.pop(days, None)
            made.pop(tier, None)
    return made


@given(st.dictionaries(st.text("abc<&-_ ", min_size=1, max_size=8).map(lambda text: f"r{text}r"), rule(), max_size=4))
def test_a_lifecycle_reads_back(rules: dict[str, Any]) -> None:
    assert documents.read_lifecycle(documents.write_lifecycle(rules)) == rules


@pytest.mark.parametrize("lock", [{}, {"mode": "governance", "days": 3}, {"mode": "compliance", "years": 10}])
def test_a_lock_reads_back(lock: dict[str, Any]) -> None:
    assert documents.read_lock(documents.write_lock(lock)) == lock


def test_the_rest_reads_back() -> None:
    assert documents.read_tags(documents.write_tags({"b": "", "a": "x = y"})) == {"a": "x = y", "b": ""}
    assert documents.read_encryption(documents.write_encryption()) == "sse-s3"
    assert [documents.read_versioning(documents.write_versioning(one)) for one in ("enabled", "suspended")] == ["enabled", "suspended"]
    assert documents.write_location("us-east-1") == b"" and b"eu-west-1" in documents.write_location("eu-west-1")


@pytest.mark.parametrize(
    "inside",
    [
        "<Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter>",
        "<Filter><And><Prefix>p</Prefix><Tag><Key>a</Key><Value>b</Value></Tag></And></Filter>",
        "<Filter><ObjectSizeGreaterThan>500</ObjectSizeGreaterThan></Filter>",
        "<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>",
    ],
)
def test_a_foreign_rule_equals_none_of_the_wanted(inside: str) -> None:
    text = f"<LifecycleConfiguration><Rule><ID>a</ID><Status>Enabled</Status>{inside}</Rule></LifecycleConfiguration>"
    assert documents.read_lifecycle(text.encode())["a"]["other"]


# --- policies ---------------------------------------------------------------------------------------------------------------

ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::abc/*"}


def test_policies_that_mean_the_same_are_equal() -> None:
    one = {
        "Version": "2012-10-17",
        "Statement": [ALLOW, {**ALLOW, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": False}}}],
    }
    two = {
        "Id": "",
        "Statement": [
            {**ALLOW, "Sid": "", "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
            {**ALLOW, "Principal": {"AWS": "*"}, "Action": ["s3:GetObject", "s3:GetObject"], "Resource": ["arn:aws:s3:::abc/*"]},
            ALLOW,
        ],
    }
    assert canonical("x", one) == canonical("x", two) != canonical("x", {"Statement": [ALLOW]})


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({"IpAddress": {"aws:SourceIp": "192.0.2.1"}}, {"IpAddress": {"aws:SourceIp": ["192.0.2.1/32"]}}),
        (
            {"IpAddress": {"aws:SourceIp": ["10.1.2.3/8", "2001:DB8::1"]}},
            {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::1/128"]}},
        ),
        ({"NumericLessThan": {"s3:max-keys": 10}}, {"NumericLessThan": {"s3:max-keys": ["10"]}}),
    ],
)
def test_conditions(given: dict[str, Any], known: dict[str, Any]) -> None:
    """As MinIO would say it; of an IPv6 address without a mask it would make a /32."""
    assert canonical("x", {"Statement": {**ALLOW, "Condition": given}})["Statement"][0]["Condition"] == known


def test_every_resource_as_minio_writes_it() -> None:
    assert canonical("x", {"Statement": {**ALLOW, "Resource": "**"}}) == canonical("x", {"Statement": {**ALLOW, "Resource": "*"}})


def test_an_address_that_is_none() -> None:
    assert code_of(canonical, "x", {"Statement": {**ALLOW, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0"}}}}) == "bad-policy"


@pytest.mark.parametrize("word", ["download", "upload", "public"])
def test_anybody(word: str) -> None:
    document = bucket_policy("abc", word)
    assert document is not None and {text for item in document["Statement"] for text in item["Resource"]} == {
        "arn:aws:s3:::abc",
        "arn:aws:s3:::abc/*",
    }
    assert bucket_policy("abc", "none") is None


@pytest.mark.parametrize(
    "policy",
    [
        "readable",
        [],
        {},
        {"Statement": []},
        {"Statement": ["x"]},
        {"Statement": [{**ALLOW, "Effect": "Maybe"}]},
        {"Statement": [{**ALLOW, "Action": []}]},
        {"Statement": [{key: value for key, value in ALLOW.items() if key != "Principal"}]},
        {"Statement": [{**ALLOW, "Resource": "arn:aws:s3:::another/*"}]},
        {"Statement": [{**ALLOW, "Resource": ["arn:aws:s3:::abc", "arn:aws:s3:::another"]}]},
        {"Statement": [{key: value for key, value in ALLOW.items() if key != "Resource"}]},
        {"Statement": [{**ALLOW, "Principal": ["*"]}]},
        {"Statement": [{**ALLOW, "Principal": "arn:aws:iam::123456789012:root"}]},
        {"Statement": [{**ALLOW, "Principal": {"AWS": {"a": "b"}}}]},
        {"Statement": [{**ALLOW, "Condition": [{"StringEquals": {"a": "b"}}]}]},
        {"Statement": [{**ALLOW, "Condition": {"StringEquals": "a"}}]},
        {"Statement": [{**ALLOW, "Condition": {"StringEquals": {"a": {"b": "c"}}}}]},
        {"Statement": [{**ALLOW, "Action": {"s3": "GetObject"}}]},
    ],
)
def test_bad_policies(policy: Any) -> None:
    assert code_of(bucket_policy, "abc", policy) == "bad-policy"
