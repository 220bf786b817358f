# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A member of etcd that leaves: another one takes it out, and nobody where the others would not have a quorum."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Run

AWAY = {"*": {"away": True}}
HELD: dict[str, Any] = {"lease": {"failed": True, "msg": "db1 is held by another run"}}
ETCD = {"etcd": ["db1", "db2", "db3"]}
ANSWERS: dict[str, Any] = {"etcd_health": {"answers": True}, "etcd_remove": {"member": "db3", "members": ["db1", "db2"]}}


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
def test_another_member_of_etcd_takes_it_out(run: Run, member: str, said: dict[str, Any], speaker: str) -> None:
    # What is not the collection's would be done on this machine.
    answers = {host: said.get(host, ANSWERS) for host in ETCD["etcd"]}
    done = run("etcd/remove.yml", ETCD, answers, "--skip-tags", "service", etcd_member=member)
    assert done.code == 0, done.printed
    assert [call for call in done.calls if call.startswith("etcd_remove")] == [f"etcd_remove (check) {speaker}", f"etcd_remove {speaker}"]
    assert "lease released" in " ".join(done.calls)
    assert ("systemctl disable --now etcd" in done.printed) == (member == "db9")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"db1": HELD}, "Nothing is done without db1"),
        ({host: {"etcd_health": {"answers": False}} for host in ("db1", "db2")}, "No other member of etcd answers (db1, db2)"),
        ({host: {**ANSWERS, "etcd_remove": {"failed": True, "msg": "would lose"}} for host in ("db1", "db2", "db3")}, "would lose"),
    ],
)
def test_no_member_of_etcd_is_taken_out(run: Run, said: dict[str, Any], reason: str) -> None:
    done = run("etcd/remove.yml", ETCD, {host: said.get(host, ANSWERS) for host in ETCD["etcd"]}, etcd_member="db3")
    assert done.code != 0 and reason in done.printed
    assert not [call for call in done.calls if call.startswith("etcd_remove ") and "(check)" not in call]
    assert {"db2", "db3"} <= set(done.of("lease released"))


def test_the_member_of_etcd_is_named(run: Run) -> None:
    done = run("etcd/remove.yml", ETCD, dict.fromkeys(ETCD["etcd"], ANSWERS))
    assert done.code != 0 and "Write -e etcd_member=" in done.printed and done.calls == []
