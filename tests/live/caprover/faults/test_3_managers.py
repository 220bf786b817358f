# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three managers: one is lost, and the Swarm still decides; no other one may go meanwhile; one leaves and joins again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from tests.live.caprover.captain import Captain
from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until

pytestmark = pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes two minutes: `make soak` runs it")
WEB = "web.apps.vannah.internal"
NODES = ("docker", "node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.ManagerStatus}}")


@pytest.fixture(scope="module")
def three(site: Site, captain: Captain) -> Iterator[str]:
    """All hosts as managers; ``-e`` with them. Afterwards the workers are workers again."""
    given = json.dumps({"caprover_managers": [captain.host, *captain.others]})
    done = site.playbook("caprover/converge.yml", "-e", given)
    printed = " ".join(done.stdout.split())
    # A part is changed by a person, who is told how.
    assert done.returncode != 0 and "this host is a worker of its Swarm" in printed, done.stdout[-3000:]
    assert "docker node promote" in printed, done.stdout[-3000:]
    site.run(captain.host, "docker", "node", "promote", *captain.others)
    yield given
    managers = [line.split()[0] for line in nodes(site, captain) if line.endswith("Reachable")]
    site.run(captain.host, "docker", "node", "demote", *managers)
    wait_until(lambda: len(managers_of(site, captain)) == 1, "the workers are workers again", ceiling(60))
    site.converge_unchanged()


def nodes(site: Site, captain: Captain) -> list[str]:
    """The nodes, as CapRover's host sees them; none while the Swarm has no leader."""
    return [line.strip() for line in site.run(captain.host, *NODES, check=False).stdout.splitlines()]


def managers_of(site: Site, captain: Captain) -> list[str]:
    """Names of managers that are there."""
    return [line.split()[0] for line in nodes(site, captain) if line.endswith(("Leader", "Reachable"))]


def test_a_manager_is_lost(site: Site, captain: Captain, three: str) -> None:
    """The apps answer, a change is applied without it, and its return needs nothing."""
    site.converge("-e", three)
    site.converge_unchanged("-e", three)
    assert len(managers_of(site, captain)) == 3
    lost, other = captain.others[-1], captain.others[0]
    site.docker("stop", "--time", "1", site.container(lost))
    try:
        wait_until(lambda: f"{lost} Down Unreachable" in nodes(site, captain), f"{lost} is seen to be away", ceiling(60))
        captain.wait_answer(WEB, "blue")
        apps = [{**app, "description": "changed"} for app in captain.catalogue]
        changed = json.dumps({**json.loads(three), "apps": apps})
        done = site.playbook("caprover/converge.yml", "--limit", f"{captain.host},{other}", "-e", changed)
        assert done.returncode == 0, done.stdout[-3000:]
        # Without this one a single manager of three would be left.
        done = site.playbook("caprover/remove.yml", "-e", three, "-e", f"caprover_node={other}")
        printed = " ".join(done.stdout.split())
        assert done.returncode != 0 and "would-lose-quorum" in printed, done.stdout[-3000:]
        assert {*managers_of(site, captain)} == {captain.host, other}
    finally:
        site.start(lost)
    wait_until(lambda: len(managers_of(site, captain)) == 3, f"{lost} is back", ceiling(90))


def test_a_manager_leaves_and_joins_again(site: Site, captain: Captain, three: str) -> None:
    """Its apps move first, and no list has it afterwards; the next run lets it join as a manager."""
    # An app with a volume is tied to its node, and cannot leave it.
    tied = site.read(captain.host, "docker", "service", "inspect", "api", "--format", "{{json .Spec.TaskTemplate.Placement}}")
    named = ("docker", "node", "inspect", "--format", "{{.ID}}")
    gone = next(name for name in captain.others if site.read(captain.host, *named, name).strip() not in tied)
    done = site.playbook("caprover/remove.yml", "-e", three, "-e", f"caprover_node={gone}")
    assert done.returncode == 0, done.stdout[-3000:]
    assert gone not in {line.split()[0] for line in nodes(site, captain)}
    captain.wait_answer(WEB, "blue")
    site.converge("-e", three)
    assert len(managers_of(site, captain)) == 3
    site.converge_unchanged("-e", three)
