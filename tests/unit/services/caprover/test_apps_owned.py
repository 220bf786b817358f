# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose apps are whose, what goes, and what two apps cannot both have."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError

from tests.standins.caprover.model import fresh
from tests.standins.caprover.server import StandIn
from tests.unit.services.caprover.conftest import Call

WEB = {"name": "web", "ports": [{"host": 9101, "container": 80}], "domains": [{"name": "a.example.net", "tls": True}]}
DB = {"name": "db", "volumes": [{"path": "/data", "volume": "db-data"}]}


def foreign(captain: StandIn, name: str, **more: Any) -> None:
    """An app of another team."""
    captain.model.apps[name] = {**fresh(False, ""), "description": "theirs", **more}


# --- owners -----------------------------------------------------------------------------------------------------------------------


def test_an_app_of_another_team_is_left_alone(captain: StandIn, call: Call) -> None:
    foreign(captain, "web")
    with pytest.raises(AgentError) as caught:
        call("apps", apps=[WEB], owner="clinic")
    assert caught.value.code == "app-not-managed"
    assert "app web exists and does not have the tag clinic" in caught.value.msg and "adopt: true" in caught.value.msg
    assert captain.writes() == [] and captain.model.apps["web"]["description"] == "theirs"


@pytest.mark.parametrize("more", [{}, {"description": ""}, {"tags": [{"tagName": "theirs"}]}])
def test_an_app_of_another_team_is_not_removed(captain: StandIn, call: Call, more: dict[str, Any]) -> None:
    """Nor one that was just created, and could be ours."""
    gone = {"name": "web", "state": "absent", "drop_volumes": True}
    foreign(captain, "web", **more)
    with pytest.raises(AgentError, match=r"app web exists and does not have the tag clinic.* Fix: remove its entry") as caught:
        call("apps", apps=[gone], owner="clinic")
    assert caught.value.code == "app-not-managed" and captain.writes() == []
    assert call("apps", apps=[{**gone, "adopt": True}], owner="clinic").said == [("app web", "remove", "")] and captain.model.apps == {}


def test_an_app_that_is_taken_over(captain: StandIn, call: Call) -> None:
    call("apps", apps=[DB])
    assert call("apps", apps=[{**DB, "adopt": True}], owner="clinic").said == [("app db", "update", "tags")]
    assert call("apps", apps=[DB], owner="clinic").said == []


def test_a_tag_that_somebody_took_away_comes_back(captain: StandIn, call: Call) -> None:
    """Who sends POST update with one field resets all others (recorded): that is drift, and no other team's app."""
    call("apps", apps=[{**WEB, "instances": 2}], owner="clinic")
    captain.apps.update({"appName": "web", "instanceCount": 1})
    assert captain.model.apps["web"]["tags"] == []
    assert call("apps", apps=[{**WEB, "instances": 2}], owner="clinic").said == [("app web", "update", "instances, ports, tags")]
    with pytest.raises(AgentError, match="does not have the tag other"):
        call("apps", apps=[WEB], owner="other")


def test_purge_takes_only_what_was_managed(captain: StandIn, call: Call) -> None:
    call("apps", apps=[WEB, DB], owner="clinic")
    foreign(captain, "theirs", tags=[{"tagName": "other-clinic"}])
    foreign(captain, "untagged")
    checked = call("apps", apps=[WEB], owner="clinic", purge=True, check=True)
    assert checked.said == [("app db", "remove", "not listed, volumes db-data stay")]
    run = call("apps", apps=[WEB], owner="clinic", purge=True)
    assert run.said == checked.said
    assert sorted(captain.model.apps) == ["theirs", "untagged", "web"] == run.result["apps"]
    assert captain.swarm.volumes == {"db-data"}
    assert call("apps", apps=[WEB], owner="clinic").said == []  # without purge nothing ever goes


def test_purge_is_guarded(captain: StandIn, call: Call) -> None:
    call("apps", apps=[WEB, DB, {"name": "third"}], owner="clinic")
    for given, code, words in (
        ({"apps": [WEB]}, "purge-unguarded", "owner"),
        ({"apps": [], "owner": "clinic"}, "purge-unguarded", "empty list"),
        ({"apps": [WEB], "owner": "clinic"}, "purge-limit", "2 apps (db, third), and purge_limit allows 1: nothing was changed"),
    ):
        with pytest.raises(AgentError) as caught:
            call("apps", purge=True, **given)
        assert caught.value.code == code and words in caught.value.msg
    assert len(captain.model.apps) == 3
    call("apps", apps=[WEB], owner="clinic", purge=True, purge_limit=2)
    assert list(captain.model.apps) == ["web"]


# --- apps that go -------------------------------------------------------------------------------------------------------------------


