# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs: where a host cannot be reached or is held by another run, and that one host is done after the other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Run

DATABASE = {"postgresql": ["db1", "db2", "db3"], "etcd": ["db1", "db2", "db3"]}
HEALTHY: dict[str, Any] = {"answers": True, "leader": "db1", "members": [], "problems": [], "pending_restart": []}
PLANS = {"patroni_switchover": {"from": "db1", "to": "db2"}, "patroni_reinit": {}, "patroni_remove": {"steps": ["service patroni: stop"]}}
GOOD: dict[str, Any] = {"patroni_info": HEALTHY, **PLANS}
AWAY = {"*": {"away": True}}
#: Calls that change nothing on a host.
BEFORE = ("lease", "host_")
HELD = {**GOOD, "lease": {"failed": True, "msg": "db1 is held by another run"}}


@pytest.mark.parametrize(("verb", "host"), [("switchover", "db2"), ("reinit", "db2"), ("remove", "db2")])
def test_others_answer_where_a_host_cannot_be_reached(run: Run, verb: str, host: str) -> None:
    """The first one is away: the next speaks, and the member is acted upon."""
    done = run(f"postgresql/{verb}.yml", DATABASE, {"db1": AWAY, "db2": GOOD, "db3": GOOD}, postgresql_member=host)
    assert done.code == 0, done.printed
    assert done.of(f"patroni_{verb}") == [host], done.printed
    assert {"db2", "db3"} <= set(done.of("lease released"))


@pytest.mark.parametrize("verb", ["reinit", "remove"])
def test_a_member_that_cannot_be_reached(run: Run, verb: str) -> None:
    """Said so; no one takes it for one that is out already."""
    done = run(f"postgresql/{verb}.yml", DATABASE, {"db1": GOOD, "db2": GOOD, "db3": AWAY}, postgresql_member="db3")
    assert done.code != 0
    assert "db3 has to do this and cannot be reached" in " ".join(done.printed.split())
    assert "out already" not in done.printed
    assert not any(call.startswith(f"patroni_{verb}") for call in done.calls)
    assert {"db1", "db2"} <= set(done.of("lease released"))


@pytest.mark.parametrize("verb", ["switchover", "remove"])
def test_nothing_is_done_while_another_run_holds_a_host(run: Run, verb: str) -> None:
    """Neither on that host nor on another."""
    done = run(f"postgresql/{verb}.yml", DATABASE, {"db1": HELD, "db2": GOOD, "db3": GOOD}, postgresql_member="db2")
    assert done.code != 0
    assert "the lease of db1 was not taken. Fix: " in " ".join(done.printed.split())
    assert not any(call.startswith("patroni_") for call in done.calls)


@pytest.mark.parametrize(
    ("verb", "answer"), [("switchover", {"away": True}), ("reinit", {"failed": True, "msg": "refused"}), ("remove", {"away": True})]
)
def test_the_one_that_is_acted_upon_fails(run: Run, verb: str, answer: dict[str, Any]) -> None:
    """The run has failed, and no other host does it in its place."""
    host = "db1" if verb == "switchover" else "db2"
    done = run(
        f"postgresql/{verb}.yml",
        DATABASE,
        {"db1": GOOD, "db2": GOOD, "db3": GOOD, host: {**GOOD, f"patroni_{verb}": answer}},
        postgresql_member="db2",
    )
    assert done.code != 0
    assert [call for call in done.calls if call.startswith(f"patroni_{verb}")] == [f"patroni_{verb} (check) {host}"]
    assert done.of("lease released") == ["db1", "db2", "db3"]


def test_nobody_answers(run: Run) -> None:
    """Said once, and every host is given free."""
    silent = {"patroni_info": {**HEALTHY, "answers": False}}
    done = run("postgresql/switchover.yml", DATABASE, {"db1": AWAY, "db2": silent, "db3": silent})
    assert done.code != 0
    assert done.printed.count('"msg": "No member of the cluster answers') == 1, done.printed
    assert {"db2", "db3"} <= set(done.of("lease released"))


