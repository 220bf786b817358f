# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Day-2 work that the faults do not do: how it is, new credentials, another pool. The last leaves the store with that pool."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until
from tests.live.minio.store import DRIVE, GROUP, Store

Measured = Callable[[str], None]
BUCKET = "dicom"
SPARE = "store5"


@pytest.fixture
def some(objects: dict[str, int]) -> dict[str, int]:
    """Every fifth of the objects."""
    return {name: objects[name] for name in sorted(objects)[::5]}


def test_info_says_how_it_is(site: Site, store: Store) -> None:
    """Whole: and nothing is held or changed."""
    done = site.playbook("minio/info.yml")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "pool 1 set 1: 4 of 4 drives, 3 needed to write" in done.stdout and "unhealthy" not in done.stdout, done.stdout[-3000:]


def test_new_credentials(site: Site, store: Store, some: dict[str, int], measured: Measured) -> None:
    """Cut off once they are written: runs continue with those that the servers have. The verb continues with it.

    Cut off again once a server is stopped: a run of the site ends it. Root's old password opens nothing more then, the new one everything.
    """
    old, secrets = dataclasses.replace(store), site.inventory / "secrets.yml"
    before, asked = secrets.read_bytes(), ["-e", '{"minio_renew": ["minio_root_password", "minio_user_imaging"]}']
    starts = {host: site.starts(host, "minio.service") for host in store.hosts}
    with site.start_playbook("minio/rotate_credentials.yml", *asked) as process:
        wait_until(lambda: secrets.read_bytes() != before or process.poll() is not None, "the secrets are written", 60, interval=0.01)
        os.killpg(process.pid, signal.SIGKILL)
    printed = " ".join(site.converge("-e", '{"minio_buckets": [{"name": "meanwhile"}]}').split())
    assert "another MINIO_ROOT_PASSWORD waits until it is requested; minio/update.yml" in printed, printed[-4000:]
    assert "meanwhile" in [bucket["Name"] for bucket in old.client(store.hosts[-1]).list_buckets()["Buckets"]]
    assert {host: site.starts(host, "minio.service") for host in store.hosts} == starts

    written = secrets.read_bytes()
    with site.start_playbook("minio/rotate_credentials.yml") as process:
        wait_until(lambda: stopped(site, store) or process.poll() is not None, "a server is stopped", 120, interval=0.1)
        os.killpg(process.pid, signal.SIGKILL)
        said = " ".join(process.communicate()[0].split())
    assert "the servers get the new minio_root_password that an earlier run has written" in said, said[-4000:]
    assert secrets.read_bytes() == written, "the rotation that was cut off was not gone on with"
    # As if it had been cut off earlier: some have what is new then, and the others wait.
    site.run(store.hosts[-1], "systemctl", "stop", "minio.service")
    began = time.monotonic()
    printed += site.converge()
    measured(f"{time.monotonic() - began:.1f} s")
    assert "was interrupted, and continues" in printed, printed[-4000:]
    store.read_credentials()
    assert store.secret != old.secret and store.secret not in said + printed and old.secret not in said + printed
    for host in store.hosts:
        with pytest.raises(ClientError) as refused:
            old.client(host).list_buckets()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert store.client(host).list_buckets()["Buckets"]
    assert store.different(BUCKET, some, store.hosts[0]) == []
    site.converge_unchanged()


def stopped(site: Site, store: Store) -> bool:
    """Whether any server is stopped."""
    return any(site.run(host, "systemctl", "is-active", "minio.service", check=False).returncode for host in store.hosts)


@pytest.mark.parametrize("name", ["minio_kms_key", "minio_user_imagin", "postgresql_superuser_password"])
def test_what_is_never_renewed(site: Site, name: str) -> None:
    """The key, for nothing could be read without it; a name that was misspelt; another service's, which would not get to know it."""
    secrets = (site.inventory / "secrets.yml").read_bytes()
    done = site.playbook("minio/rotate_credentials.yml", "-e", f'{{"minio_renew": ["{name}"]}}')
    assert done.returncode != 0
    assert "It is not renewed" in done.stdout and "minio_user_imaging" in done.stdout, done.stdout[-3000:]
    assert (site.inventory / "secrets.yml").read_bytes() == secrets


