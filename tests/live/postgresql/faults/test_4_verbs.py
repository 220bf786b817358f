# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Day-2 verbs on the live cluster: what each does, what it refuses, and that it can be run again."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable

import pytest

from tests.live.lib.waiting import ceiling, wait_until
from tests.live.postgresql.cluster import Cluster
from tests.live.postgresql.writer import Writers

Measured = Callable[[str], None]

#: What a standby may be behind and still be a candidate, in bytes (docs/day2.md).
ALLOWED_LAG = 1048576


def verb(site: Cluster, name: str, **values: object) -> str:
    """Run a verb that has to end well and return what it printed."""
    done = site.playbook(f"postgresql/{name}.yml", *(["-e", json.dumps(values)] if values else []))
    assert done.returncode == 0, f"postgresql_{name} exited {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


def refused(site: Cluster, name: str, **values: object) -> str:
    """Run a verb that has to be refused; the leader and every postmaster stay what they were."""
    before = site.leader(), postmasters(site)
    done = site.playbook(f"postgresql/{name}.yml", "-e", json.dumps(values))
    assert done.returncode != 0, f"postgresql_{name} {values} was not refused:\n{done.stdout[-4000:]}"
    assert (site.leader(), postmasters(site)) == before
    return done.stdout


def postmasters(site: Cluster) -> dict[str, float]:
    """When each member's postmaster started, in seconds since the epoch."""
    return {h: float(site.query(h, "select extract(epoch from pg_postmaster_start_time())") or 0) for h in site.hosts("postgresql")}


def standbys(site: Cluster) -> tuple[str, str]:
    """A synchronous standby and another one."""
    synchronous = wait_until(site.synchronous, "a standby is synchronous", ceiling(30))
    assert synchronous is not None
    return synchronous, next(h for h in site.hosts("postgresql") if h not in (synchronous, site.leader()))


