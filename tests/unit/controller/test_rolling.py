# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolling restarts: who is restarted now, in which order, and what is done to one member."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented, site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import rolling, together
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.rolling import (
    Look,
    MemberUpdate,
    Plan,
    Unit,
    plan,
    restart_member,
    update,
)

ROLES = Path(__file__).resolve().parents[3] / "roles"
MEMBERS = ["a", "b", "c"]
UNIT: Unit = {"role": "r", "component": "r", "unit": "r.service"}


def looks(**given: dict[str, Any]) -> list[Look]:
    """Of all three members, by what each says differently."""
    return [Look(host, **given.get(host, {})) for host in MEMBERS]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Plan()),
        ({"b": {"waits": True}}, Plan(now=("b",))),
        # In the inventory's order, and who leads last.
        ({"a": {"waits": True, "leader": "a"}, "b": {"waits": True}, "c": {"waits": True}}, Plan(now=("b", "c", "a"))),
        # Another member knows of it, and who leads is known by one that does not wait.
        ({"a": {"names": ("b", "c")}, "c": {"leader": "b"}}, Plan(now=("c", "b"))),
        # While two claim to lead, both go last.
        ({"a": {"waits": True, "leader": "a"}, "b": {"waits": True, "leader": "b"}, "c": {"waits": True}}, Plan(now=("c", "a", "b"))),
        ({"a": {"names": ("elsewhere",)}}, Plan()),
        (
            {"a": {"waits": True, "why": "for a window"}, "b": {"waits": True}},
            Plan(now=("b",), postponed=("a: the restart of R waits for a window; r/rolling_restart.yml does it immediately",)),
        ),
        ({host: {"waits": True, "together": True, "differs": ("version",)} for host in MEMBERS}, Plan(together=("a", "b", "c"))),
        # Some have to be restarted together, one by itself.
        ({"a": {"waits": True, "together": True}, "c": {"waits": True}}, Plan(now=("c",), together=("a",))),
        (
            {host: {"waits": True, "together": True, "differs": ("version", "KEY"), "why": "until it is requested"} for host in MEMBERS},
            Plan(
                postponed=tuple(
                    f"{host}: another version, KEY waits until it is requested; "
                    "r/update.yml, which stops all servers together, does it immediately"
                    for host in MEMBERS
                )
            ),
        ),
        # One alone runs with other settings than all have on disk: a restart of its host brought it up with what was taken back since.
        (
            {"b": {"waits": True, "together": True, "differs": ("KEY",), "apart": True, "why": "until it is requested"}},
            Plan(now=("b",)),
        ),
        # A store that gets another pool: those that are there take it over, the new one has it. All of them take part.
        (
            {host: {"waits": True, "together": True, "differs": ("LAYOUT",), "why": "until x"} for host in ("a", "b")},
            Plan(
                postponed=tuple(
                    f"{host}: another LAYOUT waits until x; r/update.yml, which stops all servers together, does it immediately"
                    for host in "ab"
                )
            ),
        ),
        (
            {"b": {"waits": True, "together": True, "differs": ("KEY",), "apart": True, "why": "until x", "why_alone": "for a window"}},
            Plan(postponed=("b: another KEY waits until x; r/update.yml, which stops all servers together, does it immediately",)),
        ),
    ],
)
def test_plan(given: dict[str, Any], expected: Plan) -> None:
    assert plan(looks(**given), MEMBERS, "R", "r/rolling_restart.yml", "r/update.yml") == expected


ASKED: dict[str, Any] = {"waits": True, "together": True, "differs": ("version",), "why": "until x", "why_alone": "until x"}


@pytest.mark.parametrize(
    "given",
    [
        # All run with what is new.
        pytest.param({host: {"cut_off": True} for host in MEMBERS}, id="started"),
        pytest.param({"b": {"cut_off": True}}, id="settled-on-others"),
        # Those that were stopped were started with what is new, and the others wait.
        pytest.param({"a": ASKED | {"cut_off": True}, "b": {"cut_off": True}, "c": {"cut_off": True}}, id="some-stopped"),
        pytest.param({"a": ASKED | {"cut_off": True}, "b": ASKED | {"apart": True}, "c": ASKED}, id="one-apart"),
    ],
)
def test_what_was_cut_off_continues(given: dict[str, Any]) -> None:
    """Whatever the policy says: a person had asked for it, and servers may be down."""
    made = plan(looks(**given), MEMBERS, "R", "r/rolling_restart.yml", "r/update.yml")
    assert (made.now, made.together, made.continues) == ((), ("a", "b", "c"), True)
    assert "was interrupted, and continues" in made.postponed[0]
    away = plan(looks(**given)[:2], MEMBERS, "R", "r/rolling_restart.yml", "r/update.yml")
    if any(look.cut_off for look in looks(**given)[:2]):
        assert (away.together, away.continues) == ((), False) and "once all servers are reachable; r/update.yml" in away.postponed[0]


