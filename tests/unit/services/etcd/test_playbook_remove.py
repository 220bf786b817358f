# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member of etcd that leaves: another one takes it out, unless the others would not have a quorum."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.lib.playbook_runs import Run

AWAY = {"*": {"away": True}}
HELD: dict[str, Any] = {"lease": {"failed": True, "msg": "db1 is held by another run"}}
ETCD = {"etcd": ["db1", "db2", "db3"]}
ANSWERS: dict[str, Any] = {"etcd_health": {"answers": True}, "etcd_remove": {"member": "db3", "members": ["db1", "db2"]}}


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the program of this machine, on which Ansible's own module would work; what it was asked for, a line each."""
    calls = tmp_path / "systemctl.calls"
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    state = "Id=etcd.service\\nLoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\n"
    program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n[ "$1" != show ] || printf "{state}"\n', encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return calls


@pytest.mark.parametrize(
    ("member", "said", "speaker"),
    [
        ("db1", {}, "db2"),  # never itself
        ("db3", {}, "db1"),
        ("db3", {"db3": AWAY}, "db1"),
        ("db3", {"db1": {**ANSWERS, "etcd_health": {"answers": False}}}, "db2"),
        ("db9", {}, "db1"),  # out of the inventory already
    ],
)
def test_another_member_of_etcd_takes_it_out(run: Run, systemctl: Path, member: str, said: dict[str, Any], speaker: str) -> None:
    answers = {host: said.get(host, ANSWERS) for host in ETCD["etcd"]}
    # What is not the collection's is done on this machine, where its program is a stand-in.
    here = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    done = run("etcd/remove.yml", ETCD, answers, etcd_member=member, **here)
    assert done.code == 0, done.printed
    assert [call for call in done.calls if call.startswith("etcd_remove")] == [f"etcd_remove (check) {speaker}", f"etcd_remove {speaker}"]
    assert "lease released" in " ".join(done.calls)
    assert ("systemctl disable --now etcd" in done.printed) == (member == "db9")
    stopped = systemctl.read_text(encoding="ascii") if systemctl.exists() else ""
    assert ("stop etcd.service" in stopped) == (member != "db9" and said.get(member) != AWAY), stopped


def test_a_limit_without_the_member_of_etcd(run: Run, systemctl: Path) -> None:
    """It would be out of the cluster, and its service would keep being started on its host."""
    done = run("etcd/remove.yml", ETCD, dict.fromkeys(ETCD["etcd"], ANSWERS), "--limit", "db1,db2", etcd_member="db3")
    assert done.code != 0 and "--limit leaves out db3" in done.printed, done.printed
    assert done.calls == [] and not systemctl.exists()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"db1": HELD}, "the lease of db1 was not taken. Fix: "),
        ({host: {"etcd_health": {"answers": False}} for host in ("db1", "db2")}, "No other member of etcd answers (db1, db2)"),
        ({host: {**ANSWERS, "etcd_remove": {"failed": True, "msg": "would lose"}} for host in ("db1", "db2", "db3")}, "would lose"),
    ],
)
def test_no_member_of_etcd_is_taken_out(run: Run, said: dict[str, Any], reason: str) -> None:
    done = run("etcd/remove.yml", ETCD, {host: said.get(host, ANSWERS) for host in ETCD["etcd"]}, etcd_member="db3")
    assert done.code != 0 and reason in " ".join(done.printed.split()), done.printed
    assert not [call for call in done.calls if call.startswith("etcd_remove ") and "(check)" not in call]
    assert {"db2", "db3"} <= set(done.of("lease released"))


def test_a_misspelt_variable_of_a_verb_is_said_once(run: Run) -> None:
    """Before any host is asked."""
    done = run("etcd/remove.yml", ETCD, dict.fromkeys(ETCD["etcd"], ANSWERS), etcd_membre="db3")
    assert done.code != 0 and done.calls == [] and done.printed.count("fatal: ") == 1, done.printed
    assert "etcd_membre" in done.printed


def test_the_member_of_etcd_is_named(run: Run) -> None:
    done = run("etcd/remove.yml", ETCD, dict.fromkeys(ETCD["etcd"], ANSWERS))
    assert done.code != 0 and "Fix: add -e etcd_member=NAME" in done.printed and done.calls == []


@pytest.mark.parametrize(("member", "code"), [("db33", 2), ("db3", 0)])
def test_what_is_no_member_of_etcd(run: Run, systemctl: Path, member: str, code: int) -> None:
    """A misspelt name ends in an error, because the member that was meant stays; a second run of a removal that was done ends well."""
    answers = {host: {**ANSWERS, "etcd_remove": {"member": "", "members": ["db1", "db2"]}} for host in ETCD["etcd"]}
    here = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    done = run("etcd/remove.yml", ETCD, answers, etcd_member=member, **here)
    assert done.code == code, done.printed
    assert f"{member} is not a member of etcd; the members are db1, db2" in done.printed
    assert ("Nothing was changed: db33 is neither" in " ".join(done.printed.split())) == (code != 0), done.printed
    assert "lease released" in " ".join(done.calls)