def test_apps_go_with_or_without_volumes(captain: StandIn, call: Call) -> None:
    call("apps", apps=[DB])
    assert call("apps", apps=[{"name": "db", "state": "absent"}]).said == [("app db", "remove", "volumes db-data stay")]
    assert captain.swarm.volumes == {"db-data"} and captain.model.apps == {}
    call("apps", apps=[DB])
    run = call("apps", apps=[{"name": "db", "state": "absent", "drop_volumes": True}])
    assert run.said == [("app db", "remove", "with volumes db-data")] and run.ctx.warnings == []
    assert captain.swarm.volumes == set()
    assert call("apps", apps=[{"name": "db", "state": "absent", "drop_volumes": True}]).said == []


def test_volumes_that_are_left_are_said(captain: StandIn, call: Call) -> None:
    """102: the app is gone, so no later run can remove them (recorded)."""
    call("apps", apps=[DB])
    captain.swarm.busy_volumes.add("db-data")
    run = call("apps", apps=[{"name": "db", "state": "absent", "drop_volumes": True}])
    assert "volumes db-data are left" in run.ctx.warnings[0] and "docker volume rm db-data" in run.ctx.warnings[0]
    assert captain.model.apps == {}


def test_a_volume_that_another_app_has_stays(captain: StandIn, call: Call) -> None:
    call("apps", apps=[DB, {**DB, "name": "twin"}])
    run = call("apps", apps=[{"name": "db", "state": "absent", "drop_volumes": True}])
    assert run.said == [("app db", "remove", "volumes db-data stay")]
    assert "volumes db-data stay, because other apps use them: twin" in run.ctx.warnings[0]
    assert captain.bodies[-1]["volumes"] == []


def test_a_removal_whose_answer_is_lost(captain: StandIn, call: Call) -> None:
    call("apps", apps=[DB])
    captain.broken.append("/user/apps/appDefinitions/delete")
    run = call("apps", apps=[{"name": "db", "state": "absent"}])
    assert run.error is None and captain.model.apps == {}


def test_a_kind_that_cannot_change(captain: StandIn, call: Call) -> None:
    call("apps", apps=[WEB, DB])
    for given, words in (
        ({**DB, "name": "web"}, "app web: volumes is not possible, because the app was created without persistent: true"),
        ({"name": "web", "persistent": True}, "persistent is fixed when an app is created, and this one was created without it"),
        ({"name": "db", "persistent": False}, "this one was created with it"),
    ):
        with pytest.raises(AgentError) as caught:
            call("apps", apps=[given])
        assert words in caught.value.msg and "state: absent for one run" in caught.value.msg
    assert captain.writes() == []


# --- domains and ports --------------------------------------------------------------------------------------------------------------


def domains(captain: StandIn, name: str = "web") -> dict[str, bool]:
    return {one["publicDomain"]: one["hasSsl"] for one in captain.model.apps[name]["customDomain"]}


def test_domains_come_get_tls_lose_it_and_go(captain: StandIn, call: Call) -> None:
    def run(*given: dict[str, Any]) -> list[tuple[str, str, str]]:
        return call("apps", apps=[{"name": "web", "domains": list(given)}]).said

    run({"name": "a.example.net"})
    assert run({"name": "a.example.net", "tls": True}) == [("domain a.example.net", "enable TLS", "app web")]
    assert domains(captain) == {"a.example.net": True}
    assert run({"name": "a.example.net", "tls": True}) == []
    assert run({"name": "a.example.net"}) == [("domain a.example.net", "disable TLS", "app web, removed and added")]
    assert domains(captain) == {"a.example.net": False}
    assert run() == [("domain a.example.net", "remove", "app web")]
    assert domains(captain) == {}


def test_the_last_domain_with_tls_goes_after_forced_tls(captain: StandIn, call: Call) -> None:
    call("apps", apps=[{**WEB, "force_tls": True}])
    with pytest.raises(AgentError, match="app web: force_tls is on, but none of its domains has TLS"):
        call("apps", apps=[{"name": "web", "domains": []}])
    run = call("apps", apps=[{"name": "web", "domains": [], "force_tls": False}])
    assert [action for _target, action, _detail in run.said] == ["update", "remove"] and run.error is None


@pytest.mark.parametrize(
    ("app", "code", "words"),
    [
        ({"domains": [{"name": "x.cap.test"}]}, "bad-domain", "refuses x.cap.test, because it is below the root domain cap.test"),
        ({"domains": [{"name": "new.cap.test"}]}, "bad-domain", "new.cap.test itself is always there"),
        ({"force_tls": True}, "bad-app", "app new: force_tls is on, but none of its domains has TLS"),
        (
            {"redirect": "foreign.example"},
            "bad-app",
            "redirect foreign.example is none of the app's domains. Fix: use one of them: new.cap.test",
        ),
        ({"domains": [{"name": "a.example.net"}]}, "domain-taken", "app new: domains: app web has a.example.net already"),
        ({"ports": [{"host": 9101, "container": 1}]}, "port-taken", "app new: ports: app web publishes host port 9101 already"),
    ],
)
def test_what_two_cannot_have_is_refused_before_anything_is_changed(
    captain: StandIn, call: Call, app: dict[str, Any], code: str, words: str
) -> None:
    call("apps", apps=[WEB])
    with pytest.raises(AgentError) as caught:
        call("apps", apps=[{"name": "first"}, {"name": "new", **app}])
    assert caught.value.code == code and words in caught.value.msg and "Fix: " in caught.value.msg
    assert captain.writes() == []


