# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults 12, 13, 14 and 19 of an object store, and a rolling restart: no object lost or different, no write falsely acknowledged."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.live.lib.site import Site
from tests.live.lib.waiting import ceiling, wait_until
from tests.live.minio.store import DRIVE, ERRORS, MIB, Store, Traffic, content

Measured = Callable[[str], None]
BUCKET = "dicom"


def test_objects_read_back(store: Store, objects: dict[str, int], versions: dict[str, bytes], measured: Measured) -> None:
    """Before any fault, from each server."""
    began = time.monotonic()
    assert store.different(BUCKET, objects, store.hosts[-1]) == []
    total = sum(objects.values()) / MIB
    measured(f"{len(objects)} objects, {total:.0f} MiB, read in {time.monotonic() - began:.1f} s")


def test_rolling_restart_under_traffic(site: Site, store: Store, measured: Measured) -> None:
    """Each server is restarted; clients that try another server continue, and read what they were told is written."""
    for host in store.hosts:
        site.run(host, "mount", "--make-rshared", "/")  # for the drives that are lost below: share_mounts()
    before = {host: site.run(host, "systemctl", "show", "-p", "InvocationID", "--value", "minio").stdout for host in store.hosts}
    with Traffic(store, BUCKET) as traffic:
        done = site.playbook("minio/rolling_restart.yml", "-e", "minio_restart=true")
    assert done.returncode == 0, done.stdout[-4000:]
    after = {host: site.run(host, "systemctl", "show", "-p", "InvocationID", "--value", "minio").stdout for host in store.hosts}
    assert all(before[host] != after[host] for host in store.hosts)
    measured(f"{len(traffic.acknowledged)} written and read, {traffic.tries} tries elsewhere, the slowest {traffic.slowest:.1f} s")
    assert len(traffic.acknowledged) > 20
    assert traffic.failed == [] and traffic.wrong == []
    assert store.different(BUCKET, traffic.acknowledged, store.hosts[0]) == []


def test_fault_12_servers_lost(site: Site, store: Store, objects: dict[str, int], measured: Measured) -> None:
    """One server gone: reads and writes. Two, the parity: every object reads back, writes are refused and are not there afterwards."""
    first, second, third = store.hosts[3], store.hosts[2], store.hosts[0]
    acknowledged: dict[str, int] = {}
    with store.stopped(first):
        client = store.client(third)
        for number in range(10):
            name = f"degraded/{number}"
            client.put_object(Bucket=BUCKET, Key=name, Body=content(name, 300_000))
            acknowledged[name] = 300_000
        assert store.different(BUCKET, objects | acknowledged, third) == []
        store.stop(second)
        try:
            assert store.different(BUCKET, objects | acknowledged, third) == []
            refused = 0
            for number in range(5):
                with pytest.raises(ERRORS):
                    client.put_object(Bucket=BUCKET, Key=f"refused/{number}", Body=content("x", 300_000))
                refused += 1
            assert site.playbook("minio/rolling_restart.yml", "-e", "minio_restart=true", "-e", "minio_wait=3").returncode != 0
        finally:
            store.start(second)
    measured(f"parity lost: {len(objects) + len(acknowledged)} identical, {refused} writes refused")
    assert store.different(BUCKET, objects | acknowledged, first) == []
    listed = store.client(third).list_objects_v2(Bucket=BUCKET, Prefix="refused/").get("Contents", [])
    assert listed == [], "a write that was refused is there"


def test_fault_12_drive_unmounted(site: Site, store: Store, objects: dict[str, int]) -> None:
    """A drive that vanishes under its server: the root file system is not written to instead, and every object reads back."""
    host = store.hosts[1]
    store.lose_drive(host)
    try:
        assert store.different(BUCKET, objects, host) == []
        client = store.client(host)
        client.put_object(Bucket=BUCKET, Key="without-drive", Body=b"x" * 200_000)
        assert site.run(host, "find", DRIVE, "-type", "f").stdout == "", "the server wrote into the mount point"
    finally:
        # A volume of the engine cannot be mounted again from within: the server comes back with it.
        site.restart(host)
    store.wait_healthy(ceiling(120))
    assert store.different(BUCKET, objects, host) == []


