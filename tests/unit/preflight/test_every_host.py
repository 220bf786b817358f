# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that end up in files of apt, needrestart, chrony and /etc/hosts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.lib.sites import Judge, codes, points, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"
OWN = {
    "updates-setting-invalid",
    "updates-pattern-invalid",
    "package-name-invalid",
    "time-server-invalid",
    "hosts-name-invalid",
    "hostname-twice",
    "journal-setting-invalid",
    "ssh-user-invalid",
    "firewall-rule-invalid",
}


@pytest.mark.parametrize(
    ("name", "value", "code", "path"),
    [
        ("base_updates_settings", {"Mail": '"IT Praxis" <it@praxis.de>'}, "updates-setting-invalid", ".Mail"),
        ("base_updates_settings", {"Origins-Pattern": ["a", 'b"']}, "updates-setting-invalid", ".Origins-Pattern[1]"),
        ("base_updates_settings", {"Mail": "a\nb"}, "setting-line-break", ".Mail"),
        ("base_updates_settings", {"Origins-Pattern": ["a", "b\n"]}, "setting-line-break", ".Origins-Pattern"),
        ("base_ssh_settings", {"LoginGraceTime": "50\nPermitRootLogin yes"}, "setting-line-break", ".LoginGraceTime"),
        ("base_sysctls", {"net.x\n": "1"}, "setting-line-break", ".net.x?"),
        ("etcd_settings", {"snapshot-count": "1\r"}, "setting-line-break", ".snapshot-count"),
        ("haproxy_settings", {"timeout connect": "4s\nmaxconn 1"}, "setting-line-break", ".timeout connect"),
        ("haproxy_global", {"maxconn": "1\x00"}, "setting-line-break", ".maxconn"),
        ("postgresql_settings", {"work_mem": "1MB'\nfsync = off"}, "setting-line-break", ".work_mem"),
        ("minio_settings", {"MINIO_BROWSER": "on\nMINIO_ROOT_PASSWORD=x"}, "setting-line-break", ".MINIO_BROWSER"),
        ("base_updates_settings", {"Mail": {"to": "a"}}, "updates-setting-invalid", ".Mail"),
        ("base_updates_settings", {"Mail Report": "x"}, "updates-setting-invalid", ".Mail Report"),
        ("base_updates_exclude", ['a"b'], "updates-pattern-invalid", "[0]"),
        ("base_updates_exclude", ["nginx", "a'b"], "updates-pattern-invalid", "[1]"),
        ("base_updates_exclude", ["linux-("], "updates-pattern-invalid", "[0]"),
        ("base_updates_exclude", [""], "updates-pattern-invalid", "[0]"),
        ("base_updates_exclude", [".*"], "updates-pattern-invalid", "[0]"),
        ("base_packages", ["htop", "ht op"], "package-name-invalid", "[1]"),
        ("base_packages", ["HTOP"], "package-name-invalid", "[0]"),
        ("base_packages", ["-o"], "package-name-invalid", "[0]"),
        ("site_time_servers", ["172.31.77.300"], "time-server-invalid", "[0]"),
        ("site_time_servers", ["ntp1.clinic.health", "ntp:123"], "time-server-invalid", "[1]"),
        ("site_time_servers", ["ntp1 iburst"], "time-server-invalid", "[0]"),
        ("base_hosts_extra", [{"address": "10.0.0.1", "names": ["pacs", "röntgen"]}], "hosts-name-invalid", "[0].names[1]"),
        ("base_hosts_extra", [{"address": "10.0.0.1", "names": ["a b"]}], "hosts-name-invalid", "[0].names[0]"),
        ("base_hosts_extra", [{"address": "10.0.0.1", "names": ["#a"]}], "hosts-name-invalid", "[0].names[0]"),
        ("base_ssh_password_users", ["ops", "*"], "ssh-user-invalid", "[1]"),
        ("base_ssh_password_users", ["no such"], "ssh-user-invalid", "[0]"),
        ("base_ssh_password_users", ["!root"], "ssh-user-invalid", "[0]"),
        ("firewall_extra_rules", ["tcp dport 1 accept", "tcp dport 2 accept\nflush ruleset"], "firewall-rule-invalid", "[1]"),
        ("firewall_extra_rules", ["flush ruleset"], "firewall-rule-invalid", "[0]"),
        ("firewall_extra_rules", [" "], "firewall-rule-invalid", "[0]"),
        ("base_journal", {"SystemMaxUse": "lots"}, "journal-setting-invalid", ".SystemMaxUse"),
        ("base_journal", {"SystemMaxUse": "2 GB"}, "journal-setting-invalid", ".SystemMaxUse"),
        ("base_journal", {"SystemMaxUse": True}, "journal-setting-invalid", ".SystemMaxUse"),
        ("base_journal", {"systemmaxuse": "2G"}, "journal-setting-invalid", ".systemmaxuse"),
        ("base_journal", {"MaxRetentionSec": "a month"}, "journal-setting-invalid", ".MaxRetentionSec"),
        ("base_journal", {"Storage": "disk"}, "journal-setting-invalid", ".Storage"),
        ("base_journal", {"MaxLevelStore": "warn"}, "journal-setting-invalid", ".MaxLevelStore"),
        ("base_journal", {"Seal": [1]}, "journal-setting-invalid", ".Seal"),
    ],
)
def test_what_a_file_cannot_hold(judged: Judge, name: str, value: Any, code: str, path: str) -> None:
    assert (code, "all", name + path) in points(judged(site(THREE, f"{name}: {json.dumps(value)}")))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_updates_settings", {"Mail": "IT 'Praxis' <it@praxis.de>; // 50 %", "MinimalSteps": True, "Dpkg::X": 3, "Y": None}),
        ("base_updates_settings", {"Origins-Pattern": ["origin=Debian,codename=${distro_codename}", "a%41"]}),
        ("base_updates_exclude", ["nginx", r"libstdc\+\+6$", "linux-(image|headers)-", "docker[.)]"]),
        ("base_packages", ["htop", "g++", "libc6:i386", "postgresql-17-cron", "0ad"]),
        ("base_ssh_password_users", ["ops", "backup-user", "svc_pacs$", "ops@clinic.health"]),
        ("firewall_extra_rules", ["ip saddr { 10.0.0.0/8, 192.0.2.1 } tcp dport 104 accept", "tcp dport 9998 accept # tests"]),
        ("base_journal", {"SystemMaxUse": "4G", "SystemKeepFree": "1.5G", "MaxFileSec": "1month 2weeks", "RateLimitIntervalSec": 0}),
        ("base_journal", {"Compress": "512", "Seal": True, "Audit": "", "MaxLevelWall": 3, "Storage": None, "RateLimitBurst": "10000"}),
        ("base_journal", {"MaxRetentionSec": "3month", "LineMax": "48K", "ForwardToSyslog": "no", "TTYPath": "/dev/tty1"}),
        ("site_time_servers", ["10.0.0.1", "fd00::1", "ntp1.clinic.health", "ntp"]),
        ("base_hosts_extra", [{"address": "10.0.0.1", "names": ["pacs.clinic.health", "pacs_1", "PACS", "xn--rntgen-wxa."]}]),
    ],
)
def test_what_it_can(judged: Judge, name: str, value: Any) -> None:
    assert codes(judged(site(THREE, f"{name}: {json.dumps(value)}"))) & OWN == set()


@pytest.mark.parametrize(
    ("groups", "variables", "found"),
    [
        ("etcd: db1.klinik.de db1.praxis.de", "", {("hostname-twice", "db1.praxis.de", "base_hostname")}),
        ("etcd: DB1.klinik.de db1.praxis.de", "", {("hostname-twice", "db1.praxis.de", "base_hostname")}),
        ("etcd: a b", "base_hostname: server", {("hostname-twice", "all", "base_hostname")}),
        ("etcd: db1.klinik.de db1.praxis.de", "[@db1.praxis.de]\nbase_hostname: db1-praxis", set()),
        ("etcd: db1.klinik.de db1.praxis.de", "[@db1.praxis.de]\nbase_hostname: ''", set()),
        ("etcd: 10.1.0.1 10.1.0.2", "", set()),  # they keep their own names
        ("etcd: db1.klinik.de db2.klinik.de", "", set()),
    ],
)
def test_two_servers_with_one_name(judged: Judge, groups: str, variables: str, found: set[tuple[str, str, str]]) -> None:
    assert {point for point in points(judged(site(groups, variables))) if point[0] == "hostname-twice"} == found
