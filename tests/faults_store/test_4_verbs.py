# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Day-2 work that the faults do not do: how it is, new credentials, another pool. The last leaves the store with that pool."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from botocore.exceptions import ClientError
from site_under_test import Site
from store import DRIVE, GROUP, Store

Measured = Callable[[str], None]
BUCKET = "dicom"
SPARE = "store5"


@pytest.fixture
def some(objects: dict[str, int]) -> dict[str, int]:
    """Every fifth of the objects."""
    return {name: objects[name] for name in sorted(objects)[::5]}


def test_info_says_how_it_is(site: Site, store: Store) -> None:
    """Whole: and nothing is held or changed."""
    done = site.playbook("object_store_info.yml")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "pool 1 set 1: 4 of 4 drives, 3 needed to write" in done.stdout and "not whole" not in done.stdout, done.stdout[-3000:]


def test_new_credentials(site: Site, store: Store, some: dict[str, int], measured: Measured) -> None:
    """Root's old password opens nothing more, the new one everything; a run afterwards has nothing to do."""
    old = dataclasses.replace(store)
    began = time.monotonic()
    done = site.playbook(
        "object_store_rotate_credentials.yml", "-e", '{"object_store_renew": ["minio_root_password", "minio_user_imaging"]}'
    )
    assert done.returncode == 0, done.stdout[-4000:]
    measured(f"{time.monotonic() - began:.1f} s")
    store.read_credentials()
    assert store.secret != old.secret and store.secret not in done.stdout
    for host in store.hosts:
        with pytest.raises(ClientError) as refused:
            old.client(host).list_buckets()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert store.client(host).list_buckets()["Buckets"]
    assert store.different(BUCKET, some, store.hosts[0]) == []
    site.converge_unchanged()


def test_a_key_is_never_renewed(site: Site) -> None:
    """Refused, for nothing could be read without it."""
    done = site.playbook("object_store_rotate_credentials.yml", "-e", '{"object_store_renew": ["minio_kms_key"]}')
    assert done.returncode != 0
    assert "It is not renewed" in done.stdout, done.stdout[-3000:]


def test_another_pool(site: Site, store: Store, some: dict[str, int], tmp_path: Path, measured: Measured) -> None:
    """A host with four drives: set up while the store works, taken in by the verb, and nothing is lost."""
    refused = site.playbook("object_store_add_pool.yml")
    assert refused.returncode != 0 and "there is none to add" in refused.stdout, refused.stdout[-3000:]
    drives = [f"/srv/minio/drive{number}" for number in range(1, 5)]
    pools = [{"hosts": store.hosts, "drives": [DRIVE]}, {"hosts": [SPARE], "drives": drives}]
    # The inventory as somebody would write it then.
    (tmp_path / "more.yml").write_text(
        yaml.safe_dump({"all": {"children": {GROUP: {"hosts": {SPARE: None}, "vars": {"minio_pools": pools}}}}}), encoding="utf-8"
    )
    more = ["-i", str(tmp_path / "more.yml")]
    site.converge(*more)
    assert len(store.drives(store.hosts[0])) == 4, "the servers were restarted by a converge"
    began = time.monotonic()
    done = site.playbook("object_store_add_pool.yml", *more)
    assert done.returncode == 0, done.stdout[-4000:]
    measured(f"another pool in {time.monotonic() - began:.1f} s")
    for host in (*store.hosts, SPARE):
        found = store.drives(host)
        assert len(found) == 8 and {drive["state"] for drive in found} == {"ok"}, host
    assert store.different(BUCKET, some, SPARE) == []
    written = {f"two-pools/{number}": 200_000 for number in range(20)}
    store.put_all(BUCKET, written)
    assert store.different(BUCKET, written, SPARE) == []
    assert site.run(SPARE, "find", f"{DRIVE}/{BUCKET}/two-pools", "-name", "xl.meta", check=False).stdout, "the new pool took no object"
