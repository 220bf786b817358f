# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery kit: opened with nothing but openssl and tar, and the places and passphrases that are refused."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.vannah.healthcloud.plugins.action import recovery_kit
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import keys, kit
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


def opened(path: Path) -> Path:
    """The folder that a kit becomes by the commands that are printed beside it."""
    text = kit.instructions(str(path), "clinic")
    opening, unpacking = (line.partition("  #")[0].strip() for line in text if line.startswith("  "))
    command = ["/bin/sh", "-ec", f"{opening} -pass stdin"]
    subprocess.run(command, input=f"{PASSPHRASE}\n".encode(), cwd=path.parent, check=True, capture_output=True)
    subprocess.run(["/bin/sh", "-ec", unpacking], cwd=path.parent, check=True, capture_output=True)
    return path.parent / "kit"


def tree(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Path -> content and whether its owner may run it."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), bool(path.stat().st_mode & 0o100)) for path in found}


def test_a_site_that_is_restored_is_the_site(tmp_path: Path, site: Path) -> None:
    """All files byte by byte, programs still programs, the named password opens the secrets, and the kit made of it is the same kit."""
    script = site / "vault-client.sh"
    script.write_text("#!/bin/sh\necho vault pass\n")
    script.chmod(0o755)
    (site / ".hidden").write_bytes(bytes(range(256)))
    (site / "group_vars/all/site.yml").chmod(0o440)
    passwords = kit.password_names([("other", b"of another thing"), ("clinic@home", b"vault pass"), ("other", b"a third")])
    before = kit.collect(str(site), {}, passwords)
    sealed = tmp_path / "my clinic's.recovery-kit"
    sealed.write_bytes(kit.seal(before, PASSPHRASE))
    expected = tree(site)
    shutil.rmtree(site)
    found = opened(sealed)
    assert not [path for path in found.rglob("*") if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    shutil.copytree(found / "clinic", site)
    assert tree(site) == expected
    assert sorted(path.name for path in found.glob("vault_password.*")) == [
        "vault_password.clinic_home",
        "vault_password.other",
        "vault_password.other.2",
    ]
    line = next(line for line in (found / "README.txt").read_text().splitlines() if "ansible-vault view" in line)
    program, *words = line.split()
    done = subprocess.run([Path(sys.executable).with_name(program), *words], cwd=found, capture_output=True, text=True, check=True)
    assert done.stdout == 'one: "secret-value"\n'
    assert kit.collect(str(site), {}, passwords) == before


def test_what_software_wrote_it_and_what_it_does_not_hold_is_said(site: Path) -> None:
    files = kit.collect(str(site), {}, {"default": b"vault pass"}, "version 1.2.3, commit abc", ["/root/.ssh/clinic"])
    text = files["README.txt"].data.decode()
    assert "version 1.2.3, commit abc" in text
    assert "\n  /root/.ssh/clinic\n" in text
    printed = kit.instructions("/safe/x", "clinic", ["/root/.ssh/clinic"])
    assert "NOT in the kit" in printed[-1]
    assert "/root/.ssh/clinic" in printed[-1]


def test_check_mode_does_not_speak_of_a_kit_that_is_not_there() -> None:
    assert kit.instructions("/safe/x", "clinic", written=False) == ["The recovery kit of the site clinic would be written to /safe/x"]


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("ansible_ssh_private_key_file", "/root/.ssh/clinic", ["/root/.ssh/clinic"]),
        ("ansible_ssh_private_key_file", "~/.ssh/clinic", ["{home}/.ssh/clinic"]),
        ("ansible_private_key_file", "{site}/keys/../key", []),
        ("ansible_private_key_file", "{site}/../../key", ["{top}/key"]),
        ("ansible_ssh_common_args", "-o IdentitiesOnly=yes -o UserKnownHostsFile=/k/known_hosts", ["/k/known_hosts"]),
        ("ansible_ssh_common_args", '-o UserKnownHostsFile="/k/known /k/more"', ["/k/known", "/k/more"]),  # ssh takes a list
        ("ansible_ssh_common_args", "-oUserKnownHostsFile=/dev/null -i /k/id -F/k/config", ["/k/config", "/k/id"]),
        ("ansible_ssh_extra_args", "-o 'identityfile /k/id' -o IdentityFile=none -J jump", ["/k/id"]),
        ("ansible_ssh_args", "-o 'UserKnownHostsFile=/unfinished", []),
    ],
)
def test_files_of_ssh_that_lie_elsewhere(site: Path, variable: str, text: str, expected: list[str]) -> None:
    places = {"home": Path.home(), "site": site, "top": site.parents[1]}
    found = keys.outside(str(site), [(variable, text.format(**places))])
    assert found == [path.format(**places) for path in expected]