def test_what_was_cut_off_before_anything_stopped_waits() -> None:
    """It has interrupted no client: it waits as if it had not been begun."""
    made = plan(looks(**{host: ASKED | {"cut_off": True} for host in MEMBERS}), MEMBERS, "R", "r/x.yml", "r/update.yml")
    assert made.together == () and not made.continues and len(made.postponed) == 3


def test_not_together_while_a_member_is_away() -> None:
    """Not the one that waits by itself either, which may be restarted all the same."""
    there = [Look("a", waits=True, together=True, differs=("version",)), Look("b", waits=True)]
    made = plan(there, MEMBERS, "R", "r/rolling_restart.yml", "r/update.yml")
    assert made.now == ("b",) and made.together == ()
    assert "a: another version waits until all servers are reachable" in made.postponed[0]


def test_update() -> None:
    """All of them, the leader last; not while the cluster is unhealthy, by the word of one that knows a leader."""
    assert update(looks(a={"leader": "a"})).now == ("b", "c", "a")
    assert update(looks()).now == ("a", "b", "c")
    # It was cut off and shows the previous cluster.
    assert update(looks(a={"problems": ("the cluster has no leader",)}, b={"leader": "c"})).now == ("a", "b", "c")
    with pytest.raises(ValueError, match="while the cluster is unhealthy: b lags; c is away"):
        update(looks(a={"leader": "a", "problems": ("b lags", "c is away")}))
    with pytest.raises(ValueError, match="Nothing is updated without c"):
        update(looks()[:2], ["c"])


class Member:
    """A member whose calls answer what they are given; what is done is noted."""

    def __init__(self, units: list[Unit], **answers: Any) -> None:
        self._units, self._answers = units, answers
        self.done: list[str] = []

    def has(self, call: str) -> bool:
        return call in self._answers

    def call(self, call: str) -> dict[str, Any]:
        self.done.append(call)
        answer = self._answers[call]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def units(self) -> list[Unit]:
        self.done.append("units")
        return self._units

    def restart_unit(self, unit: Unit) -> None:
        self.done.append(unit["unit"])


def asked(leader: str = "a", pending: bool = False, lowered: tuple[str, ...] = (), after: bool = False) -> dict[str, Any]:
    """What the call ``ask`` says of a member."""
    return {"leader": leader, "member": {"pending_restart": pending, "lowered": list(lowered), "waits_for_leader": after}}


PLAIN: dict[str, Any] = {"gate": {}, "healthy": {}, "update": {"packages": [{"name": "r", "version": "2"}]}}
LED: dict[str, Any] = {**PLAIN, "hand_over": {}, "restart": {}, "restart_in_place": {}}


@pytest.mark.parametrize(
    ("units", "answers", "done"),
    [
        ([], PLAIN, ["units"]),
        ([UNIT], PLAIN, ["units", "gate", "r.service", "healthy"]),
        ([], {**LED, "ask": asked()}, ["units", "gate", "ask", "healthy"]),
        ([UNIT], {**LED, "ask": asked()}, ["units", "gate", "ask", "hand_over", "r.service", "healthy"]),
        ([], {**LED, "ask": asked(pending=True)}, ["units", "gate", "ask", "hand_over", "restart", "healthy"]),
        ([UNIT], {**LED, "ask": asked(pending=True)}, ["units", "gate", "ask", "hand_over", "r.service", "restart", "healthy"]),
        # Lowered: the leader first and where it is; a standby only after it.
        (
            [],
            {**LED, "ask": asked("me", pending=True, lowered=("max",))},
            ["units", "gate", "ask", "restart_in_place", "restart", "healthy"],
        ),
        ([], {**LED, "ask": asked(pending=True, lowered=("max",), after=True)}, ["units", "gate", "ask", "healthy"]),
        # What of it needs no leader is restarted at once.
        (
            [UNIT],
            {**LED, "ask": asked(pending=True, lowered=("max",))},
            ["units", "gate", "ask", "hand_over", "r.service", "restart", "healthy"],
        ),
    ],
)
def test_restart_of_a_member(units: list[Unit], answers: dict[str, Any], done: list[str]) -> None:
    member = Member(units, **answers)
    made = restart_member("me", member)
    assert member.done == done
    assert made.again == (bool((answers.get("ask") or {}).get("member", {}).get("lowered")) and answers["ask"]["leader"] != "me")


