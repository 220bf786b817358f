# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""postgresql/restore.yml in place: what it refuses before anything is stopped, and which member it restores."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Done, Run

GROUPS = {"postgresql": ["db1", "db2", "db3"], "backup": ["backup1"]}
LED: dict[str, Any] = {"answers": True, "leader": "db1", "members": [], "problems": [], "pending_restart": []}
FOUND = {
    "attempts": [["--set=20261201-010101F"]],
    "backup": "20261201-010101F",
    "timeline": 3,
    "newest": 5,
    "bytes": 1,
    "archived": "",
    "system": "7714",
}
FIT = {"data": True, "interrupted": False, "same": True}
FACTS = {"ansible_facts": {"vannah": {"release": "trixie"}}}


def restored(run: Run, *options: str, info: dict[str, Any] = LED, fit: dict[str, dict[str, Any]] | None = None, **values: Any) -> Done:
    """The plan of a restore (check mode), with what the hosts answer."""
    said = {
        host: {
            "patroni_info": info,
            "pgbackrest_target": FOUND,
            "pgbackrest_restore": {**FIT, **(fit or {}).get(host, {})},
            "host_facts": FACTS,
        }
        for host in (*GROUPS["postgresql"], "backup1")
    }
    return run(
        "postgresql/restore.yml",
        GROUPS,
        said,
        "--check",
        *options,
        **{"restore_in_place": "clinic/vannah", "site_name": "clinic", **values},
    )


def text(done: Done) -> str:
    return " ".join(done.printed.split())


@pytest.mark.parametrize(("limit", "missing"), [("db1,backup1", "db2, db3"), ("db3,backup1", "db1, db2"), ("postgresql", "")])
def test_each_member_and_the_backup_server_take_part(run: Run, limit: str, missing: str) -> None:
    """A member that is skipped would not be restored, and the others would lose their data."""
    done = restored(run, "--limit", limit)
    assert done.code != 0 and done.of("pgbackrest_restore (check)") == [], done.printed
    assert not missing or f"{missing} is not in this run" in text(done), done.printed


def test_without_a_leader_no_last_backup_can_be_made(run: Run) -> None:
    done = restored(run, info={**LED, "leader": ""})
    assert done.code != 0 and "no member leads, so no last backup can be made" in text(done), done.printed


@pytest.mark.parametrize(
    ("fit", "member"),
    [
        ({}, "db2"),
        ({"db3": {"interrupted": True}}, "db3"),
        # Of a restore that was given up: the leader's data stay until the restored ones are good.
        ({"db1": {"interrupted": True}}, "db2"),
    ],
)
def test_which_member_is_restored(run: Run, fit: dict[str, dict[str, Any]], member: str) -> None:
    assert f"{member} is restored from the backup 20261201-010101F" in text(restored(run, fit=fit))


@pytest.mark.parametrize("given", ["vannah", "clinic", "other/vannah", "clinic/other", "true"])
def test_the_site_and_the_cluster_are_named(run: Run, given: str) -> None:
    """A command from the history of another site's shell changes nothing."""
    done = restored(run, restore_in_place=given)
    assert done.code != 0 and "replaces the databases of the cluster clinic/vannah" in text(done), done.printed
    assert done.of("pgbackrest_target (check)") == [] and done.of("patroni_info (check)") == []


def test_the_backup_is_looked_for_again(run: Run) -> None:
    """The last backup removes no older one, and right before the members are stopped the target is proven once more."""
    done = restored(run)
    order = [name.split()[0] for name in done.calls if name.split()[0] in ("pgbackrest_target", "pgbackrest_backup")]
    assert order[:3] == ["pgbackrest_target", "pgbackrest_backup", "pgbackrest_target"], done.printed
