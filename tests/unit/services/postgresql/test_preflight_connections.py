# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of pg_hba.conf that would lock the cluster or its clients out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.lib.sites import Judge, codes, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (["hostssl all all 192.0.2.20/32 scram-sha-256"], False),
        (["# a comment", "include /etc/more"], False),
        (["local all all peer\nhost all all all reject"], True),
        (["hostgssenc all all all reject"], False),
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


#: What PostgreSQL 17.6 says in pg_hba_file_rules: an error, or none.
READ = [
    ("# a comment", True),
    ("local all all peer # a comment", True),
    ("local all all", False),
    ("locl all all peer", False),
    ("hostssl all all 192.0.2.20/32 scram-sha-256", True),
    ("hostssl all all 192.0.2.20 scram-sha-256", False),
    ("hostssl all all 192.0.2.0 255.255.255.0 scram-sha-256", True),
    ("hostssl all all 192.0.2.0 255.255.255.0", False),
    ("hostssl all all 192.0.2.0/33 scram-sha-256", False),
    ("hostssl all all 192.0.2.300/32 scram-sha-256", False),
    ("hostssl all all 2001:db8::/32 md5", True),
    ("host all all 2001:db8::1 md5", False),
    ("host all all .example.org scram-sha-256", True),
    ("host all all pacs.example.org scram-sha-256", True),
    ("host all all samenet scram-sha-256", True),
    ("host all all all scram", False),
    ("host all all all peer", False),
    ("host all all all cert", False),
    ("hostssl all all all cert map=site", True),
    ("hostssl all all all cert map", False),
    ("local all all gss", False),
    ("local all all trust", True),
    ('host "my db" "a user" all scram-sha-256', True),
    ("host orthanc, pacs all all scram-sha-256", True),
    ("host all +staff,/^rad all scram-sha-256", True),
    ('host "my db all all scram-sha-256', False),
    ("host all all all ldap", False),
    ("host all all all ldap ldapserver=ldap.example.org ldapprefix=x", True),
    ("host all all all radius", False),
    ("scram-sha-256", False),
    ("host all all 192.0.2.1/24 md5", True),
    ("host all all 192.0.2 md5", False),
    ("host all all samenet/24 md5", False),
    ("host all all all/32 md5", False),
    ("host all all 10.0.0.0/255.0.0.0 md5", False),
    ("host all all 10.0.0.0 255.0.255.0 md5", True),
    ("host all all foo/24 md5", False),
    ("host all all foo_bar md5", True),
    ('host all all "all" md5', True),
    ("host all all ü md5", True),
    ("host all all * md5", True),
    ("host all all 192.0.2.20/32, 10.0.0.1/32 md5", False),
    ("host all all all bsd", False),
    ("host all all all sspi", False),
    ("host all all all MD5", False),
    ("HOST all all all md5", False),
    ("hostgssenc all all all md5", True),
    ("hostgssenc all all all gss", True),
    ("host all all all pam", True),
    ("host all all all ident", True),
    ("local all all ident", True),
    ("local all all cert", False),
    ('host all all all ldap ldapurl="ldap://x/dc=a?uid"', True),
    ("host all all all ldap ldapserver=a", False),
    ("host all all all ldap ldapbasedn=a", True),
    ("host all all all ldap ldapserver=x ldapbasedn=a", True),
    ("host all all all radius radiusservers=1.2.3.4", False),
    ("host all all all radius radiusservers=1.2.3.4 radiussecrets=x", True),
    ("hostssl all all all md5 clientcert=verify-ca", True),
    ("host all all all md5 map=x", False),
    ("local all all peer map=x", True),
    ("hostssl all all all cert clientname=DN", True),
    ('host all all all md5 "map"=x', False),
    ("host all,,x all all md5", True),
    ("host all all 192.0.2.20\t255.255.255.255\tmd5", True),
    ('"host" all all all md5', True),
    ('host all all all "md5"', True),
    ('host all all all md5 # c "', True),
    ("host all all all trust trailing", False),
    ('host "" all all md5', True),
    ("host all all 0.0.0.0/0 reject", True),
    ("host all all ::/0 reject", True),
    ("host all all ::0/0 reject", True),
    ("host all all 192.0.2.20/ md5", False),
    ("host all all all ident map=x", True),
    ("include", False),
]


@pytest.mark.parametrize(("line", "good"), READ)
def test_lines_as_postgresql_reads_them(judged: Judge, line: str, good: bool) -> None:
    """A line that PostgreSQL cannot read is refused before anything is changed."""
    found = codes(judged(site(THREE, f"postgresql_hba: {json.dumps([line])}")))
    assert ("database-hba-invalid" not in found) is good


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
