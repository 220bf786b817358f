# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store elsewhere: a container with a MinIO that is no part of the site, and a bucket with object lock."""

from __future__ import annotations

import datetime
import ipaddress
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.live.lib.site import REPOSITORY, Site
from tests.live.lib.waiting import wait_until

BUCKET = "clinic-backup"
SECRET = "pgbackrest_offsite_secret"
#: On the backup server.
CA = "/etc/ssl/offsite.crt"
#: The end of its address.
END = ".31"


def program() -> Path | None:
    """The server, which the artifacts of the object store have; None where they were not built."""
    return next(iter(sorted(REPOSITORY.glob(".cache/artifacts/minio/*/minio"))), None)


class Offsite:
    """The store, seen by its owner."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder
        self.host = f"{site.network}-offsite"
        self.address = site.address(site.hosts("backup")[0]).rpartition(".")[0] + END
        self.key, self.secret = "clinic", secrets.token_urlsafe(24)

    def start(self, image: str = "vannah-test:trixie") -> None:
        """Start it, and make the bucket, whose owner cannot remove a version either before its lock ends."""
        docker, server = self.site.docker, program()
        assert server
        self.remove()
        _certificate(self.folder, self.address)
        docker("create", "--name", self.host, "--network", self.site.network, "--ip", self.address, "--entrypoint", "/minio",
               "--env", f"MINIO_ROOT_USER={self.key}", "--env", f"MINIO_ROOT_PASSWORD={self.secret}", "--env", "MINIO_CI_CD=1",
               image, "server", "--certs-dir", "/certs", "/drive")  # fmt: skip
        docker("cp", str(server), f"{self.host}:/minio")
        docker("cp", str(self.folder), f"{self.host}:/certs")
        docker("start", self.host)
        client = self.client()
        wait_until(lambda: _answers(client), "the store elsewhere to answer", timeout=60)
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
        client.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})

    def client(self) -> Any:
        """A client of S3 with the key that the site has."""
        config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, connect_timeout=5, read_timeout=20)
        return boto3.client(
            "s3",
            endpoint_url=f"https://{self.address}:9000",
            region_name="eu-1",
            verify=str(self.folder / "public.crt"),
            config=config,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
        )

    def variables(self) -> dict[str, Any]:
        """What the site says of it."""
        where = {"endpoint": f"https://{self.address}:9000", "bucket": BUCKET, "region": "eu-1", "key": self.key, "ca": CA}
        return {"pgbackrest_offsite": {**where, "uri_style": "path"}}

    def objects(self, *words: str) -> list[str]:
        """The objects whose names have all of these words, the oldest first."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        found = [(one["LastModified"], str(one["Key"])) for page in pages for one in page.get("Contents", ())]
        return [key for _at, key in sorted(found) if all(word in key for word in words)]

    @contextmanager
    def flipped(self, key: str) -> Iterator[None]:
        """A bit of the byte in the middle of an object is wrong. Its right version is locked, and is written again afterwards."""
        client = self.client()
        right = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        wrong = bytearray(right)
        wrong[len(wrong) // 2] ^= 1
        client.put_object(Bucket=BUCKET, Key=key, Body=bytes(wrong))
        try:
            yield
        finally:
            client.put_object(Bucket=BUCKET, Key=key, Body=right)

    def remove(self) -> None:
        """With all that it has."""
        self.site.docker("rm", "--force", "--volumes", self.host, check=False)


def _answers(client: Any) -> bool:
    try:
        client.list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True


def _certificate(folder: Path, address: str) -> None:
    """One that signs itself, as an authority of another site would have it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "offsite")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "public.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "private.key").write_bytes(key.private_bytes(*form))


class Secrets:
    """The site's secrets, as a person changes them."""

    def __init__(self, site: Site) -> None:
        self.path = site.inventory / "secrets.yml"
        self.password = list(site.arguments)[list(site.arguments).index("--vault-password-file") + 1]

    def change(self, **more: str) -> None:
        """Add secrets, or give them another value."""
        shown = self._vault("decrypt", "--output", "-", str(self.path))
        text = self._vault("encrypt", "--output", "-", "-", stdin=yaml.safe_dump(yaml.safe_load(shown) | more))
        beside = self.path.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.path)

    def _vault(self, command: str, *arguments: str, stdin: str = "") -> str:
        argv = [str(Path(sys.executable).with_name("ansible-vault")), command, "--vault-password-file", self.password, *arguments]
        return subprocess.run(argv, input=stdin, text=True, check=True, capture_output=True).stdout
