# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where etcd starts empty, the member with the newest data leads, and no other one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import host_facts, wal
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.postgresql import newest

#: What pg_controldata 15 printed.
CONTROL = (Path(__file__).parent / "data" / "pg_controldata_15.txt").read_text(encoding="utf-8")
#: What pg_waldump 15 and 17 print where a log ends: in a segment, at the end of one, at an earlier one.
ENDS = {
    "pg_waldump: error: error in WAL record at 0/1BB5180: invalid record length at 0/1BB51B8: wanted 24, got 0\n": "0/1BB51B8",
    "pg_waldump: error: error in WAL record at 0/1BB5180: invalid record length at 0/1BB51B8: expected at least 24, got 0\n": "0/1BB51B8",
    "pg_waldump: error: error in WAL record at 0/4FFFFA0: unexpected pageaddr 0/1000000 in WAL segment 000000010000000000000005,"
    " LSN 0/5000000, offset 0\n": "0/5000000",
    "pg_waldump: error: could not find file \"000000010000000000000002\": No such file or directory\n": "",
}  # fmt: skip


# --- how far the data of a member go ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "expected"), ENDS.items())
def test_where_a_log_ends(said: str, expected: str) -> None:
    assert wal.end(said) == expected


@pytest.mark.parametrize(
    ("segments", "expected"),
    [
        (["000000010000000000000001", "000000010000000000000002"], (1, "0/1BB50D0")),
        ([], (1, "0/1BB50D0")),
        # It had begun to follow a new leader before its own next checkpoint.
        (["000000010000000000000001", "000000020000000000000001"], (2, "0/1BB50D0")),
        (["000000010000000000000001", "0000000400000000000000A0", "0000000400000000000000A1"], (4, "0/A0000000")),
        (["0000000400000001000000FF"], (4, "1/FF000000")),
    ],
)
def test_where_to_read_from(segments: list[str], expected: tuple[int, str]) -> None:
    control = wal.parse_control(CONTROL)
    assert control is not None
    assert wal.where(control, segments) == expected


def test_what_is_no_control_file() -> None:
    assert wal.parse_control("pg_controldata: error: could not open file") is None


def test_facts_of_a_member(tmp_path: Path) -> None:
    """Of one that runs nothing is read; of a stopped one the programs of its own version say it."""
    data = tmp_path / "srv/pg"
    (data / "global").mkdir(parents=True)
    (data / "global/pg_control").touch()
    (data / "pg_wal").mkdir()
    (data / "pg_wal/000000010000000000000001").touch()
    (tmp_path / "etc/patroni").mkdir(parents=True)
    written = "# Written by vannah.healthcloud for the cluster x\npostgresql:\n  data_dir: /srv/pg\n  bin_dir: /usr/lib/postgresql/15/bin\n"
    (tmp_path / "etc/patroni/config.yml").write_text(written, encoding="utf-8")
    argvs, pid = [], "0"

    def runner(argv: list[str], **_more: Any) -> Result:
        argvs.append(argv)
        said = {"systemctl": (0, f"{pid}\n", ""), "pg_controldata": (0, CONTROL, "")}
        return Result(*said.get(argv[0].rpartition("/")[2], (1, "", next(iter(ENDS)))))

    ctx = Context("check", root=str(tmp_path), runner=runner)
    assert host_facts.member(ctx) == {"runs": False, "newest": False, "wal": {"timeline": 1, "lsn": "0/1BB51B8"}}
    assert argvs[-1] == [
        "/usr/lib/postgresql/15/bin/pg_waldump",
        "--quiet",
        "--path=/srv/pg/pg_wal",
        "--timeline=1",
        "--start=0/1BB50D0",
    ]
    (tmp_path / "etc/patroni/vannah-newest").touch()
    assert host_facts.member(ctx)["newest"]
    pid = "812"
    assert host_facts.member(ctx) == {"runs": True}
    argvs.clear()
    assert host_facts.member(ctx, answers=True) == {"runs": True} and not argvs
    (data / "global/pg_control").unlink()
    assert host_facts.member(ctx, answers=True) == {}


# --- what a person is told ----------------------------------------------------------------------------------------------


