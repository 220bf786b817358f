# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of pg_hba.conf that would lock the cluster or its clients out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Judge, codes, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (["hostssl all all 192.0.2.20/32 scram-sha-256"], False),
        (["# a comment", "include /etc/more", "nonsense"], False),
        (["local all all reject"], True),
        (["local all postgres scram-sha-256"], True),
        (["local all app reject"], False),
        (["local all postgres peer", "local all all reject"], False),
        (["local replication all peer"], True),
        (["host all all all reject"], True),
        (["host all all 0.0.0.0/0 reject"], True),
        (["host all all 0.0.0.0 0.0.0.0 reject"], True),
        (["hostssl all all all cert"], True),
        (["hostnossl all all all reject"], False),
        (["host replication all all reject"], True),
        (["host replication replicator samenet reject"], True),
        (["host orthanc,all rewinder all reject"], True),
        (["host orthanc all all reject"], False),
        (["host all tester all reject"], False),
        (["host all all 192.0.2.0/24 reject"], False),
    ],
)
def test_lockout(judged: Judge, lines: list[str], refused: bool) -> None:
    """The first line that fits decides, and what the cluster needs has to be let in."""
    found = codes(judged(site(THREE, f"postgresql_hba: {json.dumps(lines)}")))
    assert ("database-hba-lockout" in found) is refused


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({"work_mem": "64MB", "ssl": "on", "wal_level": "logical", "hot_standby": True}, False),
        ({"unix_socket_directories": "/var/run/postgresql"}, False),
        ({"ssl": "off"}, True),
        ({"ssl": False}, True),
        ({"ssl": None}, True),
        ({"port": 5433}, True),
        ({"unix_socket_directories": "/tmp"}, True),
        ({"wal_level": "minimal"}, True),
        ({"listen_addresses": "localhost"}, True),
        ({"synchronous_standby_names": "*"}, True),
    ],
)
def test_settings_of_the_role(judged: Judge, settings: dict[str, Any], refused: bool) -> None:
    """What members and clients reach the server by is not changed beside its variables."""
    found = codes(judged(site(THREE, f"postgresql_settings: {json.dumps(settings)}")))
    assert ("database-setting-own" in found) is refused