def test_two_listed_apps_on_one_domain(captain: StandIn, call: Call) -> None:
    with pytest.raises(AgentError, match=r"app web has a\.example\.net already"):
        call("apps", apps=[WEB, {**WEB, "name": "other", "ports": []}])
    with pytest.raises(AgentError, match="app web is listed twice"):
        call("apps", apps=[WEB, WEB])


def test_a_port_and_a_domain_change_hands(captain: StandIn, call: Call) -> None:
    """Whatever the order of the list: the one that gives up comes first."""
    call("apps", apps=[WEB])
    call("apps", apps=[{**WEB, "name": "new"}, {"name": "web", "ports": [], "domains": []}])
    assert domains(captain) == {} and domains(captain, "new") == {"a.example.net": True}
    assert captain.model.apps["new"]["ports"] == [{"hostPort": 9101, "containerPort": 80}]
    call("apps", apps=[{**WEB, "name": "third"}, {"name": "new", "state": "absent"}])
    assert domains(captain, "third") == {"a.example.net": True}


def test_an_exchange_has_no_order(captain: StandIn, call: Call) -> None:
    call("apps", apps=[WEB, {"name": "other", "ports": [{"host": 9102, "container": 80}]}])
    with pytest.raises(AgentError, match="apps web, other exchange ports or domains"):
        call("apps", apps=[{"name": "web", "ports": [{"host": 9102, "container": 80}]}, {**WEB, "name": "other", "domains": []}])


def test_tls_of_an_apps_own_domain(captain: StandIn, call: Call) -> None:
    assert call("apps", apps=[{"name": "web", "tls": True}]).said[1] == ("app web", "enable TLS", "web.cap.test")
    assert call("apps", apps=[{"name": "web", "tls": True}]).said == []
    with pytest.raises(AgentError, match=r"app web: tls is on for web\.cap\.test, and CapRover has no way to turn it off"):
        call("apps", apps=[{"name": "web", "tls": False}])


@pytest.mark.parametrize(
    ("root_tls", "name", "words"),
    [
        (True, "no.invalid", "add domain no.invalid to app web (domains)"),
        (False, "a.example.net", "root_tls: true of caprover_server first"),
    ],
)
def test_a_domain_that_caprover_refuses(captain: StandIn, call: Call, root_tls: bool, name: str, words: str) -> None:
    captain.model.root_ssl = root_tls
    run = call("apps", apps=[{"name": "web", "domains": [{"name": name, "tls": True}]}], catch=True)
    assert run.error is not None and words in run.error.msg and "Fix: " in run.error.msg
    captain.model.root_ssl, captain.model.unresolved = True, ()
    assert call("apps", apps=[{"name": "web", "domains": [{"name": name, "tls": True}]}]).error is None
    assert domains(captain) == {name: True}


def test_a_first_run_that_ends_at_a_domain_is_continued(captain: StandIn, call: Call) -> None:
    """The tag of the owner comes with the update, after the domains: until then the host remembers whose app it is."""
    app = {"name": "a", "domains": [{"name": "x.example.org"}, {"name": "y.example.org"}]}
    captain.model.unresolved = "y.example.org"
    assert call("apps", owner="clinic", apps=[app], catch=True).error is not None
    captain.model.unresolved = "nothing.example"
    assert call("apps", owner="clinic", apps=[app]).said
    assert call("apps", owner="clinic", apps=[app]).said == []


def test_a_domain_moves_to_another_app(captain: StandIn, call: Call) -> None:
    """TLS cannot be forced without a domain."""
    domain, tls = "x.example.org", {"force_tls": True}
    call("apps", apps=[{"name": "a", "domains": [{"name": domain, "tls": True}], **tls}, {"name": "b"}])
    moved = [{"name": "a", "domains": [], "force_tls": False}, {"name": "b", "domains": [{"name": domain, "tls": True}], **tls}]
    assert call("apps", apps=moved).error is None
    assert call("apps", apps=moved).said == []


# --- a new password -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["server", "apps", "deploy"])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_check_before_and_after_a_new_password(captain: StandIn, call: Call, module: str, replaced: bool) -> None:
    """Before, without a wrong login: some checks in a row would lock all users out. Afterwards the new one is taken."""
    old, new = "The-One-Before", "The-New-One-42"
    captain.model.password = new if replaced else old
    params: dict[str, Any] = {} if module == "server" else {"apps": []}
    call(module, check=True, password=new, previous_password=old, **params)
    assert len(captain.model.wrong) == int(replaced) and captain.writes() == []
    with pytest.raises(AgentError) as caught:
        call(module, check=True, password="Neither-42", **params)
    assert caught.value.code == "caprover-login"
    captain.model.wrong.clear()
    call(module, password=new, previous_password=old, **params)
    assert len(captain.model.wrong) == int(not replaced)