def test_restart_of_a_member_with_an_update() -> None:
    """Only of a cluster that is healthy, and what needs no restart gets none."""
    member = Member([], **PLAIN)
    made = restart_member("me", member, update=True)
    assert member.done == ["healthy", "update", "units"]
    assert made.text("me") == "me is updated: r, no restart is pending"
    assert MemberUpdate(restarted=True).text("me") == "me is up to date, a restart is pending"
    member = Member([], **{**PLAIN, "healthy": ValueError("unhealthy")})
    with pytest.raises(ValueError, match="unhealthy"):
        restart_member("me", member, update=True)
    assert member.done == ["healthy"]


def test_hosts_that_are_only_updated() -> None:
    """Their converge sees them ready; what waits for a restart all the same is not touched without a gate."""
    member = Member([], update={"packages": []})
    assert restart_member("me", member, update=True).text("me") == "me is up to date, no restart is pending"
    assert member.done == ["update", "units"]
    member = Member([UNIT], update={"packages": []})
    with pytest.raises(KeyError, match="gate"):
        restart_member("me", member, update=True)
    assert UNIT["unit"] not in member.done


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        ({"name", "update"}, []),
        ({"name", "policy", "gate", "healthy"}, []),
        ({"name"}, ["policy is missing", "gate is missing", "healthy is missing"]),
        ({"name", "update", "gate", "healthy"}, ["policy is missing"]),
        ({"name", "update", "gaet"}, ["gaet is not a known key", "policy is missing", "gate is missing", "healthy is missing"]),
    ],
)
def test_what_a_role_says_of_it(said: set[str], problems: list[str]) -> None:
    """All that a restart needs, or no word of one."""
    assert rolling.problems(dict.fromkeys(said), together.KEYS) == problems


def test_restart_that_was_asked_for() -> None:
    """Restarted though it does not wait."""
    member = Member([], **PLAIN)
    restart_member("me", member, always=[UNIT])
    assert member.done == ["units", "gate", "r.service", "healthy"]


def test_nothing_is_interrupted_behind_a_closed_gate() -> None:
    member = Member([UNIT], **{**LED, "gate": ValueError("the quorum would be lost"), "ask": asked(pending=True)})
    with pytest.raises(ValueError, match="quorum"):
        restart_member("me", member)
    assert member.done == ["units", "gate"]


EXPORTS = {entry.role: yaml.safe_load((ROLES / entry.role / "meta" / "exports.yml").read_text()) for entry in site_map.load().roles}
CLUSTERS = [name for name, exported in EXPORTS.items() if exported.get("clusters")]
#: Those, and hosts that are none by themselves and of which one at a time is restarted all the same.
RESTARTED = [name for name, exported in EXPORTS.items() if "gate" in exported.get("rolling", {})]
#: Clusters whose members' unit is another role's.
OTHERS_UNIT = ["caprover"]


def test_clusters_are_restarted_one_by_one() -> None:
    """But for those whose members have no unit of the role."""
    assert [name for name in CLUSTERS if name not in RESTARTED] == OTHERS_UNIT
    for name in OTHERS_UNIT:
        text = (ROLES / name / "meta" / "components.yml").read_text()
        assert "units:" not in text, f"{name} has a unit, and nothing says how it is restarted"


@pytest.mark.parametrize("name", RESTARTED)
def test_every_cluster_says_how_it_is_restarted(name: str) -> None:
    """With keys that are read, modules that are there, and playbooks that are there."""
    said = EXPORTS[name]["rolling"]
    assert set(rolling.REQUIRED) <= set(said) <= set(rolling.KEYS)
    calls = [said[call] for call in rolling.CALLS if call in said]
    assert all(documented.spec(item["module"]) for item in calls)
    playbooks = ROLES.parent / "playbooks"
    assert (playbooks / name / "rolling_restart.yml").is_file()
    assert "together" not in said or (playbooks / said["together"]["verb"]).is_file()


