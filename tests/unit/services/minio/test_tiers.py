# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiers against what real MinIO servers answered (RELEASE.2026-02-12, four drives each, TLS)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError

Any_ = Callable[..., Any]


def test_a_tier_is_made_once_its_remote_answers(call: Any_, wanted: dict[str, Any]) -> None:
    run = call("tiers", "tiers_new", **wanted["tiers"])
    assert run.said == [("tier COLD", "create", "minio")] and run.result["tiers"] == ["COLD"]
    assert [target for _method, target, _body in run.store.sent] == [
        "/minio/admin/v3/tier",
        "/cold?list-type=2&max-keys=1&prefix=a%2F",
        "/minio/admin/v3/tier?force=false",
    ]
    assert b"rootpassword" not in run.store.sent[-1][2] and "rootpassword" not in str(run.steps[0].diff)
    assert call("tiers", "tiers_again", **wanted["tiers"]).said == []


def test_a_tier_that_does_not_answer_or_fit_is_not_declared(call: Any_, wanted: dict[str, Any], exchange: Any_) -> None:
    tier, remote = wanted["tiers"]["tiers"][0], wanted["remote"]["endpoint"]
    probe = "/cold?list-type=2&max-keys=1&prefix=a%2F"
    for code, status, text in (
        ("tier-refused", 403, "<Error><Code>SignatureDoesNotMatch</Code></Error>"),
        ("tier-refused", 404, "<Error><Code>NoSuchBucket</Code></Error>"),
        ("tier-in-use", 200, "<ListBucketResult><Contents><Key>a/x</Key></Contents></ListBucketResult>"),
    ):
        answers = [exchange("GET", "/minio/admin/v3/tier", "null"), exchange("GET", probe, text, status, remote)]
        with pytest.raises(AgentError) as caught:
            call("tiers", answers, tiers=[tier])
        assert caught.value.code == code


def test_a_bucket_that_a_task_before_would_make_is_no_error_in_check_mode(call: Any_, wanted: dict[str, Any], exchange: Any_) -> None:
    gone = exchange(
        "GET", "/cold?list-type=2&max-keys=1&prefix=a%2F", "<Error><Code>NoSuchBucket</Code></Error>", 404, wanted["remote"]["endpoint"]
    )
    run = call("tiers", [exchange("GET", "/minio/admin/v3/tier", "null"), gone], check=True, **wanted["tiers"])
    assert run.said == [("tier COLD", "create", "minio")] and "no bucket cold yet" in run.ctx.warnings[0]


def test_another_secret_of_a_tier_is_seen(call: Any_, wanted: dict[str, Any]) -> None:
    """The store no longer gets in with the secret it has, the given one fits."""
    run = call("tiers", changed("tiers_again", "/minio/admin/v3/tier/COLD", 403), **wanted["tiers"])
    assert run.said == [("tier COLD", "update", "credentials")]
    assert run.store.writes() == [("POST", "/minio/admin/v3/tier/COLD")]


@pytest.mark.parametrize("status", [0, 503])
def test_a_tier_that_is_there_does_not_wait_for_its_remote(call: Any_, wanted: dict[str, Any], status: int) -> None:
    """An outage of the remote is no reason to leave the rest undone; other credentials are refused while they cannot be tried."""
    probe = "/cold?list-type=2&max-keys=1&prefix=a%2F"
    answers = [one for one in changed("tiers_again", probe, status) for _again in range(7)]
    run = call("tiers", answers, **wanted["tiers"])
    assert run.said == [] and run.store.writes() == []
    assert "does not answer" in run.ctx.warnings[0] and "nothing was declared" not in run.ctx.warnings[0]
    with pytest.raises(AgentError, match="nothing was declared") as caught:
        call("tiers", answers, tiers=[{**wanted["tiers"]["tiers"][0], "access_key": "another"}])
    assert caught.value.code == "tier-silent"


def test_a_new_tier_waits_for_its_remote(call: Any_, wanted: dict[str, Any], exchange: Any_) -> None:
    silent = exchange("GET", "/cold?list-type=2&max-keys=1&prefix=a%2F", "", 0, wanted["remote"]["endpoint"])
    with pytest.raises(AgentError) as caught:
        call("tiers", [exchange("GET", "/minio/admin/v3/tier", "null"), silent, silent], **wanted["tiers"])
    assert caught.value.code == "tier-silent"


def test_a_tier_and_the_rule_that_names_it_go_together_in_check_mode(call: Any_) -> None:
    """A check leaves the rule where it is."""
    run = call("tiers", "tier_used", check=True, tiers=[{"name": "COLD", "state": "absent"}])
    assert run.said == [("tier COLD", "remove", "")] and "dicom-pixels" in run.ctx.warnings[0]


def changed(recording: str, target: str, status: int) -> list[Any]:
    """A recording in which one question was answered with another status, and a change is taken."""
    from pathlib import Path

    exchanges: list[Any] = json.loads((Path(__file__).parent / "data" / f"{recording}.json").read_text())
    for one in exchanges:
        if one["target"] == target:
            one.update(status=status, text="{}")
    return [*exchanges, {**exchanges[0], "method": "POST", "target": target, "status": 204, "text": ""}]


def test_a_tier_stays_where_it_is(call: Any_, wanted: dict[str, Any]) -> None:
    tier = wanted["tiers"]["tiers"][0]
    with pytest.raises(AgentError, match="prefix is 'a', asked for is 'b'") as caught:
        call("tiers", "tiers_again", tiers=[{**tier, "prefix": "b"}])
    assert caught.value.code == "tier-fixed"
    with pytest.raises(AgentError, match="named by the lifecycle of dicom-pixels") as caught:
        call("tiers", "tier_used", tiers=[{"name": "COLD", "state": "absent"}])
    assert caught.value.code == "tier-in-use"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "cold"}, "bad-tier"),
        ({"name": "STANDARD"}, "bad-tier"),
        ({"endpoint": "store:9000"}, "bad-endpoint"),
        ({"endpoint": ""}, "bad-tier"),
        ({"bucket": "Cold"}, "bad-bucket-name"),
        ({"storage_class": "GLACIER"}, "bad-tier"),
    ],
)
def test_a_bad_tier(call: Any_, wanted: dict[str, Any], change: dict[str, str], code: str) -> None:
    with pytest.raises(AgentError) as caught:
        call("tiers", [], tiers=[{**wanted["tiers"]["tiers"][0], **change}])
    assert caught.value.code == code


def test_tiers_in_check_mode_without_a_server(call: Any_, wanted: dict[str, Any]) -> None:
    assert call("tiers", None, check=True, **wanted["tiers"]).said == [("tier COLD", "create", "minio")]
