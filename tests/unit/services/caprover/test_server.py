# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's settings end to end, against the stand-in."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError

from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import PASSWORD, Call

REGISTRY = {"domain": "registry.example.org:5000", "image_prefix": "vhc", "user": "u", "password": "registry-password"}
ALL: dict[str, Any] = {
    "previous_password": "one-time-password",
    "root_domain": "https://CAP.test",
    "root_tls": True,
    "email": "ops@cap.test",
    "force_tls": True,
    "registries": [REGISTRY],
    "default_push_registry": "registry.example.org:5000/vhc",
    "disk_cleanup": {"keep": 3, "schedule": "0 3 * * *"},
    "nginx": {"base": "worker_processes 2;"},
}


@pytest.fixture
def bare(captain: StandIn) -> StandIn:
    """A server just after its installer, with a one-time password."""
    captain.model.password, captain.model.root, captain.model.root_ssl = "one-time-password", "", None
    captain.model.netdata["isEnabled"] = True
    return captain


def test_a_bare_server(bare: StandIn, call: Call) -> None:
    checked = call("server", check=True, **ALL)
    assert bare.writes() == [] and bare.model.password == "one-time-password"
    run = call("server", **ALL)
    assert (run.said, run.diff) == (checked.said, checked.diff)
    assert [(target, action) for target, action, _detail in run.said] == [
        ("password", "update"),
        ("root domain", "update"),
        ("root TLS", "enable"),
        ("forced TLS", "enable"),
        ("registry registry.example.org:5000/vhc", "create"),
        ("disk clean-up", "update"),
        ("netdata", "disable"),
        ("nginx", "update"),
    ]
    model = bare.model
    assert (model.password, model.root, model.root_ssl, model.force_ssl, model.email) == (PASSWORD, "cap.test", True, True, "ops@cap.test")
    assert model.default_registry == model.registries[0]["id"]
    assert not model.netdata["isEnabled"] and model.nginx["baseConfig"] == "worker_processes 2;"
    for secret in (PASSWORD, "one-time-password", "registry-password"):
        assert secret not in run.shown


def test_a_second_run_takes_six_requests_and_changes_nothing(bare: StandIn, call: Call) -> None:
    call("server", **ALL)
    run = call("server", **ALL)
    assert run.said == [] and bare.writes() == []
    assert len(bare.seen) == run.result["requests"] == 6 and len(bare.model.wrong) == 1  # of the first run, which tried the new one first


def test_nothing_is_asked_about_what_is_not_named(captain: StandIn, call: Call) -> None:
    run = call("server")
    assert run.said == []
    assert [path for _method, path in captain.seen] == ["/login", "/user/system/info", "/user/system/netdata"]


def test_where_nobody_answers_yet(captain: StandIn, call: Call) -> None:
    run = call("server", check=True, url="http://127.0.0.1:9", **ALL)
    assert ("root domain", "update", "cap.test") in run.said and not run.result["answers"]


@pytest.mark.parametrize(("password", "words"), [("short", "password has 5 characters"), ("x" * 30, "password has 30 characters")])
def test_passwords(captain: StandIn, call: Call, password: str, words: str) -> None:
    """A longer one can be set, and no login works with it again (recorded)."""
    with pytest.raises(AgentError) as caught:
        call("server", password=password)
    assert caught.value.code == "bad-password" and words in caught.value.msg and "Fix: use 8 to 29" in caught.value.msg
    assert captain.seen == []


def test_a_change_of_password_whose_answer_is_lost(bare: StandIn, call: Call) -> None:
    bare.broken.append("/user/changepassword")
    run = call("server", previous_password="one-time-password", catch=True)
    assert run.error is not None and run.error.code == "caprover-broken-off"
    assert call("server", previous_password="one-time-password").said == [("netdata", "disable", "off")]


# --- root domain and TLS --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"root_domain": "other.test"}, "root_domain is cap.test, which has TLS: another one ends the TLS of CapRover and of all apps"),
        ({"root_tls": False}, "CapRover has no call that turns it off"),
        ({"root_tls": True}, "root_tls needs an address"),
        ({"force_tls": True, "root_tls": False}, "force_tls is on and root_tls is off"),
        ({"root_domain": "a b"}, "root_domain: 'a b' is not a domain"),
        ({"disk_cleanup": {"keep": -1}}, "disk_cleanup: keep is below zero"),
    ],
)
def test_what_cannot_be(captain: StandIn, call: Call, given: dict[str, Any], words: str) -> None:
    with pytest.raises(AgentError) as caught:
        call("server", **given)
    assert words in caught.value.msg and "Fix: " in caught.value.msg
    assert captain.writes() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"force_tls": True}, "force_tls needs TLS for the root domain"),
        ({"self_hosted_registry": True}, "self_hosted_registry needs TLS for the root domain"),
        ({"root_tls": True, "email": "a@b.test"}, "root_tls needs a root domain, and none is set"),
    ],
)
def test_what_a_bare_server_cannot(bare: StandIn, call: Call, given: dict[str, Any], words: str) -> None:
    with pytest.raises(AgentError) as caught:
        call(
            "server",
            **{
                "previous_password": "one-time-password",
                "root_domain": None,
                **given,
                **({"root_domain": "x.test"} if "force" in words or "self" in words else {}),
            },
        )
    assert words in caught.value.msg
    assert bare.writes() == []