@pytest.mark.parametrize("playbook", ["postgresql/rolling_restart.yml", "etcd/rolling_restart.yml"])
def test_rolling_restarts_give_the_hosts_free(run: Run, playbook: str) -> None:
    """Where they run alone; as a part of site.yml the run continues with the hosts."""
    said = {host: {"patroni_info": HEALTHY, "converge": {"pending_restart": []}} for host in DATABASE["postgresql"]}
    alone = run(playbook, DATABASE, said)
    assert alone.code == 0, alone.printed
    assert alone.of("lease released") == ["db1", "db2", "db3"]
    part = run(playbook, DATABASE, said, part_of_site=True, site_converged={"pending_restart": []}, postgresql_state=HEALTHY)
    assert part.code == 0, part.printed
    assert part.of("lease released") == []


@pytest.mark.parametrize(("failed", "seconds"), [([], 300), (["db2", "db3"], 10)])
def test_a_cluster_of_which_a_member_has_failed_is_not_waited_for_again(run: Run, failed: list[str], seconds: int) -> None:
    """The members that failed have waited for it without result."""
    member = {"pending_restart": False, "lowered": [], "waits_for_leader": False}
    held = {"pending_restart": [{"role": "postgresql", "component": "postgresql", "unit": "patroni.service"}]}
    said = {host: {"patroni_info": {**HEALTHY, "leader": "db3", "member": member}, "converge": held} for host in DATABASE["postgresql"]}
    for host in failed:
        said[host] = {"converge": {"failed": True, "msg": "not within 300 s: the cluster has a leader"}}
    done = run("postgresql/rolling_restart.yml", DATABASE, said)
    waited = [given["wait"] for name, given in done.arguments if name == "patroni_info" and "wait" in given]
    assert waited[0] == seconds, done.printed


STORE = {"object_store": ["store1", "store2", "store3"]}
HEALED: dict[str, Any] = {"minio_info": {"answers": True}, "minio_heal": {"scanned": 1, "healed": 0, "unhealed": 0, "damaged": []}}


@pytest.mark.parametrize(
    ("first", "healing", "said"),
    [
        (AWAY, ["store2"], ""),
        ({**HEALED, "lease": {"failed": True, "msg": "held"}}, [], "the lease of store1 was not taken"),
        ({**HEALED, "minio_heal": {"away": True}}, ["store1"], "no route to host"),
    ],
)
def test_healing_where_a_server_does_not_do_it(run: Run, first: dict[str, Any], healing: list[str], said: str) -> None:
    """One that is away leaves it to the next; one that another run holds, or that goes away meanwhile, ends it."""
    done = run("minio/heal.yml", STORE, {"store1": first, "store2": HEALED, "store3": HEALED})
    assert done.of("minio_heal") == healing, done.printed
    assert (done.code != 0) == bool(said), done.printed
    assert said in " ".join(done.printed.split())
    assert {"store2", "store3"} <= set(done.of("lease released"))


DAMAGED = [{"name": "dicom/a", "healed": False}, {"name": "dicom/b", "healed": True}]


@pytest.mark.parametrize(
    ("values", "healed", "calls", "said"),
    [
        ({"minio_wait": "day"}, {}, 0, "extra vars minio_wait: day is not a number of seconds. Nothing is healed. Fix: write -e"),
        ({"minio_deep": "maybe"}, {}, 0, "extra vars minio_deep: maybe is not true or false."),
        (
            {},
            {"healed": 1, "unhealed": 1, "scanned": 7, "damaged": DAMAGED},
            1,
            "Still damaged: 1 of 7 that were checked: dicom/a. Fix: replace",
        ),
    ],
)
def test_healing_says_what_is_wrong(run: Run, values: dict[str, Any], healed: dict[str, Any], calls: int, said: str) -> None:
    """Before it begins, and at its end."""
    one = {**HEALED, "minio_heal": {**HEALED["minio_heal"], **healed}}
    done = run("minio/heal.yml", STORE, dict.fromkeys(STORE["object_store"], one), **values)
    assert (done.code != 0, len(done.of("minio_heal"))) == (True, calls), done.printed
    assert said in done.printed


def test_etcd_is_updated_one_member_at_a_time(run: Run) -> None:
    """Gated before and after each; what needs no restart gets none; the hosts are given free."""
    pending = {"converge": {"pending_restart": [{"role": "etcd", "component": "etcd", "unit": "etcd.service"}]}}
    done = run("etcd/update.yml", DATABASE, {"db1": pending, "db2": {"converge": {"pending_restart": []}}, "db3": pending})
    assert done.code == 0, done.printed
    restarted = ["etcd_health", "packages_update", "converge", "etcd_health", "component_restart", "etcd_health"]
    expected = [f"{action} db1" for action in restarted] + [f"{action} db2" for action in restarted[:3]]
    expected += [f"{action} db3" for action in restarted]
    assert [call for call in done.calls if not call.startswith(BEFORE)] == expected
    assert done.of("lease") == done.of("lease released") == ["db1", "db2", "db3"]


