# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup/restore_site.yml: what it refuses before anything is changed."""

from __future__ import annotations

import pytest

from tests.unit.lib.playbook_runs import Run

GROUPS = {"postgresql": ["db1", "db2"], "etcd": ["db1", "db2", "backup1"], "backup": ["backup1"], "docker": ["app1"]}


@pytest.mark.parametrize("lost", ["", "db1,db2,app1", "db1,db2,backup1"])
def test_a_list_that_is_not_complete(run: Run, lost: str) -> None:
    """Its fix has the whole list: all servers but the backup server, and the members of etcd, which have no quorum."""
    done = run("backup/restore_site.yml", GROUPS, {}, restore_in_place="clinic/vannah", site_name="clinic", site_data_lost_hosts=lost)
    text = " ".join(done.printed.split())
    assert done.code != 0 and "Fix: write -e site_data_lost_hosts=app1,backup1,db1,db2 where that is so" in text, done.printed
    assert done.calls == [] or not any(call.startswith(("converge", "pgbackrest")) for call in done.calls), done.calls
