# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the vault password of `make` comes from is judged before Ansible starts, in one line with a fix."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import vault_passwords
from ansible.parsing.vault import VaultLib, VaultSecret
from vault_passwords import Source

REPOSITORY = Path(__file__).resolve().parents[3]
PASSWORD = b"sixteen letters!"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (vault_passwords.FILE, vault_passwords.LIST):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("added", "arguments", "environ", "sources", "asks"),
    [
        (["--ask-vault-pass"], [], {}, [], True),
        (["--vault-password-file", "a"], ["--limit", "b"], {}, [Source(Path("a"))], False),
        ([], ["--vault-pass-file=a", "-K"], {}, [Source(Path("a"), "ARGS: --vault-password-file")], False),
        ([], ["--vault-id", "x@a", "--vault-id=y@prompt"], {}, [Source(Path("a"), "ARGS: --vault-id")], True),
        ([], [], {"ANSIBLE_VAULT_PASSWORD_FILE": "/a"}, [Source(Path("/a"), "ANSIBLE_VAULT_PASSWORD_FILE")], False),
        ([], [], {"ANSIBLE_VAULT_IDENTITY_LIST": "x@a, prompt_x"}, [Source(Path("a"), "ANSIBLE_VAULT_IDENTITY_LIST")], True),
    ],
)
def test_what_is_given(added: list[str], arguments: list[str], environ: dict[str, str], sources: list[Source], asks: bool) -> None:
    assert vault_passwords.given(added, arguments, environ) == vault_passwords.Given(tuple(sources), asks)


@pytest.mark.parametrize(
    ("made", "mode", "said"),
    [
        (PASSWORD, 0o600, ""),
        (b"#!/bin/sh\necho x\n", 0o700, ""),
        (b" \n", 0o600, "{own} is empty. Fix: write the site's vault password into it (mode 0600), or remove the file and be asked"),
        (b"another password", 0o600, "secrets.yml does not open with the vault password in {own}, or is damaged. Fix: write the password"),
        (None, 0, "{own} does not exist. Fix: "),
    ],
)
def test_the_file_of_the_site(tmp_path: Path, capsys: pytest.CaptureFixture[str], made: bytes | None, mode: int, said: str) -> None:
    own = tmp_path / ".vault_password"
    (tmp_path / "secrets.yml").write_bytes(VaultLib().encrypt("{}\n", secret=VaultSecret(PASSWORD)))
    if made is not None:
        own.write_bytes(made)
        own.chmod(mode)
    assert vault_passwords.main([str(tmp_path), "--vault-password-file", str(own), "--"]) == (2 if said else 0)
    printed = capsys.readouterr().err
    assert said.format(own=own) in printed and printed.count("\n") == bool(said)


@pytest.mark.parametrize("words", [["--vault-password-file", "{path}"], ["--vault-id", "x@{path}"]])
def test_a_file_that_args_name(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    path = tmp_path / "nonexist"
    assert vault_passwords.main([str(tmp_path), "--", *(word.format(path=path) for word in words)]) == 2
    assert capsys.readouterr().err.startswith(f"{path} (ARGS: {words[0]}) does not exist. Fix: ")
    path.mkdir()
    assert vault_passwords.main([str(tmp_path), "--", *(word.format(path=path) for word in words)]) == 2
    assert "is a folder" in capsys.readouterr().err


@pytest.mark.parametrize(("stdin", "refused"), [("nothing", True), ("ended", True), ("empty", True), ("text", False), ("file", False)])
def test_a_question_without_a_terminal(tmp_path: Path, stdin: str, refused: bool) -> None:
    """As cron starts it; a pipe or a file may bring the password."""
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "file").write_bytes(PASSWORD)
    reader, writer = os.pipe()
    if stdin == "text":
        os.write(writer, PASSWORD)
    os.close(writer)
    opened = {"nothing": subprocess.DEVNULL, "ended": reader, "text": reader}
    argv = [sys.executable, str(REPOSITORY / "scripts/vault_passwords.py"), str(tmp_path), "--ask-vault-pass", "--"]
    with (tmp_path / "empty").open() as empty, (tmp_path / "file").open() as file:
        opened |= {"empty": empty.fileno(), "file": file.fileno()}
        done = subprocess.run(argv, stdin=opened[stdin], capture_output=True, text=True, start_new_session=True, check=False)
    os.close(reader)
    assert (done.returncode == 2) is refused
    if refused:
        assert f"there is no terminal to ask for it. Fix: write it into {tmp_path}/.vault_password" in done.stderr
        assert done.stderr.count("\n") == 1


def test_make_judges_it_for_each_target_of_a_site() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"(?m)^site-files:.*\n((?:\t.*\n)+)", text)
    assert recipe and "scripts/vault_passwords.py $(SITE_DIR) $(VAULT) -- $(ARGS)" in recipe[1]


@pytest.mark.parametrize("target", ["check", "plan", "converge", "verify"])
def test_without_a_demo_each_target_says_make_demo(target: str) -> None:
    """No key of the demo, no demo."""
    done = subprocess.run(
        ["make", "-n", target], cwd=REPOSITORY, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    )
    assert "test -f .demo/ssh_key || { echo 'The demo does not run" in done.stdout
