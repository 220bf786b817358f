# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of sshd that would lock people out."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import Controller

from tests.unit.lib.sites import Judge, codes, points, site, vaulted

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"
KEY = "safety-key-only-without-key"


@pytest.mark.parametrize(
    ("variables", "code", "where", "variable"),
    [
        ("base_ssh_settings: {Port: '2222'}", "safety-ssh-port-moved", "all", "base_ssh_settings.Port"),
        ("base_ssh_settings: {listenaddress: 10.0.0.1}", "safety-ssh-port-moved", "all", "base_ssh_settings.listenaddress"),
        ("base_ssh_key_only: true\nansible_password: '{{ vault_x }}'\nvault_x: y", KEY, "all", "base_ssh_key_only"),
        ("[@db1]\nansible_ssh_private_key_file: /root/missing", KEY, "db1", "ansible_ssh_private_key_file"),
    ],
)
def test_lock_out(judged: Judge, variables: str, code: str, where: str, variable: str) -> None:
    """What would be the last connection."""
    assert (code, where, variable) in points(judged(site(THREE, variables)))


@pytest.mark.parametrize("variables", ["[@db1]\nansible_ssh_private_key_file: ~/.ssh/site", "ansible_connection: local"])
def test_no_lock_out(judged: Judge, variables: str) -> None:
    """What is well."""
    assert KEY not in codes(judged(site(THREE, variables)))


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


def test_a_password_in_the_inventory_keeps_passwords_open(judged: Judge) -> None:
    """The role's default: key-only unless the inventory comes with a password."""
    text = "ansible_password: " + vaulted("Aq7rT0zPq9LmX2cVbN4e")
    assert judged(site(THREE), files={"group_vars/all/vault.yml": text}, controller=Controller()).errors == ()
