# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: judged wherever they stand, and never quoted."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import SecretsFile
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules.secrets import is_guessable

from .conftest import Judge, codes, points, site, vaulted

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3"
GOOD = "Aq7rT0zPq9LmX2cVbN4e"


@pytest.mark.parametrize(
    ("variables", "code", "where", "variable"),
    [
        (f"clinic_password: {GOOD}", "secret-in-plain", "all", "clinic_password"),
        (f"[@db1]\nansible_become_password: {GOOD}", "secret-in-plain", "db1", "ansible_become_password"),
        ("ansible_become_password: 12345", "secret-in-plain", "all", "ansible_become_password"),
        (f"my: {{nested: [{{api_key: {GOOD}}}]}}", "secret-in-plain", "all", "my.nested[0].api_key"),
        (f"postgresql_roles: [{{name: a, password: {GOOD}}}]", "secret-in-plain", "all", "postgresql_roles[0].password"),
        ("postgresql_roles: [{name: a, password: minioadmin}]", "secret-known-default", "all", "postgresql_roles[0].password"),
        ("clinic_token: Password-123!", "secret-known-default", "all", "clinic_token"),
        ("clinic_token: changemechangeme", "secret-known-default", "all", "clinic_token"),
        ("clinic_token: aaaaaaaaaaaaaaaaaaaaaaaa", "secret-known-default", "all", "clinic_token"),
        ("clinic_token: abcdefghijklmnopqrst", "secret-known-default", "all", "clinic_token"),
        ("ansible_password: vagrant", "secret-known-default", "all", "ansible_password"),
        ("clinic_token: Kq7rT0zPq9", "secret-too-short", "all", "clinic_token"),
        (f"a_token: {GOOD}\nb_password: {GOOD}", "secret-two-purposes", "all", "b_password"),
        (f'clinic_token: "{GOOD}\\n"', "secret-newline", "all", "clinic_token"),
    ],
)
def test_variables(judged: Judge, variables: str, code: str, where: str, variable: str) -> None:
    """One slip in an otherwise good site."""
    report = judged(site(THREE, variables))
    assert (code, where, variable) in points(report)
    text = report.text()
    for value in (GOOD, "minioadmin", "Password-123!", "changemechangeme", "Kq7rT0zPq9", "vagrant", "12345"):
        assert value not in text


def test_vaulted_values_are_judged_too(judged: Judge) -> None:
    """A vault hides a weak password and does not make it strong."""
    text = (
        "a_token: "
        + vaulted("Kq7rT0zPq9")
        + "b_token: "
        + vaulted("changeme")
        + "c_token: "
        + vaulted(GOOD + "\n")
        + "d_token: "
        + vaulted(GOOD)
    )
    report = judged(site(THREE), files={"group_vars/all/vault.yml": text})
    assert points(report) == {
        ("secret-too-short", "all", "a_token"),
        ("secret-known-default", "all", "b_token"),
        ("secret-newline", "all", "c_token"),
        ("secret-two-purposes", "all", "d_token"),
    }


def test_what_is_no_secret(judged: Judge) -> None:
    """Names that only sound like one, verifiers, templates."""
    variables = (
        "password_file: /etc/x\ntoken_path: /x\nsecret_name: x\nclinic_password: '{{ vault_clinic }}'\npassword_encryption: scram-sha-256\n"
    )
    variables += "postgresql_roles: [{name: a, password: 'SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5'}]"
    assert judged(site(THREE, variables)).errors == ()


def test_one_value_for_several_hosts_is_one_purpose(judged: Judge) -> None:
    """Also login and sudo of one person."""
    value = vaulted(GOOD)
    files = {f"host_vars/{host}.yml": f"clinic_token: {value}" for host in ("db1", "db2")}
    assert judged(site(THREE), files=files).errors == ()
    other = vaulted("Zq7rT0zPq9LmX2cVbN4e")
    files = {"group_vars/all/vault.yml": f"base_ssh_key_only: false\nansible_password: {other}ansible_become_password: {other}"}
    assert judged(site(THREE), files=files).errors == ()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (SecretsFile("secrets.yml", values={"a": GOOD, "b": "Bq7rT0zPq9LmX2cVbN4e"}), set()),
        (SecretsFile("secrets.yml", values={"a": "short"}), {("secret-too-short", "secrets.yml", "a")}),
        (SecretsFile("secrets.yml", values={"a": "captain42"}), {("secret-known-default", "secrets.yml", "a")}),
        (SecretsFile("secrets.yml", values={"a": GOOD, "b": GOOD}), {("secret-two-purposes", "secrets.yml", "b")}),
        (SecretsFile("secrets.yml", values={"a": GOOD + "\n"}), {("secret-newline", "secrets.yml", "a")}),
        (SecretsFile("secrets.yml", opened=False, reason="another password."), {("secret-file-closed", "secrets.yml", "-")}),
        (SecretsFile("secrets.yml", encrypted=False, opened=False, reason="plain"), {("secret-in-plain", "secrets.yml", "-")}),
        (SecretsFile("secrets.yml", encrypted=False, values={"a": GOOD}), {("secret-in-plain", "secrets.yml", "-")}),
    ],
)
def test_file_of_secrets(judged: Judge, file: SecretsFile, expected: set[tuple[str, str, str]]) -> None:
    """The site's secrets.yml."""
    assert points(judged(site(THREE), secrets=[file])) == expected


def test_secret_on_the_command_line(judged: Judge) -> None:
    """It is in the shell's history by now."""
    assert ("secret-in-plain", "extra vars", "clinic_password") in points(judged(site(THREE), extra={"clinic_password": GOOD}))


@pytest.mark.parametrize(
    "value", ["P@ssw0rd123!", "admin", "Admin2024", "secret-secret-secret", "0123456789abcdef", "CHANGE_ME", "qwertyuiopasdfgh", "guest"]
)
def test_guessable(value: str) -> None:
    """Known, decorated, repeated, or a run of keys."""
    assert is_guessable(value)


@pytest.mark.parametrize("value", [GOOD, "correct horse battery staple", "d4f9c1b2a3e8f7d6", "Zm9vYmFyYmF6cXV4cXV1eA==", ""])
def test_not_guessable(value: str) -> None:
    """What generators make, and phrases."""
    assert not is_guessable(value)


def test_all_codes_of_secrets_are_errors(judged: Judge) -> None:
    """None of them is a matter of taste."""
    report = judged(site(THREE, "clinic_token: x"))
    assert {finding.code for finding in report.errors} == codes(report)