def test_another_root_domain_by_force(captain: StandIn, call: Call) -> None:
    run = call("server", root_domain="other.test", force_root_domain=True, root_tls=True, email="a@b.test")
    assert run.said == [
        ("root domain", "update", "ends the TLS of CapRover and of all apps"),
        ("root TLS", "enable", "on"),
    ]
    assert (captain.model.root, captain.model.root_ssl) == ("other.test", True)
    call("server", root_tls=False, force_root_domain=True)
    assert captain.model.root_ssl is False
    assert call("server", root_tls=False, force_root_domain=True).said == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"root_domain": "no.invalid"}, "CapRover refused to update root domain: Verification Failed. Fix: check that its DNS records"),
        ({"disk_cleanup": {"schedule": "nonsense"}}, "update disk clean-up (disk_cleanup): Invalid cron schedule"),
        ({"nginx": {"base": "bogus;"}}, 'update nginx (nginx): 2026/11/23 23:16:29 [emerg] 501#501: unknown directive "bogus"'),
        (
            {"registries": [{**REGISTRY, "password": "wrong"}]},
            "add registry registry.example.org:5000/vhc (registries): Registry authentication failed",
        ),
    ],
)
def test_refusals(captain: StandIn, call: Call, given: dict[str, Any], words: str) -> None:
    captain.model.root_ssl = None
    run = call("server", catch=True, **given)
    assert run.error is not None and words in run.error.msg and "Fix: " in run.error.msg
    assert "wrong" not in run.error.msg.replace("wrong ones", "")


def test_the_other_template_stays(captain: StandIn, call: Call) -> None:
    captain.model.nginx["captainConfig"] = "server { }"
    call("server", nginx={"base": "a;"})
    assert captain.model.nginx == {"baseConfig": "a;", "captainConfig": "server { }"}
    assert call("server", nginx={"base": "a;"}).said == []
    assert call("server", nginx={"base": ""}).said == [("nginx", "update", "base")]


# --- registries -----------------------------------------------------------------------------------------------------------------------


def registries(captain: StandIn) -> list[tuple[str, str, str]]:
    return [(one["registryDomain"], one["registryImagePrefix"], one["registryUser"]) for one in captain.model.registries]


def insert(captain: StandIn, **more: str) -> None:
    body = {"registryUser": "u", "registryPassword": "p", "registryDomain": "registry.example.org:5000", "registryImagePrefix": "vhc"}
    captain.system.insert_registry({**body, **more})


def test_a_registry_is_there_once(captain: StandIn, call: Call) -> None:
    """CapRover inserts it as often as it is asked to; the default is the one that stays."""
    for _turn in range(3):
        insert(captain)
    captain.model.default_registry = captain.model.registries[1]["id"]
    run = call("server", registries=[{**REGISTRY, "domain": "https://registry.example.org:5000/", "password": "p"}])
    assert [(action, detail) for _target, action, detail in run.said] == [("remove", "twice"), ("remove", "twice")]
    assert [one["id"] for one in captain.model.registries] == [captain.model.default_registry]


def test_a_registry_changes_and_goes(captain: StandIn, call: Call) -> None:
    insert(captain)
    insert(captain, registryDomain="other.example.org")
    run = call("server", registries=[{**REGISTRY, "user": "v"}])
    assert run.said == [("registry registry.example.org:5000/vhc", "update", "user, password")]
    assert "registry-password" not in run.shown
    with pytest.raises(AgentError, match="is the default for pushes and is to be removed"):
        call("server", registries=[{"domain": "registry.example.org:5000", "image_prefix": "vhc", "state": "absent"}])
    gone = {"domain": "registry.example.org:5000", "image_prefix": "vhc", "state": "absent"}
    run = call("server", registries=[gone], default_push_registry="other.example.org")
    assert [action for _target, action, _detail in run.said] == ["update", "remove"]
    assert registries(captain) == [("other.example.org", "vhc", "u")]
    assert call("server", registries=[gone], default_push_registry="other.example.org").said == []


