# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second run: 0 changed, no unit restarted, the cluster as it was."""

from __future__ import annotations

from typing import Any

from tests.live.lib.site import Site
from tests.live.postgresql.cluster import Cluster


def cluster(site: Site) -> list[tuple[Any, ...]]:
    """Who is what in the cluster, and on which timeline: a restart or a failover shows."""
    return sorted((m.get("name"), m.get("role"), m.get("state"), m.get("timeline")) for m in Cluster.of(site).members())


def test_second_run_changes_nothing(site: Site) -> None:
    """Converge again and compare invocations and the cluster's state."""
    before = cluster(site)
    site.converge_unchanged()
    assert cluster(site) == before


def test_plan_of_a_converged_site_is_empty(site: Site) -> None:
    """Check mode agrees with what the run has found."""
    done = site.playbook(site.main_playbook, "--check", "--diff")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "changed=0" in done.stdout
    assert not [line for line in done.stdout.splitlines() if "changed=" in line and "changed=0" not in line], done.stdout[-4000:]
