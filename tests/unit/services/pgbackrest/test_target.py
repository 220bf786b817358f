# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target of a restore is proven to be in the repository, and the timeline follows from it, before anything is stopped."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest import archive
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.calls import CALLS

from tests.unit.lib.host import Programs

from .recorded import INFO
from .wal_place import SIZE, Wal, control

FULL, INCREMENTAL = "20261201-101321F", "20261201-101321F_20261201-101327I"
ASKED: dict[str, Any] = {
    "stanza": "t",
    "config": "/c",
    "programs": "/pg",
    "repository": 1,
    "type": "latest",
    "target": "",
    "timeline": "",
    "wait": 60,
}


@pytest.fixture
def wal(ctx: Context, programs: Programs) -> Wal:
    """A cluster that went back once: timeline 1 until 100, at 110 restored to 60 as timeline 2, which is in use since 120."""
    made = Wal(ctx, programs)
    made.has(1, *range(1, 11))
    made.commit(1, 7 * SIZE + 100, 50.0)
    made.commit(1, 8 * SIZE + 100, 70.0)
    made.point(1, 9 * SIZE + 100, "before")
    made.commit(1, 9 * SIZE + 200, 100.0)
    made.histories[2] = "1\t0/8000064\tbefore 2026-12-01 10:14:10+00\n"  # the commit of 70 is lost
    made.has(2, 8, 9, 10, 11)
    made.commit(2, 8 * SIZE + 300, 120.0)
    made.point(2, 9 * SIZE + 100, "later")
    made.commit(2, 11 * SIZE + 100, 200.0)
    return made


def found(ctx: Context, **more: Any) -> dict[str, Any]:
    """The answer; what was read is removed."""
    try:
        return dict(CALLS["target"]({**ASKED, **more}, ctx)[1])
    finally:
        assert ["rm", "-rf", "--", ctx.path(archive.PLACE)] in ctx.runner.calls or not os.path.exists(ctx.path(archive.PLACE))  # type: ignore[union-attr]


def at(seconds: float) -> str:
    """A target."""
    return f"2026-12-01 10:{13 + int(seconds // 60)}:{seconds % 60:06.3f}"


@pytest.mark.parametrize(
    ("moment", "timeline"),
    [
        (40.0, 2),
        (69.0, 2),
        (70.0, 1),
        (119.0, 1),
        (120.0, 2),
        (199.0, 2),
    ],
)
def test_the_timeline_of_a_time(wal: Wal, ctx: Context, moment: float, timeline: int) -> None:
    """Between what the restore dropped and the first commit after it the cluster was on the timeline that the restore left."""
    said = found(ctx, type="time", target=at(moment))
    assert (said["timeline"], said["newest"]) == (timeline, 2)
    assert ("--target-timeline=1" in said["attempts"][0]) == (timeline == 1)
    # The newest one that leads there. Where no later commit is, all WAL of the same timeline is meant.
    assert said["attempts"][1][0] == "--type=default" and said["attempts"][1][1:] == said["attempts"][0][3:]


@pytest.mark.parametrize(("given", "timeline"), [("1", 1), ("2", 2), ("latest", 2)])
def test_a_timeline_that_is_named(wal: Wal, ctx: Context, given: str, timeline: int) -> None:
    """Nothing is derived."""
    assert found(ctx, type="time", target=at(80.0), timeline=given)["timeline"] == timeline


@pytest.mark.parametrize(
    ("name", "timeline", "chosen", "label"),
    [("before", "", 1, INCREMENTAL), ("later", "", 2, INCREMENTAL), ("before", "1", 1, INCREMENTAL), ("later", "2", 2, INCREMENTAL)],
)
def test_a_name(wal: Wal, ctx: Context, name: str, timeline: str, chosen: int, label: str) -> None:
    """It is found in the WAL, on a timeline that a restore left, too. One backup is enough."""
    said = found(ctx, type="name", target=name, timeline=timeline)
    assert (said["timeline"], said["backup"], len(said["attempts"])) == (chosen, label, 1)