@pytest.mark.parametrize("action", ["etcd_health", "packages_update", "component_restart"])
def test_etcds_update_ends_where_a_member_is_not_well(run: Run, action: str) -> None:
    """The other members stay as they are."""
    pending = {"converge": {"pending_restart": [{"role": "etcd", "component": "etcd", "unit": "etcd.service"}]}}
    done = run(
        "etcd/update.yml", DATABASE, {"db1": {**pending, action: {"failed": True, "msg": "not well"}}, "db2": pending, "db3": pending}
    )
    assert done.code != 0
    assert not any(call.endswith((" db2", " db3")) for call in done.calls if not call.startswith(BEFORE))


def test_haproxy_is_updated_one_client_at_a_time(run: Run) -> None:
    """Where one is away or the first one's endpoint does not come up, the others stay as they are."""
    groups = {"postgresql_client": ["app1", "app2"]}
    done = run("haproxy/update.yml", groups, {"app1": {"packages_update": {"packages": [{"name": "haproxy"}]}}})
    assert done.code == 0, done.printed
    assert "app1 is updated: haproxy" in done.printed and "app2 is up to date" in done.printed
    assert [call for call in done.calls if not call.startswith(BEFORE)] == [
        f"{action} {host}" for host in ("app1", "app2") for action in ("packages_update", "converge")
    ]
    assert done.of("lease") == done.of("lease released") == ["app1", "app2"]
    failed = run("haproxy/update.yml", groups, {"app1": {"converge": {"failed": True, "msg": "does not start"}}})
    assert failed.code != 0
    assert [call for call in failed.calls if not call.startswith(BEFORE)] == ["packages_update app1", "converge app1"]
    away = run("haproxy/update.yml", groups, {"app2": AWAY})
    assert away.code != 0 and "Nothing is updated without app2" in away.printed, away.printed
    assert not away.of("packages_update")
    alone = run("haproxy/update.yml", groups, {"app2": AWAY}, "--limit", "app1")
    assert alone.code == 0 and alone.of("packages_update") == ["app1"], alone.printed


#: One member of each cluster waits.
WAITING: dict[str, Any] = {
    "etcd": {"pending_restart": [{"role": "etcd", "component": "etcd", "unit": "etcd.service"}]},
    "postgresql": {"pending_restart": [{"role": "postgresql", "component": "postgresql", "unit": "patroni.service"}]},
    "minio": {"pending_restart": [{"role": "minio", "component": "minio", "unit": "minio.service"}]},
}


def closed_window() -> str:
    """One that is closed whenever the test runs: the hour that was twelve hours ago."""
    hour = (datetime.now(UTC).hour + 12) % 24
    return f"{hour:02d}:00-{hour:02d}:01 UTC"


@pytest.mark.parametrize("role", ["etcd", "postgresql", "minio"])
@pytest.mark.parametrize(
    ("values", "restarts", "said"),
    [
        ({}, True, ""),
        ({"policy": "manual"}, False, "until it is requested"),
        ({"policy": "window", "site_maintenance_windows": ["00:00-24:00"]}, True, ""),
        ({"policy": "window", "site_maintenance_windows": [closed_window()]}, False, "for the maintenance window that opens on"),
    ],
)
def test_what_a_run_of_the_site_restarts(run: Run, role: str, values: dict[str, Any], restarts: bool, said: str) -> None:
    """By its policy. Asked for by itself the playbook does it immediately, whatever the policy says."""
    groups = STORE if role == "minio" else DATABASE
    given = {f"{role}_restart_policy" if name == "policy" else name: value for name, value in values.items()}
    running = {"runs": True, "binary": False, "environment": False, "settings": [], "together": False}
    healthy = HEALTHY | {"member": {"pending_restart": False, "lowered": [], "waits_for_leader": False}}
    answers = {"converge": WAITING[role], "minio_running": running, "patroni_info": healthy}
    said_by = dict.fromkeys(next(iter(groups.values())), answers)
    part: dict[str, Any] = {"site_converged": WAITING[role]} | ({"postgresql_state": HEALTHY} if role == "postgresql" else {})
    done = run(f"{role}/rolling_restart.yml", groups, said_by, part_of_site=True, **given, **part)
    assert done.code == 0, done.printed
    assert done.of("component_restart") == (sorted(said_by) if restarts else []), done.printed
    assert done.printed.count(": the restart of ") == (0 if restarts else len(said_by)) and said in done.printed, done.printed
    alone = run(f"{role}/rolling_restart.yml", groups, said_by, **given)
    assert alone.code == 0, alone.printed
    assert alone.of("component_restart") == sorted(said_by), alone.printed