def test_fault_13_flipped_bytes(site: Site, store: Store, objects: dict[str, int], measured: Measured) -> None:
    """Reads stay identical, and the verb makes the parts on disk what they were."""
    host = store.hosts[2]
    names = sorted(name for name in objects if objects[name] > 200_000)[:: max(1, len(objects) // 12)]
    parts = {name: next(path for path in store.files(host, BUCKET, name) if "/part." in path) for name in names}
    sums = site.run(host, "sha256sum", *parts.values()).stdout
    for path in parts.values():
        # Past the part's own checksum of its first block, somewhere in its data.
        site.run(host, "dd", "if=/dev/urandom", f"of={path}", "bs=1", "seek=5000", "count=64", "conv=notrunc", "status=none")
    assert site.run(host, "sha256sum", *parts.values()).stdout != sums
    assert store.different(BUCKET, {name: objects[name] for name in names}, host) == []
    began = time.monotonic()
    done = site.playbook("minio/heal.yml", "-e", f"minio_bucket={BUCKET}")
    assert done.returncode == 0, done.stdout[-4000:]
    said = re.search(r"(\d+) checked, (\d+) healed, 0 still damaged", done.stdout)
    assert said is not None, done.stdout[-2000:]
    measured(f"deep heal: {said[1]} looked at, {said[2]} healed in {time.monotonic() - began:.1f} s")
    assert site.run(host, "sha256sum", *parts.values()).stdout == sums


def test_fault_19_host_restarts(site: Site, store: Store, objects: dict[str, int], measured: Measured) -> None:
    """A host restarts: its units are back and the store is healthy within 120 s, and it is left alone."""
    host = store.hosts[0]
    units = site.running_units(host)
    began = time.monotonic()
    site.restart(host)
    wait_until(lambda: units <= site.running_units(host), f"all units of {host} run again", ceiling(120), interval=1)
    store.wait_healthy(ceiling(120))
    measured(f"healthy after {time.monotonic() - began:.1f} s (ceiling 120 s)")
    assert store.different(BUCKET, objects, host) == []
    site.converge_unchanged()


def test_fault_14_drive_replaced(site: Site, store: Store, objects: dict[str, int], measured: Measured) -> None:
    """A drive replaced by an empty one is healed by the server: then it and one other hold every object."""
    host = store.hosts[3]
    count = ["find", f"{DRIVE}/{BUCKET}", "-name", "xl.meta"]
    before = len(site.run(host, *count).stdout.split())
    store.lose_drive(host)
    site.run(host, "mount", "-t", "tmpfs", "-o", "size=4g", "tmpfs", DRIVE)
    began = time.monotonic()
    done = site.playbook("minio/replace_drive.yml", "-e", f"minio_host={host}")
    assert done.returncode == 0, done.stdout[-4000:]
    wait_until(lambda: len(site.run(host, *count, check=False).stdout.split()) >= before, "the drive has what the old one had", ceiling(90))
    measured(f"{before} objects' files again after {time.monotonic() - began:.1f} s")
    with store.stopped(store.hosts[0], store.hosts[1]):
        assert store.different(BUCKET, objects, host) == []


def test_versions_and_locks_are_kept(store: Store, versions: dict[str, bytes]) -> None:
    """After all of that: each version with its bytes and its retention, below the mark of the deletion."""
    client = store.client(store.hosts[3])
    listed = client.list_object_versions(Bucket="reports", Prefix="kept.pdf")
    assert {item["VersionId"] for item in listed["Versions"]} >= set(versions)
    assert any(mark["IsLatest"] for mark in listed["DeleteMarkers"])
    for version, body in versions.items():
        named = {"Bucket": "reports", "Key": "kept.pdf", "VersionId": version}
        assert client.get_object(**named)["Body"].read() == body
        assert client.get_object_retention(**named)["Retention"]["Mode"] == "COMPLIANCE"
        with pytest.raises(ClientError) as refused:
            client.delete_object(**named)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
