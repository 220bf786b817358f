# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make` asks for and hands on: the vault password of a new site twice, that of an old one once, and none where one is given."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import site_passwords
from ansible.parsing.vault import VaultLib, VaultSecret

REPOSITORY = Path(__file__).resolve().parents[3]
GOOD = "sixteen letters!"
#: Prints the environment's passwords and where they lie.
SHOW = """
import json, os, stat
found = {}
for name in ("ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_BECOME_PASSWORD_FILE"):
    path = os.environ.get(name)
    if path:
        found[name] = [path, open(path).read(), stat.S_IMODE(os.stat(path).st_mode), stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode)]
print(json.dumps(found | {"ids": os.environ.get("ANSIBLE_VAULT_IDENTITY_LIST")}))
raise SystemExit(3)
"""


def answer(monkeypatch: pytest.MonkeyPatch, *given: str) -> list[str]:
    """Type these; the questions that were put."""
    left, asked = list(given), []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        if not left:
            raise EOFError
        return left.pop(0)

    monkeypatch.setattr(site_passwords.getpass, "getpass", ask)
    return asked


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST", "ANSIBLE_BECOME_PASSWORD_FILE", "ARGS", "SITE", "KIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(site_passwords.signal, "signal", lambda *_: None)


def test_a_new_site_gets_an_empty_file_under_a_password_that_was_typed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, GOOD, GOOD)
    assert site_passwords.main(["new", str(tmp_path)]) == 0
    assert len(asked) == 2
    path = tmp_path / "secrets.yml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"{}" in VaultLib([("default", VaultSecret(GOOD.encode()))]).decrypt(path.read_bytes())
    before = path.read_bytes()
    assert site_passwords.main(["new", str(tmp_path)]) == 0
    assert (len(asked), path.read_bytes()) == (2, before)


@pytest.mark.parametrize(
    ("given", "words"), [((GOOD, "sixteen lettres!"), "differ"), (("short", "short"), "16 characters"), ((), "--vault-password-file")]
)
def test_a_password_that_is_refused_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], words: str
) -> None:
    answer(monkeypatch, *given)
    assert site_passwords.main(["new", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert not [password for password in given if password in said.replace("too short", "")]
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_made_where_one_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch)
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki/ca.crt").touch()
    assert site_passwords.main(["new", str(tmp_path)]) == 0
    assert asked == []
    assert not (tmp_path / "secrets.yml").exists()


def test_passwords_that_are_asked_are_handed_on_in_private_files_that_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secrets.yml").write_bytes(VaultLib().encrypt('a: "b"\n', secret=VaultSecret(b"short")))
    asked = answer(monkeypatch, "short", "of sudo")
    assert site_passwords.main(["run", str(tmp_path), "--ask-vault-pass", "-e", "x=1", "-K", "--", sys.executable, "-c", SHOW]) == 3
    assert asked == ["Vault password: ", "BECOME password: "]
    found = json.loads(capfd.readouterr().out)
    for name, text in (("ANSIBLE_VAULT_PASSWORD_FILE", "short\n"), ("ANSIBLE_BECOME_PASSWORD_FILE", "of sudo\n")):
        path, content, mode, folder_mode = found[name]
        assert (content, mode, folder_mode) == (text, 0o600, 0o700)
        assert not Path(path).parent.exists()


def test_a_wrong_password_is_told_before_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secrets.yml").write_bytes(VaultLib().encrypt('a: "b"\n', secret=VaultSecret(b"right")))
    answer(monkeypatch, "wrong")
    assert site_passwords.main(["run", str(tmp_path), "-J", "--", sys.executable, "-c", SHOW]) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert "does not open" in said.err


@pytest.mark.parametrize(
    ("arguments", "file", "ids"),
    [
        ([], None, None),
        (["--vault-password-file", "{own}"], "{own}", None),
        (["--vault-password-file={own}", "--limit", "db1"], "{own}", None),
        (["--vault-id", "clinic@{own}"], None, "clinic@{own}"),
        (["--vault-id", "a@{own}", "--vault-password-file", "{own}"], None, "a@{own},default@{own}"),
    ],
)
def test_files_that_are_given_are_handed_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    file: str | None,
    ids: str | None,
) -> None:
    asked = answer(monkeypatch)
    own = tmp_path / "own"
    own.write_text("x")
    words = [word.format(own=own) for word in arguments]
    assert site_passwords.main(["run", str(tmp_path), *words, "--", sys.executable, "-c", SHOW]) == 3
    found = json.loads(capfd.readouterr().out)
    assert found.get("ANSIBLE_VAULT_PASSWORD_FILE", [None])[0] == (file and file.format(own=own))
    assert found["ids"] == (ids and ids.format(own=own))
    assert asked == []


