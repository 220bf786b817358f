# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores: which snapshot is chosen, and what a drill finds."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import Place, named

SNAPSHOTS = [{"id": named(f"id{day}"), "time": f"2026-11-0{day}T00:40:01.123456789+01:00"} for day in (3, 1, 2)]


#: 2026-11-10
NOW = 1794268800.0


@pytest.mark.parametrize(
    ("when", "found"),
    [("latest", "id3"), ("", "id3"), ("2026-11-02 12:00:00", "id2"), ("2026-11-01T23:40:01Z", "id1"), ("2026-11-01T23:40:02Z", "id2")],
)
def test_the_snapshot_of_a_time(shared: Any, when: str, found: str) -> None:
    assert shared.chosen(SNAPSHOTS, when, NOW)["id"] == named(found)


def test_snapshots_that_are_not_meant(shared: Any) -> None:
    """One from the future says nothing of what is newest; one that a restore in place has made has to be named by its own time."""
    later = {"id": "later", "time": "2026-12-02T00:00:00Z"}
    before = {"id": "before", "time": "2026-11-04T00:00:00.5Z", "tags": ["before-restore"]}
    known = [*SNAPSHOTS, later, before]
    times = {"latest": named("id3"), "2026-11-05": named("id3"), before["time"]: "before"}
    assert {when: shared.chosen(known, when, NOW)["id"] for when in times} == times
    assert shared.chosen(known, "latest", shared.at(later["time"]) - 60)["id"] == "later"
    with pytest.raises(shared.Failed, match="dated in the future"):
        shared.chosen([later], "latest", NOW)


@pytest.mark.parametrize(
    ("known", "when", "said"),
    [
        (SNAPSHOTS, "2020-01-01", "before the oldest snapshot"),
        (SNAPSHOTS, "2999-01-01", "in the future"),
        (SNAPSHOTS, "yesterday", "is not a time"),
        ([], "latest", "has no snapshot"),
    ],
)
def test_no_snapshot(shared: Any, known: Any, when: str, said: str) -> None:
    with pytest.raises(shared.Failed, match=said):
        shared.chosen(known, when, NOW)


def listed(path: str, *files: str) -> tuple[int, str]:
    """What ``restic ls`` prints of a folder; it writes these signs as other programs would not."""
    nodes = [{"name": "x", "type": "dir", "path": path}]
    nodes += [{"name": name, "type": "file", "path": f"{path}/{name}", "size": 5} for name in files]
    lines = ['{"struct_type":"snapshot"}', *(json.dumps({**node, "struct_type": "node"}) for node in nodes), "warning"]
    return 0, "\n".join(lines).replace("&", "\\u0026").replace("<", "\\u003c")


@pytest.mark.parametrize("path", ["/srv/files", "/srv/Röntgen <1> & 2"])
def test_a_plan(place: Place, restorer: Any, capsys: pytest.CaptureFixture[str], path: str) -> None:
    """The snapshot, and what it has; nothing is restored."""
    place.answers |= {"snapshots": (0, json.dumps(SNAPSHOTS)), "ls": listed(path, "a", "b")}
    assert place.main(restorer, "plan", path, "latest") == 0
    assert json.loads(capsys.readouterr().out) == {"snapshot": named("id3"), "time": SNAPSHOTS[0]["time"], "files": 2, "bytes": 10}
    assert place.commands() == ["snapshots", "ls"] and place.asked[-1][-3:] == ["--", named("id3"), path]


@pytest.mark.parametrize(("when", "said"), [("latest", "write -e restore_time=2026-11-01T"), ("2026-11-09", "")])
def test_a_newest_one_without_files(place: Place, restorer: Any, capsys: pytest.CaptureFixture[str], when: str, said: str) -> None:
    """Is that of a host which was rebuilt: it is restored only where a person names the time."""
    place.answers |= {
        "snapshots": (0, json.dumps(SNAPSHOTS)),
        "ls": lambda argv: listed("/srv", *(["a"] if named("id1") in argv else [])),
    }
    assert place.main(restorer, "plan", "/srv", when) == (1 if said else 0)
    assert said in capsys.readouterr().err


