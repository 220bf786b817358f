# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every setting changed on a running site with a writer attached: the service continues, or the change is refused first.

`make test` changes one setting of each kind, `make soak` (VANNAH_SOAK) all of them.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.live.lib.settings_tried import GAPS, refused, stated, taken_over, tried_on
from tests.live.lib.waiting import ceiling, wait_until
from tests.live.postgresql.cluster import Cluster
from tests.live.postgresql.writer import Writers

Measured = Callable[[str], None]
#: A template is of the host's own variables.
DATABASE = tried_on("postgresql")
ALL = "VANNAH_SOAK" in os.environ
#: Changed in one run by `make test`: one that is live, one of a reload. One of a rolling restart goes with the ports.
ONE_OF_EACH = ("base_hosts_extra", "haproxy_replica_max_lag")
#: What a change needs beside itself to be legal.
TOGETHER_WITH: dict[str, dict[str, Any]] = {"postgresql_loop_wait": {"postgresql_ttl": 24}}
PORTS = {"postgresql_port": 5433, "postgresql_rest_port": 8009, "postgresql_memory_mb": 1024}


def changed(printed: str) -> dict[str, int]:
    """Each host's number of changed tasks, from the recap."""
    return {host: int(number) for host, number in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", printed, re.MULTILINE)}


def run(site: Cluster, playbook: str, values: dict[str, Any], *arguments: str) -> str:
    """A run that has to end well; what it printed."""
    done = site.playbook(playbook, "-e", json.dumps(values), *arguments)
    assert done.returncode == 0, f"{playbook} {values} exited {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


@contextmanager
def writing_on(writers: Writers, what: str, effect: str, measured: Measured) -> Iterator[None]:
    """Rows are acknowledged all the time, but for as long as the effect may take."""
    began = time.monotonic()
    yield
    writers.wait_for_rows(50)
    gap = writers.record.longest_gap(began, time.monotonic())
    allowed = ceiling(GAPS[effect])
    measured(f"{what}: {effect}, write gap {gap:.2f} s (ceiling {allowed:.0f} s)")
    assert gap <= allowed, f"{what}: {gap:.1f} s without an acknowledged row"


@pytest.mark.parametrize("mode", [[], ["--check"]] if ALL else [[]], ids=" ".join)
def test_refused_before_anything_is_touched(site: Cluster, writers: Writers, measured: Measured, mode: list[str]) -> None:
    """All settings that a converge must not change, changed at once: each is named, no host is changed, the writers do not notice."""
    values = refused(DATABASE)
    assert values
    with writing_on(writers, "settings that are refused", "live", measured):
        done = site.playbook("site.yml", "-e", json.dumps(values), *mode)
    assert done.returncode != 0
    assert not any(changed(done.stdout).values()), done.stdout[-3000:]
    for name in values:
        statement = stated()[name]
        line = next((line for line in done.stdout.splitlines() if re.match(rf"contact-setting-\w+ [\w, ]+ {name}: ", line.strip())), "")
        assert line, f"{name} is not refused:\n{done.stdout[-4000:]}"
        assert statement.verb in line


@pytest.mark.parametrize("limit", ["app1", "db1"] if ALL else ["app1"])
def test_refused_with_a_limit(site: Cluster, limit: str) -> None:
    """A client alone would follow a port on which no program listens, a member alone would leave its clients."""
    done = site.playbook("site.yml", "-e", json.dumps({"postgresql_port": 5433}), "--limit", limit)
    assert done.returncode != 0
    assert f"contact-setting-together {limit} postgresql_port: 5432 runs, and the inventory says 5433" in done.stdout
    assert not any(changed(done.stdout).values())


@pytest.mark.parametrize("playbook", ["haproxy/converge.yml", "firewall/converge.yml", "postgresql/rolling_restart.yml"])
@pytest.mark.skipif(not ALL, reason="`make soak` runs it")
def test_refused_by_the_other_playbooks(site: Cluster, playbook: str) -> None:
    """Whatever makes hosts."""
    done = site.playbook(playbook, "-e", json.dumps(PORTS))
    assert done.returncode != 0
    assert "change_ports.yml" in done.stdout
    assert not any(changed(done.stdout).values())


def test_a_plan_says_which_restart_follows(site: Cluster) -> None:
    """Patroni's file has passwords and shows no difference; the settings do, and who needs a restart for them."""
    values = {"postgresql_settings": {"shared_buffers": "33MB", "work_mem": "5MB"}}
    printed = run(site, "site.yml", values, "--check", "--diff")
    assert "settings of db1, restart for shared_buffers" in printed, printed[-4000:]
    assert "+shared_buffers: 33MB" in printed and "+work_mem: 5MB" in printed, printed[-4000:]


def test_settings_that_no_member_could_start_with(site: Cluster, writers: Writers, measured: Measured) -> None:
    """PostgreSQL is asked before Patroni is told: no member takes them over, and none is restarted."""
    with writing_on(writers, "more memory than a member has", "live", measured):
        done = site.playbook("site.yml", "-e", json.dumps({"postgresql_settings": {"shared_buffers": "900GB"}}))
    assert done.returncode != 0
    assert "of shared memory, and this host has" in done.stdout, done.stdout[-4000:]
    assert not any("900GB" in site.run(host, "cat", "/etc/patroni/config.yml").stdout for host in site.hosts("postgresql"))
    site.wait_healthy()
    run(site, "site.yml", {})


@pytest.mark.parametrize("names", [(name,) for name in taken_over(DATABASE)] if ALL else [ONE_OF_EACH], ids=" ".join)
def test_taken_over_while_writers_write(site: Cluster, writers: Writers, measured: Measured, names: tuple[str, ...]) -> None:
    """A setting changed and put back: each run ends well, and the writers wait no longer than its effect may take."""
    effects = [stated()[name].effect for name in names]
    effect = "rolling" if "rolling" in effects else effects[0]
    values: dict[str, Any] = {}
    for name in names:
        values |= {name: DATABASE[name], **TOGETHER_WITH.get(name, {})}
    try:
        with writing_on(writers, " ".join(names), effect, measured):
            run(site, "site.yml", values)
    finally:
        with writing_on(writers, f"{' '.join(names)} put back", effect, measured):
            run(site, "site.yml", {})


def test_ports_change_in_step(site: Cluster, writers: Writers, measured: Measured) -> None:
    """Cut off after the first member has moved: the site is refused until the verb has ended. Then the other way, at one go."""

    def moved() -> bool:
        return any("5433" in site.run(host, "cat", pid(site, host), check=False).stdout for host in site.hosts("postgresql"))

    try:
        with writing_on(writers, "ports, cut off and run again", "together", measured):
            with site.start_playbook("change_ports.yml", "-e", json.dumps(PORTS)) as process:
                wait_until(lambda: moved() or process.poll() is not None, "a member listens on its new port", 300)
                os.killpg(process.pid, signal.SIGKILL)
            assert moved(), "the verb ended before a member had its new port"
            done = site.playbook("site.yml", "-e", json.dumps(PORTS))
            assert done.returncode != 0
            assert re.search(r"contact-setting-together [\w, ]+ postgresql_port: 5432 runs", done.stdout), done.stdout[-4000:]
            assert not any(changed(done.stdout).values())
            run(site, "change_ports.yml", PORTS)
        printed = run(site, "site.yml", PORTS)
        assert not any(changed(printed).values()), printed[-6000:]
        firewall = site.run(site.hosts("postgresql")[0], "nft", "list", "table", "inet", "vannah").stdout
        assert "dport 5433" in firewall and "dport 5432" not in firewall and "dport 8008" not in firewall
    finally:
        with writing_on(writers, "ports put back", "together", measured):
            run(site, "change_ports.yml", {})
    site.wait_healthy()


def pid(site: Cluster, host: str) -> str:
    """The file in which a member's server says what it listens on."""
    return site.run(host, "sh", "-c", "ls /var/lib/postgresql/*/*/postmaster.pid", check=False).stdout.strip() or "/nonexistent"
