# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of SSH stays open."""

from __future__ import annotations

import pytest

from tests.unit.lib.sites import Judge, codes, points, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"
CLOSED = "safety-ssh-port-closed"


@pytest.mark.parametrize(
    ("variables", "code", "where", "variable"),
    [
        ("ansible_port: 2222\nfirewall_ssh_ports: [22]", CLOSED, "all", "firewall_ssh_ports"),
        ("ansible_port: '2222'\nfirewall_ssh_ports: [22]", CLOSED, "all", "firewall_ssh_ports"),
        ("ansible_ssh_port: '2222'\nfirewall_ssh_ports: [22]", CLOSED, "all", "firewall_ssh_ports"),
        ("firewall_ssh_ports: []", CLOSED, "all", "firewall_ssh_ports"),
        ("[@db2]\nfirewall_ssh_ports: [2222]", CLOSED, "db2", "firewall_ssh_ports"),
        ("site_admin_addresses: []", "safety-admin-addresses-empty", "all", "site_admin_addresses"),
    ],
)
def test_lock_out(judged: Judge, variables: str, code: str, where: str, variable: str) -> None:
    """What would be the last connection."""
    assert (code, where, variable) in points(judged(site(THREE, variables)))


@pytest.mark.parametrize(
    "variables",
    [
        "ansible_port: 2222",
        "ansible_port: 2222\nfirewall_ssh_ports: [22, 2222]",
        "ansible_port: '2222'\nfirewall_ssh_ports: [22, 2222]",
        'ansible_port: \'{{ lookup("env", "SSH_PORT") }}\'\nfirewall_ssh_ports: [2222]',
        "firewall_enabled: false\nfirewall_ssh_ports: []",
        "ansible_connection: local",
    ],
)
def test_no_lock_out(judged: Judge, variables: str) -> None:
    """What is well."""
    assert CLOSED not in codes(judged(site(THREE, variables)))


def test_a_port_from_the_command_line(judged: Judge) -> None:
    """``-e ansible_port=2222`` is a text, and moves the connection as a number does."""
    report = judged(site(THREE, "firewall_ssh_ports: [22]"), extra={"ansible_port": "2222"})
    assert points(report) == {(CLOSED, "all", "firewall_ssh_ports")}
    assert judged(site(THREE), extra={"ansible_port": "2222"}).errors == ()
