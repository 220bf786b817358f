# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's secrets file: what is made, what stays, what is refused, and that nothing is quoted."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import files as secret_files
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import generate, store
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.site import site_directory

WANTED = [{"name": "postgresql_superuser", "kind": "password"}, {"name": "backup_cipher", "kind": "key32"}]


def loader_with(*passwords: tuple[str, bytes]) -> DataLoader:
    loader = DataLoader()
    loader.set_vault_secrets([(name, VaultSecret(password)) for name, password in passwords])
    return loader


@pytest.fixture
def loader() -> DataLoader:
    return loader_with(("default", b"the right password"))


def put(site: Path, text: str, password: bytes = b"the right password") -> None:
    (site / "secrets.yml").write_bytes(VaultLib([("default", VaultSecret(password))]).encrypt(text))


def tree(site: Path) -> dict[str, bytes]:
    return {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_makes_all_at_once_and_nothing_on_the_second_run(tmp_path: Path, loader: DataLoader) -> None:
    assert store.ensure(loader, str(tmp_path), WANTED) == ["backup_cipher", "postgresql_superuser"]
    before = tree(tmp_path)
    assert list(before) == ["secrets.yml"]
    assert before["secrets.yml"].startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    assert stat.S_IMODE((tmp_path / "secrets.yml").stat().st_mode) == 0o600
    values = store.read(loader, str(tmp_path))
    assert re.fullmatch(r"[A-Za-z0-9]{32}", values["postgresql_superuser"])
    assert generate.fits("key32", values["backup_cipher"])
    assert store.ensure(loader, str(tmp_path), WANTED) == []
    assert tree(tmp_path) == before


def test_adds_what_is_new_and_keeps_what_a_person_wrote(tmp_path: Path, loader: DataLoader) -> None:
    put(tmp_path, 'mine: "päss: #word"\npostgresql_superuser: "no"\n')
    assert store.ensure(loader, str(tmp_path), WANTED) == ["backup_cipher"]
    values = store.read(loader, str(tmp_path))
    assert values["mine"] == "päss: #word"
    assert values["postgresql_superuser"] == "no"


def test_what_ansible_vault_shows_is_yaml_of_texts(tmp_path: Path, loader: DataLoader) -> None:
    store.ensure(loader, str(tmp_path), WANTED)
    plain = loader._vault.decrypt((tmp_path / "secrets.yml").read_bytes())
    assert yaml.safe_load(plain) == dict(store.read(loader, str(tmp_path)))


def test_check_mode_writes_nothing_and_lookups_get_placeholders(tmp_path: Path, loader: DataLoader) -> None:
    assert store.ensure(loader, str(tmp_path), WANTED, check_mode=True) == ["backup_cipher", "postgresql_superuser"]
    assert tree(tmp_path) == {}
    found = store.value(loader, str(tmp_path), "backup_cipher", check_mode=True)
    assert found == "vannah-check-mode-placeholder-backup_cipher"
    assert generate.is_placeholder("x" + found)
    with pytest.raises(SecretsError, match="make check") as error:
        store.value(loader, str(tmp_path), "backup_cipher")
    assert error.value.code == "secret-missing"


def test_the_file_is_read_again_when_it_changes(tmp_path: Path, loader: DataLoader) -> None:
    put(tmp_path, 'one: "first-value"\n')
    assert store.known_values(loader, str(tmp_path)) == {"first-value"}
    put(tmp_path, 'one: "second-value-is-longer"\n')
    assert store.known_values(loader, str(tmp_path)) == {"second-value-is-longer"}
    assert store.known_values(loader_with(("default", b"the right password")), str(tmp_path)) == {"second-value-is-longer"}
    with pytest.raises(SecretsError):
        store.known_values(loader_with(("default", b"wrong")), str(tmp_path))


def test_is_opened_once(tmp_path: Path, loader: DataLoader, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, 'one: "first-value"\n')
    opened = []
    monkeypatch.setattr(store, "decrypt", lambda *args: opened.append(1) or secret_files.decrypt(*args))
    for _ in range(3):
        store.known_values(loader, str(tmp_path))
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("text", "password", "code"),
    [
        ("a: hunter2hunter2", b"wrong", "secrets-closed"),
        ("a: [hunter2hunter2", b"the right password", "secrets-not-flat"),
        ("- hunter2hunter2", b"the right password", "secrets-not-flat"),
        ("false", b"the right password", "secrets-not-flat"),
        ("a: {b: hunter2hunter2}", b"the right password", "secrets-not-flat"),
        ("a: 12345", b"the right password", "secrets-not-flat"),
        ("hunter2 hunter2: x", b"the right password", "secrets-not-flat"),
        ("postgresql_superuser: ''", b"the right password", "secret-kind"),
        ("backup_cipher: hunter2hunter2", b"the right password", "secret-kind"),
    ],
)
def test_refuses_without_quoting(tmp_path: Path, loader: DataLoader, text: str, password: bytes, code: str) -> None:
    put(tmp_path, text, password)
    before = tree(tmp_path)
    with pytest.raises(SecretsError) as error:
        store.ensure(loader, str(tmp_path), WANTED)
    assert error.value.code == code
    assert "hunter2" not in str(error.value)
    assert "secrets.yml" in str(error.value)
    assert tree(tmp_path) == before


