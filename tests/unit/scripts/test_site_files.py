# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes of YAML in a site's files: each in one line, before Ansible's own parsers speak."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import site_files

REPOSITORY = Path(__file__).resolve().parents[3]
GOOD = b"all:\n  hosts:\n    a:\n"


@pytest.mark.parametrize(
    ("name", "data", "line", "words"),
    [
        ("hosts.yml", b"all:\n\thosts:\n    a:\n", 2, "there is a tab"),
        ("hosts.yml", b"all:\n  hosts:\n    a:\n    a:\n", 4, "the key a is there twice"),
        ("hosts.yml", b"all: [\n", 2, "close the bracket"),
        ("hosts.yml", b"all:\n  server1: {ansible_host: 192.0.2.1", 2, "close the brace"),
        ("hosts.yml", b"site_time_servers: [ntp1, ntp2", 1, "close the bracket"),
        ("hosts.yml", b'a: "x\nb: 1\n', 1, "close the quote"),
        ("hosts.yml", b"a: b: c\n", 1, "write the value in quotes"),
        ("hosts.yml", b"a: @x\n", 1, "write the value in quotes"),
        ("hosts.yml", b"a: 1\nb: *x\n", 2, "write the value in quotes"),
        ("hosts.yml", b"a: {{ b }}\n", 1, "a template is not in quotes"),
        ("hosts.yml", b"a:\n  - b\n c: d\n", 3, "indent it"),
        ("hosts.yml", b"a:\n  b\nc\n", 4, "a key without a colon"),
        ("hosts.yml", b'a: "{{ b }}" c\n', 1, "quotes"),
        ("group_vars/all/site.yml", b"# x\nsite_name: f\xfcr\n", 2, "not UTF-8"),
        ("group_vars/all.yml", b"site_name: a\nsite_name: b\n", 2, "the key site_name is there twice"),
        ("group_vars/etcd.yaml", b"etcd_x: {a: [{b: 1, b: 2}]}\n", 1, "the key b is there twice"),
        ("host_vars/a.yml", b"a: 'b\n", 1, "close the quote"),
        ("host_vars/a.yml", b"a: \x01\n", 0, "character that YAML does not allow"),
    ],
)
def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, line: int, words: str) -> None:
    """With file and line, and what to write."""
    path = tmp_path / name
    (tmp_path / "hosts.yml").write_bytes(GOOD)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert site_files.main([str(tmp_path)]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"inventory-unreadable {path}{f':{line}' if line else ''}: ") and words in said and " Fix: " in said


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("group_vars/all/vault.yml", b"$ANSIBLE_VAULT;1.1;AES256\n6162\n"),
        ("group_vars/all/word.yml", b"word: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nother: !unsafe '{{ x }}'\n"),
        ("group_vars/all/merged.yml", b"a: &a {x: 1}\nb: &b {y: 1}\nc:\n  <<: *a\n  z: 1\n"),
        ("group_vars/all/empty.yml", b"---\n# nothing\n"),
        ("group_vars/all/umlaut.yml", "site_name: f\u00fcr\n".encode()),
        ("group_vars/all/tab.yml", b"a: 'b\tc'\n"),
        ("group_vars/all/notes.txt", b"a: [\n"),
        ("group_vars/.old/a.yml", b"a: [\n"),
        ("secrets.yml", b"a: [\n"),
        ("pki/a.yml", b"a: [\n"),
    ],
)
def test_what_is_no_mistake(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / "hosts.yml").write_bytes(GOOD)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(data)
    assert site_files.main([str(tmp_path)]) == 0


def test_a_file_that_is_cut_off_anywhere() -> None:
    """As an editor or a full disk leaves it: it is judged, whatever it is."""
    text = "all:\n  hosts: {a: {ansible_host: 192.0.2.1}, b: [1, \"{{ x }}\"]}\n  vars:\n    c: 'd' # e\n    f: |\n      g\n"
    for end in range(len(text)):
        for rest in ("", "\n", "\t", "'", "}", "]", ":", " : x"):
            problem = site_files.problem_in((text[:end] + rest).encode())
            assert problem is None or (problem[0] <= text.count("\n") + 2 and problem[1] and problem[2])


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o644, True), (0o660, True)])
def test_a_password_that_others_can_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: int, warned: bool) -> None:
    (tmp_path / "hosts.yml").write_bytes(GOOD)
    (tmp_path / ".vault_password").write_text("x" * 20, encoding="ascii")
    (tmp_path / ".vault_password").chmod(mode)
    assert site_files.main([str(tmp_path)]) == 0
    assert ("chmod 600" in capsys.readouterr().err) is warned


@pytest.mark.parametrize("site", ["demo", "single", "clinic"])
def test_our_own_sites(site: str) -> None:
    assert site_files.main([str(REPOSITORY / "inventories" / site)]) == 0


def test_make_asks_before_ansible_does() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for target in ("check", "plan", "converge", "verify", "artifacts", "recovery-kit"):
        assert re.search(rf"(?m)^{target}: site-exists venv site-files\b", text), target
