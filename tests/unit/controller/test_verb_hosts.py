# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verb of an inventory that has no hosts for it."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.verb_hosts import problem

GROUPS = {"all": ["db1", "app1"], "ungrouped": [], "etcd": ["db1"], "object_stores": ["db1"], "backup": []}
INVENTORY = "in the inventory inventories/clinic, /etc/x: nothing is done. Fix:"
WORKS = "which this playbook works with,"
OTHER = "-i with the inventory of the site that is meant, or hosts in the group"


@pytest.mark.parametrize(
    ("group", "chosen", "said"),
    [
        ("etcd", ["db1", "app1"], ""),
        ("etcd", ["app1"], "--limit leaves no host of the group etcd: nothing is done. Fix: --limit with some of db1, or no --limit"),
        ("postgresql", ["db1", "app1"], f"the group postgresql, {WORKS} is not there {INVENTORY} {OTHER} postgresql"),
        ("backup", ["db1"], f"the group backup, {WORKS} has no hosts {INVENTORY} {OTHER} backup"),
        (
            "object_store",
            ["db1"],
            f"the group object_store, {WORKS} is not there {INVENTORY} object_store instead of the group object_stores, if that is meant;"
            f" otherwise {OTHER} object_store",
        ),
    ],
)
def test_what_is_said(group: str, chosen: list[str], said: str) -> None:
    assert problem(group, GROUPS, chosen, ["/home/me/site/inventories/clinic", "/etc/x"], "/home/me/site") == said


def test_an_inventory_of_no_file() -> None:
    assert "in the inventory that was read:" in problem("etcd", {"all": []}, [], [])
    assert "in the inventory db1,:" in problem("etcd", {"all": []}, [], ["db1,"], "/home/me")
