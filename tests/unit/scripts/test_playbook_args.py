# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARGS of `make` that ansible-playbook would answer with all of its help."""

from __future__ import annotations

from pathlib import Path

import playbook_args
import pytest

INVENTORY = """\
all:
  children:
    postgresql: {hosts: {node1: {ansible_host: 192.0.2.1}, node2: , "db[1:3]": }}
    spare: {hosts: {}}
"""
#: What is there.
THERE = "its hosts: db1, db2, db3, node1, node2; its groups: postgresql, spare"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "db2", "-K", "-vv", "--check"], ""),
        (["-e", "a=1", "--lim=db2"], ""),
        (["--limt", "db2"], "ARGS: ansible-playbook has no option --limt. Did you mean --limit? Fix: write --limit instead of --limt"),
        (["--limt=db2"], "no option --limt=db2. Did you mean --limit? Fix: write --limit instead of --limt"),
        (["--tgas=x", "--cehck"], "no option --tgas=x, --cehck. Did you mean --tags? Did you mean --check? Fix: "),
        (["--nothing-like-it"], "Fix: use options as ansible-playbook --help has them"),
        (["-e", "@/no/such/file.yml"], "ARGS: -e @/no/such/file.yml: there is no file /no/such/file.yml. Fix: "),
        (["-e", "{foo"], "ARGS: -e {foo: this is not valid YAML or JSON"),
        (["-e", "[a]"], "ARGS: -e [a]: this is not a mapping. Fix: "),
        (["-e", "component_retry true"], "a variable needs a value. Fix: write -e component_retry=value"),
        (["-e", '{"a": 1}', "-e", f"@{__file__}", "-e", "a=1 b=2"], ""),
        (["-f", "many"], "ARGS: argument -f/--forks: invalid value: 'many'. Fix: "),
    ],
)
def test_what_is_said(arguments: list[str], said: str) -> None:
    found = playbook_args.problem(arguments)
    assert said in found if said else found == ""


def test_a_line_and_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert playbook_args.main(["inventories/demo", "--limt", "db2"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert playbook_args.main(["inventories/demo"]) == 0


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("node1", ""),
        ("node1,db2,&postgresql", ""),
        ("all:!object_store", ""),
        ("~no.*1", ""),
        ("node*:postgresql[0]", ""),
        ("localhost", "ARGS: --limit localhost leaves no host. Fix: "),
        ("nod1", f"the inventory has no host or group nod1. Did you mean node1? Fix: write node1 instead of nod1; {THERE}"),
        ("node1,!nod2", "no host or group nod2. Did you mean node2? Fix: write node2 instead of nod2; its hosts: "),
        ("postgres", "no host or group postgres. Did you mean postgresql? Fix: write postgresql instead of postgres"),
        ("elsewhere.example.com", f"no host or group elsewhere.example.com. Fix: name an existing host or group; {THERE}"),
        ("object_store", "no host or group object_store. Fix: name an existing host or group"),
        ("spare", f"ARGS: --limit spare leaves no host. Fix: give a limit with hosts; {THERE}"),
        ("node1:!node1", "ARGS: --limit node1:!node1 leaves no host. Fix: "),
        ("x*", "ARGS: --limit x* leaves no host. Fix: "),
    ],
)
@pytest.mark.parametrize("option", ["--limit={}", "-l{}"])
def test_a_limit(tmp_path: Path, capfd: pytest.CaptureFixture[str], option: str, limit: str, said: str) -> None:
    (tmp_path / "hosts.yml").write_text(INVENTORY, encoding="utf-8")
    assert playbook_args.main([str(tmp_path), option.format(limit)]) == (2 if said else 0)
    printed = capfd.readouterr().err
    assert said in printed and printed.count("\n") == bool(said)


def test_an_inventory_that_does_not_parse_is_not_judged_here(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hosts.yml").write_text("all: [", encoding="utf-8")
    assert playbook_args.main([str(tmp_path), "--limit", "nod1"]) == 0
    assert capfd.readouterr().err == ""
