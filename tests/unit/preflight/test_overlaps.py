# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of data within each other, also those for which a role has no variable."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import UNKNOWN, Host, Site
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules.overlaps import check_overlaps
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.schema import Option, Schema

WEB = {"path": "/srv/data/web", "needs_mb": 1, "variable": "web_directory", "role": "web"}
FIXED = "data_directories of the role shop"


@pytest.mark.parametrize(
    ("beside", "found"),
    [
        ({"path": "/srv/shop"}, ""),
        ({"path": UNKNOWN}, ""),
        ({"path": "/srv/data"}, f"/srv/data of {FIXED} holds /srv/data/web of web_directory."),
        ({"path": "/srv/data/web"}, f"/srv/data/web of {FIXED} is /srv/data/web of web_directory."),
        ({"path": "/srv/data", "shared": True}, ""),
        ({"path": "/srv/data", "variable": "shop_directory"}, "/srv/data of shop_directory holds /srv/data/web of web_directory."),
        ({"path": "/srv/x", "stated": "/srv/data", "variable": "shop_directory"}, "/srv/data of shop_directory holds"),
    ],
)
def test_directories_of_two_roles(beside: dict[str, Any], found: str) -> None:
    """The finding is at a variable that an inventory can set, where there is one."""
    items = [WEB, {"needs_mb": 1, "role": "shop", **beside}]
    host = Host("a", roles=("web", "shop"), exported=lambda kind: items if kind == "data_directories" else [])
    schema = Schema(options={name: Option(name, role="web") for name in ("web_directory", "shop_directory")})
    findings = list(check_overlaps(Site(schema=schema, hosts={"a": host})))
    assert [one.problem.startswith(found) for one in findings] == ([True] if found else [])
    assert all(one.variable in schema.options and one.code == "host-directories-overlap" for one in findings)