def test_a_path_that_was_not_backed_up(place: Place, restorer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    place.answers |= {"snapshots": (0, json.dumps(SNAPSHOTS)), "ls": (0, '{"struct_type":"snapshot"}')}
    assert place.main(restorer, "plan", "/srv/other", "latest") == 1
    assert "does not have /srv/other" in capsys.readouterr().err and "restore" not in place.commands()


@pytest.mark.parametrize(
    ("said", "status"), [("", 0), ("could not load snapshot aaaaaaaa: load <snapshot/aaaaaaaaaa>: invalid data returned\n", 0)]
)
def test_a_file_that_is_no_snapshot(place: Place, restorer: Any, said: str, status: int) -> None:
    """Is warned of by restic among its answer, and keeps no one from a restore."""
    place.answers |= {"snapshots": (0, f"{said}{json.dumps(SNAPSHOTS)}\n"), "ls": listed("/srv", "a")}
    assert place.main(restorer, "plan", "/srv", "latest") == status


def test_a_restore(place: Place, restorer: Any) -> None:
    """Of one path; signs of a pattern mean themselves. With a lock: nothing is removed meanwhile."""
    assert place.main(restorer, "files", "/srv/files/a[1]*", "id", "T", "/target") == 0 and place.commands() == ["restore"]
    argv = place.asked[-1]
    assert "--verify" in argv and argv[-4:] == ["--include", "/srv/files/a\\[1]\\*", "--", "id"] and "--no-lock" not in argv


def test_a_restore_in_place(place: Place, restorer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """After a backup of what is there. Until it has succeeded no other backup runs, which would have half of it."""
    path = f"{place.folder}/data/a.txt"
    words = ("files", path, "id", "2026-11-01T00:40:01", "/")
    place.answers["restore"] = (1, "Fatal: no space left on device\n")
    assert place.main(restorer, *words) == 1 and place.commands() == ["backup", "restore"]
    assert {"--tag", "before-restore"} <= set(place.asked[0])
    text = capsys.readouterr().err
    assert "no space left" in text and f"{path} is restored in part" in text and "again with -e restore_time=2026-11-01T00:40:01" in text
    assert place("backup", "files") == 1 and "restore_time=2026-11-01T00:40:01" in capsys.readouterr().err
    place.asked.clear()
    place.answers["restore"] = (0, "")
    assert place.main(restorer, *words) == 0 and place.commands() == ["restore"]  # what was there is in the first one
    assert place("backup", "files") == 0


def test_a_restore_in_place_without_a_backup_of_what_is_there(
    place: Place, restorer: Any, capsys: pytest.CaptureFixture[str], shared: Any
) -> None:
    """Touches nothing; where nothing is there none is made."""
    place.answers["backup"] = (1, "Fatal: connection refused\n")
    assert place.main(restorer, "files", f"{place.folder}/data/a.txt", "id", "T", "/") == 1
    assert "nothing was restored" in capsys.readouterr().err and "restore" not in place.commands()
    place.asked.clear()
    assert place.main(restorer, "files", f"{place.folder}/gone", "id", "T", "/") == 0 and place.commands() == ["restore"]
    shared.PATIENCE, restorer.PATIENCE, known = 0, 0, shared.PATIENCE
    with shared.Job(place.settings).held("restic-backup", 0, ""):
        assert place.main(restorer, "files", f"{place.folder}/gone", "id", "T", "/") == 1
    shared.PATIENCE = known
    assert "a backup, or another restore, has not ended" in capsys.readouterr().err


class Drill:
    """A drill of which restic restores what the folder of the place has."""

    def __init__(self, place: Place, restorer: Any) -> None:
        self.place, self.restorer = place, restorer
        place.snapshot("one", time.time() - 60)
        place.answers["stats"] = (0, '{"total_size":2,"total_file_count":2}\n')
        place.answers["restore"] = self.restore
        assert place("backup", "files") == 0

    def restore(self, argv: list[str]) -> tuple[int, str]:
        target = argv[argv.index("--target") + 1]
        for name in ("data", "state/canary"):
            source, to = self.place.folder / name, Path(f"{target}{self.place.folder}/{name}")
            to.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, to)
            elif source.exists():
                shutil.copy2(source, to)
        return 0, ""

    def __call__(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
        status = self.place.main(self.restorer, "drill", "hosts/app1")
        assert not Path(self.place.settings["scratch"]).exists()
        return status, json.loads(capsys.readouterr().out.splitlines()[0].removeprefix("evidence: "))


@pytest.fixture
def drill(place: Place, restorer: Any) -> Drill:
    return Drill(place, restorer)


def test_a_drill(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = drill(capsys)
    assert (status, said["ok"], said["sums"], said["files"], said["snapshot"]) == (0, True, 1, 2, named("one")) and 59 < said[
        "rpo_seconds"
    ] < 120


def test_wrong_data(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    """With the time of change that it had."""
    path = drill.place.folder / "data/a.txt"
    before = path.stat()
    path.write_text("b", encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    status, said = drill(capsys)
    assert status == 1 and said["problems"] == [f"{path} differs from what was backed up"]


def test_a_file_that_changed_before_it_was_read(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    """Is not compared; where none is left, the drill proves nothing."""
    (drill.place.folder / "data/a.txt").write_text("b", encoding="utf-8")
    status, said = drill(capsys)
    assert status == 1 and said["problems"] == ["of 1 files whose sums were taken, 0 are as they were then: less than half"]


def test_a_file_that_the_backup_lost(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    """Is not counted as one that changed."""
    (drill.place.folder / "data/a.txt").unlink()
    status, said = drill(capsys)
    assert status == 1 and said["problems"][0] == f"{drill.place.folder}/data/a.txt is missing: it was there when the backup began"


def test_a_wrong_canary(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    path = drill.place.folder / "state/canary"
    path.write_text(path.read_text(encoding="utf-8").replace("files", "Files"), encoding="utf-8")
    assert drill(capsys)[1]["problems"] == ["canary differs from its checksum"]
    path.unlink()
    assert drill(capsys)[1]["problems"] == ["canary is missing: the backup did not have it"]


def test_an_old_backup(drill: Drill, restorer: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restorer, "STALE", -1)
    assert drill(capsys)[1]["problems"] == ["the newest backup is older than 2 days"]


@pytest.mark.parametrize(("command", "said"), [("restore", "cannot be restored"), ("stats", "cannot be read")])
def test_a_repository_with_an_error(drill: Drill, capsys: pytest.CaptureFixture[str], command: str, said: str) -> None:
    drill.place.answers[command] = (1, "Fatal: ciphertext verification failed\n")
    status, found = drill(capsys)
    assert status == 1 and said in found["problems"][0] and "ciphertext verification failed" in found["problems"][0]


def test_no_room(drill: Drill, capsys: pytest.CaptureFixture[str]) -> None:
    """A tenth of the disk stays free."""
    drill.place.answers["stats"] = (0, json.dumps({"total_size": 10**18, "total_file_count": 1}))
    assert "leaves" in drill(capsys)[1]["problems"][0] and "restore" not in drill.place.commands()


def test_the_user_of_the_repository(drill: Drill, restorer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Reads what a host wrote; root does not. What root alone may make does not fail the drill; other errors do."""
    drill.place.repository["user"] = "vannah-restic"
    drill.place.asked.clear()
    drill.place.users.clear()
    mine = "ignoring error for /dev/x: operation not permitted\nFatal: There were 1 errors\n"

    def part(argv: list[str]) -> tuple[int, str]:
        drill.restore(argv)
        return 1, mine

    drill.place.answers["restore"] = part
    restorer.os.geteuid, known = lambda: 1000, restorer.os.geteuid
    try:
        assert drill(capsys)[0] == 0
    finally:
        restorer.os.geteuid = known
    assert drill.place.users == ["vannah-restic"] * 2 and all(argv[-2] == "--" for argv in drill.place.asked)
    assert not restorer.harmless(f"ignoring error for /a: input/output error\n{mine}") and not restorer.harmless(
        "Fatal: There were 1 errors\n"
    )


def test_a_link_that_leads_out(drill: Drill, restorer: Any, tmp_path: Path) -> None:
    """Of a host that was taken over: nothing but what was restored is read."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to("/etc")
    (tmp_path / "in/file").write_text("x", encoding="utf-8")
    names = {"file": True, "link": False, "link/hostname": False, "../job.json": False, "gone": False}
    assert {name: restorer.own(tmp_path / "in", tmp_path / "in" / name, 10) for name in names} == names
    assert not restorer.own(tmp_path / "in", tmp_path / "in/file", 0)