def test_what_is_no_drive_is_not_taken(site: Site, store: Store) -> None:
    """A bare mount point beside the system's disk, and a disk with a person's data: neither a run nor the verb gives it to the server."""
    host = store.hosts[1]
    store.lose_drive(host)
    try:
        # The server itself refuses only what lies on the file system of /.
        site.run(host, "mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "tmpfs", str(Path(DRIVE).parent))
        site.run(host, "mkdir", DRIVE)
        site.converge()
        site.run(host, "systemctl", "restart", "minio.service")
        wait_until(lambda: store.settled(host), "the server has looked for new drives", 60, interval=1)
        assert site.run(host, "find", DRIVE, "-mindepth", "1").stdout == "", "the server took the bare mount point"
        nothing = site.playbook("minio/replace_drive.yml", "-e", f"minio_host={host}")
        assert nothing.returncode != 0 and "is not a mounted file system" in " ".join(nothing.stdout.split()), nothing.stdout[-3000:]

        site.run(host, "mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "tmpfs", DRIVE)
        site.run(host, "touch", f"{DRIVE}/patients.xls")
        refused = site.playbook("minio/replace_drive.yml", "-e", f"minio_host={host}")
        printed = " ".join(refused.stdout.split())
        assert refused.returncode != 0 and "holds data that this role did not create (patients.xls)" in printed, printed[-3000:]
        assert site.run(host, "find", DRIVE, "-mindepth", "1").stdout.split() == [f"{DRIVE}/patients.xls"]
        assert site.run(host, "stat", "--format=%U", DRIVE).stdout.strip() == "root"
    finally:
        site.restart(host)  # a volume of the engine cannot be mounted again from within
    store.wait_healthy(ceiling(120))


def test_another_pool(site: Site, store: Store, some: dict[str, int], tmp_path: Path, measured: Measured) -> None:
    """A host with four drives: set up while the store works, taken in by the verb, and nothing is lost."""
    refused = site.playbook("minio/add_pool.yml")
    assert refused.returncode != 0 and "there is none to add" in refused.stdout, refused.stdout[-3000:]
    drives = [f"/srv/minio/drive{number}" for number in range(1, 5)]
    pools = [{"hosts": store.hosts, "drives": [DRIVE]}, {"hosts": [SPARE], "drives": drives}]
    # The inventory as a person would write it then.
    (tmp_path / "more.yml").write_text(
        yaml.safe_dump({"all": {"children": {GROUP: {"hosts": {SPARE: None}, "vars": {"minio_pools": pools}}}}}), encoding="utf-8"
    )
    more = ["-i", str(tmp_path / "more.yml")]
    site.converge(*more)
    assert len(store.drives(store.hosts[0])) == 4, "the servers were restarted by a converge"
    began = time.monotonic()
    done = site.playbook("minio/add_pool.yml", *more)
    assert done.returncode == 0, done.stdout[-4000:]
    measured(f"another pool in {time.monotonic() - began:.1f} s")
    for host in (*store.hosts, SPARE):
        found = store.drives(host)
        assert len(found) == 8 and {drive["state"] for drive in found} == {"ok"}, host
    for host in (*store.hosts, SPARE):
        layout = json.loads(site.run(host, "cat", "/var/lib/vannah-minio/layout.json").stdout)
        assert layout["pools"][1]["hosts"] == [SPARE], f"{host} did not write down that the store has the pool"
    assert store.different(BUCKET, some, SPARE) == []
    written = {f"two-pools/{number}": 200_000 for number in range(20)}
    store.put_all(BUCKET, written)
    assert store.different(BUCKET, written, SPARE) == []
    assert site.run(SPARE, "find", f"{DRIVE}/{BUCKET}/two-pools", "-name", "xl.meta", check=False).stdout, "the new pool took no object"
