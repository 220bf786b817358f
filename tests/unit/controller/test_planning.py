# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a planning call's answer means, and which hosts the plays of a run get from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import planning

WAVES = ("base", "database", "store")
WAVE_OF = {"base": "base", "etcd": "base", "postgresql": "database", "minio": "store"}
ORDER = planning.order(WAVES)
QUIET = {"changed": False, "error": None, "needs": [], "csrs": [], "pending_restart": []}
CALLS = [{"role": "postgresql", "stage": "objects"}, {"role": "minio", "stage": "components"}]


def component(role: str, **more: Any) -> dict[str, Any]:
    return {"name": role, "role": role, **QUIET, **more}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({}, []),
        ({"components": [component("base"), component("postgresql")], "calls": [{}, {}]}, []),
        ({"components": [component("etcd", changed=True)]}, ["base"]),
        ({"components": [component("etcd", pending_restart=["etcd.service"])]}, ["base"]),
        ({"components": [component("postgresql", needs=["abc"])]}, ["database"]),
        ({"components": [component("postgresql", csrs=[{"name": "x"}])]}, ["database"]),
        # An error may be one of something that an earlier wave brings: the wave itself says what it makes of it.
        ({"components": [component("minio", error={"code": "held-back"})]}, ["store"]),
        ({"components": [component("minio", changed=True), component("base", changed=True)]}, ["base", "store"]),
        # What a killed run left is finished by the first wave.
        ({"unfinished": ["journal"], "components": [component("base")]}, ["base"]),
        ({"calls": [{"changed": True}, {}]}, ["database_objects"]),
        ({"calls": [{"error": {"code": "patroni-silent"}}, {}]}, ["database_objects"]),
        ({"calls": [{"result": {"pending_restart": ["db2"]}}, {}]}, ["database_objects"]),
        ({"calls": [{}, {"changed": True}]}, ["store"]),
    ],
)
def test_work(answer: dict[str, Any], expected: list[str]) -> None:
    assert planning.work(answer, WAVE_OF, CALLS, WAVES) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("", ["h", "base: a note", "base: b", "postgresql: d", "o"]),
        ("base", []),
        ("postgresql", ["base: a note", "base: b"]),
    ],
)
def test_warnings_of_waves_that_do_not_run(changed: str, expected: list[str]) -> None:
    """They would say so themselves."""
    components = [component(role, warnings=[text], changed=role == changed) for role, text in (("base", "b"), ("postgresql", "d"))]
    answer = {"components": components, "calls": [{"warnings": ["o"]}, {}], "warnings": ["h"]}
    assert planning.warnings(answer, WAVE_OF, CALLS, WAVES, ["base: a note", "other: n"]) == expected


def test_every_kind_of_unfinished_work_of_the_agent_is_asked_for() -> None:
    """The folders whose content makes the agent's next run do something."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import planning as agent

    assert set(agent.UNFINISHED) == {"journal", "generations", "guard"}


def test_groups() -> None:
    assert planning.groups([]) == {"add_group": "planned_", "parent_groups": ["planned"]}
    assert planning.groups(["base", "store_objects"], planned=False) == {
        "add_group": "unplanned_and_base_and_store_objects_",
        "parent_groups": ["unplanned", "planned_base", "planned_store_objects"],
    }
    # The one group is never one of the others, nor one of its parents.
    named = {"planned", "unplanned", *(f"planned_{wave}" for wave in ORDER)}
    for planned in (True, False):
        assert not named & {planning.groups([], planned)["add_group"], *(planning.groups([wave], planned)["add_group"] for wave in ORDER)}


GROUPS: dict[str, list[str]] = {"all": ["a", "b", "c"], "postgresql": ["a", "b"], "object_store": ["c"]}


@pytest.mark.parametrize(
    ("planned", "group", "wave", "options", "expected"),
    [
        # nothing to do anywhere
        ({}, "all", "base", {}, "all:!all"),
        ({}, "postgresql", "database_objects", {}, "all:!all"),
        ({}, "all", "release", {}, "all:!all"),
        # work on some
        ({"base": ["a"]}, "all", "base", {"only_planned": True}, "all:&planned_base"),
        ({"base": ["a"]}, "all", "base", {}, "all"),
        # what comes after work is not known
        ({"base": ["c"]}, "postgresql", "database", {}, "postgresql"),
        ({"base": ["c"]}, "postgresql", "database_objects", {"only_planned": True}, "postgresql"),
        ({"database": ["a"]}, "object_store", "store", {}, "object_store"),
        ({"database_objects": ["a"]}, "all", "release", {}, "all"),
        # what comes before it is
        ({"store": ["c"]}, "postgresql", "database", {}, "all:!all"),
        ({"store": ["c"]}, "all", "base", {}, "all:!all"),
        # a site without the group
        ({"base": ["a"]}, "backup", "store", {}, "all:!all"),
        # a playbook of one role makes no plan
        ({}, "object_store", "store", {"planned": False}, "object_store"),
        ({}, "backup", "store", {"planned": False}, "all:!all"),
    ],
)
def test_hosts_of(planned: dict[str, list[str]], group: str, wave: str, options: dict[str, bool], expected: str) -> None:
    known = {**GROUPS, "planned": ["a", "b", "c"], **{f"planned_{name}": hosts for name, hosts in planned.items()}}
    assert planning.hosts_of(known, (group,), wave, ORDER, **options) == expected


def test_a_run_that_left_the_host_checks_out_has_no_plan() -> None:
    assert planning.hosts_of(GROUPS, ("all",), "base", ORDER, only_planned=True) == "all"
    assert planning.hosts_of(GROUPS, ("postgresql",), "database_objects", ORDER) == "postgresql"
    assert planning.hosts_of(GROUPS, ("backup",), "store", ORDER) == planning.NONE


FACTS = {name: name for name in planning.STABLE_FACTS}


def test_facts_are_remembered_for_each_host_and_site(tmp_path: Path) -> None:
    cache = planning.FactsCache(tmp_path / "facts", "/srv/inventories/clinic")
    assert cache.get("db1") is None
    cache.put("db1", {**FACTS, "clock": 12.5})
    assert cache.get("db1") == FACTS
    assert cache.get("db2") is None
    assert planning.FactsCache(tmp_path / "facts", "/home/x/inventories/clinic").get("db1") is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"system": "debian"}'])
def test_what_cannot_be_used_is_not_there(tmp_path: Path, text: str) -> None:
    cache = planning.FactsCache(tmp_path, "/srv/clinic")
    cache.put("db1", FACTS)
    (file,) = (path for path in tmp_path.rglob("*.json"))
    file.write_text(text, encoding="utf-8")
    assert cache.get("db1") is None


def test_a_folder_that_cannot_be_written_costs_a_call_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "facts").write_text("in the way", encoding="utf-8")
    cache = planning.FactsCache(tmp_path / "facts", "/srv/clinic")
    cache.put("db1", FACTS)
    assert cache.get("db1") is None


def test_a_run_that_is_over_has_no_hosts_left() -> None:
    """Also no previous group: groups of a run cannot lose hosts."""
    known = {"all": ["db1"], planning.GROUP + "base": ["db1"], planning.PLANNED: ["db1"], "rolling_now_etcd": ["db1"]}
    assert planning.hosts_of(known, ["all"], "base", ORDER) == planning.pattern(known, ["all"]) == "all"
    over = {**known, planning.ended()["add_group"]: ["db1"]}
    assert planning.hosts_of(over, ["all"], "base", ORDER) == planning.pattern(over, ["rolling_now_etcd"]) == planning.NONE
