# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action: what is made at a site's first run, what is said of it, and what is refused or warned of where a part was lost."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.vannah.healthcloud.plugins.action import site_secrets
from ansible_collections.vannah.healthcloud.plugins.action.site_secrets import ActionModule
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import history, store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError

WANTED = [{"name": "minio_kms_key", "kind": "key32"}, {"name": "postgresql_superuser"}]
NAMES = ["minio_kms_key", "postgresql_superuser"]


def run(site: Path, wanted: list[dict[str, str]] | None = None, check: bool = False) -> dict[str, Any]:
    """One task."""
    action = ActionModule.__new__(ActionModule)
    action._task = SimpleNamespace(check_mode=check)
    action._loader = DataLoader()
    action._loader.set_vault_secrets([("default", VaultSecret(b"the right password"))])
    arguments = {"secrets": WANTED if wanted is None else wanted, "authority": True, "site_name": "clinic"}
    return action.perform(arguments, {"inventory_dir": str(site)})


def names(site: Path) -> list[str]:
    """Files of the site."""
    return sorted(str(path.relative_to(site)) for path in site.rglob("*") if path.is_file())


def test_the_first_run_says_what_it_made_and_the_second_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    would = run(tmp_path, check=True)
    assert (would["changed"], would["created"], names(tmp_path)) == (True, NAMES, [])
    assert "secrets that would be created: minio_kms_key, postgresql_superuser" in capsys.readouterr().out
    done = run(tmp_path)
    assert done == {"changed": True, "created": NAMES, "authority_created": True}
    assert names(tmp_path) == ["pki/ca.crl", "pki/ca.crt", "pki/ca.key", "pki/generations", "secrets.yml"]
    said = capsys.readouterr()
    assert "secrets created: minio_kms_key, postgresql_superuser\nCA created: clinic internal CA\n" in said.out
    loader = DataLoader()
    loader.set_vault_secrets([("default", VaultSecret(b"the right password"))])
    assert not any(value in said.out + said.err for value in store.read(loader, str(tmp_path)).values())
    assert run(tmp_path) == {"changed": False, "created": [], "authority_created": False}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("second", "refused"),
    [
        ({"name": "shop_key", "kind": "password", "role": "shop"}, False),
        ({"name": "web_key", "kind": "password", "role": "web"}, False),  # of the same role, on another host
        ({"name": "web_key", "kind": "password", "role": "shop"}, True),
        ({"name": "web_key", "kind": "key32", "role": "shop"}, True),
    ],
)
def test_a_secret_of_two_roles(monkeypatch: pytest.MonkeyPatch, second: dict[str, str], refused: bool) -> None:
    """Names that templates give, such as those that a site lists for its apps: one role would use what the other one renews."""
    hosts = {"a": [{"name": "web_key", "kind": "password", "role": "web"}], "b": [second]}
    monkeypatch.setattr(site_secrets, "exports_of", lambda _kind, host, **_known: hosts[host])
    inventory = SimpleNamespace(hosts={name: SimpleNamespace(implicit=False) for name in hosts})
    hostvars = SimpleNamespace(_inventory=inventory, _loader=None)
    if refused:
        with pytest.raises(SecretsError, match=r"the roles web and shop both have a secret web_key made .*Fix: use another name"):
            site_secrets.exported(hostvars)
    else:
        assert site_secrets.exported(hostvars) == [hosts["a"][0], second]


@pytest.mark.parametrize("code", ["secrets-unwritable", "secrets-unlockable"])
def test_a_checkout_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """As one on a read-only mount after an upgrade: the run continues, with a warning that says what to commit."""
    run(tmp_path)
    (tmp_path / "pki" / "generations").unlink()

    def refuse(*_arguments: Any) -> None:
        raise SecretsError(code, "pki/generations cannot be written (Read-only file system)", "mount it for writing")

    with monkeypatch.context() as patch:
        patch.setattr(history, "write_file", refuse)
        done = run(tmp_path)
    (warning,) = done["warnings"]
    assert not done["changed"] and "Read-only file system" in warning and "commit pki/generations" in warning
    assert "pki/generations" not in names(tmp_path)


def test_a_damaged_file_still_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path)

    def refuse(*_arguments: Any) -> None:
        raise SecretsError("secrets-unreadable", "pki/generations cannot be read", "look at its mode")

    monkeypatch.setattr(history, "note", refuse)
    with pytest.raises(SecretsError, match="cannot be read"):
        run(tmp_path)


def test_a_new_line_is_to_be_committed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Said where an existing site gets one, and only then."""
    run(tmp_path)
    assert "commit" not in capsys.readouterr().out
    (tmp_path / "pki" / "generations").unlink()
    run(tmp_path, check=True)
    assert capsys.readouterr().out == ""
    run(tmp_path)
    assert "pki/generations has a new line: commit it with secrets.yml" in capsys.readouterr().out
    run(tmp_path)
    assert capsys.readouterr().out == ""


def test_a_site_without_secrets_has_the_file_nevertheless(tmp_path: Path) -> None:
    assert run(tmp_path, [], check=True)["changed"]
    assert run(tmp_path, [])["changed"]
    assert names(tmp_path) == ["pki/ca.crl", "pki/ca.crt", "pki/ca.key", "pki/generations", "secrets.yml"]
    assert not run(tmp_path, [])["changed"]
    assert run(tmp_path)["created"] == NAMES


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("left", [["pki/ca.crl", "pki/ca.crt", "pki/ca.key"], ["pki/ca.key"], ["pki/ca.crt"]])
def test_lost_secrets_end_the_run(tmp_path: Path, left: list[str], check: bool) -> None:
    run(tmp_path)
    for name in set(names(tmp_path)) - set(left):
        (tmp_path / name).unlink()
    with pytest.raises(SecretsError, match="recovery kit") as error:
        run(tmp_path, check=check)
    assert error.value.code == "secrets-lost"
    assert names(tmp_path) == left


@pytest.mark.parametrize("check", [False, True])
def test_a_lost_authority_is_warned_of(tmp_path: Path, check: bool) -> None:
    assert "warnings" not in run(tmp_path)
    secrets = (tmp_path / "secrets.yml").read_bytes()
    shutil.rmtree(tmp_path / "pki")
    done = run(tmp_path, check=check)
    assert "restore pki/ from the recovery kit" in done["warnings"][0]
    assert "plan an outage of the whole site" in done["warnings"][0]
    assert (tmp_path / "secrets.yml").read_bytes() == secrets
    assert done["authority_created"]


def test_a_lost_certificate_is_made_from_its_key_without_a_warning(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "pki/ca.crt").unlink()
    assert "warnings" not in run(tmp_path)