def recipe(*arguments: str, **environment: str) -> str:
    """What make would run."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}  # `make unit` runs this too
    done = subprocess.run(["make", "-n", *arguments], cwd=REPOSITORY, env=own | environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("target", ["check", "converge"])
@pytest.mark.parametrize(
    ("arguments", "environment", "asks"),
    [
        (["SITE=of-the-tests"], {}, True),
        (["SITE=of-the-tests", "ARGS=--limit db1"], {}, True),
        (["SITE=of-the-tests", "ARGS=--vault-password-file X"], {}, False),
        (["SITE=of-the-tests", "ARGS=--vault-id=clinic@X"], {}, False),
        (["SITE=of-the-tests"], {"ANSIBLE_VAULT_PASSWORD_FILE": "X"}, False),
        (["SITE=of-the-tests"], {"ANSIBLE_VAULT_IDENTITY_LIST": "a@X"}, False),
        (["SITE=demo"], {}, False),
    ],
)
def test_make_asks_only_where_no_password_is_given(target: str, arguments: list[str], environment: dict[str, str], asks: bool) -> None:
    text = recipe(target, *arguments, **environment)
    assert ("--ask-vault-pass" in text, "site_passwords.py new" in text) == (asks, asks)


@pytest.mark.parametrize("target", ["plan", "verify", "artifacts", "recovery-kit"])
def test_only_what_makes_secrets_asks_for_a_new_password(target: str) -> None:
    text = recipe(target, "SITE=of-the-tests")
    assert "site_passwords.py new" not in text
    assert "--ask-vault-pass" in text


def test_check_mode_makes_no_file() -> None:
    text = recipe("check", "SITE=of-the-tests", "ARGS=--check")
    assert "site_passwords.py new" not in text
    assert "--ask-vault-pass" in text


def test_verify_gets_the_arguments_that_say_passwords() -> None:
    text = recipe("verify", "SITE=of-the-tests", "ARGS=-K --vault-password-file X")
    assert "site_passwords.py run inventories/of-the-tests  -K --vault-password-file X -- pytest" in text
    assert "run inventories/demo --vault-password-file inventories/demo/.vault_password" in recipe("verify", "SITE=demo")


def test_a_kit_without_a_path_is_refused_by_the_name_of_the_argument() -> None:
    """Before a person is asked for a password."""
    text = recipe("recovery-kit", "SITE=of-the-tests", "KIT=")
    assert "KIT is not set" in text and text.index("KIT is not set") < text.index("playbooks/recovery_kit.yml")
    assert "KIT is not set" not in recipe("recovery-kit", "SITE=of-the-tests", "KIT=/x")
    assert "KIT is not set" not in recipe("recovery-kit", "SITE=of-the-tests", "KIT=", "ARGS=-e recovery_kit_path=/x")


def test_a_kit_may_lie_in_a_path_with_spaces(tmp_path: Path) -> None:
    """The recipe with a playbook's program that prints what it is given."""
    text = recipe("recovery-kit", "SITE=of-the-tests", f"KIT={tmp_path}/Dr. O'Hara's stick/x.kit").splitlines()[-1]
    fake = tmp_path / "ansible-playbook"
    fake.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[-1])\n")
    fake.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "KIT": f"{tmp_path}/Dr. O'Hara's stick/x.kit"}
    done = subprocess.run(["bash", "-c", text], env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"recovery_kit_path": f"{tmp_path}/Dr. O'Hara's stick/x.kit"}
