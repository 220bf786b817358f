# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of files as cron runs them: what a host cannot do, wrong bytes, drills, restores."""

from __future__ import annotations

import shlex
import time

import pytest

from tests.live.lib.backup_jobs import flipped
from tests.live.lib.site import Site

from .conftest import JOB, Files

RESTIC = (
    "restic --repository-file /etc/vannah/restic/repository --password-file /etc/vannah/restic/password --cacert /etc/vannah/pki/ca.crt"
    " --no-cache "
)
#: METHOD PATH [BODY] with the credentials of the host; prints the status.
ASK = """import base64, ssl, sys, urllib.error, urllib.parse, urllib.request
whole = urllib.parse.urlsplit(open("/etc/vannah/restic/repository").read().strip().removeprefix("rest:"))
context = ssl.create_default_context(cafile="/etc/vannah/pki/ca.crt")
head = {"Authorization": "Basic " + base64.b64encode(f"{whole.username}:{whole.password}".encode()).decode()}
body = sys.argv[3].encode() if len(sys.argv) > 3 else None
request = urllib.request.Request(f"https://{whole.hostname}:{whole.port}{sys.argv[2]}", method=sys.argv[1], headers=head, data=body)
try:
    print(urllib.request.urlopen(request, context=context).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
TIMES: dict[str, str] = {}


def shell(site: Site, host: str, command: str, *, check: bool = True) -> str:
    """What a command of the shell prints."""
    done = site.run(host, "sh", "-c", command, check=check)
    return done.stdout + done.stderr


def test_a_repository_without_a_backup_is_reported(files: Files) -> None:
    """From the first converge on; the drill that never ran as well."""
    assert files.job("status") == (0, "")
    found = files.metrics()
    assert found[f'vannah_restic_newest_timestamp_seconds{{repository="hosts/{files.host}"}}'] == 0
    assert found[f'vannah_restic_known_timestamp_seconds{{repository="hosts/{files.host}"}}'] > 0
    assert found['vannah_restic_task_succeeded_timestamp_seconds{task="drill"}'] == 0
    assert found['vannah_restic_task_scheduled_timestamp_seconds{task="drill"}'] > 0


def test_backups(site: Site, files: Files) -> None:
    """The first one creates the repository; the second one has only what changed."""
    make = "mkdir -p /srv/a /srv/cache; head -c 3000000 /dev/urandom > /srv/a/large; echo one > /srv/a/text; echo x > /srv/cache/x"
    shell(site, files.host, make)
    assert files.backup() == (0, "")
    before = int(shell(site, files.server, f"du -sb {files.repository} | cut -f1"))
    time.sleep(2)
    TIMES["first"] = shell(site, files.host, "date -u '+%Y-%m-%d %H:%M:%S'").strip()
    shell(site, files.host, "echo two > /srv/a/text")
    assert files.backup() == (0, "")
    assert len(files.snapshots()) == 2
    assert 0 < int(shell(site, files.server, f"du -sb {files.repository} | cut -f1")) - before < 1000000


def test_a_host_deletes_nothing(site: Site, files: Files) -> None:
    """With its own keys, by restic and by hand; restic's exit status says nothing of it."""
    there = files.snapshots()
    shell(site, files.host, f"{RESTIC} forget --prune {' '.join(there)}", check=False)
    shell(site, files.host, f"{RESTIC} unlock --remove-all", check=False)
    assert files.snapshots() == there
    names = shell(site, files.server, f"cd {files.repository} && ls -d config keys/* snapshots/* index/* && cd data && ls -d */*").split()
    paths = [f"data/{name.partition('/')[2]}" if name[2:3] == "/" else name for name in names]
    assert len(paths) > 5
    program = f"python3 -c {shlex.quote(ASK)}"
    for method, body in (("DELETE", ""), ("POST", "x")):
        answers = shell(site, files.host, "; ".join(f"{program} {method} /{files.host}/{path} {body}" for path in paths))
        assert set(answers.split()) == {"403"}, (method, answers)