@pytest.mark.parametrize(("name", "timeline"), [("beforehand", ""), ("before", "2"), ("later", "1"), ("before ", "")])
def test_a_name_that_is_not_there(wal: Wal, ctx: Context, name: str, timeline: str) -> None:
    """A mistyped one is refused here, and not by a recovery."""
    with pytest.raises(AgentError, match=r"Nothing was changed\. Fix: give the name as it was given") as error:
        found(ctx, type="name", target=name, timeline=timeline)
    assert error.value.code == "bad-target"


def test_two_points_of_a_name(wal: Wal, ctx: Context) -> None:
    """The recovery would end at the older one; of those before the backup that is used the newest one is meant."""
    wal.point(2, 8 * SIZE + 400, "later")
    with pytest.raises(AgentError, match="two restore points") as error:
        found(ctx, type="name", target="later")
    assert "restore_type=lsn -e restore_target=0/09000064" in error.value.msg
    wal.records[2] = [one for one in wal.records[2] if one[0] != 8 * SIZE + 400]
    wal.point(1, 4 * SIZE + 400, "later")
    assert found(ctx, type="name", target="later")["backup"] == INCREMENTAL


def test_a_search_that_takes_too_long(wal: Wal, ctx: Context) -> None:
    with pytest.raises(AgentError, match="Fix: use -e restore_wait=SECONDS") as error:
        found(ctx, type="name", target="beforehand", wait=-1)
    assert error.value.code == "search-too-long"


@pytest.mark.parametrize(("lsn", "timeline"), [("0/7000064", 2), ("0/8000064", 2), ("0/B000064", 2), ("0/B000000", 2)])
def test_the_timeline_of_a_position(wal: Wal, ctx: Context, lsn: str, timeline: int) -> None:
    assert found(ctx, type="lsn", target=lsn)["timeline"] == timeline


@pytest.mark.parametrize(
    ("lsn", "said"),
    [
        (
            "0/9000064",
            "is on several timelines, which have different data there. Fix: use -e restore_timeline=2 for the newest timeline, or another",
        ),
        ("0/C000000", "the repository has no WAL at 0/C000000 or after it. Fix: choose an earlier one"),
        ("0/B000065", "the repository has no WAL at 0/B000065 or after it. Fix: choose an earlier one"),
    ],
)
def test_positions_that_are_refused(wal: Wal, ctx: Context, lsn: str, said: str) -> None:
    """One that two timelines have, or none."""
    with pytest.raises(AgentError) as error:
        found(ctx, type="lsn", target=lsn)
    assert said in error.value.msg and error.value.code == "bad-target"
    if "several" in said:
        assert found(ctx, type="lsn", target=lsn, timeline="1")["timeline"] == 1
    else:
        with pytest.raises(AgentError, match="has no WAL at"):
            found(ctx, type="lsn", target=lsn, timeline="2")


def test_several_restores(wal: Wal, ctx: Context) -> None:
    """Back once more, from timeline 2 to timeline 1 at 100: at 150 the cluster was on a timeline that does not lead to the newest."""
    wal.histories[3] = "1\t0/9000100\tbefore\n"
    wal.has(3, 9, 10)
    wal.commit(3, 9 * SIZE + 600, 300.0)
    expected = {69.0: 3, 80.0: 3, 110.0: 3, 150.0: 2, 250.0: 2, 301.0: 3}
    assert {moment: found(ctx, type="time", target=at(moment))["timeline"] for moment in expected} == expected


def test_a_repository_that_was_added_later(wal: Wal, ctx: Context) -> None:
    """It has no history of the timelines that were left before, and none of the one that was in use then."""
    wal.segments, wal.histories = {}, {}
    wal.has(5, *range(2, 9))
    info = json.loads(INFO)
    for one in info[0]["backup"]:
        one["archive"] = {name: f"00000005{segment[8:]}" for name, segment in one["archive"].items()}
    wal.programs.on("info", out=json.dumps(info))
    said = found(ctx)
    assert (said["timeline"], said["newest"], said["archived"]) == (5, 5, "000000050000000000000008")
    assert said["attempts"] == [["--type=default", f"--set={INCREMENTAL}"]]


