# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second repository, in a store elsewhere with object lock: a full copy, wrong bytes, and restores from it. In this order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.live.lib.site import errors_of
from tests.live.lib.waiting import wait_until
from tests.live.postgresql.cluster import Cluster

from .conftest import JOB, STANZA, Backups
from .offsite import BUCKET, CA, SECRET, Offsite, Secrets, program
from .test_3_drills import evidence, left

LONG = pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="each takes seconds: `make soak` runs all classes of files")
#: What the store says of a version that is locked.
LOCKED = r"WORM|AccessDenied|locked"
#: Each class of file: words in the name of the object, and by which job a wrong byte in it is found.
CLASSES = [
    pytest.param(("/backup/", "/bundle/"), id="a file of a backup"),
    pytest.param(("/archive/", "/0000000", "-", ".zst"), id="a WAL segment"),
    pytest.param(("backup.manifest",), id="a manifest", marks=LONG),
    pytest.param(("backup.manifest.copy",), id="a copy of a manifest", marks=LONG),
    pytest.param(("backup.info",), id="the list of backups", marks=LONG),
    pytest.param(("archive.info",), id="the list of the archive", marks=LONG),
]


@pytest.fixture(scope="module", autouse=True)
def offsite(site: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offsite]:
    """The store, and a site that knows it. Without the server's program there is none: the scenarios of the object store build it."""
    if program() is None:
        pytest.skip("the artifact of the object store was not built: make artifacts, or a scenario of it")
    store, keeps = Offsite(site, tmp_path_factory.mktemp("offsite")), Secrets(site)
    (host,) = site.hosts("backup")
    said = site.inventory / "group_vars" / "backup" / "offsite.yml"
    try:
        store.start()
        site.docker("cp", str(store.folder / "public.crt"), f"{site.container(host)}:{CA}")
        keeps.change(**{SECRET: store.secret})
        said.parent.mkdir(parents=True, exist_ok=True)
        said.write_text(yaml.safe_dump(store.variables()), encoding="utf-8")
        site.converge()
        yield store
    finally:
        # The secret stays: hosts refuse a checkout that has lost one as out of date (contact-stale-checkout).
        said.unlink(missing_ok=True)
        site.converge()
        store.remove()


def archived(store: Offsite, segment: str) -> bool:
    """Whether a segment is in the second repository."""
    return bool(store.objects(segment))


def test_a_full_backup_elsewhere(site: Cluster, backups: Backups, offsite: Offsite, switched: Callable[[], str]) -> None:
    """As cron runs it. WAL goes to both repositories. A second run of the site changes nothing."""
    site.query(site.leader(), "create table if not exists elsewhere (name text); insert into elsewhere values ('kept')")
    assert backups.cron("offsite") == (0, "")
    assert [one["type"] for one in backups.known() if one["repository"] == 2] == ["full"]
    assert backups.metrics()[f'vannah_backup_newest_full_timestamp_seconds{{stanza="{STANZA}",repository="2"}}'] > 1_700_000_000
    segment = switched()
    wait_until(partial(archived, offsite, segment), f"{segment} elsewhere", timeout=60)
    site.converge_unchanged()


def test_nothing_can_be_removed(offsite: Offsite) -> None:
    """With the key that the backup server has: what it removes is there until its lock ends."""
    client, (key, *_more) = offsite.client(), offsite.objects("/bundle/")
    version = client.head_object(Bucket=BUCKET, Key=key)["VersionId"]
    with pytest.raises(ClientError, match=LOCKED):
        client.delete_object(Bucket=BUCKET, Key=key, VersionId=version)
    with pytest.raises(ClientError, match=LOCKED):
        client.delete_object(Bucket=BUCKET, Key=key, VersionId=version, BypassGovernanceRetention=True)
    client.delete_object(Bucket=BUCKET, Key=key)
    assert key not in offsite.objects()
    marks = client.list_object_versions(Bucket=BUCKET, Prefix=key)["DeleteMarkers"]
    client.delete_object(Bucket=BUCKET, Key=key, VersionId=marks[0]["VersionId"])
    assert client.head_object(Bucket=BUCKET, Key=key)["VersionId"] == version


def test_a_good_repository_is_verified(backups: Backups) -> None:
    """The only difference to the tests below is one bit."""
    assert backups.cron("offsite-verify") == (0, "")


@pytest.mark.parametrize("words", CLASSES)
def test_a_wrong_byte_is_found(backups: Backups, offsite: Offsite, words: tuple[str, ...]) -> None:
    """By the next verification as cron runs it."""
    key = [one for one in offsite.objects(*words) if "backup.history" not in one][-1]
    with offsite.flipped(key):
        status, text = backups.cron("offsite-verify")
    assert status == 1 and "repository 2: " in text, (key, text)
    assert backups.metrics()[f'vannah_backup_task_ok{{stanza="{STANZA}",task="offsite-verify"}}'] == 0


def test_all_bytes_are_right_again(backups: Backups) -> None:
    """The next verification says so."""
    assert backups.cron("offsite-verify") == (0, "")


def test_a_drill_elsewhere(site: Cluster, backups: Backups, offsite: Offsite, switched: Callable[[], str]) -> None:
    """It fails with a wrong byte in a file of the backup, and succeeds without."""
    for host in site.hosts("postgresql"):
        site.run(host, JOB, "canary")
    segment = switched()
    wait_until(partial(archived, offsite, segment), f"{segment} elsewhere", timeout=60)
    with offsite.flipped(offsite.objects("/bundle/")[-1]):
        status, text = backups.cron("offsite-drill")
    assert status == 1 and "cannot be restored" in text, text
    assert backups.cron("offsite-drill") == (0, "")
    found = evidence(site, backups)
    assert found["ok"] and found["repository"] == 2 and left(site, backups) == "", found


def test_a_wrong_byte_is_never_restored(site: Cluster, backups: Backups, offsite: Offsite) -> None:
    """The newest segment: PostgreSQL would take the byte for the end of the WAL, and start with what is before it."""
    key = [one for one in offsite.objects("/archive/", ".zst") if ".partial" not in one][-1]
    with offsite.flipped(key):
        done = site.playbook("postgresql/restore.yml", "-e", "restore_repository=2")
    assert done.returncode != 0 and "WAL of the repository cannot be read" in done.stdout and "Fix: " in done.stdout, done.stdout[-3000:]


def test_a_restore_from_elsewhere(site: Cluster, backups: Backups) -> None:
    """Without the first repository."""
    moved = "/var/lib/pgbackrest-aside"
    site.run(backups.host, "sh", "-c", f"mkdir {moved} && mv /var/lib/pgbackrest/* {moved}/")
    try:
        done = site.playbook("postgresql/restore.yml", "-e", "restore_repository=2")
        assert done.returncode == 0, errors_of(done.stdout) + done.stdout[-3000:]
        assert backups.scratch("select distinct name from elsewhere") == "kept"
    finally:
        site.run(backups.host, "sh", "-c", f"rm -rf /var/lib/pgbackrest/*; mv {moved}/* /var/lib/pgbackrest/ && rmdir {moved}")
        site.playbook("postgresql/restore.yml", "-e", "restore_remove=true")
