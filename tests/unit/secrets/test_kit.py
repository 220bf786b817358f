# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery kit: opened with nothing but openssl and tar, and the places and passphrases that are refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import kit
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError

PASSPHRASE = "correct horse bättery staple"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "repository/inventories/clinic"
    (folder / "group_vars/all").mkdir(parents=True)
    (folder / "pki").mkdir()
    (folder / "hosts.yml").write_text("all:\n")
    (folder / "group_vars/all/site.yml").write_text("site_name: clinic\n")
    (folder / "secrets.yml").write_bytes(VaultLib([("default", VaultSecret(b"vault pass"))]).encrypt('one: "secret-value"\n'))
    (folder / "pki/ca.key").write_text("key")
    (folder / "pki/ca.crt").write_text("certificate")
    return folder


def files_of(site: Path) -> kit.Files:
    lock = site.parents[1] / "python.txt"
    lock.write_text("ansible==12\n")
    return kit.collect(str(site), {"requirements/python.txt": str(lock), "gone.txt": "/nowhere"}, {"default": b"vault pass"})


def test_openssl_and_tar_open_it_as_the_instructions_say(tmp_path: Path, site: Path) -> None:
    sealed = tmp_path / "clinic.recovery-kit"
    sealed.write_bytes(kit.seal(files_of(site), PASSPHRASE))
    assert b"secret-value" not in sealed.read_bytes()
    text = kit.instructions(str(sealed), "clinic")
    opening, unpacking = (line.partition("  #")[0].strip() for line in text if line.startswith("  "))
    command = [*opening.split(), "-pass", "stdin"]
    subprocess.run(command, input=f"{PASSPHRASE}\n".encode(), cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(["/bin/sh", "-ec", unpacking], cwd=tmp_path, check=True, capture_output=True)
    found = tmp_path / "kit"
    assert (found / "clinic/group_vars/all/site.yml").read_text() == "site_name: clinic\n"
    assert (found / "requirements/python.txt").read_text() == "ansible==12\n"
    assert "make converge SITE=clinic" in (found / "README.txt").read_text()
    password = (found / "vault_password.default").read_bytes().strip()
    plain = VaultLib([("default", VaultSecret(password))]).decrypt((found / "clinic/secrets.yml").read_bytes())
    assert b"secret-value" in plain
    wrong = subprocess.run([*command[:-1], "pass:another passphrase"], cwd=tmp_path, check=False, capture_output=True)
    assert wrong.returncode != 0 or not (tmp_path / "kit.tar.gz").read_bytes().startswith(b"\x1f\x8b")


def test_reads_back_what_it_wrote(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "ITERATIONS", 100)
    files = files_of(site)
    assert kit.unseal(kit.seal(files, PASSPHRASE), PASSPHRASE) == files
    with pytest.raises(ValueError):
        kit.unseal(kit.seal(files, PASSPHRASE), PASSPHRASE + "x")
    whole = kit.seal(files, PASSPHRASE)
    for place in range(16, len(whole), 97):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        with pytest.raises(ValueError):
            kit.unseal(bytes(damaged), PASSPHRASE)
    with pytest.raises(ValueError):
        kit.unseal(b"something else", PASSPHRASE)


def test_the_same_site_gives_the_same_content(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "ITERATIONS", 100)
    assert files_of(site) == files_of(site)
    assert kit.seal(files_of(site), PASSPHRASE, b"8 bytes.") == kit.seal(files_of(site), PASSPHRASE, b"8 bytes.")


@pytest.mark.parametrize("missing", ["secrets.yml", "pki/ca.key", "pki/ca.crt"])
def test_half_a_site_is_refused(site: Path, missing: str) -> None:
    (site / missing).unlink()
    with pytest.raises(SecretsError, match=missing) as error:
        files_of(site)
    assert error.value.code == "kit-incomplete"


def test_a_folder_that_is_no_site_is_refused(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "MAX_BYTES", 10)
    with pytest.raises(SecretsError) as error:
        files_of(site)
    assert error.value.code == "kit-too-large"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("", "not set"),
        ("kit", "relative"),
        ("{site}/kit", "site's folder"),
        ("{site}/../../../project/kit", "this project"),
        ("{site}/../../kit", "repository"),
        ("{site}/../../../link/kit", "site's folder"),
        ("/nowhere/at/all/kit", "does not exist"),
    ],
)
def test_places_that_are_refused(tmp_path: Path, site: Path, path: str, text: str) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "repository/.git").mkdir()
    (tmp_path / "link").symlink_to(site)
    with pytest.raises(SecretsError, match=text) as error:
        kit.check_path(path.format(site=site), str(site), str(tmp_path / "project"))
    assert error.value.code == "kit-path"


def test_a_place_elsewhere(tmp_path: Path, site: Path) -> None:
    (tmp_path / "repository/.git").mkdir()
    (tmp_path / "safe").mkdir()
    project = str(tmp_path / "repository")
    assert kit.check_path(str(tmp_path / "safe"), str(site), project) == str(tmp_path / "safe/clinic.recovery-kit")
    assert kit.check_path(str(tmp_path / "safe/mine"), str(site), project) == str(tmp_path / "safe/mine")


@pytest.mark.parametrize("passphrase", ["", "tiny", "the vault's password", "sixteen characters\n"])
def test_passphrases_that_are_refused(passphrase: str) -> None:
    with pytest.raises(SecretsError) as error:
        kit.check_passphrase(passphrase, [b"the vault's password\n"])
    assert error.value.code == "kit-passphrase"
    assert not passphrase or passphrase not in str(error.value)


def test_a_good_passphrase() -> None:
    kit.check_passphrase(PASSPHRASE, [b"the vault's password"])
