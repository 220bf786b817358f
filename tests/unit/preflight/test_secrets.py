# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets: judged wherever they stand, and never quoted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import ensure_authority
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import Controller, SecretsFile
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.rules.secrets import is_guessable
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store

from tests.unit.lib.sites import PASSWORD, Judge, codes, points, site, vaulted

from .test_playbook import Run

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
        (SecretsFile("secrets.yml", opened=False, malformed=True, reason="x is not a text."), {("secret-file-form", "secrets.yml", "-")}),
        (SecretsFile("secrets.yml", encrypted=False, opened=False, reason="plain"), {("secret-in-plain", "secrets.yml", "-")}),
        (SecretsFile("secrets.yml", encrypted=False, values={"a": GOOD}), {("secret-in-plain", "secrets.yml", "-")}),
    ],
)
def test_file_of_secrets(judged: Judge, file: SecretsFile, expected: set[tuple[str, str, str]]) -> None:
    """The site's secrets.yml."""
    assert points(judged(site(THREE), secrets=[file])) == expected


def test_a_file_of_another_form(tmp_path: Path, judged: Judge) -> None:
    """The password is right, and no other is asked for."""
    loader = DataLoader()
    loader.set_vault_secrets([("default", PASSWORD)])
    text = "a: 7\n"
    (tmp_path / "secrets.yml").write_bytes(VaultLib().encrypt(text, secret=PASSWORD))
    file = store.as_file(loader, str(tmp_path))
    lines = [finding.line() for finding in judged(site(THREE), secrets=[file]).errors]
    assert len(lines) == 1 and "a is not a text" in lines[0] and "vault password" not in lines[0] and "ansible-vault edit" in lines[0]


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


NOW = datetime(2035, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "code", "words"),
    [
        (timedelta(days=3650), None, ""),
        (timedelta(days=180, seconds=1), None, ""),
        (timedelta(days=180), "ca-expires-soon", "expires on 2035-11-28, in 180 days"),
        (timedelta(days=3), "ca-expires-soon", "run playbooks/pki/rotate_ca.yml"),
        (timedelta(hours=1), "ca-expires-soon", "in 0 days"),
        (timedelta(0), "ca-expired", "expired on 2035-06-01"),
        (timedelta(days=-30), "ca-expired", "plan an outage of the whole site"),
    ],
)
def test_the_end_of_the_authority(judged: Judge, left: timedelta, code: str | None, words: str) -> None:
    """Said in time to plan for it; an error once it is over."""
    at = Controller(key_files=("~/.ssh/id_ed25519",), now=NOW)
    report = judged(site(THREE), controller=at, authority_end=NOW + left)
    assert codes(report) == ({code} if code else set())
    assert [finding.code for finding in report.errors] == (["ca-expired"] if code == "ca-expired" else [])
    found = (*report.errors, *report.warnings)
    assert all(finding.where == "pki/ca.crt" and words in finding.line() for finding in found)


def test_the_playbook_reads_the_end(tmp_path: Path) -> None:
    """From the certificate in the site's folder."""
    run = Run(tmp_path)
    run.write("hosts.yml", site(THREE))
    loader = DataLoader()
    loader.set_vault_secrets([("default", PASSWORD)])
    ensure_authority(loader, str(run.inventory), "clinic", now=datetime.now(UTC) - timedelta(days=3651))
    done = run()
    assert done.returncode != 0
    assert "ca-expired pki/ca.crt -: the site's CA certificate expired on " in done.stdout + done.stderr
