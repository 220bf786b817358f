# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store, as clients and as its own servers see it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, SSLError

from tests.live.lib.hidden import hide
from tests.live.lib.reachability import missing
from tests.live.lib.server import Server
from tests.live.lib.site import Site

#: Larger than what a server keeps inside its metadata, in more than one block.
SIZE = 3 * (1 << 20) + 17
#: How the names of the tests' own buckets begin.
BUCKETS = "vannah-verify-"
#: No run of the tests takes longer.
LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Door:
    """The way to one server: a port of this machine that leads to the loopback of the server, where its certificate is valid too."""

    url: str
    authority: str

    def client(self, key: str, secret: str, authority: str | bool | None = None) -> Any:
        """An S3 client with these credentials."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            verify=self.authority if authority is None else authority,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30, s3={"addressing_style": "path"}),
        )

    def get(self, path: str) -> int:
        """Status of a request without credentials, the certificate verified."""
        context = ssl.create_default_context(cafile=self.authority)
        try:
            with urllib.request.urlopen(self.url + path, timeout=10, context=context) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


class Root:
    """Root's credentials, which no traceback shows."""

    def __init__(self, text: str) -> None:
        found = {name: value.strip('"') for name, _sign, value in (line.partition("=") for line in text.splitlines())}
        self.key, self.secret = found["MINIO_ROOT_USER"], hide(found["MINIO_ROOT_PASSWORD"])

    def __repr__(self) -> str:
        return "<root of the store>"


@pytest.fixture(scope="module")
def stores(reached: Site, servers: dict[str, Server]) -> list[Server]:
    """The store's servers; tests that want them are skipped where a site has none."""
    found = [servers[name] for name in reached.hosts("object_store")]
    if not found:
        pytest.skip(missing(reached.values, "object_store", "servers of an object store"))
    if reached.values.get(found[0].name, "object_store_backend", "minio") == "s3":
        endpoint = reached.values.get(found[0].name, "object_store_endpoint")
        pytest.skip(f"the site's object store is {endpoint}, whose servers are not its own")
    return found


@pytest.fixture(scope="module")
def root(stores: list[Server]) -> Root:
    """Root's credentials, as a server has them."""
    return Root(stores[0].ask("cat", "/etc/minio/secrets.env").text)


@pytest.fixture(scope="module")
def doors(reached: Site, stores: list[Server]) -> Iterator[dict[str, Door]]:
    """A way to each server."""
    authority = str(reached.inventory / "pki" / "ca.crt")
    with ExitStack() as stack:
        ports = {s.name: stack.enter_context(reached.tunnel(s.name, int(reached.values.setting(s.name, "minio_port")))) for s in stores}
        yield {name: Door(f"https://127.0.0.1:{port}", authority) for name, port in ports.items()}


@pytest.fixture(scope="module")
def bucket(doors: dict[str, Door], root: Root) -> Iterator[str]:
    """A bucket for the time of the tests."""
    name = f"{BUCKETS}{secrets.token_hex(4)}"
    client = next(iter(doors.values())).client(root.key, root.secret)
    for left in client.list_buckets()["Buckets"]:
        # Of a run that was killed. One that runs beside this one keeps its own.
        if left["Name"].startswith(BUCKETS) and datetime.now(UTC) - left["CreationDate"] > LONGEST:
            remove(client, left["Name"])
    client.create_bucket(Bucket=name)
    yield name
    remove(client, name)


def remove(client: Any, bucket: str) -> None:
    """Remove a bucket with what is in it."""
    for item in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        client.delete_object(Bucket=bucket, Key=item["Key"])
    client.delete_bucket(Bucket=bucket)


def test_every_server_sees_all_servers_and_drives(reached: Site, stores: list[Server]) -> None:
    """Each server says of every other that it is online, and of every drive that it is ok and not being healed."""
    # A pool may name the drives of its hosts itself.
    pools = any(reached.values.get(one.name, "minio_pools") for one in stores)
    least = len(stores) if pools else sum(len(reached.values.setting(one.name, "minio_drives")) for one in stores)
    for server in stores:
        seen = json.loads(server.seen("store"))["info"]["servers"]
        assert {one["endpoint"]: one["state"] for one in seen if one["state"] != "online"} == {}, server.name
        drives = [drive for one in seen for drive in one["drives"]]
        # A store of one server calls it by its address, but its drives by its name.
        assert {one.name.lower() for one in stores} <= {urlsplit(drive["endpoint"]).hostname for drive in drives}, server.name
        assert len(drives) >= least, f"{server.name} knows {len(drives)} drives, and the inventory has {least}"
        assert [drive["endpoint"] for drive in drives if drive["state"] != "ok" or drive.get("healing")] == [], server.name


def test_object_written_here_is_read_there(doors: dict[str, Door], root: Root, bucket: str) -> None:
    """An object written through one server has the same sha256 through every other, and is encrypted without being asked to.

    Where the bucket says nothing the server does it by itself, and calls it aws:kms.
    """
    body = os.urandom(SIZE)
    first, *others = doors.values()
    put = first.client(root.key, root.secret).put_object(Bucket=bucket, Key="written", Body=body)
    assert put["ServerSideEncryption"] in ("AES256", "aws:kms")
    for door in others or [first]:
        got = door.client(root.key, root.secret).get_object(Bucket=bucket, Key="written")["Body"].read()
        assert hashlib.sha256(got).digest() == hashlib.sha256(body).digest()


def test_nobody_gets_in_without_credentials(doors: dict[str, Door], root: Root, bucket: str) -> None:
    """The object store refuses anonymous requests and MinIO's default credentials."""
    for name, door in doors.items():
        door.client(root.key, root.secret).put_object(Bucket=bucket, Key="secret", Body=b"x")
        assert [door.get(path) for path in ("/", f"/{bucket}", f"/{bucket}/secret", "/minio/admin/v3/info")] == [403] * 4, name
        for key, secret in (("minioadmin", "minioadmin"), (root.key, "minioadmin"), (root.key, root.secret + "x")):
            with pytest.raises(ClientError) as refused:
                door.client(key, secret).list_buckets()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, name


def test_certificate_is_the_authoritys(doors: dict[str, Door], root: Root) -> None:
    """A client without the site's CA refuses every server of the store; the servers refuse plain HTTP."""
    for name, door in doors.items():
        with pytest.raises(SSLError):
            door.client(root.key, root.secret, authority=True).list_buckets()
        try:
            with urllib.request.urlopen(door.url.replace("https", "http") + "/minio/health/live", timeout=5) as answer:
                pytest.fail(f"{name} answers plain HTTP with {answer.status}")
        except urllib.error.HTTPError as error:
            assert error.code == 400, name


def test_health_and_metrics(reached: Site, doors: dict[str, Door]) -> None:
    """What a load balancer and the monitoring ask: alive, takes writes, and figures only where the site opens them."""
    for name, door in doors.items():
        paths = ("/minio/health/live", "/minio/health/ready", "/minio/health/cluster")
        assert [door.get(path) for path in paths] == [200, 200, 200], name
        public = reached.values.get(name, "minio_metrics_public", True)
        assert door.get("/minio/v2/metrics/cluster") == (200 if public else 403), name


def test_server_is_confined(stores: list[Server]) -> None:
    """MinIO runs as its own user without capabilities, and no other user can read its settings and key."""
    for server in stores:
        properties = dict(line.split("=", 1) for line in server.seen("store_unit").splitlines())
        assert properties == {"User": "minio", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "CapabilityBoundingSet": ""}, (
            server.name
        )
        assert server.seen("store_modes").splitlines() == ["640 root:minio", "640 root:minio", "600 root:root"], server.name