TOGETHER = {"runs": True, "binary": True, "environment": False, "settings": [], "together": True}
SEEN: dict[str, Any] = {"answers": True, "problems": [], "versions": [], "servers": [], "sets": [], "drives": []}


def restarts_of_the_site(run: Run) -> str:
    """A playbook with what a wave of the site does of restarts."""
    both = run.playbooks.parent / "both.yml"
    imports = [{"import_playbook": f"playbooks/{name}.yml", "vars": {"rolling_role": "minio"}} for name in ("rolling", "together")]
    both.write_text(json.dumps(imports))
    return str(both)


@pytest.mark.parametrize(
    ("values", "away", "restarts", "said"),
    [
        ({}, False, False, "another version waits until it is requested; minio/update.yml"),
        (
            {"minio_update_policy": "window", "site_maintenance_windows": [closed_window()]},
            False,
            False,
            "version waits for the maintenance",
        ),
        (
            {"minio_update_policy": "window", "site_maintenance_windows": ["00:00-24:00"]},
            False,
            True,
            "all servers are stopped and started",
        ),
        (
            {"minio_update_policy": "window", "site_maintenance_windows": ["00:00-24:00"]},
            True,
            False,
            "waits until all servers are reachable",
        ),
    ],
)
def test_all_servers_of_the_store_in_a_window(run: Run, values: dict[str, Any], away: bool, restarts: bool, said: str) -> None:
    """Stopped all, then started all; and not while one is away. The site continues with the hosts."""
    answers = {"converge": WAITING["minio"], "minio_running": TOGETHER, "minio_info": SEEN, "minio_health": {"healthy": True}}
    said_by = dict.fromkeys(STORE["object_store"], answers) | ({"store1": AWAY} if away else {})
    done = run(restarts_of_the_site(run), STORE, said_by, part_of_site=True, site_converged=WAITING["minio"], **values)
    assert (done.code == 0) != away, done.printed
    assert said in " ".join(done.printed.split()), done.printed
    calls = [call.rpartition(" ")[0] for call in done.calls if call.startswith(("minio_stop", "component_restart"))]
    # Kept, stopped, started, and what was kept forgotten: each on all of them.
    stages = ["component_restart kept", "minio_stop", "component_restart", "component_restart forgotten"] if restarts else []
    assert calls == [action for action in stages for _host in STORE["object_store"]], done.printed
    assert done.of("minio_stop") == (STORE["object_store"] if restarts else [])
    assert done.of("lease released") == []


NEW: dict[str, Any] = {"converge": WAITING["minio"], "minio_info": SEEN, "minio_health": {"healthy": True}}
TAKEN: dict[str, Any] = {"failed": True, "msg": "port 9000 is taken. "}
REFUSED: dict[str, Any] = {"failed": True, "msg": "not healthy within 300 s"}
BACK = ["minio_stop", "component_restart restored", "minio_health", "minio_info"]


