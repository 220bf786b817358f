# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backup a restore begins with, once there are several timelines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest import lineage, target
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.calls import CALLS
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pgbackrest.program import Program

from tests.unit.lib.host import Programs

from .recorded import INFO

#: As PostgreSQL 17 writes it: a restore to 0/9000148, then Patroni's start, then another restore.
HISTORY = """1\t0/9000148\tbefore 2026-12-01 13:23:19.812+00

2\t0/B000000\tno recovery target specified

3\t0/E0001C0\tbefore 2026-12-01 13:40:00+00
"""


def backup(label: str, timeline: int, stop: str, ended: float) -> dict[str, Any]:
    """A backup as ``info`` has it."""
    return {
        "label": label,
        "archive": {"start": f"{timeline:08X}0000000000000001"},
        "lsn": {"start": "0/0", "stop": stop},
        "timestamp": {"start": ended - 1, "stop": ended},
    }


FULL = backup("full", 1, "0/3000050", 100.0)
#: Made just before the first restore, and so after the point that it went back to.
LAST = backup("last", 1, "0/A000050", 200.0)
FIRST = backup("first", 3, "0/C000050", 300.0)
BACKUPS = [FULL, LAST, FIRST]
BEFORE = lineage.ancestors(HISTORY)


def test_a_history() -> None:
    assert BEFORE == {1: "0/9000148", 2: "0/B000000", 3: "0/E0001C0"}


@pytest.mark.parametrize(
    ("timeline", "before", "able"),
    [
        (1, {}, [FULL, LAST]),
        (3, {1: "0/9000148", 2: "0/B000000"}, [FULL, FIRST]),
        (4, BEFORE, [FULL, FIRST]),
        (2, {1: "0/9000148"}, [FULL]),
        (4, {1: "0/9000148", 2: "0/B000000", 3: "0/C00004F"}, [FULL]),
    ],
)
def test_backups_that_lead_to_a_timeline(timeline: int, before: dict[int, str], able: list[Any]) -> None:
    assert lineage.leading(BACKUPS, timeline, before) == able


@pytest.mark.parametrize(
    ("kind", "given", "moment", "labels"),
    [
        ("latest", "", 0.0, ["first"]),
        ("time", "-", 250.0, ["full"]),
        ("time", "-", 300.0, ["first"]),
        ("lsn", "0/C000050", 0.0, ["first"]),
        ("lsn", "0/C00004F", 0.0, ["full"]),
        ("name", "-", 0.0, ["first", "full"]),
    ],
)
def test_the_backup_to_begin_with(kind: str, given: str, moment: float, labels: list[str]) -> None:
    """The newest before the target; of a name it is not known, so that the others follow."""
    assert lineage.labels(kind, given, [FULL, FIRST], moment) == labels


def test_no_backup_before_the_target() -> None:
    with pytest.raises(AgentError, match="Fix: use a later target") as error:
        lineage.labels("time", "-", [FIRST], 299.0)
    assert error.value.code == "no-backup"


ASKED: dict[str, Any] = {"repository": 1, "type": "latest", "target": "", "timeline": "latest"}


def chosen(ctx: Context, programs: Programs, **more: Any) -> target.Chosen:
    """Of a repository with two backups of timeline 1, and timelines 2 and 3 that began later."""
    programs.on("info", out=INFO)
    programs.on("repo-ls", out=json.dumps({".": {}, "00000003.history": {}, "00000002.history": {}, "0000000100000000": {}}))
    programs.on("repo-get", out="1\t0/5000000\tbefore\n2\t0/7000000\tnone\n")
    return target.choose(Program(ctx, "t"), {**ASKED, **more}, 1796120100.0)


def test_the_newest_timeline(ctx: Context, programs: Programs) -> None:
    """The incremental backup was made after the point where it left timeline 1."""
    found = chosen(ctx, programs)
    assert (found.timeline, found.labels, found.attempts()) == (3, ["20261201-101321F"], [["--type=default", "--set=20261201-101321F"]])
    assert (found.system, found.bytes) == ("7714274811782048251", 23382430)
    (asked,) = [argv for argv in programs.calls if "repo-get" in argv]
    assert asked[-1] == "archive/t/17-1/00000003.history" and "--repo=1" in asked


def test_an_earlier_timeline(ctx: Context, programs: Programs) -> None:
    found = chosen(ctx, programs, timeline="1")
    assert found.labels == ["20261201-101321F_20261201-101327I"] and found.options == ["--type=default", "--target-timeline=1"]


def test_a_time_without_a_later_commit(ctx: Context, programs: Programs) -> None:
    """A cluster that is stopped has no WAL beyond the newest: where no commit is later than the time, all of it is restored."""
    chosen(ctx, programs)
    ctx.clock = lambda: 1796120100.0
    asked = {**ASKED, "stanza": "t", "type": "time", "target": "2026-12-01 10:14:00", "timeline": "1"}
    _steps, found = CALLS["target"](asked, ctx)
    label = "--set=20261201-101321F_20261201-101327I"
    assert found["attempts"][1] == ["--type=default", "--target-timeline=1", label] and found["attempts"][0][-1] == label
    assert len(found["attempts"]) == 2 and found["archived"] == "000000010000000000000006"


@pytest.mark.parametrize("given", ["4", "newest", "-1"])
def test_a_timeline_that_is_not_there(ctx: Context, programs: Programs, given: str) -> None:
    with pytest.raises(AgentError, match="Fix: use latest, or one of 1, 2, 3") as error:
        chosen(ctx, programs, timeline=given)
    assert error.value.code == "bad-target"
