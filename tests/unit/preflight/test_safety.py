# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locking oneself out, and halves of clusters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import areas, rules
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Finding
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import Controller, Site

from tests.unit.lib.sites import Judge, codes, points, site, vaulted

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"
CLOSED, KEY = "safety-ssh-port-closed", "safety-key-only-without-key"


@pytest.mark.parametrize(
    ("variables", "code", "where", "variable"),
    [
        ("ansible_port: 2222\nfirewall_ssh_ports: [22]", CLOSED, "all", "firewall_ssh_ports"),
        ("ansible_port: '2222'\nfirewall_ssh_ports: [22]", CLOSED, "all", "firewall_ssh_ports"),
        ("ansible_ssh_port: '2222'\nfirewall_ssh_ports: [22]", CLOSED, "all", "firewall_ssh_ports"),
        ("firewall_ssh_ports: []", CLOSED, "all", "firewall_ssh_ports"),
        ("[@db2]\nfirewall_ssh_ports: [2222]", CLOSED, "db2", "firewall_ssh_ports"),
        ("site_admin_addresses: []", "safety-admin-addresses-empty", "all", "site_admin_addresses"),
        ("base_ssh_settings: {Port: '2222'}", "safety-ssh-port-moved", "all", "base_ssh_settings.Port"),
        ("base_ssh_settings: {listenaddress: 10.0.0.1}", "safety-ssh-port-moved", "all", "base_ssh_settings.listenaddress"),
        ("base_ssh_key_only: true\nansible_password: '{{ vault_x }}'\nvault_x: y", KEY, "all", "base_ssh_key_only"),
        ("[@db1]\nansible_ssh_private_key_file: /root/missing", KEY, "db1", "ansible_ssh_private_key_file"),
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
        "[@db1]\nansible_ssh_private_key_file: ~/.ssh/site",
        "ansible_connection: local",
    ],
)
def test_no_lock_out(judged: Judge, variables: str) -> None:
    """What is well."""
    assert not {CLOSED, KEY} & codes(judged(site(THREE, variables)))


@pytest.mark.parametrize(
    ("ssh", "variables", "refused"),
    [(True, "", False), (False, "", True), (False, "ansible_connection: local", False), (False, "ansible_connection: ssh", True)],
)
def test_ssh_client(judged: Judge, ssh: bool, variables: str, refused: bool) -> None:
    """Before any server is asked."""
    report = judged(site(THREE, variables), controller=Controller(key_files=("id_rsa",), ssh=ssh))
    assert ("safety-no-ssh-client" in codes(report)) is refused


@pytest.mark.parametrize(("tags", "refused"), [((), False), (("--tags postgresql",), True), (("--skip-tags always",), True)])
def test_tags(judged: Judge, tags: tuple[str, ...], refused: bool) -> None:
    """A run that does nothing, and says that nothing is to be changed."""
    report = judged(site(THREE, ""), controller=Controller(key_files=("id_rsa",), tags=tags))
    assert ("safety-run-by-tags" in codes(report)) is refused


def test_a_port_from_the_command_line(judged: Judge) -> None:
    """``-e ansible_port=2222`` is a text, and moves the connection as a number does."""
    report = judged(site(THREE, "firewall_ssh_ports: [22]"), extra={"ansible_port": "2222"})
    assert points(report) == {(CLOSED, "all", "firewall_ssh_ports")}
    assert judged(site(THREE), extra={"ansible_port": "2222"}).errors == ()


@pytest.mark.parametrize(
    ("controller", "variables", "found"),
    [
        (Controller(), "", True),
        (Controller(agent=True), "", False),
        (Controller(key_files=("id_rsa",)), "", False),
        (Controller(key_files=("id_rsa",), ask_pass=True), "", True),
        (Controller(), "ansible_ssh_common_args: -o IdentityFile=/x", False),
        (Controller(), "ansible_ssh_extra_args: -i /x", False),
        (Controller(), "base_ssh_key_only: false", False),
        (Controller(), "ansible_user: ops\nbase_ssh_password_users: [ops]", False),
        (Controller(file_exists=lambda path: True), "ansible_ssh_private_key_file: /x", False),
        (Controller(file_exists=lambda path: False), "ansible_ssh_private_key_file: /x", True),
    ],
)
def test_keys(judged: Judge, controller: Controller, variables: str, found: bool) -> None:
    """Where a key may come from."""
    assert (KEY in codes(judged(site(THREE, variables), controller=controller))) is found


def test_a_key_of_nobodys_home(judged: Judge) -> None:
    """~name of no user is a file that is not there."""
    variables = "ansible_ssh_private_key_file: ~nobody-of-this-name/key"
    assert (KEY, "all", "ansible_ssh_private_key_file") in points(judged(site(THREE, variables), controller=Controller()))


def test_a_broken_rule_is_a_finding(judged: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """And hides no other."""

    def check_nothing(site: Site) -> Iterator[Finding]:
        yield Finding("domain-missing", "all", "-", "it is said before that.", "x")
        raise TypeError("hunter2")

    monkeypatch.setattr(areas, "AREAS", (rules.Area("x", (), (check_nothing,)), *areas.AREAS))
    report = judged(site(THREE, "site_domain: x_y.health"))
    assert codes(report) == {"preflight-rule-broken", "domain-missing", "domain-invalid"}
    assert "check_nothing" in report.text() and "TypeError" in report.text() and "hunter2" not in report.text()


def test_a_password_in_the_inventory_keeps_passwords_open(judged: Judge) -> None:
    """The role's default: key-only unless the inventory comes with a password."""
    text = "ansible_password: " + vaulted("Aq7rT0zPq9LmX2cVbN4e")
    assert judged(site(THREE), files={"group_vars/all/vault.yml": text}, controller=Controller()).errors == ()


@pytest.mark.parametrize(
    ("limit", "where"),
    [
        ({"db1"}, {"etcd", "postgresql"}),
        ({"db1", "db2", "app1"}, {"etcd", "postgresql"}),
        ({"db1", "db2", "db3"}, set()),
        ({"app1"}, set()),
    ],
)
def test_limit(judged: Judge, limit: set[str], where: set[str]) -> None:
    """A part of a cluster is a warning; one client of it is none."""
    report = judged(site(THREE), controller=Controller(limit=frozenset(limit), agent=True))
    assert report.errors == ()
    assert {finding.where for finding in report.warnings} == where


def test_alerts(judged: Judge) -> None:
    """Monitoring that tells nobody."""
    assert "safety-no-alert-receiver" in codes(judged(site(f"{THREE}\nmonitoring: mon1")))
    told = judged(site(f"{THREE}\nmonitoring: mon1", "site_alert_receivers: [ops@clinic.health]"))
    assert "safety-no-alert-receiver" not in codes(told)
    assert "safety-no-alert-receiver" not in codes(judged(site(THREE)))