@pytest.mark.parametrize(
    ("broken", "values", "stages", "said"),
    [
        # One does not start: no one is asked whether the store works with the others.
        (
            {"component_restart": TAKEN, "component_restart kept": {}, "component_restart restored": TAKEN},
            {},
            BACK,
            "store2: port 9000 is taken. All servers went back to their previous version and settings, and the store takes writes. "
            "See docs/day2_minio.md",
        ),
        # It starts and the store does not work with it. The others that say it does go back with it.
        ({"minio_health": REFUSED}, {}, ["minio_health", *BACK], "store2: not healthy within 300 s. All servers went back"),
        # Some are enough for a run that forces it: those that took it over keep it.
        (
            {"component_restart": TAKEN, "component_restart kept": {}},
            {"minio_force": True},
            ["minio_health", "component_restart forgotten", "minio_info"],
            "store2: port 9000 is taken. store2 did not apply the change, the others did.",
        ),
    ],
)
def test_all_servers_take_it_over_or_none(run: Run, broken: dict[str, Any], values: dict[str, Any], stages: list[str], said: str) -> None:
    """By minio/update.yml: kept, stopped, started, and then what one server that does not make it leads to. The hosts are given free."""
    answers = dict.fromkeys(STORE["object_store"], NEW) | {"store2": NEW | broken}
    done = run("minio/update.yml", STORE, answers, **values)
    assert done.code != 0 and said in " ".join(done.printed.split()), done.printed
    calls = [call.rpartition(" ")[0] for call in done.calls if call.startswith(("minio_", "component_restart"))]
    assert list(dict.fromkeys(calls[len(STORE["object_store"]) :])) == list(
        dict.fromkeys(["component_restart kept", "minio_stop", "component_restart", *stages])
    ), calls
    assert len(done.of("component_restart restored")) == (3 if BACK[1] in stages else 0)
    assert len(done.of("minio_stop")) == (6 if "minio_stop" in stages else 3)
    assert len(done.of("component_restart forgotten")) == (2 if "component_restart forgotten" in stages else 0)
    assert done.of("lease released") == STORE["object_store"]


@pytest.mark.parametrize(
    ("playbook", "groups", "action", "arguments"),
    [
        ("postgresql/info.yml", DATABASE, "patroni_info", {"url": "https://127.0.0.1:8009", "members": ["db1", "db2", "db3"]}),
        (
            "minio/info.yml",
            {"object_store": ["store1"]},
            "minio_info",
            {
                "endpoint": "https://127.0.0.1:9000",
                "access_key": "minio_root_user",
                "secret_key": "minio_root_password",
                "own_server": True,
            },
        ),
    ],
)
def test_the_group_gives_the_arguments(
    run: Run, playbook: str, groups: dict[str, list[str]], action: str, arguments: dict[str, Any]
) -> None:
    """Where and with which user a service is asked stands once for a play, in its module_defaults."""
    store = {"answers": True, "versions": ["x"], "servers": [{"version": "x"}]}
    answers = {host: {"patroni_info": HEALTHY, "minio_info": store} for host in next(iter(groups.values()))}
    done = run(playbook, groups, answers, postgresql_rest_port=8009)
    assert done.code == 0, done.printed
    assert [given for name, given in done.arguments if name == action] == [arguments] * len(answers)


@pytest.mark.parametrize(("playbook", "groups"), [("postgresql/info.yml", DATABASE), ("minio/info.yml", {"object_store": ["store1"]})])
def test_a_cluster_that_nobody_answers_for_is_a_failure(run: Run, playbook: str, groups: dict[str, list[str]]) -> None:
    """A script takes status 0 for a cluster that is well."""
    done = run(playbook, groups, {host: {"patroni_info": {"answers": False}, "minio_info": {}} for host in next(iter(groups.values()))})
    assert done.code != 0
    assert "answers (" in done.printed and "Fix: check that they " in done.printed


@pytest.mark.parametrize(
    ("verb", "groups", "options", "said"),
    [
        ("postgresql/switchover.yml", {"etcd": ["db1"]}, (), "the group postgresql, which this playbook works with, is not there"),
        ("minio/heal.yml", {**DATABASE, "object_store": []}, (), "the group object_store, which this playbook works with, has no hosts"),
        (
            "etcd/update.yml",
            {"app": ["app1"]},
            ("--limit", "app1"),
            "hosts.json: nothing is done. Fix: pass the inventory of the right site with -i",
        ),
        ("haproxy/converge.yml", {}, (), "the group postgresql_client, which"),
        ("postgresql/update.yml", {**DATABASE, "app": ["app1"]}, ("--limit", "app1"), "--limit leaves no host of the group postgresql"),
    ],
)
def test_an_inventory_without_the_verbs_hosts(
    run: Run, verb: str, groups: dict[str, list[str]], options: tuple[str, ...], said: str
) -> None:
    """One error, and no host is asked anything."""
    done = run(verb, groups, {}, *options)
    assert done.code != 0
    assert said in done.printed and done.printed.count("fatal: ") == 1, done.printed
    assert done.calls == []
