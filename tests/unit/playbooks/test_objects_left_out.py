# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases and roles that a run leaves out are named."""

from __future__ import annotations

import json

import pytest

from tests.unit.lib.playbook_runs import Run

from .test_verbs import DATABASE


@pytest.mark.parametrize(("leader", "left_out"), [("db1", False), ("db9", True), ("", False)])
def test_databases_that_are_left_out_are_named(run: Run, leader: str, left_out: bool) -> None:
    """Only the leader's host makes them, and a run with a limit may leave it out."""
    playbook = run.playbooks.parent / "objects.yml"
    role = {"name": "vannah.healthcloud.postgresql", "tasks_from": "objects"}
    playbook.write_text(json.dumps([{"hosts": "postgresql", "gather_facts": False, "tasks": [{"include_role": role}]}]))
    calls = {"__postgresql_config_call": {}, "__postgresql_objects_call": {}, "postgresql_ready_timeout": 1}
    done = run(str(playbook), DATABASE, {host: {"patroni_config": {"leader": leader}} for host in DATABASE["postgresql"]}, **calls)
    assert done.code == 0, done.printed
    said = f"databases and roles are not checked: {leader} is the leader and is not in this run. Fix: run it with"
    assert (said in " ".join(done.printed.split())) == left_out, done.printed