class Hostvars(dict[str, Any]):
    """As Ansible's: variables by host, and the inventory behind them."""

    def __init__(self, hosts: dict[str, dict[str, str]]) -> None:
        super().__init__(hosts)
        self._inventory = SimpleNamespace(hosts={name: SimpleNamespace(implicit=False) for name in hosts})


@pytest.fixture
def action(site: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The action with a loader of its own."""
    monkeypatch.setattr(kit, "ITERATIONS", 100)
    made = recovery_kit.ActionModule.__new__(recovery_kit.ActionModule)
    made._task = SimpleNamespace(check_mode=False)
    made._loader = DataLoader()
    made._loader.set_vault_secrets([("default", VaultSecret(b"vault pass"))])
    return made


def test_the_path_is_judged_before_a_passphrase_is_asked_for(tmp_path: Path, site: Path, action: Any) -> None:
    known = {"inventory_dir": str(site), "hostvars": {}}
    asked = {"passphrase": None, "passphrase_file": None}
    assert action.perform({"path": str(tmp_path / "clinic.kit"), **asked}, known) == {
        "changed": False,
        "path": str(tmp_path / "clinic.kit"),
    }
    assert not (tmp_path / "clinic.kit").exists()
    with pytest.raises(SecretsError) as error:
        action.perform({"path": str(site / "kit"), **asked}, known)
    assert error.value.code == "kit-path"


def test_the_action(tmp_path: Path, site: Path, action: Any) -> None:
    path = tmp_path / "clinic.kit"
    arguments = {"path": str(path), "passphrase": PASSPHRASE, "passphrase_file": None}
    known = {"inventory_dir": str(site), "hostvars": Hostvars({"db1": {"ansible_ssh_private_key_file": "/root/.ssh/clinic"}, "db2": {}})}
    action._task.check_mode = True
    would = action.perform(arguments, known)
    assert would["changed"]
    assert not path.exists()
    assert not [line for line in would["instructions"] if f"is {path}" in line]
    action._task.check_mode = False
    done = action.perform(arguments, known)
    assert done["changed"]
    assert any(line == f"The recovery kit of the site clinic is {path}" for line in done["instructions"])
    assert "/root/.ssh/clinic" in done["warnings"][0]
    assert "playbooks/vars/artifacts.yml" in done["files"]
    assert "version " in kit.unseal(path.read_bytes(), PASSPHRASE)["README.txt"].data.decode()
    assert not action.perform(arguments, known)["changed"]


def test_the_version_and_the_commit(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@localhost"]
    (tmp_path / "galaxy.yml").write_text("version: 1.2.3\n")
    assert recovery_kit.software(str(tmp_path)) == "version 1.2.3"
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles/x").write_text("")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "hosts.yml").write_text("")
    assert recovery_kit.software(str(tmp_path)) == f"version 1.2.3, commit {commit}"
    (tmp_path / "roles/x").write_text("changed")
    assert recovery_kit.software(str(tmp_path)) == f"version 1.2.3, commit {commit}, with changes that are not committed"


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
        ("", r"no path\. .* KIT="),
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


def test_nobody_was_asked_for_a_passphrase() -> None:
    """Without a terminal Ansible asks nothing and continues with the empty default."""
    with pytest.raises(SecretsError, match=r"ARGS='-e recovery_kit_passphrase_file="):
        kit.check_passphrase("", [])


def test_a_good_passphrase() -> None:
    kit.check_passphrase(PASSPHRASE, [b"the vault's password"])
    with pytest.raises(SecretsError):
        kit.check_passphrase(PASSPHRASE, [PASSPHRASE.encode()])