def changed(printed: str) -> dict[str, int]:
    """Each host's number of changed tasks, from the recap."""
    return {host: int(number) for host, number in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", printed, re.MULTILINE)}


def test_info_says_who_leads(site: Cluster) -> None:
    """The live cluster's members, roles and lag; nothing is changed."""
    site.wait_healthy()
    printed = verb(site, "info")
    assert re.search(rf"{site.leader()}: leader, running, timeline \d+", printed), printed
    assert f"{site.synchronous()}: sync_standby, streaming" in printed or "quorum_standby, streaming" in printed, printed
    assert "unhealthy" not in printed
    assert not any(changed(printed).values())


def test_switchover_to_a_named_member(site: Cluster, writers: Writers, measured: Measured) -> None:
    """The named member leads after at most 2 s without writes; once more with the same name there is nothing to do."""
    candidate, _other = standbys(site)
    began = time.monotonic()
    verb(site, "switchover", postgresql_candidate=candidate)
    writers.wait_for_rows(50)
    gap = writers.record.longest_gap(began, time.monotonic())
    measured(f"write gap {gap:.2f} s (ceiling 2 s)")
    assert site.leader() == candidate
    before = postmasters(site)
    again = verb(site, "switchover", postgresql_candidate=candidate)
    assert f"{candidate} leads already" in again
    assert not any(changed(again).values())
    assert postmasters(site) == before
    assert gap <= ceiling(2)


def test_switchover_refuses_who_could_lack_rows(site: Cluster) -> None:
    """An unknown name, a standby that commits do not wait for, and one that is behind."""
    site.wait_healthy()
    leader = site.leader()
    synchronous, other = standbys(site)
    assert "unknown-member" in refused(site, "switchover", postgresql_candidate="db99")
    said = refused(site, "switchover", postgresql_candidate=other)
    assert "candidate-not-synchronous" in said and synchronous in said
    receiver = str(site.query(other, "select pid from pg_stat_wal_receiver"))
    site.run(other, "kill", "-STOP", receiver)
    try:
        site.query(leader, "select count(pg_logical_emit_message(false, 'fault', repeat('x', 1000))) from generate_series(1, 4000)")
        behind = lambda: any(m["name"] == other and (m.get("lag") or 0) > ALLOWED_LAG for m in site.members(leader))  # noqa: E731
        wait_until(behind, f"{other} is behind by more than {ALLOWED_LAG} bytes", ceiling(30))
        assert re.search(rf"{other} is \d+ bytes behind", refused(site, "switchover", postgresql_candidate=other))
    finally:
        site.run(other, "kill", "-CONT", receiver, check=False)
    site.wait_healthy()


def test_reinit_copies_a_standby_anew(site: Cluster, writers: Writers, measured: Measured) -> None:
    """The leader is refused; a standby's directory is a new one and it follows again."""
    leader = site.leader()
    assert "member-leads" in refused(site, "reinit", postgresql_member=leader)
    _synchronous, member = standbys(site)
    marker = f"{site.query(member, 'show data_directory')}/made_before"
    site.run(member, "touch", marker)
    began = time.monotonic()
    verb(site, "reinit", postgresql_member=member)
    measured(f"copied and following after {time.monotonic() - began:.1f} s")
    assert site.run(member, "test", "-e", marker, check=False).returncode == 1
    assert site.leader() == leader
    site.wait_healthy()


def test_remove_and_add_a_member(site: Cluster, writers: Writers, measured: Measured) -> None:
    """The live leader is refused; a standby leaves, its data stay, and the next converge makes it a member again."""
    site.wait_healthy()
    leader = site.leader()
    assert "member-leads" in refused(site, "remove", postgresql_member=leader, postgresql_force=True)
    member, _other = standbys(site)
    directory = site.query(member, "show data_directory")
    began = time.monotonic()
    verb(site, "remove", postgresql_member=member)
    writers.wait_for_rows(50)
    measured(f"removing the synchronous standby: write gap {writers.record.longest_gap(began, time.monotonic()):.1f} s")
    assert member not in [m["name"] for m in site.members(leader)]
    assert site.run(member, "systemctl", "is-enabled", "patroni.service", check=False).stdout.strip() == "disabled"
    assert site.run(member, "pgrep", "-x", "postgres", check=False).stdout == ""
    site.run(member, "test", "-s", f"{directory}/PG_VERSION")
    again = verb(site, "remove", postgresql_member=member)
    assert f"{member} is out already" in again
    assert not any(changed(again).values())
    # As a host that was added to the inventory.
    site.converge()
    site.wait_healthy()
    assert member in [m["name"] for m in site.members(leader)]
    assert site.leader() == leader


def test_a_host_that_cannot_be_reached(site: Cluster, writers: Writers) -> None:
    """By SSH, while its member runs: the others answer, and only what is to be done on it is refused, with the reason."""
    site.wait_healthy()
    candidate, away = standbys(site)
    # No program listens on port 1.
    port = {"ansible_port": f"{{{{ 1 if inventory_hostname == '{away}' else 22 }}}}", "ansible_timeout": 3}
    verb(site, "switchover", postgresql_candidate=candidate, **port)
    assert site.leader() == candidate
    writers.wait_for_rows(50)
    site.wait_healthy()
    for name in ("reinit", "remove"):
        assert f"{away} has to do this and cannot be reached" in " ".join(refused(site, name, postgresql_member=away, **port).split())
    site.wait_healthy()


def test_update_with_nothing_to_do(site: Cluster, measured: Measured) -> None:
    """Nothing newer and nothing that waits: said so, and no client is interrupted."""
    site.wait_healthy()
    for _attempt in range(2):  # the mirror may have something newer than the image
        before, units, leader = postmasters(site), site.invocations(), site.leader()
        began = time.monotonic()
        printed = verb(site, "update")
        took = time.monotonic() - began
        if not any(changed(printed).values()):
            break
        site.wait_healthy()
    measured(f"an update with nothing to do takes {took:.1f} s")
    assert not any(changed(printed).values()), printed[-3000:]
    for host in site.hosts("postgresql"):
        assert re.search(rf"{host} is up to date,\s+no restart is pending", printed), printed[-6000:]
    assert postmasters(site) == before and site.invocations() == units and site.leader() == leader


@pytest.mark.parametrize(("name", "group"), [("etcd/update", "etcd"), ("haproxy/update", "postgresql_client")])
def test_other_updates_with_nothing_to_do(site: Cluster, name: str, group: str) -> None:
    """Nothing newer and nothing that waits: said so for each host, and no client is interrupted."""
    site.wait_healthy()
    for _attempt in range(2):  # the mirror may have something newer than the image
        units = site.invocations()
        done = site.playbook(f"{name}.yml")
        assert done.returncode == 0, done.stdout[-4000:]
        if not any(changed(done.stdout).values()):
            break
        site.wait_healthy()
    for host in site.hosts(group):
        assert f"{host} is up to date" in done.stdout, done.stdout[-4000:]
    assert site.invocations() == units


def test_settings_that_need_a_restart(site: Cluster, writers: Writers, measured: Measured) -> None:
    """Raised, and lowered again: members of etcd and of PostgreSQL are restarted one after the other, by a run that may do it."""
    site.wait_healthy()
    values = {
        "postgresql_max_connections": 210,
        "postgresql_settings": {"shared_buffers": "160MB"},
        "etcd_settings": {"snapshot-count": 50001},
    }
    shown = "select current_setting('max_connections') || ' ' || current_setting('shared_buffers')"
    usual = site.query(site.leader(), shown)
    manual = {"postgresql_restart_policy": "manual", "etcd_restart_policy": "manual"}
    before, running = site.invocations(), postmasters(site)
    printed = " ".join(site.converge("-e", json.dumps(values | manual)).split())
    assert site.invocations() == before and postmasters(site) == running
    for host in site.hosts("postgresql"):
        for name, playbook in (("etcd", "etcd/rolling_restart.yml"), ("PostgreSQL", "postgresql/rolling_restart.yml")):
            assert f"{host}: the restart of {name} waits until it is requested; {playbook}" in printed, printed[-4000:]
    # A window that is always open.
    window = {"postgresql_restart_policy": "window", "etcd_restart_policy": "window", "site_maintenance_windows": ["00:00-24:00"]}
    for what, arguments, wanted in (("raised", ["-e", json.dumps(values | window)], "210 160MB"), ("lowered", [], usual)):
        leader, started_at = site.leader(), postmasters(site)
        starts = {h: site.starts(h, "etcd.service") for h in site.hosts("etcd")}
        began = time.monotonic()
        site.converge(*arguments)
        took = time.monotonic() - began
        writers.wait_for_rows(50)
        gap = writers.record.longest_gap(began, time.monotonic())
        measured(f"{what}: rolling restarts {took:.0f} s, write gap {gap:.1f} s (ceiling 5 s)")
        assert {h: site.query(h, shown) for h in started_at} == dict.fromkeys(started_at, wanted)
        assert not any(m.get("pending_restart") for m in site.members())
        after = postmasters(site)
        assert all(after[h] > started_at[h] for h in started_at)
        if what == "raised":
            assert max(after, key=lambda h: after[h]) == leader, f"{leader} led and was not the last: {after}"
        assert {h: site.starts(h, "etcd.service") - n for h, n in starts.items()} == dict.fromkeys(starts, 1)
        away = sorted(interruption(site, host) for host in starts)
        assert all(back < next_gone for (_gone, back), (next_gone, _back) in itertools.pairwise(away)), f"two members at once: {away}"
        assert gap <= ceiling(5)
        site.wait_healthy()
    site.converge_unchanged()


def interruption(site: Cluster, host: str) -> tuple[int, int]:
    """When a host's etcd was last stopped and started again, in microseconds of the machine's clock, which all containers share."""
    names = ("ActiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    shown = site.run(host, "systemctl", "show", "-p", ",".join(names), "etcd.service").stdout
    found = dict(line.split("=", 1) for line in shown.splitlines())
    return int(found[names[0]]), int(found[names[1]])
