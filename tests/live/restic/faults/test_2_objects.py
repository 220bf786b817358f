# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of buckets as cron runs them, and objects of an earlier time."""

from __future__ import annotations

import time

import pytest

from tests.live.lib.site import Site

from .conftest import Files

BUCKET = "images"
RCLONE = "rclone --config /etc/vannah/restic/rclone.conf --ca-cert /etc/vannah/pki/ca.crt"
TIMES: dict[str, str] = {}


@pytest.fixture(scope="module")
def store(site: Site, files: Files) -> str:
    """A server of the object store. A test server has no /dev/fuse of its own; containers.yml lets this one open it."""
    site.run(files.server, "sh", "-c", "[ -e /dev/fuse ] || mknod /dev/fuse c 10 229")
    return site.hosts("object_store")[0]


def put(site: Site, store: str, name: str, text: str) -> None:
    """Write an object."""
    site.run(store, "sh", "-c", f"printf %s '{text}' | minio-mc --quiet pipe site/{BUCKET}/{name}")


def snapshots(site: Site, files: Files) -> int:
    """How many there are of the bucket."""
    return len(site.read(files.server, "sh", "-c", f"ls /var/lib/vannah-restic/buckets/{BUCKET}/snapshots").split())


def test_backups(site: Site, files: Files, store: str) -> None:
    """A snapshot each; nothing stays mounted."""
    for name in ("a/one", "a/b/two"):
        put(site, store, name, "first")
    assert files.job("objects") == (0, "")
    time.sleep(2)
    TIMES["first"] = site.read(files.server, "date", "-u", "+%Y-%m-%d %H:%M:%S").strip()
    put(site, store, "a/one", "second")
    site.run(store, "minio-mc", "--quiet", "rm", f"site/{BUCKET}/a/b/two")
    assert files.job("objects") == (0, "")
    assert snapshots(site, files) == 2
    assert "vannah-restic" not in site.read(files.server, "cat", "/proc/mounts")


def test_the_reader_changes_nothing(site: Site, files: Files, store: str) -> None:
    """The backup server's user of the store has no right to write or to delete."""
    words = (f"deletefile store:{BUCKET}/a/one", f"copyto /etc/hostname store:{BUCKET}/new")
    assert [site.run(files.server, "sh", "-c", f"{RCLONE} --retries 1 {one}", check=False).returncode == 0 for one in words] == [False] * 2
    assert site.read(store, "minio-mc", "--quiet", "cat", f"site/{BUCKET}/a/one") == "second"


def test_objects_of_an_earlier_time(site: Site, files: Files, store: str) -> None:
    """What was deleted and what was replaced since: into a folder, and back into the bucket."""
    words = ["-e", f"restore_bucket={BUCKET}", "-e", f"restore_time='{TIMES['first']}'"]
    done = site.playbook("minio/restore.yml", *words)
    assert done.returncode == 0, done.stdout[-3000:]
    assert site.read(files.server, "sh", "-c", "cd /var/lib/vannah-restore && head a/one a/b/two").count("first") == 2
    done = site.playbook("minio/restore.yml", *words, "-e", f"restore_into={BUCKET}", "-e", "restore_replace=true")
    assert done.returncode != 0 and "Nothing was changed" in done.stdout, done.stdout[-3000:]
    confirmed = f"restore_in_place={site.values.get(files.server, 'site_name')}/{BUCKET}"
    done = site.playbook("minio/restore.yml", *words, "-e", f"restore_into={BUCKET}", "-e", "restore_replace=true", "-e", confirmed)
    assert done.returncode == 0, done.stdout[-3000:]
    for name in ("a/one", "a/b/two"):
        assert site.read(store, "minio-mc", "--quiet", "cat", f"site/{BUCKET}/{name}") == "first"
    assert site.run(files.server, "sh", "-c", "ls -d /var/lib/vannah-restore /run/vannah-restic-writer.conf", check=False).stdout == ""


def test_a_bucket_that_the_inventory_does_not_know(site: Site, files: Files, store: str) -> None:
    """Is reported: it has no backup."""
    site.run(store, "minio-mc", "--quiet", "mb", "site/unknown")
    try:
        status, text = files.job("objects")
    finally:
        site.run(store, "minio-mc", "--quiet", "rb", "site/unknown")
    assert status == 1 and "the bucket unknown has no backup" in text, text
    assert files.job("objects") == (0, "")


def test_a_drill_and_a_check(site: Site, files: Files, store: str) -> None:
    """Of the bucket as well."""
    assert store and files.job("drill") == (0, "") and files.job("check") == (0, "")
    assert files.metrics()[f'vannah_restic_drill_ok{{repository="buckets/{BUCKET}"}}'] == 1


def test_the_table(site: Site, files: Files) -> None:
    """Of all repositories and jobs; every one is proven now."""
    done = site.playbook("backup/status.yml")
    rows = [line for line in done.stdout.splitlines() if f"hosts/{files.host} " in line or f"buckets/{BUCKET} " in line]
    assert done.returncode == 0 and len(rows) == 2 and not any("never" in row or "failed" in row for row in rows), done.stdout[-3000:]
    assert "problem: hosts" not in done.stdout and "problem: buckets" not in done.stdout, done.stdout[-3000:]