def test_plain_yaml_is_refused(tmp_path: Path, loader: DataLoader) -> None:
    (tmp_path / "secrets.yml").write_text("a: hunter2\n")
    with pytest.raises(SecretsError, match="ansible-vault encrypt") as error:
        store.ensure(loader, str(tmp_path), WANTED)
    assert error.value.code == "secrets-plain"
    assert "hunter2" not in str(error.value)
    seen = store.as_file(loader, str(tmp_path))
    assert seen is not None
    assert (seen.encrypted, seen.opened) == (False, False)


@pytest.mark.parametrize("content", [b"", b"\n", b" \n\n"])
def test_an_empty_file_is_a_lost_one_and_is_not_to_be_encrypted(tmp_path: Path, loader: DataLoader, content: bytes) -> None:
    (tmp_path / "secrets.yml").write_bytes(content)
    with pytest.raises(SecretsError, match="recovery kit") as error:
        store.ensure(loader, str(tmp_path), WANTED)
    assert error.value.code == "secrets-empty"
    assert "ansible-vault encrypt" not in error.value.message
    assert tree(tmp_path) == {"secrets.yml": content}
    seen = store.as_file(loader, str(tmp_path))
    assert seen is not None
    assert (seen.encrypted, seen.opened) == (True, False)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("content", [None, "{}", "---\n", "# nothing\n"])
def test_lost_secrets_of_a_site_with_an_authority_are_not_made_anew(
    tmp_path: Path, loader: DataLoader, content: str | None, check_mode: bool
) -> None:
    if content is not None:
        put(tmp_path, content)
    before = tree(tmp_path)
    with pytest.raises(SecretsError, match="recovery kit") as error:
        store.ensure(loader, str(tmp_path), WANTED, check_mode, established=True)
    assert error.value.code == "secrets-lost"
    assert tree(tmp_path) == before


def test_a_lost_file_is_told_where_no_secret_is_wanted_now(tmp_path: Path, loader: DataLoader) -> None:
    with pytest.raises(SecretsError) as error:
        store.ensure(loader, str(tmp_path), [], established=True)
    assert error.value.code == "secrets-lost"
    put(tmp_path, "{}")
    assert store.ensure(loader, str(tmp_path), [], established=True) == []


def test_a_site_that_needed_no_secret_gets_those_of_a_component_that_comes_later(tmp_path: Path, loader: DataLoader) -> None:
    assert store.ensure(loader, str(tmp_path), []) == []
    before = tree(tmp_path)
    assert list(before) == ["secrets.yml"]
    assert dict(store.read(loader, str(tmp_path))) == {}
    assert store.ensure(loader, str(tmp_path), [], established=True) == []
    assert tree(tmp_path) == before
    assert len(store.ensure(loader, str(tmp_path), WANTED, established=True)) == 2
    assert store.ensure(loader, str(tmp_path), [*WANTED, {"name": "more"}], established=True) == ["more"]