def answer(host: str, member: dict[str, Any] | None, etcd: bool = False, roles: tuple[str, ...] = ("etcd", "postgresql")) -> Answer:
    """What a host says; ``member``: None for a host that did not answer."""
    if member is None:
        return Answer(host, roles)
    return Answer(host, roles, {"clusters": {"etcd": etcd}, "services": {"postgresql": {"member": member}}})


def at(lsn: str, timeline: int = 3, *, named: bool = False) -> dict[str, Any]:
    """A member that does not run."""
    return {"runs": False, "newest": named, "wal": {"timeline": timeline, "lsn": lsn}}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        # The leader and its synchronous standby have the same, the third is behind.
        ([at("0/5000A28"), at("0/5000A28"), at("0/4000000")], ["db3 has timeline 3 up to 0/4000000", "Fix: touch MARK on db1, then"]),
        ([at("0/4000000"), at("1/0"), at("0/FF000000")], ["touch MARK on db2, then"]),
        # Who was promoted later is the one that clients wrote to.
        ([at("0/9000000", 3), at("0/8000000", 4), {}], ["touch MARK on db2, then"]),
        ([at("0/9000000"), None, at("0/8000000")], ["db2 did not answer and may have newer data", "touch MARK on db1, then"]),
        ([{"runs": False, "wal": None}, at("0/1"), {}], ["db1 has data of an unknown position", "touch MARK on db2, then"]),
        ([{"runs": True}, at("0/9000000"), {}], ["Patroni runs on db1:", "systemctl stop patroni on db1, db2, db3, then"]),
        ([at("0/2", named=True), at("0/1", named=True), {}], ["MARK is on db1, db2.", "touch MARK on db1 alone, then"]),
        # One is named; no member has data (the cluster starts empty too).
        ([at("0/4000000", named=True), at("0/5000000"), {}], []),
        ([{}, {}, {}], []),
    ],
)
def test_the_newest_member_is_named(answers: list[dict[str, Any] | None], said: list[str]) -> None:
    found = list(newest.findings(answer(f"db{number}", one) for number, one in enumerate(answers, 1)))
    assert [one.code for one in found] == (["contact-newest-member"] if said else [])
    text = f"{found[0].problem} Fix: {found[0].fix}" if found else ""
    for part in said:
        assert part.replace("MARK", newest.MARK) in text


def test_where_nobody_has_to_be_named() -> None:
    """etcd has its data; a site has one database server; etcd runs elsewhere and is there."""
    two = [at("0/1"), at("0/2")]
    assert not list(newest.findings(answer(f"db{number}", one, etcd=True) for number, one in enumerate(two)))
    assert not list(newest.findings([answer("db1", at("0/1"))]))
    elsewhere = [Answer("e1", ("etcd",), {"clusters": {"etcd": True}}), *(answer(f"db{number}", one) for number, one in enumerate(two))]
    assert not list(newest.findings(elsewhere))


def left(leader: str | None, *, runs: bool = True) -> dict[str, Any]:
    """A member that has its data."""
    return {"services": {"postgresql": {"leader": leader, "member": {"runs": runs}}}}


LOST = {"data_missing": {"postgresql": ["/srv/pg/global/pg_control"]}, "services": {"postgresql": {"leader": None}}}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ([left(""), LOST, LOST], "failover --candidate db1 --force"),
        ([left(""), left(""), LOST], "so that Patroni does not let them lead"),
        # One leads; one does not run and may be the leader; no member has lost anything; no member has data.
        ([left("db1"), LOST, LOST], ""),
        ([left("", runs=False), LOST, LOST], ""),
        ([left(""), left(None, runs=False), LOST], ""),
        ([left(""), left(""), left("")], ""),
        ([LOST, LOST, LOST], ""),
    ],
)
def test_who_is_left_may_not_lead(facts: list[dict[str, Any]], said: str) -> None:
    """The run would wait for a leader that cannot be."""
    answers = [Answer(f"db{number}", ("postgresql",), {**one, "clusters": {"etcd": True}}) for number, one in enumerate(facts, 1)]
    found = list(newest.findings(answers))
    assert [one.code for one in found] == (["contact-leader-data-missing"] if said else [])
    assert not said or said in f"{found[0].problem} Fix: {found[0].fix}"