def test_a_failover(wal: Wal, ctx: Context) -> None:
    """It loses no commit, so the newest timeline has all that the ones before it have."""
    wal.histories[2] = "1\t0/B000000\tno recovery target specified\n"
    wal.segments = {}
    wal.has(1, *range(1, 11))
    wal.has(2, 11)
    assert [found(ctx, type="time", target=at(moment))["timeline"] for moment in (40.0, 90.0, 150.0, 230.0)] == [2] * 4


@pytest.mark.parametrize(
    ("position", "more", "refused"),
    [
        (9, {}, "000000020000000000000009"),
        (7, {}, "000000010000000000000007"),
        (9, {"type": "lsn", "target": "0/B000064"}, "000000020000000000000009"),
        (10, {"type": "lsn", "target": "0/9000064", "timeline": "2"}, ""),
        (9, {"type": "time", "target": at(150.0)}, "000000020000000000000009"),
        (11, {"type": "time", "target": at(60.0)}, ""),
    ],
)
def test_wal_that_is_missing(wal: Wal, ctx: Context, position: int, more: dict[str, Any], refused: str) -> None:
    """Between the backup and the target."""
    for timeline in (1, 2):
        wal.segments.pop(f"{timeline:08X}{0:08X}{position:08X}", None)
    if not refused:
        assert found(ctx, **more)["attempts"]
        return
    with pytest.raises(AgentError, match=f"the segment {refused} between the backup {INCREMENTAL} and the target") as error:
        found(ctx, **more)
    assert error.value.code == "wal-missing" and "Fix: " in error.value.msg


def test_the_newest_segment_has_a_wrong_byte(wal: Wal, ctx: Context) -> None:
    """PostgreSQL would take it for the end of the WAL. To an earlier time all can be restored, and nothing beyond it is tried."""
    wal.broken.add("00000002000000000000000B")
    with pytest.raises(AgentError, match="00000002000000000000000B differs from its checksum") as error:
        found(ctx)
    assert error.value.code == "wal-unreadable" and "Fix: verify the repository" in error.value.msg
    said = found(ctx, type="time", target=at(150.0))
    assert len(said["attempts"]) == 1 and said["archived"] == ""
    wal.broken.clear()
    assert found(ctx)["archived"] == "00000002000000000000000B"


@pytest.mark.usefixtures("wal")
def test_wal_that_cannot_be_read(ctx: Context, programs: Programs) -> None:
    """Then nothing is derived from it: a restore point may be behind what cannot be read."""
    programs.on("/pg/pg_waldump", rc=1, err="pg_waldump: error: error in WAL record at 0/8000100: invalid record length\n")
    with pytest.raises(AgentError, match="invalid record length") as error:
        found(ctx, type="name", target="later")
    assert error.value.code == "wal-unreadable"


def test_batches(wal: Wal, ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that ends in the segment after a batch is found; each segment is read once."""
    monkeypatch.setattr(archive, "BATCH", 2)
    assert found(ctx, type="name", target="before")["timeline"] == 1
    assert max(sum(argv[-2] == name for argv in wal.programs.calls if "archive-get" in argv) for name in wal.segments) <= 2


def test_the_control_file() -> None:
    """It gets the identifier and a right checksum, and one of another form is refused."""
    made = archive.named(control(), 4711)
    assert int.from_bytes(made[:8], "little") == 4711 and made[8:288] == control()[8:288] and len(made) == 8192
    assert int.from_bytes(made[288:292], "little") == archive.crc32c(made[:288]) and archive.crc32c(b"123456789") == 0xE3069283
    with pytest.raises(AgentError, match="pg_control"):
        archive.named(b"\1" * 8192, 4711)
