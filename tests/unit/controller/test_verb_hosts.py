# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verb of an inventory that has no hosts for it."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.verb_hosts import converges, left_out, misused, problem

GROUPS = {"all": ["db1", "app1"], "ungrouped": [], "etcd": ["db1"], "object_stores": ["db1"], "backup": []}
INVENTORY = "in the inventory inventories/clinic, /etc/x: nothing is done. Fix:"
WORKS = "which this playbook works with,"
OTHER = "pass the inventory of the right site with -i, or put hosts into the group"


@pytest.mark.parametrize(
    ("group", "chosen", "said"),
    [
        ("etcd", ["db1", "app1"], ""),
        ("etcd", ["app1"], "--limit leaves no host of the group etcd: nothing is done. Fix: pass --limit with some of db1, or no --limit"),
        ("postgresql", ["db1", "app1"], f"the group postgresql, {WORKS} is not there {INVENTORY} {OTHER} postgresql"),
        ("other:etcd", ["db1"], ""),
        (
            "backup:etcd",
            ["app1"],
            "--limit leaves no host of the group backup or etcd: nothing is done. Fix: pass --limit with some of db1, or no --limit",
        ),
        ("other:backup", ["db1"], f"the group other or backup, {WORKS} has no hosts {INVENTORY} {OTHER} other or backup"),
        ("backup", ["db1"], f"the group backup, {WORKS} has no hosts {INVENTORY} {OTHER} backup"),
        (
            "object_store",
            ["db1"],
            f"the group object_store, {WORKS} is not there {INVENTORY} write object_store instead of the group object_stores, if that is"
            f" meant; otherwise {OTHER} object_store",
        ),
    ],
)
def test_what_is_said(group: str, chosen: list[str], said: str) -> None:
    assert problem(group, GROUPS, chosen, ["/home/me/site/inventories/clinic", "/etc/x"], "/home/me/site") == said


def test_an_inventory_of_no_file() -> None:
    assert "in the inventory that was read:" in problem("etcd", {"all": []}, [], [])
    assert "in the inventory db1,:" in problem("etcd", {"all": []}, [], ["db1,"], "/home/me")


@pytest.mark.parametrize(
    ("tags", "switches", "converge", "said"),
    [
        ([], [], False, ""),
        (["--tags nothing"], [], False, "--tags nothing: the playbooks have no tags"),
        (["--skip-tags x"], [], True, "--skip-tags x: the playbooks have no tags"),
        ([], ["site_takeover_hosts"], False, "site_takeover_hosts: only a converge takes hosts over"),
        ([], ["site_data_lost_hosts"], False, "site_data_lost_hosts: only a converge takes hosts over or creates a cluster again"),
        ([], ["site_takeover_hosts"], True, ""),
    ],
)
def test_arguments_that_are_of_no_verb(tags: list[str], switches: list[str], converge: bool, said: str) -> None:
    """With a switch a verb would act on the server that has the name of another one."""
    assert misused(tags, switches, converge).startswith(said) and bool(misused(tags, switches, converge)) == bool(said)


@pytest.mark.parametrize(
    ("playbook", "is_one"),
    [
        ("playbooks/etcd/remove.yml", False),
        ("vannah.healthcloud.postgresql.switchover", False),
        ("playbooks/minio/converge.yml", True),
        ("playbooks/postgresql/rebuild.yml", True),
        ("playbooks/backup/restore_site.yml", True),
        ("vannah.healthcloud.backup.restore_site", True),
        ("playbooks/postgresql/restore.yml", False),
        ("vannah.healthcloud.minio.converge", True),
    ],
)
def test_playbooks_that_converge_a_role(playbook: str, is_one: bool) -> None:
    assert converges(playbook) == is_one


def test_a_member_that_the_limit_leaves_out() -> None:
    """One that is not a host any more can be acted on from another."""
    groups = {"etcd": ["db1", "db2"]}
    assert left_out("db1", "etcd", groups, ["db2"]).startswith("--limit leaves out db1")
    assert left_out("db1", "etcd", groups, ["db1"]) == left_out("db9", "etcd", groups, ["db2"]) == left_out("", "etcd", groups, []) == ""