@pytest.mark.parametrize("wanted", [WANTED, []])
def test_a_vault_password_that_can_be_guessed_makes_no_site(tmp_path: Path, wanted: list[dict[str, Any]]) -> None:
    with pytest.raises(SecretsError, match="16 characters") as error:
        store.ensure(loader_with(("default", b"fifteen letters")), str(tmp_path), wanted)
    assert error.value.code == "secrets-weak-password"
    assert "fifteen" not in error.value.message
    assert tree(tmp_path) == {}


def test_a_short_vault_password_that_is_in_use_is_none_of_our_business(tmp_path: Path) -> None:
    put(tmp_path, 'mine: "first-value"\n', b"short")
    assert len(store.ensure(loader_with(("default", b"short")), str(tmp_path), WANTED)) == 2


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path, loader: DataLoader, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: str, *args: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    for name in ("unlink", "rename"):
        monkeypatch.setattr(os, name, read_only)
    with pytest.raises(SecretsError, match="Read-only file system") as error:
        store.ensure(loader, str(tmp_path), WANTED)
    assert error.value.code == "secrets-unwritable"


def test_a_folder_that_cannot_be_locked_is_an_error(tmp_path: Path, loader: DataLoader, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*args: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(secret_files.fcntl, "flock", no_locks)
    with pytest.raises(SecretsError, match="network file systems") as error:
        store.ensure(loader, str(tmp_path), WANTED)
    assert error.value.code == "secrets-unlockable"
    assert tree(tmp_path) == {}


def test_without_a_password_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="vault password") as error:
        store.ensure(loader_with(), str(tmp_path), WANTED)
    assert error.value.code == "secrets-no-password"
    assert tree(tmp_path) == {}


def test_preflight_sees_the_file(tmp_path: Path, loader: DataLoader) -> None:
    assert store.as_file(loader, str(tmp_path)) is None
    put(tmp_path, 'one: "first-value"\n')
    seen = store.as_file(loader, str(tmp_path))
    assert seen is not None
    assert (seen.path, seen.encrypted, seen.opened, dict(seen.values)) == ("secrets.yml", True, True, {"one": "first-value"})
    closed = store.as_file(loader_with(("default", b"wrong")), str(tmp_path))
    assert closed is not None
    assert not closed.opened
    assert "does not open" in closed.reason and "Fix:" not in closed.reason, "the finding has a fix of its own"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ([{"name": "a b"}], "secret-name"),
        ([{"kind": "password"}], "secret-name"),
        ([{"name": "a", "kind": "hex"}], "secret-kind"),
        ([{"name": "a", "kind": "key32"}, {"name": "a"}], "secret-kind"),
    ],
)
def test_refuses_wishes_that_make_no_sense(tmp_path: Path, loader: DataLoader, wanted: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(SecretsError) as error:
        store.ensure(loader, str(tmp_path), wanted)
    assert error.value.code == code
    assert tree(tmp_path) == {}


def test_a_named_vault_id_is_kept(tmp_path: Path) -> None:
    loader = loader_with(("clinic", b"sixteen letters!"))
    store.ensure(loader, str(tmp_path), WANTED)
    assert (tmp_path / "secrets.yml").read_bytes().startswith(b"$ANSIBLE_VAULT;1.2;AES256;clinic\n")
    store.ensure(loader, str(tmp_path), [*WANTED, {"name": "more"}])
    assert "more" in store.read(loader, str(tmp_path))


def test_a_killed_write_leaves_the_old_file(tmp_path: Path, loader: DataLoader, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, 'one: "first-value"\n')
    before = (tmp_path / "secrets.yml").read_bytes()

    def killed(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        store.ensure(loader, str(tmp_path), WANTED)
    assert (tmp_path / "secrets.yml").read_bytes() == before
    monkeypatch.undo()
    assert len(store.ensure(loader, str(tmp_path), WANTED)) == 2
    assert list(tree(tmp_path)) == ["secrets.yml"]


def test_a_link_is_followed(tmp_path: Path, loader: DataLoader) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "site").mkdir()
    (tmp_path / "site/secrets.yml").symlink_to("../elsewhere/kept.yml")
    store.ensure(loader, str(tmp_path / "site"), WANTED)
    assert (tmp_path / "site/secrets.yml").is_symlink()
    assert (tmp_path / "elsewhere/kept.yml").is_file()


def test_two_runs_at_once_agree(tmp_path: Path) -> None:
    program = """
import sys
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets import store
loader = DataLoader()
loader.set_vault_secrets([("default", VaultSecret(b"the right password"))])
print(",".join(store.ensure(loader, sys.argv[1], [{"name": "a"}, {"name": "b"}])))
"""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    runs = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=env, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = sorted(run.communicate(timeout=60)[0].strip() for run in runs)
    assert said == ["", "", "a,b"]


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"inventory_dir": "/site"}, "/site"),
        ({"inventory_dir": None, "ansible_inventory_sources": ["a,b", "{tmp}"]}, "{tmp}"),
        ({"ansible_inventory_sources": ["{tmp}/hosts.yml"]}, "{tmp}"),
    ],
)
def test_where_a_site_is(tmp_path: Path, variables: dict[str, Any], found: str) -> None:
    (tmp_path / "hosts.yml").touch()
    sources = [source.format(tmp=tmp_path) for source in variables.get("ansible_inventory_sources", [])]
    assert site_directory(variables | {"ansible_inventory_sources": sources}) == found.format(tmp=tmp_path)


