# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store of a site of test servers, used by a client that is not of our making (boto3), and looked at on its drives."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import random
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.live.lib.site import Site
from tests.live.lib.waiting import wait_until

GROUP = "object_store"
DRIVE = "/srv/minio/drive1"
KIB, MIB = 1 << 10, 1 << 20
#: Seconds: a server looks for drives every 15.
SETTLED = 18
#: Seconds that a client tries the next servers before it counts as failed. A write that a restart cuts off may leave its object's
#: name locked: each minute a server forgets locks that no one has refreshed for a minute (cmd/lock-rest-server.go of MinIO).
PATIENCE = 150.0
#: As many threads as a workstation's.
THREADS = 8
#: Parts of 8 MiB: what is larger goes up in several, as from any S3 client.
TRANSFER = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB, max_concurrency=2)
ERRORS = (BotoCoreError, ClientError)


def content(name: str, size: int) -> bytes:
    """What an object holds: bytes that follow from its name."""
    return random.Random(name).randbytes(size)  # not a secret


def sizes(count: int) -> dict[str, int]:
    """Names and sizes as a radiology department has them: mostly slices of 10 KiB to 1 MiB, some series, few whole studies."""
    dice = random.Random("sizes")
    found = {
        f"slice/{number:05d}.dcm": dice.choice((10, 32, 130, 130, 260, 520, 1040)) * KIB + dice.randrange(999) for number in range(count)
    }
    found |= {f"series/{number:03d}.dcm": (4 + number % 5) * MIB + number for number in range(max(6, count // 50))}
    found |= {f"study/{number:03d}.dcm": size * MIB + number for number, size in enumerate((16, 24, 64))}
    return found


@dataclass
class Store:
    """Root's view of a store; every client speaks TLS and verifies the site's authority."""

    site: Site
    hosts: list[str] = field(default_factory=list)
    key: str = ""
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, site: Site) -> Store:
        """The store of a site; its credentials come from a server."""
        found = cls(site, site.hosts(GROUP))
        found.read_credentials()
        return found

    def read_credentials(self) -> None:
        """Root's credentials, as a server has them."""
        text = self.site.run(self.hosts[0], "cat", "/etc/minio/secrets.env").stdout
        settings = {name: value.strip('"') for name, _sign, value in (line.partition("=") for line in text.splitlines())}
        self.key, self.secret = settings["MINIO_ROOT_USER"], settings["MINIO_ROOT_PASSWORD"]

    def client(self, host: str, port: int = 9000, retries: int = 0) -> Any:
        """A client of one server."""
        settings = Config(
            retries={"total_max_attempts": retries + 1, "mode": "standard"},
            connect_timeout=3,
            read_timeout=20,
            max_pool_connections=2 * THREADS,
            s3={"addressing_style": "path"},
        )
        return boto3.client(
            "s3",
            endpoint_url=f"https://{self.site.address(host)}:{port}",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
            verify=str(self.site.inventory / "pki" / "ca.crt"),
            config=settings,
        )

    # -- how it is -------------------------------------------------------------------------------------------------

    def status(self, host: str) -> dict[str, Any]:
        """The administration's word on the whole store, asked on one host with its own client."""
        import json

        done = self.site.run(host, "minio-mc", "--json", "admin", "info", "site", check=False, timeout=60)
        try:
            found: dict[str, Any] = json.loads(done.stdout)["info"]
        except (ValueError, KeyError):
            return {}
        return found

    def drives(self, host: str) -> list[dict[str, Any]]:
        """Every drive as a host sees it."""
        return [drive for server in self.status(host).get("servers", []) for drive in server.get("drives") or []]

    def settled(self, host: str) -> bool:
        """A server has looked again for drives that it lacked at its start: no interface says that it lacks them."""
        argv = ["systemctl", "show", "--property=ActiveEnterTimestampMonotonic", "--value", "minio.service"]
        done = self.site.run(host, *argv, check=False)  # a host that boots has no systemd to ask yet
        started = done.stdout.strip() if done.returncode == 0 else ""
        return started not in ("", "0") and time.clock_gettime(time.CLOCK_MONOTONIC) - int(started) / 1e6 > SETTLED

    def healthy(self) -> bool:
        """Every server sees every drive, and none is being healed."""
        if not all(self.settled(host) for host in self.hosts):
            return False
        seen = {host: self.drives(host) for host in self.hosts}
        return all(
            len(found) == len(self.hosts) and all(drive.get("state") == "ok" and not drive.get("healing") for drive in found)
            for found in seen.values()
        )

    def wait_healthy(self, seconds: float) -> None:
        """Wait until :meth:`healthy`."""
        wait_until(self.healthy, "every server sees every drive", seconds, interval=1)

    def stop(self, host: str) -> None:
        """Stop a server at once, as if its power was cut."""
        self.site.run(host, "systemctl", "kill", "--signal=KILL", "minio.service")
        self.site.run(host, "systemctl", "stop", "minio.service")

    def start(self, host: str) -> None:
        """Start it again."""
        self.site.run(host, "systemctl", "start", "minio.service")

    @contextlib.contextmanager
    def stopped(self, *hosts: str) -> Iterator[None]:
        """Servers that are gone for a while."""
        try:
            for host in hosts:
                self.stop(host)
            yield
        finally:
            for host in hosts:
                self.start(host)
            self.wait_healthy(90)

    def mounts(self, host: str) -> tuple[list[str], list[str]]:
        """Mounts of a host, and as its server sees them: lines of mountinfo, see proc(5)."""
        pid = self.site.run(host, "systemctl", "show", "--property=MainPID", "--value", "minio.service").stdout.strip()
        both = self.site.run(host, "cat", "/proc/1/mountinfo").stdout, self.site.run(host, "cat", f"/proc/{pid}/mountinfo").stdout
        return both[0].splitlines(), both[1].splitlines()

    def share_mounts(self, host: str) -> None:
        """Have mounts and unmounts of a host reach its server, which has a namespace of its own: as on a machine, not as in a container.

        A server that was started before it is restarted.
        """
        self.site.run(host, "mount", "--make-rshared", "/")
        root = " / / "
        host_has, server_has = (next(line for line in lines if root in line) for lines in self.mounts(host))
        peers, masters = re.search(r" shared:(\d+)", host_has), re.search(r" master:(\d+)", server_has)
        if peers is None or masters is None or peers[1] != masters[1]:
            self.site.run(host, "systemctl", "restart", "minio.service")
            self.wait_healthy(90)

    def lose_drive(self, host: str) -> None:
        """Take a host's drive from under its server.

        :raises AssertionError: the server has it still
        """
        self.share_mounts(host)
        self.site.run(host, "umount", "--lazy", DRIVE)
        assert not [line for line in self.mounts(host)[1] if f" {DRIVE} " in line], "the server still has the drive that was unmounted"

    def bucket(self, client: Any, name: str) -> None:
        """Make a bucket where it is not there yet: tests are run again on one site while they are written."""
        with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=name)

    # -- objects ---------------------------------------------------------------------------------------------------

    def put_all(self, bucket: str, objects: dict[str, int]) -> None:
        """Write objects, the larger ones in several parts."""
        import io

        client = self.client(self.hosts[0], retries=3)

        def put(name: str) -> None:
            client.upload_fileobj(io.BytesIO(content(name, objects[name])), bucket, name, Config=TRANSFER)

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(put, objects))

    def different(self, bucket: str, objects: dict[str, int], host: str) -> list[str]:
        """Objects that a server does not give back as they were written, and why."""
        client = self.client(host, retries=3)

        def compare(name: str) -> str:
            wanted = hashlib.sha256(content(name, objects[name])).hexdigest()
            digest = hashlib.sha256()
            try:
                body = client.get_object(Bucket=bucket, Key=name)["Body"]
                for chunk in body.iter_chunks(MIB):
                    digest.update(chunk)
            except ERRORS as error:
                return f"{name}: {error}"
            return "" if digest.hexdigest() == wanted else f"{name}: other bytes"

        with ThreadPoolExecutor(THREADS) as pool:
            return [said for said in pool.map(compare, objects) if said]

    def files(self, host: str, bucket: str, name: str) -> list[str]:
        """Files of an object on a host's drive."""
        found = self.site.run(host, "find", f"{DRIVE}/{bucket}/{name}", "-type", "f", check=False).stdout.split()
        return sorted(found)


