# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second client that is not of our making: Debian's rclone, on a server, whose own list of authorities has the site's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from tests.live.lib.site import Site
from tests.live.minio.store import KIB, MIB, Store, content

FOLDER, SETTINGS = "/var/tmp/vannah-study", "/run/vannah-rclone.conf"
#: The last goes up in four parts.
FILES = {"empty": 0, "slice.dcm": 130 * KIB + 7, "Müller^Anna/series 1+2.dcm": 3 * MIB + 1, "study.dcm": 25 * MIB}


@pytest.fixture
def rclone(site: Site, store: Store) -> Iterator[list[str]]:
    """Its command line on the second server; it speaks with the third as `store` and with the fourth as `other`."""
    host = store.hosts[1]
    env = ["env", "DEBIAN_FRONTEND=noninteractive"]
    site.run(host, *env, "apt-get", "install", "-q", "-y", "--no-install-recommends", "rclone", timeout=300)
    endpoints = {"store": store.hosts[2], "other": store.hosts[3]}
    text = "".join(
        f"[{name}]\ntype = s3\nprovider = Minio\nendpoint = https://{site.address(server)}:9000\naccess_key_id = {store.key}\n"
        f"secret_access_key = {store.secret}\nregion = us-east-1\nupload_cutoff = 8Mi\nchunk_size = 8Mi\nno_check_bucket = true\n"
        for name, server in endpoints.items()
    )
    site.run(host, "sh", "-c", f"umask 077; cat >{SETTINGS}", stdin=text)
    yield ["rclone", "--config", SETTINGS, "--retries", "1", "--low-level-retries", "1"]
    site.run(host, "rm", "-rf", SETTINGS, FOLDER)


def test_rclone_writes_and_reads_what_boto3_reads_and_writes(site: Site, store: Store, rclone: list[str]) -> None:
    """Small, empty, oddly named and in parts; through one server there, through others back."""
    host = store.hosts[1]
    for name, size in FILES.items():
        place = f"{FOLDER}/{name}"
        make = 'mkdir -p "${1%/*}" && head -c "$2" /dev/urandom >"$1"'
        site.run(host, "sh", "-c", make, "sh", place, str(size))
    site.run(host, *rclone, "copy", FOLDER, "store:dicom/rclone", timeout=120)
    site.run(host, *rclone, "check", "--download", FOLDER, "other:dicom/rclone", timeout=120)
    client = store.client(store.hosts[0])
    listed = {item["Key"]: item["Size"] for item in client.list_objects_v2(Bucket="dicom", Prefix="rclone/")["Contents"]}
    assert listed == {f"rclone/{name}": size for name, size in FILES.items()}
    for name in FILES:
        wanted = site.run(host, "sha256sum", "--", f"{FOLDER}/{name}").stdout.lstrip("\\").split()[0]
        body = client.get_object(Bucket="dicom", Key=f"rclone/{name}")["Body"].read()
        assert hashlib.sha256(body).hexdigest() == wanted, name
    assert client.head_object(Bucket="dicom", Key="rclone/study.dcm")["ETag"].strip('"').endswith("-4"), "not written in parts"
    body = content("boto3", 700_000)
    client.put_object(Bucket="dicom", Key="boto3", Body=body)
    site.run(host, *rclone, "copyto", "other:dicom/boto3", f"{FOLDER}/boto3")
    assert site.run(host, "sha256sum", f"{FOLDER}/boto3").stdout.split()[0] == hashlib.sha256(body).hexdigest()


def test_rclone_refuses_a_server_of_another_authority(site: Site, store: Store, rclone: list[str]) -> None:
    """Where it does not know the site's authority it speaks with no server."""
    unknown = ["env", "SSL_CERT_FILE=/dev/null", "SSL_CERT_DIR=/nonexistent"]
    done = site.run(store.hosts[1], *unknown, *rclone, "lsd", "store:", check=False)
    assert done.returncode != 0
    assert "x509" in done.stderr, done.stderr[-500:]
