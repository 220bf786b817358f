# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Good inventories give nothing: a check that cries wolf is switched off."""

from __future__ import annotations

import pytest
from ansible.parsing.vault import VaultLib

from tests.unit.lib.sites import PASSWORD, REPOSITORY, Judge, codes, site, vaulted

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"


def test_the_demo(judged: Judge) -> None:
    """The demo as it ships."""
    demo = REPOSITORY / "inventories" / "demo"
    files = {str(path.relative_to(demo)): path.read_text() for path in (demo / "group_vars").rglob("*.yml")}
    report = judged((demo / "hosts.yml").read_text(), files=files)
    assert [finding.line() for finding in report.errors] == []
    # The apps' images are made with the demo's servers, and have no digest before. Upstream's MinIO is what can be built from the module
    # proxy, and no one maintains it any more.
    assert [finding.code for finding in report.warnings] == ["apps-image-tag", "apps-image-tag", "object-store-unmaintained"]
    assert report.hosts == 8
    assert report.summary() == "preflight: 0 errors, 3 warnings, 8 hosts"


@pytest.mark.parametrize(
    "variables",
    [
        "",
        "postgresql_version: '17'\npostgresql_rpo: 60",
        "postgresql_settings: {max_wal_senders: 10}\npostgresql_synchronous: true",
        "my_own: 1\nclinic_password_file: /etc/x\npg: [1]",
        "ansible_user: admin\nansible_port: 2222\nansible_become_password: " + '\'{{ lookup("env", "X") }}\'',
        "postgresql_databases: [{name: vannahcloud, owner: vhc}]\npostgresql_roles: [{name: vhc, login: true}]",
        "site_admin_addresses: [10.0.0.0/8, 2001:db8:1::/48, etcd]\nsite_time_servers: [ntp1.clinic.health]",
        "firewall_ports: [{name: x, port: 9100, from: [postgresql, 10.0.0.5]}, {name: y, port: 8000-8010, proto: udp}]",
        "site_container_subnets: [172.30.0.0/16]",
        "postgresql_memory_mb: '{{ ansible_facts.vannah.memory_mb // 2 }}'",
        "site_own_variables: [postgresql_own_*]\npostgresql_own_thing: 1",
        'base_ssh_key_only: false\nansible_password: \'{{ lookup("env", "X") }}\'\nfirewall_enabled: false',
        "base_ssh_settings: {MaxSessions: '20'}\nbase_hostname: ''",
    ],
)
def test_three_servers(judged: Judge, variables: str) -> None:
    """What people may well write."""
    report = judged(site(THREE, variables))
    assert [finding.line() for finding in (*report.errors, *report.warnings)] == []


def test_one_server_is_a_warning(judged: Judge) -> None:
    """A single server works, and is told what it lacks."""
    report = judged(site("etcd: one\npostgresql: one\npostgresql_client: one"))
    assert report.errors == ()
    assert codes(report) == {"etcd-single-member"}


def test_vaulted_secrets(judged: Judge) -> None:
    """Secrets where they belong."""
    text = "superuser_password: " + vaulted("Aq7rT0zPq9LmX2cVbN4e") + "other_token: " + vaulted("Bq7rT0zPq9LmX2cVbN4f")
    report = judged(site(THREE), files={"group_vars/all/vault.yml": text})
    assert [finding.line() for finding in report.errors] == []


def test_files_that_are_vaulted_as_a_whole(judged: Judge) -> None:
    """What a vaulted file holds is vaulted, and what a plain one beside it holds is not."""
    whole = VaultLib().encrypt("superuser_password: Aq7rT0zPq9LmX2cVbN4e\n", secret=PASSWORD).decode()
    files = {"group_vars/all/vault.yml": whole, "group_vars/all/plain.yml": "other_token: Bq7rT0zPq9LmX2cVbN4f\n"}
    report = judged(site(THREE), files=files)
    assert [(finding.code, finding.variable) for finding in report.errors] == [("secret-in-plain", "other_token")]


def test_hosts_of_ones_own_group(judged: Judge) -> None:
    """Groups of one's own between those of the collection are fine."""
    report = judged(site(THREE + "\nberlin: db1 db2\npostgresql_clinic_old: app1"))
    assert [finding.line() for finding in report.errors] == []
