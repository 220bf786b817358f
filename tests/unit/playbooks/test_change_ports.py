# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""change_ports.yml: the order in which both sides of a port change, and when nothing is done."""

from __future__ import annotations

from typing import Any

from tests.unit.lib.playbook_runs import Run

SITE = {"postgresql": ["db1", "db2", "db3"], "postgresql_client": ["app1"], "object_store": ["db1", "db2", "db3"]}
MEMBER = {"pending_restart": False, "lowered": [], "waits_for_leader": False}
CLUSTER = {"answers": True, "leader": "db1", "members": [], "problems": [], "pending_restart": ["db1", "db2", "db3"], "member": MEMBER}
STORE = {"answers": True, "problems": [], "sets": [], "drives": []}


def host(before: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What a host says: which ports run, and that a server of the store waits."""
    return {
        "host_checks": {"before": before, "changes": ["a port: old -> new"], "msg": "preflight: no errors"},
        "converge": {"pending_restart": []},
        "patroni_info": {**CLUSTER, "member": {**MEMBER, "pending_restart": True}},
        "minio_info": STORE,
        **more,
    }


def hosts(before: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """All of the site."""
    return {name: host(before, **more) for name in ("app1", "db1", "db2", "db3")}


def kinds(calls: list[str]) -> list[str]:
    """The actions in order, each once for hosts that do it beside each other."""
    found: list[str] = []
    for call in calls:
        if not found or found[-1] != call.split()[0]:
            found.append(call.split()[0])
    return found


def test_members_change_between_opening_and_closing(run: Run) -> None:
    """The firewall first, the leader last, and closed only after each host was asked what runs."""
    done = run("change_ports.yml", SITE, hosts([{"postgresql_port": 5432}]), postgresql_port=5433)
    assert done.code == 0, done.printed
    calls = [call for call in done.calls if not call.startswith("lease")]
    restarts = [call for call in calls if call.startswith("patroni_restart ")]
    order = [call.rpartition(" ")[2] for call in restarts]
    assert sorted(order) == ["db1", "db2", "db3"] and order[-1] == "db1"
    first, last = calls.index(restarts[0]), len(calls) - 1 - calls[::-1].index(restarts[-1])
    assert {call.rpartition(" ")[2] for call in calls[:first] if call.startswith("converge ")} == {"app1", "db1", "db2", "db3"}
    after = calls[last:]
    asked, judged = after.index("host_checks app1"), [number for number, call in enumerate(after) if call.startswith("converge ")]
    assert {after[number].rpartition(" ")[2] for number in judged if number > asked} == {"app1", "db1", "db2", "db3"}
    assert "minio_stop" not in kinds(calls)
    assert set(done.of("lease released")) == {"app1", "db1", "db2", "db3"}


def test_servers_of_the_store_change_together(run: Run) -> None:
    """All stopped, then all started; no member of the database is restarted."""
    waits = {"pending_restart": [{"role": "minio", "component": "minio", "unit": "minio.service"}]}
    done = run("change_ports.yml", SITE, hosts([{"minio_port": 9000}], converge=waits), minio_port=9400)
    assert done.code == 0, done.printed
    order = kinds(done.calls)
    assert order.index("minio_stop") < order.index("minio_health") < len(order) - 1 - order[::-1].index("converge")
    assert not done.of("patroni_restart") and not done.of("patroni_switchover")


def test_servers_are_asked_on_the_port_that_runs(run: Run) -> None:
    """The old one first, the new one where that does not answer, the new one in the end; always with the store's credentials."""
    said = hosts([{"minio_port": 9000}])
    said["db3"]["minio_info"] = {**STORE, "answers": False}
    done = run("change_ports.yml", SITE, said, minio_port=9400)
    assert done.code == 0, done.printed
    asked = [given for name, given in done.arguments if name == "minio_info"]
    ports = [given.pop("endpoint").rpartition(":")[2] for given in asked]
    # The one that is silent may ask again before the others have asked at all.
    assert sorted(ports[:4]) == ["9000"] * 3 + ["9400"] and ports[4:] == ["9400"] * 3
    credentials = {"access_key": "minio_root_user", "secret_key": "minio_root_password"}
    assert all(given | credentials == given for given in asked)


def test_all_hosts_are_needed(run: Run) -> None:
    """A host that cannot be reached would keep the old port."""
    said = {**hosts([{"postgresql_port": 5432}]), "app1": {"*": {"away": True}}}
    done = run("change_ports.yml", SITE, said, postgresql_port=5433)
    assert done.code != 0
    assert not done.of("converge"), done.printed


def test_members_have_one_port(run: Run) -> None:
    """HAProxy and clients know one for all of them."""
    port = "{{ 5433 if inventory_hostname == 'db1' else 5434 }}"
    done = run("change_ports.yml", SITE, hosts([{"postgresql_port": 5432}]), postgresql_port=port)
    assert done.code != 0
    assert "The members would listen on different ports (5433, 5434). Give all of them the same postgresql_port" in done.printed
    assert not done.of("converge"), done.printed


def test_a_port_that_still_runs_is_not_closed(run: Run) -> None:
    """The last judgement refuses: both ports stay open."""
    said = hosts([{"postgresql_port": 5432}], **{"patroni_restart": {"failed": True, "msg": "it does not follow"}})
    done = run("change_ports.yml", SITE, said, postgresql_port=5433)
    assert done.code != 0
    last = max(number for number, call in enumerate(done.calls) if call.startswith("patroni_restart "))
    assert not [call for call in done.calls[last:] if call.startswith("converge ")]


def test_nothing_to_change(run: Run) -> None:
    """What a run that was cut off at its end has left open is closed; nothing else is done."""
    done = run("change_ports.yml", SITE, hosts([]))
    assert done.code == 0, done.printed
    assert not {"patroni_info", "minio_info", "minio_stop", "patroni_restart"} & set(kinds(done.calls))
    assert done.of("converge") == ["app1", "db1", "db2", "db3"]