# --- what the host itself does before each start ------------------------------------------------------------------------


@pytest.fixture
def start(program: Callable[[str, str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program, with marks and configuration in a folder; ``knows``: etcd's answer; ``silent``: it gives none."""
    module: Any = program("postgresql", "postgresql-may-start")
    for name in ("FIRST", "USED", "JOINED", "RESTORING"):
        monkeypatch.setattr(module, name, str(tmp_path / name))
    module.knows, module.silent = None, False
    module.keys = []

    class Etcd:
        def __init__(self, settings: dict[str, Any]) -> None:
            assert settings["hosts"]

        def get(self, key: str) -> str | None:
            module.keys.append(key)
            if module.silent:
                raise module.Silent("10.0.0.1:2379: timed out")
            found: str | None = module.knows
            return found

    monkeypatch.setattr(module, "Etcd", Etcd)
    (tmp_path / "ca.pem").write_text("CA", encoding="ascii")
    (tmp_path / "data/global").mkdir(parents=True)
    settings = {
        "scope": "clinic",
        "namespace": "/vannah/",
        "etcd3": {"hosts": ["10.0.0.1:2379"], "cacert": str(tmp_path / "ca.pem")},
        "postgresql": {"data_dir": str(tmp_path / "data")},
    }
    (tmp_path / "config.yml").write_text(json.dumps(settings), encoding="utf-8")

    def asked(members: int = 3, adopt: bool = False, data: bool = True) -> int:
        (tmp_path / "members").write_text(json.dumps({"members": list(range(members)), "adopt": adopt}), encoding="utf-8")
        (tmp_path / "data/global/pg_control").unlink(missing_ok=True)
        if data:
            (tmp_path / "data/global/pg_control").touch()
        status: int = module.main(str(tmp_path / "config.yml"), str(tmp_path / "members"), 0)
        return status

    module.asked = asked
    return module


def test_an_empty_etcd_starts_no_member(start: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert start.asked() == 1
    assert "may not have the newest data" in capsys.readouterr().err
    assert start.keys == ["/vannah/clinic/initialize"]
    start.silent = True
    assert start.asked() == 1
    assert "etcd does not answer (10.0.0.1:2379: timed out)" in capsys.readouterr().err


def test_a_restore_that_has_not_ended_starts_no_member(start: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its data may be those of any time, and an unfinished recovery may continue on them."""
    start.knows = "7714"
    (tmp_path / "RESTORING").write_text("7714\n", encoding="ascii")
    assert start.asked() == 1 and "a restore onto this member has not ended" in capsys.readouterr().err
    (tmp_path / "RESTORING").unlink()
    assert start.asked() == 0


def test_the_named_member_starts_and_the_others_follow(start: Any) -> None:
    """The name is good for one start and the attempts right after it, and gone once etcd knows the cluster."""
    first, used = Path(start.FIRST), Path(start.USED)
    first.touch()
    assert start.asked() == 0 and not first.exists()
    assert start.asked() == 0
    os.utime(used, (0, 0))
    assert start.asked() == 1
    first.touch()
    assert start.asked() == 0
    start.knows = "7714187525008533258"
    first.touch()
    assert start.asked() == 0 and not first.exists() and not used.exists()


def test_a_member_whose_data_are_gone_makes_no_empty_cluster(start: Any, tmp_path: Path) -> None:
    """It has run; on a host of another site it has not."""
    start.knows = "7714187525008533258"
    assert start.asked(data=False) == 0
    start.knows = None
    assert start.asked(data=False) == 1
    (tmp_path / "ca.pem").write_text("another CA", encoding="ascii")
    assert start.asked(data=False) == 0


@pytest.mark.parametrize(
    ("given", "knows", "silent"),
    [
        ({"data": False}, None, False),  # a new cluster
        ({"data": False}, None, True),
        ({"members": 1}, None, False),  # no other member may have newer data
        ({"members": 1}, None, True),
        ({"adopt": True}, None, False),
        ({}, "", False),  # initdb is at work elsewhere
    ],
)
def test_who_starts_at_once(start: Any, given: dict[str, Any], knows: str | None, silent: bool) -> None:
    start.knows, start.silent = knows, silent
    assert start.asked(**given) == 0