@pytest.mark.parametrize("name", ["--repo=x", "--option=sftp.command=x"])
def test_a_name_of_a_host_is_no_option(site: Site, files: Files, name: str) -> None:
    """It may add files below snapshots/, whose names are no words of a command; the backup server reports them."""
    there = files.snapshots()
    program = f"python3 -c {shlex.quote(ASK)}"
    assert shell(site, files.host, f"{program} POST /{files.host}/snapshots/{name} x").strip() in ("200", "400", "403", "404")
    path = f"{files.repository}/snapshots/{name}"
    shell(site, files.server, f"[ -e '{path}' ] || install -o vannah-restic /dev/null '{path}'; touch -d '900 days ago' '{path}'")
    try:
        status, text = files.job("retention")
        drilled = files.job("drill")
    finally:
        shell(site, files.server, f"rm -- '{path}'")
    assert status == 1 and f'"{name}", which is no snapshot' in text, text
    assert drilled == (0, "") and files.snapshots() == there and files.job("retention") == (0, "")


def test_a_host_reaches_no_other_repository(site: Site, files: Files) -> None:
    """Neither reads nor writes."""
    program = f"python3 -c {shlex.quote(ASK)}"
    shell(
        site,
        files.server,
        "install -d -o vannah-restic /var/lib/vannah-restic/hosts/other; echo x > /var/lib/vannah-restic/hosts/other/config",
    )
    try:
        asked = ("GET /other/config", f"GET /other/data/{'a' * 64}", f"POST /other/locks/{'a' * 64} x", "DELETE /other/config")
        answers = shell(site, files.host, "; ".join(f"{program} {words}" for words in asked)).split()
    finally:
        shell(site, files.server, "rm -r /var/lib/vannah-restic/hosts/other")
    assert answers == ["403"] * 4


def test_a_drill(site: Site, files: Files) -> None:
    """Of the newest snapshot: sums that were taken before the backup are compared, scratch is removed."""
    assert files.job("drill") == (0, "")
    found = files.evidence()
    assert found["ok"] and found["snapshot"] in files.snapshots() and found["sums"] >= 1 and found["files"] >= 3, found
    assert files.metrics()[f'vannah_restic_drill_ok{{repository="hosts/{files.host}"}}'] == 1
    assert "scratch" not in shell(site, files.server, "ls /var/lib/vannah-restic")
    print(f"MEASURED restic drill: RTO {found['rto_seconds']:.1f} s, RPO {found['rpo_seconds']:.1f} s, {found['cpu_seconds']:.1f} s of CPU")


#: Each class of file of a repository: how one of it is found.
CLASSES = {
    "the largest pack": "ls -S data/*/* | head -1",
    "an index": "ls index/* | head -1",
    "the newest snapshot": "ls -t snapshots/* | head -1",
    "the key": "ls keys/* | head -1",
}


@pytest.mark.parametrize("kind", CLASSES)
def test_a_wrong_byte_is_found(site: Site, files: Files, kind: str) -> None:
    """By the checks of four weeks: of packs by the one that reads it, of others by each."""
    path = shell(site, files.server, f"cd {files.repository} && {CLASSES[kind]}").strip()
    parts = range(1, 5) if "pack" in kind else [1]
    with flipped(site, files.server, f"{files.repository}/{path}"):
        found = [site.run(files.server, JOB, "check", "check", str(part), check=False).returncode for part in parts]
    assert found.count(1) == 1, (kind, found)
    assert files.metrics()['vannah_restic_task_ok{task="check"}'] == (0 if found[-1] else 1)


def test_a_drill_with_a_wrong_byte(site: Site, files: Files) -> None:
    """Fails, and says where; then everything is well again."""
    path = shell(site, files.server, f"cd {files.repository} && {CLASSES['the largest pack']}").strip()
    with flipped(site, files.server, f"{files.repository}/{path}"):
        status, text = files.job("drill")
    assert status == 1 and f"hosts/{files.host}: the snapshot cannot be restored" in text and not files.evidence()["ok"], text
    assert files.metrics()[f'vannah_restic_drill_ok{{repository="hosts/{files.host}"}}'] == 0
    assert files.job("check") == (0, "")


