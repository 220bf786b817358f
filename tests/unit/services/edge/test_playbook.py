# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""edge/converge.yml: one host after the other, so that an upgrade does not restart all engines of a site at the same time."""

from __future__ import annotations

from typing import Any

from tests.unit.lib.playbook_runs import Run

PLAYBOOK = "edge/converge.yml"
GROUPS = {"edge": ["edge1", "edge2", "edge3"]}
GOOD: dict[str, Any] = {
    "host_facts": {"ansible_facts": {"vannah": {"release": "trixie", "version": "13"}}},
    "host_checks": {"new_clusters": []},
}


def test_one_host_after_the_other(run: Run) -> None:
    """A host is done with before the next one begins."""
    done = run(PLAYBOOK, GROUPS, dict.fromkeys(GROUPS["edge"], GOOD))
    assert done.code == 0, done.printed
    found = [call for call in done.calls if call.startswith(("converge ", "lease "))]
    assert found == [call for host in GROUPS["edge"] for call in (f"converge {host}", f"lease released {host}")]


def test_the_next_hosts_keep_what_they_run(run: Run) -> None:
    """Where the engine of one does not serve with the new version."""
    failed = {**GOOD, "converge": {"failed": True, "msg": "Traefik does not run /etc/traefik/vannah.yml"}}
    done = run(PLAYBOOK, GROUPS, {"edge1": GOOD, "edge2": failed, "edge3": GOOD})
    assert done.code != 0 and "Traefik does not run" in done.printed
    assert done.of("converge") == ["edge1", "edge2"]
