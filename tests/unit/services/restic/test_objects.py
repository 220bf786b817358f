# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of buckets: the mount, what is missing in a snapshot, buckets that no one declared, and restores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Place

SUMMARY = json.dumps({"message_type": "summary", "total_files_processed": 2})


@pytest.fixture
def bucket(place: Place, bucketer: Any, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A bucket with two objects."""
    monkeypatch.setattr(bucketer, "run", place.run)
    monkeypatch.setattr(bucketer, "MOUNTS", str(place.folder / "mounts"))
    canary = str(place.folder / "state/canary-buckets-images")
    path = str(place.folder / "place/buckets/images")
    place.settings["repositories"].append({"name": "buckets/images", "path": path, "password": "/k", "user": "", "canary": canary})
    (place.folder / "mounts/images").mkdir(parents=True)
    (place.folder / "mounts/images/one").write_text("1", encoding="utf-8")
    place.answers |= {"size": (0, '{"count":2,"bytes":3}\n'), "backup": (0, f"{SUMMARY}\n")}
    return place


def test_a_backup(bucket: Place, bucketer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Mounted read only, with sums of some objects, and not mounted afterwards."""
    assert bucket.main(bucketer, "backup", "images") == 0 and capsys.readouterr().out == ""
    (mount,) = [argv for argv in bucket.asked if "mount2" in argv]
    assert mount[0] == "rclone" and {"--read-only", "--use-server-modtime", "store:images"} <= set(mount)
    (argv,) = [argv for argv in bucket.asked if "backup" in argv]
    assert {"--ignore-inode", "--ignore-ctime"} <= set(argv) and argv[-1] == f"{bucket.folder}/mounts/images"
    assert bucket.asked.index(mount) < bucket.asked.index(argv) < next(n for n, one in enumerate(bucket.asked) if one[0] == "umount")
    text = (bucket.folder / "state/canary-buckets-images").read_text(encoding="utf-8").partition(" ")[2]
    assert list(json.loads(text)["files"]) == [f"{bucket.folder}/mounts/images/one"]


@pytest.mark.parametrize(
    ("command", "said", "problem"),
    [
        ("size", (0, '{"count":3,"bytes":3}\n'), "the snapshot has 2 objects of 3"),
        ("size", (1, "NoSuchBucket: gone\n"), "the bucket cannot be read: it ended with 1: NoSuchBucket: gone"),
        ("mount2", (1, "Fatal error: failed to mount FUSE fs\n"), "the bucket cannot be mounted"),
        ("backup", (1, "Fatal: no room\n"), "it ended with 1: no room"),
        ("backup", (3, f'{{"message_type":"error","item":"x"}}\n{SUMMARY}\n'), "an object could not be read"),
    ],
)
def test_a_backup_that_fails(
    bucket: Place, bucketer: Any, capsys: pytest.CaptureFixture[str], command: str, said: Any, problem: str
) -> None:
    bucket.answers[command] = said
    assert bucket.main(bucketer, "backup", "images") == 1
    assert capsys.readouterr().out.startswith(f"problem: {problem}")
    if command != "size" and command != "mount2":
        assert any(argv[0] == "umount" for argv in bucket.asked)


def test_the_job(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Each bucket in a unit of its own; one that the inventory does not know is reported."""
    place.answers["lsf"] = (0, "images/\n")
    assert place("objects", "objects") == 0
    (argv,) = [one for one in place.asked if one[0] == "systemd-run"]
    assert argv[-3:] == ["/usr/local/lib/vannah/restic-objects", "backup", "images"] and "--property=PrivateMounts=yes" in argv
    place.answers["lsf"] = (0, "images/\nother/\n")
    assert place("objects", "objects") == 1 and "the bucket other has no backup" in capsys.readouterr().err
    place.answers |= {"lsf": (0, "images/\n"), "systemd-run": (1, "problem: the snapshot has 2 objects of 3\n")}
    assert place("objects", "objects") == 1 and "images: the snapshot has 2 objects of 3" in capsys.readouterr().err
    place.answers["lsf"] = (1, "connection refused\n")
    assert place("objects", "objects") == 1 and "the object store does not answer" in capsys.readouterr().err


def test_a_plan(bucket: Place, bucketer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the folder of the bucket."""
    path = f"{bucket.folder}/mounts/images"
    node = {"struct_type": "node", "type": "file", "path": f"{path}/one", "size": 3}
    bucket.answers["snapshots"] = (0, json.dumps([{"id": "a" * 64, "time": "2026-11-01T00:00:00Z"}]))
    bucket.answers["ls"] = (0, f"{json.dumps({**node, 'type': 'dir', 'path': path})}\n{json.dumps(node)}\n")
    assert bucket.main(bucketer, "plan", "images", "latest") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["snapshot"], said["files"], said["bytes"]) == ("a" * 64, 1, 6)
    assert bucket.main(bucketer, "plan", "other", "latest") == 1
    assert "no bucket other is backed up here" in capsys.readouterr().err


def test_a_restore(bucket: Place, bucketer: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Of the folder of the bucket alone; restic 0.14 knows no folder of a snapshot. Not while the bucket is backed up."""
    target = tmp_path / "target"

    def restored(argv: list[str]) -> tuple[int, str]:
        assert argv[-2] == "--" and "--no-lock" not in argv
        if ":" in argv[-1]:
            return 1, 'Fatal: invalid id "id1:/x": no matching ID found\n'
        place = Path(f"{target}{bucket.folder}/mounts/images")
        place.mkdir(parents=True)
        (place / "one").write_text("1", encoding="utf-8")
        return 0, ""

    bucket.answers["restore"] = restored
    assert bucket.main(bucketer, "restore", "images", "id1", str(target)) == 0
    assert (target / "one").read_text(encoding="utf-8") == "1"
    bucketer.PATIENCE = 0
    with bucket.shared.Job(bucket.settings).held("buckets-images", 0, ""):
        assert bucket.main(bucketer, "restore", "images", "id1", str(target)) == 1
    assert "a job with buckets/images has not ended" in capsys.readouterr().err


def test_the_sums_are_those_of_the_newest_snapshot(bucket: Place, bucketer: Any) -> None:
    """A backup that fails leaves them, and with them the age of the newest one."""
    canary = Path(bucket.settings["repositories"][1]["canary"])
    bucket.answers["backup"] = (1, "Fatal: no room\n")
    assert bucket.main(bucketer, "backup", "images") == 1 and not canary.exists()
    bucket.answers["backup"] = (0, f"{SUMMARY}\n")
    assert bucket.main(bucketer, "backup", "images") == 0
    before = canary.read_text(encoding="utf-8")
    bucket.answers["backup"] = (1, "Fatal: no room\n")
    assert bucket.main(bucketer, "backup", "images") == 1 and canary.read_text(encoding="utf-8") == before


def test_credentials_of_a_restore_that_was_killed(place: Place, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Are removed by the next job."""
    writer = place.folder / "writer"
    writer.touch()
    monkeypatch.setattr(job, "WRITER", str(writer))
    assert place("objects", "objects") == 0 and not writer.exists()


def test_objects_are_put_back(bucket: Place, bucketer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """With other credentials than those that read, after a backup of what is there."""
    assert bucket.main(bucketer, "put", "/folder", "images", "/run/x.conf") == 0
    kept, copied = bucket.asked[-2:]
    assert kept[0] == "systemd-run" and kept[-4:] == [bucket.shared.OBJECTS, "backup", "images", "before-restore"]
    assert "/run/x.conf" in copied and copied[-2:] == ["/folder", "store:images"]
    assert "--no-update-modtime" in copied  # one that is the same would get a new version
    bucket.answers["copy"] = (1, "AccessDenied\n")
    assert bucket.main(bucketer, "put", "/folder", "images", "/run/x.conf") == 1
    assert "AccessDenied" in (said := capsys.readouterr().err) and said.count("Fix: ") == 1
    bucket.asked.clear()
    bucket.answers["systemd-run"] = (1, "problem: no room\n")
    assert bucket.main(bucketer, "put", "/folder", "images", "/run/x.conf") == 1 and len(bucket.asked) == 1
    assert "nothing was written" in (said := capsys.readouterr().err) and "no room. Fix: correct that" in said


def test_a_backup_before_a_restore(bucket: Place, bucketer: Any) -> None:
    """Has a tag: it is not the one that is restored next."""
    assert bucket.main(bucketer, "backup", "images", "before-restore") == 0
    (argv,) = [one for one in bucket.asked if "backup" in one]
    assert argv[argv.index("--tag") + 1] == "before-restore"