def test_an_inventory_without_a_folder_is_no_site() -> None:
    with pytest.raises(SecretsError, match="inventories/<site>"):
        site_directory({"inventory_dir": None, "ansible_inventory_sources": ["a,b"]})


def test_the_demos_password_is_made_once(tmp_path: Path) -> None:
    script = Path(__file__).parents[3] / "scripts/demo_password.py"
    path = tmp_path / ".vault_password"
    for _ in range(2):
        subprocess.run([sys.executable, "-S", str(script), str(path)], check=True, capture_output=True)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]
        first = path.read_text()
        assert len(first.strip()) >= 43
    assert path.read_text() == first


def test_renew_gives_passwords_new_values_and_leaves_the_rest(tmp_path: Path, loader: DataLoader) -> None:
    store.ensure(loader, str(tmp_path), [*WANTED, {"name": "minio_user_imaging"}])
    before = dict(store.read(loader, str(tmp_path)))
    assert store.renew(loader, str(tmp_path), ["postgresql_superuser", "postgresql_superuser"]) == ["postgresql_superuser"]
    after = dict(store.read(loader, str(tmp_path)))
    assert {name for name in before if before[name] != after[name]} == {"postgresql_superuser"}
    assert re.fullmatch(r"[A-Za-z0-9]{32}", after["postgresql_superuser"])
    assert stat.S_IMODE((tmp_path / "secrets.yml").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("names", "code"),
    [(["backup_cipher"], "secret-kind"), (["postgresql_superuser", "backup_cipher"], "secret-kind"), (["nobody"], "secret-missing")],
)
def test_renew_refuses_keys_and_what_is_not_there_and_writes_nothing(
    tmp_path: Path, loader: DataLoader, names: list[str], code: str
) -> None:
    store.ensure(loader, str(tmp_path), WANTED)
    before = tree(tmp_path)
    values = dict(store.read(loader, str(tmp_path)))
    with pytest.raises(SecretsError) as refused:
        store.renew(loader, str(tmp_path), names)
    assert refused.value.code == code
    assert not any(value in refused.value.message for value in values.values())
    assert tree(tmp_path) == before


def test_renew_in_check_mode_only_says_which(tmp_path: Path, loader: DataLoader) -> None:
    store.ensure(loader, str(tmp_path), WANTED)
    before = tree(tmp_path)
    assert store.renew(loader, str(tmp_path), ["postgresql_superuser"], check_mode=True) == ["postgresql_superuser"]
    assert tree(tmp_path) == before