class Traffic:
    """Clients that write and read all the while, each at its own server, trying the next one when it does not answer."""

    def __init__(self, store: Store, bucket: str, threads: int = 3) -> None:
        self.store = store
        self.bucket = bucket
        self.acknowledged: dict[str, int] = {}
        self.wrong: list[str] = []
        self.tries = 0
        self.failed: list[str] = []
        self.slowest = 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE + 30)

    def _run(self, number: int) -> None:
        clients = [self.store.client(host) for host in self.store.hosts]
        count = 0
        # Not as fast as the machine can: the servers of a test share it.
        while not self._stop.wait(0.15):
            count += 1
            name = f"traffic/{number}/{count:06d}"
            size = (20 + count % 200) * KIB
            began = time.monotonic()
            said: list[str] = []
            for turn in itertools.count():
                client = clients[(number + turn) % len(clients)]
                try:
                    client.put_object(Bucket=self.bucket, Key=name, Body=content(name, size))
                    read = client.get_object(Bucket=self.bucket, Key=name)["Body"].read()
                except ERRORS as error:
                    said.append(f"{time.monotonic() - began:.1f} s, {self.store.hosts[(number + turn) % len(clients)]}: {error}")
                    with self._lock:
                        self.tries += 1
                        if time.monotonic() - began > PATIENCE:
                            self.failed.append(f"{name}: " + "; ".join(said))
                            break
                    time.sleep(0.1)
                    continue
                with self._lock:
                    self.acknowledged[name] = size
                    if read != content(name, size):
                        self.wrong.append(name)
                break
            with self._lock:
                self.slowest = max(self.slowest, time.monotonic() - began)


def objects_of_tests() -> int:
    """How many objects: some hundreds, in `make soak` VANNAH_OBJECTS=5000."""
    return int(os.environ.get("VANNAH_OBJECTS", "240"))