def test_the_first_registry_is_no_default_where_none_is_asked_for(captain: StandIn, call: Call) -> None:
    call("server", registries=[REGISTRY], default_push_registry="")
    assert captain.model.default_registry == ""
    assert call("server", registries=[REGISTRY], default_push_registry="").said == []


@pytest.mark.parametrize(("prefix", "default"), [("", False), ("vhc", True)])
def test_the_first_registry_becomes_no_default_that_cannot_be_pushed_to(captain: StandIn, call: Call, prefix: str, default: bool) -> None:
    """CapRover makes it the default by itself, and names images domain//name without a prefix."""
    call("server", registries=[{**REGISTRY, "image_prefix": prefix}])
    assert bool(captain.model.default_registry) == default
    assert call("server", registries=[{**REGISTRY, "image_prefix": prefix}]).said == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"registries": [{**REGISTRY, "image_prefix": ""}], "default_push_registry": "registry.example.org:5000"},
            "it has no image_prefix, and Docker refuses its images",
        ),
        ({"registries": [{**REGISTRY, "password": ""}]}, "registry registry.example.org:5000/vhc: user or password is missing"),
        ({"registries": [{**REGISTRY, "domain": "a/b"}]}, "domain is not the name of a host"),
        ({"registries": [REGISTRY, {**REGISTRY, "domain": "http://REGISTRY.example.org:5000"}]}, "is listed twice"),
        ({"default_push_registry": "x"}, "default_push_registry x: none of the registries. Fix: use one of these, with its prefix: none"),
        (
            {"registries": [REGISTRY, {**REGISTRY, "image_prefix": "b"}], "default_push_registry": "registry.example.org:5000"},
            "default_push_registry registry.example.org:5000: several registries",
        ),
    ],
)
def test_registries_that_cannot_be(captain: StandIn, call: Call, given: dict[str, Any], words: str) -> None:
    with pytest.raises(AgentError) as caught:
        call("server", **given)
    assert words in caught.value.msg and captain.writes() == []


def test_caprovers_own_registry(captain: StandIn, call: Call) -> None:
    """A second call would break it (recorded), so it is looked at first."""
    run = call("server", self_hosted_registry=True, default_push_registry="registry.cap.test:996/captain")
    assert [action for _target, action, _detail in run.said] == ["create", "update"]
    assert call("server", self_hosted_registry=True, default_push_registry="registry.cap.test:996").said == []
    assert not captain.model.registry_broken
    with pytest.raises(AgentError, match="self_hosted_registry is to be removed, and is the default for pushes"):
        call("server", self_hosted_registry=False)
    with pytest.raises(AgentError, match="root_domain cannot change while the self-hosted registry is there"):
        call("server", root_domain="other.test", force_root_domain=True)
    run = call("server", self_hosted_registry=False, default_push_registry="")
    assert [action for _target, action, _detail in run.said] == ["update", "remove"] and captain.model.registries == []
    assert call("server", self_hosted_registry=False, default_push_registry="").said == []


# --- how it is ------------------------------------------------------------------------------------------------------------------------


def test_how_it_is(captain: StandIn, call: Call) -> None:
    insert(captain, registryPassword="registry-password")
    app = {"name": "web", "environment": {"KEY": "environment-value"}, "domains": [{"name": "a.example.net", "tls": True}], "tls": True}
    call("apps", apps=[app])
    run = call("info")
    assert run.result["answers"] and run.result["version"] == "1.15.3" and run.result["captain_domain"] == "captain.cap.test"
    web = run.result["apps"][0]
    assert (web["name"], web["image"], web["environment"]) == ("web", "", ["KEY"])
    assert web["domains"] == web["tls"] == ["web.cap.test", "a.example.net"]
    assert run.result["nodes"][0]["docker"] == "26.1.5+dfsg1" and run.result["nodes"][0]["leader"]
    assert run.result["registries"][0]["default"]
    for secret in ("environment-value", "registry-password", PASSWORD):
        assert secret not in run.shown
    assert captain.writes() == []


def test_how_a_server_is_that_does_not_answer(captain: StandIn, call: Call) -> None:
    run = call("info", url="http://127.0.0.1:9", wait=0)
    assert not run.result["answers"] and "does not answer at http://127.0.0.1:9" in run.result["error"]
    with pytest.raises(AgentError, match="does not answer"):
        call("info", url="http://127.0.0.1:9", wait=0, required=True)
