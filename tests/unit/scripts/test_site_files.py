# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes of YAML in a site's files: each in one line, before Ansible's own parsers speak."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import site_files

from tests.unit.lib.instructions import is_instruction

REPOSITORY = Path(__file__).resolve().parents[3]
GOOD = b"all:\n  hosts:\n    a:\n"


@pytest.mark.parametrize(
    ("name", "data", "line", "words"),
    [
        ("hosts.yml", b"all:\n\thosts:\n    a:\n", 2, "there is a tab"),
        ("hosts.yml", b"all:\n  hosts:\n    a:\n    a:\n", 4, "the key a is listed twice"),
        ("hosts.yml", b"all: [\n", 2, "close the bracket"),
        ("hosts.yml", b"all:\n  server1: {ansible_host: 192.0.2.1", 2, "close the brace"),
        ("hosts.yml", b"site_time_servers: [ntp1, ntp2", 1, "close the bracket"),
        ("hosts.yml", b'a: "x\nb: 1\n', 1, "close the quote"),
        ("hosts.yml", b"a: b: c\n", 1, "write the value in quotes"),
        ("hosts.yml", b"a: @x\n", 1, "write the value in quotes"),
        ("hosts.yml", b"a: 1\nb: *x\n", 2, "write the value in quotes"),
        ("hosts.yml", b"a: {{ b }}\n", 1, "a template is not in quotes"),
        ("hosts.yml", b"a:\n  - b\n c: d\n", 3, "indent it"),
        ("hosts.yml", b"a:\n  b\nc\n", 3, "a key without a colon"),
        ("hosts.yml", b"a: 1\nansible_user:root\nb: 2\n", 2, "a key without a colon"),
        ("hosts.yml", b'a: "{{ b }}" c\n', 1, "quotes"),
        ("group_vars/all/site.yml", b"# x\nsite_name: f\xfcr\n", 2, "not UTF-8"),
        ("group_vars/all.yml", b"site_name: a\nsite_name: b\n", 2, "the key site_name is listed twice"),
        ("group_vars/etcd.yaml", b"etcd_x: {a: [{b: 1, b: 2}]}\n", 1, "the key b is listed twice"),
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
    assert (
        said.startswith(f"inventory-unreadable {path}{f':{line}' if line else ''}: ")
        and words in said
        and is_instruction(said.partition(" Fix: ")[2])
    )


ALL = "all:\n  hosts:\n    node1: {ansible_host: 10.7.0.11}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"{ALL}    node2: 10.7.0.12\n", 4, "node2 has a text where a mapping belongs. Fix: write node2: {ansible_host: 10.7.0.12}"),
        (f"{ALL}    node2: a secret\n", 4, "node2 has a text where a mapping belongs. Fix: write node2: {ansible_host: <its address>}"),
        (f"{ALL}    node2: [a]\n", 4, "node2 has a list where a mapping belongs. Fix: write node2: {ansible_host: <its address>}"),
        (
            f"{ALL}    node2:{{ansible_host: 10.7.0.12}}\n",
            4,
            "node2 is followed by a colon without a space, so it is not a mapping. Fix: write node2: {ansible_host: 10.7.0.12}",
        ),
        (f"{ALL}    node2:{{secret: a b}}\n", 4, "colon without a space, so it is not a mapping. Fix: write node2: {...}"),
        (
            f"{ALL}    11: {{ansible_host: 10.7.0.12}}\n",
            4,
            '11 is the name of a host or group, and YAML reads it as a number. Fix: write "11":',
        ),
        (f"{ALL}    1.5:\n", 4, "YAML reads it as a number"),
        (f"{ALL}    2026-01-01:\n", 4, "YAML reads it as a date"),
        (f"{ALL}    yes: {{ansible_host: 10.7.0.12}}\n", 4, "YAML reads it as true or false"),
        ("all:\n  children:\n    7:\n      hosts: {a: }\n", 3, 'YAML reads it as a number. Fix: write "7": in quotes'),
        (
            "all:\n  children:\n    db:\n      children:\n        web:\n          children:\n            db:\n",
            7,
            "the group db is below itself (db above web above db). Fix: remove db from children of web",
        ),
        ("a:\n  children:\n    b:\nb:\n  children:\n    c: {children: {b: }}\n", 6, "the group b is below itself (b above c above b)"),
        ("a:\n  children:\n    a:\n", 3, "the group a is below itself (a above a)"),
        (
            "all:\n  hosts:\n    - node1\n",
            3,
            "hosts of the group all is a list where a mapping belongs. Fix: write node1: in place of - node1",
        ),
        (
            "all:\n  hosts:\n    - {a: 1}\n",
            3,
            "hosts of the group all is a list where a mapping belongs. Fix: write it as in hosts: {name: ",
        ),
        (
            "all:\n  childern:\n    db:\n",
            2,
            "the key childern of the group all is not one of hosts, children and vars. Did you mean children? Fix: write children",
        ),
        (
            "all:\n  children:\n    db:\n      host: {a: }\n",
            4,
            "the key host of the group db is not one of hosts, children and vars. Did you mean hosts? ",
        ),
        (
            "all:\n  site_name: x\n",
            2,
            "the key site_name of the group all is not one of hosts, children and vars. Fix: put site_name below vars: if",
        ),
        ("all:\n  children:\n    db: node1\n", 3, "the group db has a text where a mapping belongs. Fix: write db: {hosts: {node1:}}"),
        ("all:\n  children:\n    db: [a, b]\n", 3, "the group db has a list where a mapping belongs. Fix: write db: {hosts: {a:, b:}}"),
        ("all:\n  children:\n    db:{hosts: a}\n", 3, "db is followed by a colon without a space"),
        (
            "all:\n  hosts:\n    a:\n    children:\n      db: {hosts: {a: }}\n",
            4,
            "children: is below hosts:, so Ansible takes it for a host. Fix: write children: with the indentation of hosts:",
        ),
        ("all:\n  vars: a\n", 2, "vars of the group all has a text where a mapping belongs. Fix: write it as in vars: {name: value}"),
        ("- node1\n", 1, "the file is a list where a mapping of groups belongs. Fix: begin with all: "),
        ("# nothing\n", 0, "the file is empty. Fix: begin with all: "),
    ],
)
def test_what_is_yaml_and_no_inventory(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: int, said: str) -> None:
    """Ansible shows what each of its three parsers says, in 25 lines, or skips the key."""
    path = tmp_path / "hosts.yml"
    path.write_text(text, encoding="utf-8")
    assert site_files.main([str(tmp_path)]) == 1
    (printed,) = capsys.readouterr().err.splitlines()
    assert printed.startswith(f"inventory-unreadable {path}{f':{line}' if line else ''}: ") and said in printed
    assert is_instruction(printed.partition(" Fix: ")[2]), printed
    assert "a secret" not in printed and "a b" not in printed


@pytest.mark.parametrize("text", ["- a\n", "a text\n"])
def test_variables_are_a_mapping(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "hosts.yml").write_bytes(GOOD)
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text(text, encoding="utf-8")
    assert site_files.main([str(tmp_path)]) == 1
    assert "group_vars/all.yml:1: the file is a " in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "plugin: ansible.builtin.constructed\nstrict: true\n",
        "all: {hosts: node1}\n",
        "all:\n  hosts: {a: &a {p: 1}, b: *a, c: {<<: *a, q: 2}, 'd[1:3]': , e: null, f: ~}\n",
        "all:\n  vars:\n    word: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      61\n",
        "db:\n  hosts: {a: }\nall:\n  children: {db: , web: {}, other: {children: {deep: {hosts: }}}}\n",
    ],
)
def test_inventories_that_ansible_takes(tmp_path: Path, text: str) -> None:
    (tmp_path / "hosts.yml").write_text(text, encoding="utf-8")
    assert site_files.main([str(tmp_path)]) == 0


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
        assert re.search(rf"(?m)^{target}: (kit-named )?site-exists venv site-files\b", text), target