def test_only_clusters_wait_for_restarts() -> None:
    """Other hosts are updated one after the other at most."""
    said = {name: exported["rolling"] for name, exported in EXPORTS.items() if "rolling" in exported}
    assert [name for name, found in said.items() if set(found) != set(rolling.ONLY_UPDATED)] == RESTARTED
    assert all(documented.spec(found["update"]["module"]) for found in said.values() if "update" in found)
    deferring = [name for name in EXPORTS if "on_change: defer" in (ROLES / name / "meta" / "components.yml").read_text()]
    assert set(deferring) <= set(RESTARTED), "a unit that waits for its restart needs a gate"


# --- who takes the work over -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected", "alone"),
    [
        ({}, ["", "", ""], []),  # no cluster
        ({"a": {"member": "1"}}, ["", "", ""], ["a"]),
        ({"a": {"member": "1", "directs": True}}, ["a", "", ""], []),
        # Through another one where there is one: it would go with itself.
        ({host: {"member": host, "directs": True} for host in MEMBERS}, ["b", "a", "a"], []),
        ({"a": {"member": "1", "directs": True}, "b": {"member": "2"}, "c": {"member": "3"}}, ["a", "a", "a"], []),
        ({"b": {"member": "2"}, "c": {"member": "3"}}, ["", "", ""], ["b", "c"]),
        ({"b": {"member": "2"}, "c": {"directs": True}}, ["", "c", ""], []),
        # Two clusters in one group.
        (
            {
                "a": {"member": "1", "directs": True, "directors": ("1",)},
                "b": {"member": "2", "directors": ("3",)},
                "c": {"member": "3", "directs": True, "directors": ("3",)},
            },
            ["a", "c", "c"],
            [],
        ),
        ({"a": {"member": "1", "directs": True}, "b": {"member": "2", "directors": ("9",)}}, ["a", "", ""], ["b"]),
    ],
)
def test_through_whom_work_is_taken_over(given: dict[str, Any], expected: list[str], alone: list[str]) -> None:
    """A member of nothing hands nothing over; one that no one can see to is not restarted."""
    found = looks(**given)
    assert [rolling.through(found, host) for host in MEMBERS] == expected
    assert rolling.alone(found, MEMBERS) == alone


def test_what_is_told_of_a_member() -> None:
    """By the call ``ask``, and by the action that looked."""
    asked = rolling.Asked.of({"member": {"id": "xyz", "manager": True}, "directs": True, "leader": "a"})
    assert (asked.member, asked.directs, asked.leader, asked.pending) == ("xyz", True, "a", False)
    look = Look.of("a", {"member": "xyz", "directs": True})
    assert (look.member, look.directs) == ("xyz", True)


class Prepared:
    """A member of which a unit waits."""

    def __init__(self, units: list[Unit]) -> None:
        self.waiting = units
        self.done: list[str] = []

    def has(self, call: str) -> bool:
        return call in ("ask", "gate", "healthy", "update")

    def call(self, call: str) -> dict[str, Any]:
        self.done.append(call)
        return {"packages": [{"name": "p"}]} if call == "update" else {}

    def units(self) -> list[Unit]:
        self.done.append("units")
        return self.waiting

    def restart_unit(self, unit: Unit) -> None:
        self.done.append(f"restart {unit['unit']}")


@pytest.mark.parametrize(("units", "restarts"), [([UNIT], True), ([], False)])
def test_prepare_ends_before_the_interruption(units: list[Unit], restarts: bool) -> None:
    """Updates are there, the gate has let it pass, and nothing is restarted yet."""
    hands = Prepared(units)
    made = restart_member("a", hands, update=True, prepare=True)
    assert (made.restarted, made.updated) == (restarts, ["p"])
    assert hands.done == ["healthy", "update", "units", "gate", "ask"]


@pytest.mark.parametrize(
    ("problems", "run", "found"),
    [
        (("db1 is not in the cluster",), ["db2", "db3"], ["db1"]),
        (("db1 is not in the cluster",), ["db1", "db2", "db3"], []),  # it may come
        (("db11 is not in the cluster", "db1.example lags"), ["db2", "db3"], []),
        (("the cluster has no leader",), ["db2", "db3"], []),
    ],
)
def test_members_that_the_run_leaves_out_and_that_are_what_is_wrong(problems: tuple[str, ...], run: list[str], found: list[str]) -> None:
    """No wait in this run makes them healthy."""
    assert rolling.left_out([Look("db2", problems=problems)], ["db1", "db2", "db3"], run) == found
