# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and policies against what real MinIO servers answered (RELEASE.2026-02-12, four drives each, TLS)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError

Any_ = Callable[..., Any]


def test_users_are_made_with_their_policies(call: Any_, wanted: dict[str, Any]) -> None:
    run = call("users", "users_new", **wanted["users"])
    assert run.said == [
        ("policy pacs", "create", ""),
        ("user orthanc", "create", ""),
        ("user orthanc", "attach", "pacs, readonly"),
        ("user idle-user", "create", ""),
        ("service account orthanc-svc", "create", "of user orthanc"),
        ("service account plain-svc", "create", "of user orthanc"),
        ("service account root-svc", "create", "of user rootuser-a"),
    ]
    told = str([step.diff for step in run.steps]) + str(run.result) + str([body for _method, _target, body in run.store.sent])
    assert "-secret-" not in told


def test_users_again(call: Any_, wanted: dict[str, Any]) -> None:
    run = call("users", "users_again", **wanted["users"])
    assert run.said == [] and len(run.store.sent) == 1


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"users": [{"name": "orthanc", "secret": "another-secret"}]}, ("user orthanc", "update", "secret")),
        ({"users": [{"name": "orthanc", "policies": ["pacs"]}]}, ("user orthanc", "attach", "pacs")),
        ({"users": [{"name": "orthanc", "policies": []}]}, ("user orthanc", "attach", "no policy")),
        ({"users": [{"name": "orthanc", "enabled": False}]}, ("user orthanc", "update", "disabled")),
        ({"users": [{"name": "idle-user", "enabled": True}]}, ("user idle-user", "update", "enabled")),
        ({"users": [{"name": "idle-user", "state": "absent"}]}, ("user idle-user", "remove", "")),
        ({"users": [{"name": "nobody", "state": "absent"}]}, None),
        (
            {"service_accounts": [{"access_key": "plain-svc", "user": "orthanc", "secret_key": "other-secret"}]},
            ("service account plain-svc", "update", "secret"),
        ),
        ({"service_accounts": [{"access_key": "plain-svc", "state": "absent"}]}, ("service account plain-svc", "remove", "")),
        (
            {
                "policies": [
                    {"name": "pacs", "document": {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"}}}
                ]
            },
            ("policy pacs", "update", ""),
        ),
    ],
)
def test_changes_of_users(call: Any_, params: dict[str, Any], said: tuple[str, str, str] | None) -> None:
    run = call("users", "users_again", check=True, **params)
    assert run.said == ([said] if said else [])
    assert "secret-" not in str([step.diff for step in run.steps])


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"policies": [{"name": "pacs", "state": "absent"}]}, "policy-in-use"),
        ({"policies": [{"name": "readwrite", "state": "absent"}]}, "bad-policy"),
        ({"policies": [{"name": "x"}]}, "bad-policy"),
        ({"policies": [{"name": "x", "document": {"Statement": {"Effect": "Allow", "Action": "s3:GetObject"}}}]}, "bad-policy"),
        ({"policies": [{"name": "x", "document": {"Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}}}]}, "bad-policy"),
        (
            {
                "policies": [
                    {"name": "x", "document": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}}
                ]
            },
            "bad-policy",
        ),
        ({"users": [{"name": "newcomer", "secret": "long-enough", "policies": ["nope"]}]}, "unknown-policy"),
        ({"users": [{"name": "newcomer"}]}, "bad-user"),
        ({"users": [{"name": "newcomer", "secret": "short"}]}, "bad-user"),
        ({"users": [{"name": "rootuser-a", "secret": "long-enough"}]}, "bad-user"),
        ({"users": [{"name": "plain-svc", "secret": "long-enough"}]}, "bad-user"),
        ({"users": [{"name": "abc", "secret": "long-enough"}, {"name": "abc", "secret": "long-enough"}]}, "listed-twice"),
        ({"service_accounts": [{"access_key": "plain-svc", "user": "idle-user", "secret_key": "svc-secret-456"}]}, "service-account-fixed"),
        ({"service_accounts": [{"access_key": "more-svc", "user": "nobody", "secret_key": "svc-secret-456"}]}, "unknown-user"),
        ({"service_accounts": [{"access_key": "more-svc", "user": "orthanc"}]}, "bad-service-account"),
        (
            {"service_accounts": [{"access_key": "more-svc", "user": "orthanc", "secret_key": "svc-secret-456", "name": "1st"}]},
            "bad-service-account",
        ),
        ({"service_accounts": [{"access_key": "x" * 21, "user": "orthanc", "secret_key": "svc-secret-456"}]}, "bad-service-account"),
    ],
)
def test_users_that_cannot_be(call: Any_, params: dict[str, Any], code: str) -> None:
    with pytest.raises(AgentError) as caught:
        call("users", "users_again", **params)
    assert caught.value.code == code


def test_actions_of_the_server_are_about_no_resource(call: Any_) -> None:
    """As MinIO's own diagnostics has them."""
    policy = {"name": "watch", "document": {"Statement": {"Effect": "Allow", "Action": ["admin:ServerInfo", "admin:OBDInfo"]}}}
    assert call("users", "users_again", check=True, policies=[policy]).said == [("policy watch", "create", "")]


def test_a_policy_may_go_with_its_last_user(call: Any_) -> None:
    gone = {"users": [{"name": "orthanc", "state": "absent"}], "policies": [{"name": "pacs", "state": "absent"}]}
    assert call("users", "users_again", check=True, **gone).said == [("user orthanc", "remove", ""), ("policy pacs", "remove", "")]


def test_a_service_account_in_check_mode_before_its_secret_is_made(call: Any_) -> None:
    """What stands for it is longer than a secret may be."""
    account = {"access_key": "more-svc", "user": "orthanc", "secret_key": "vannah-check-mode-placeholder-minio_service_account_more-svc"}
    assert call("users", "users_again", check=True, service_accounts=[account]).said == [
        ("service account more-svc", "create", "of user orthanc")
    ]


def test_users_in_check_mode_without_a_server(call: Any_, wanted: dict[str, Any]) -> None:
    run = call("users", None, check=True, **wanted["users"])
    assert len(run.said) == 7 and run.result == {"answers": False, "users": ["idle-user", "orthanc"]}