def test_a_restore_to_a_time(site: Site, files: Files) -> None:
    """Beside the files, which stay as they are."""
    words = ["-e", f"restore_host={files.host}", "-e", "restore_path=/srv/a", "-e", f"restore_time='{TIMES['first']}'"]
    done = site.playbook("backup/restore_files.yml", *words)
    assert done.returncode == 0, done.stdout[-3000:]
    assert shell(site, files.host, "cat /var/lib/vannah-restore/srv/a/text /srv/a/text").split() == ["one", "two"]
    shell(site, files.host, "cmp /srv/a/large /var/lib/vannah-restore/srv/a/large")
    done = site.playbook("backup/restore_files.yml", *words)
    assert done.returncode != 0 and "scratch-exists" in done.stdout, done.stdout[-3000:]
    done = site.playbook("backup/restore_files.yml", *words, "-e", "restore_target=/srv/a", "-e", "restore_replace=true")
    assert done.returncode != 0 and "no restore has made it" in done.stdout, done.stdout[-3000:]
    shell(site, files.host, "cmp /srv/a/large /var/lib/vannah-restore/srv/a/large")


def test_a_restore_in_place(site: Site, files: Files) -> None:
    """With the names of the site and the host; without them, nothing is touched."""
    shell(site, files.host, "rm -r /srv/a")
    words = ["-e", f"restore_host={files.host}", "-e", "restore_path=/srv/a"]
    for wrong in ("/srv/a", f"other/{files.host}:/srv/a"):
        done = site.playbook("backup/restore_files.yml", *words, "-e", f"restore_in_place={wrong}")
        assert done.returncode != 0 and "Nothing was changed" in done.stdout, done.stdout[-3000:]
    name = site.values.get(files.host, "site_name")
    done = site.playbook("backup/restore_files.yml", *words, "-e", f"restore_in_place={name}/{files.host}:/srv/a")
    assert done.returncode == 0, done.stdout[-3000:]
    assert shell(site, files.host, "cat /srv/a/text; ls /srv").split() == ["two", "a", "cache"]


def test_a_host_that_was_rebuilt(site: Site, files: Files) -> None:
    """Makes no backup, which would be the newest one, until a person says so."""
    there = files.snapshots()
    shell(site, files.host, "rm /var/lib/vannah-backup/restic-ids.json")
    status, text = files.backup()
    assert status == 1 and "it was rebuilt. Fix: restore its files" in text and files.snapshots() == there, text
    done = site.playbook("backup/now.yml", "-e", "backup_of=files", "-e", f"backup_first={files.host}")
    assert done.returncode == 0 and len(files.snapshots()) == len(there) + 1, done.stdout[-3000:]
    assert files.backup() == (0, "")


def test_a_repository_that_is_gone(site: Site, files: Files) -> None:
    """Such as with a disk that is not mounted: it is not made again."""
    shell(site, files.server, f"mv {files.repository} {files.repository}.away")
    try:
        status, text = files.backup()
        made = shell(site, files.server, f"ls {files.repository}", check=False)
    finally:
        shell(site, files.server, f"rm -rf {files.repository} && mv {files.repository}.away {files.repository}")
    assert status == 1 and "is gone. Fix: mount the disk" in text and "config" not in made, (text, made)
    assert files.backup() == (0, "")


def test_a_backup_now(site: Site, files: Files) -> None:
    """By the verb; the databases are left out."""
    count = len(files.snapshots())
    done = site.playbook("backup/now.yml", "-e", "backup_of=files")
    assert done.returncode == 0 and len(files.snapshots()) == count + 1, done.stdout[-3000:]


def test_old_snapshots_are_removed(site: Site, files: Files) -> None:
    """By the backup server, by the time at which it received them."""
    there = files.snapshots()
    oldest = shell(site, files.server, f"cd {files.repository}/snapshots && ls -t | tail -1").strip()
    shell(site, files.server, f"touch -d '900 days ago' {files.repository}/snapshots/{oldest}")
    assert files.job("retention") == (0, "")
    assert set(there) - set(files.snapshots()) == {oldest}
    assert files.job("check") == (0, "")
