# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store in lines."""

from __future__ import annotations

from ansible_collections.vannah.healthcloud.plugins.module_utils.services.minio.picture import picture


def test_picture() -> None:
    seen = {
        "answers": True,
        "versions": ["1", "2"],
        "servers": [{"version": "1"}, {"version": "2"}, {"version": "2"}, {"state": "offline"}],
        "sets": [{"pool": 0, "set": 1, "online": 3, "drives": 4, "write_quorum": 3}],
        "drives": [
            {"endpoint": "s1/a", "state": "ok", "healing": False},
            {"endpoint": "s2/a", "state": "ok", "healing": True},
            {"endpoint": "s3/a", "state": "offline", "healing": False},
        ],
        "usage": {"objects": 7, "buckets": 2},
        "problems": ["s3/a is lost"],
    }
    assert picture(seen) == [
        "version 1 on 1 server",
        "version 2 on 2 servers",
        "pool 1 set 2: 3 of 4 drives, 3 needed to write",
        "s2/a: is being healed",
        "s3/a: offline",
        "7 objects in 2 buckets when last counted",
        "unhealthy: s3/a is lost",
    ]


def test_no_server_answers() -> None:
    assert picture({}) == picture({"answers": False}) == []
