# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client may rely on before anything breaks: encryption on the drives, retention, versions, a second store."""

from __future__ import annotations

import dataclasses
import secrets
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.live.lib.site import Site
from tests.live.lib.waiting import wait_until
from tests.live.minio.store import MIB, Store

Measured = Callable[[str], None]
#: Of the second store.
COLD_ENVIRONMENT = "/run/vannah-test-cold.env"
MARK = b"VANNAH-MARK-OF-A-PATIENT"


def found_on_drives(store: Store, text: bytes) -> list[str]:
    """Files of all drives that hold a text."""
    found = []
    for host in store.hosts:
        done = store.site.run(host, "grep", "-rlaF", text.decode(), "/srv/minio/drive1", check=False, timeout=120)
        found += [f"{host}:{path}" for path in done.stdout.split()]
    return found


def test_objects_are_encrypted_on_the_drives(site: Site, store: Store, objects: dict[str, int]) -> None:
    """SSE-S3 without a client asking for it: what lies on the drives is not the object, small (in its metadata) or large (in parts)."""
    client = store.client(store.hosts[0])
    for name, size in (("small", 4000), ("large", 3 * MIB)):
        client.put_object(Bucket="dicom", Key=f"marked/{name}", Body=(MARK * (size // len(MARK) + 1))[:size])
        head = client.head_object(Bucket="dicom", Key=f"marked/{name}")
        assert head["ServerSideEncryption"] == "AES256"
    # The search finds what is there: a file of the same text beside the server's.
    place = "/srv/minio/drive1/.vannah-control"
    site.run(store.hosts[0], "tee", place, stdin=MARK.decode())
    try:
        assert found_on_drives(store, MARK) == [f"{store.hosts[0]}:{place}"]
    finally:
        site.run(store.hosts[0], "rm", place)
    assert all(store.files(host, "dicom", "marked/large") for host in store.hosts), "a drive has no part of it"


def test_deletion_under_retention_fails(store: Store) -> None:
    """A version that is kept cannot be deleted, nor its retention shortened; a deletion of the object leaves the version."""
    client = store.client(store.hosts[1])
    version = client.put_object(Bucket="reports", Key="finding.pdf", Body=b"first")["VersionId"]
    assert client.get_object_retention(Bucket="reports", Key="finding.pdf", VersionId=version)["Retention"]["Mode"] == "COMPLIANCE"
    with pytest.raises(ClientError) as refused:
        client.delete_object(Bucket="reports", Key="finding.pdf", VersionId=version)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)
    client.put_object(Bucket="reports", Key="finding.pdf", Body=b"second")
    client.delete_object(Bucket="reports", Key="finding.pdf")
    with pytest.raises(ClientError):
        client.get_object(Bucket="reports", Key="finding.pdf")
    assert client.get_object(Bucket="reports", Key="finding.pdf", VersionId=version)["Body"].read() == b"first"


def vault(site: Site, action: str, *arguments: str, stdin: str = "") -> str:
    """What ansible-vault says, with the site's vault password."""
    argv = [str(Path(sys.executable).with_name("ansible-vault")), action, *site.arguments, *arguments]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def second_store(site: Site, store: Store) -> Any:
    """A second server of one drive, a process of its own on the last host with credentials of its own, and a bucket."""
    host = store.hosts[-1]
    own = dataclasses.replace(store, key="cold", secret=secrets.token_hex(16))
    site.run(host, "tee", COLD_ENVIRONMENT, stdin=f"MINIO_ROOT_USER={own.key}\nMINIO_ROOT_PASSWORD={own.secret}\n")
    argv = [
        "systemd-run",
        "--unit=vannah-test-cold",
        "--collect",
        "--property=User=minio",
        f"--property=EnvironmentFile={COLD_ENVIRONMENT}",
        "--property=StateDirectory=vannah-test-cold",
        "/usr/bin/env",
        "MINIO_CI_CD=1",
        "/usr/local/bin/minio",
        "server",
        "--address=:9100",
        "--certs-dir=/etc/minio/certs",
        "/var/lib/vannah-test-cold",
    ]
    site.run(host, *argv)
    client = own.client(host, 9100)

    def answers() -> bool:
        try:
            client.list_buckets()
        except Exception:
            return False
        return True

    try:
        wait_until(answers, "the second store answers", 40, interval=0.5)
        store.bucket(client, "cold")
        yield own, host
    finally:
        site.run(host, "systemctl", "stop", "vannah-test-cold.service", check=False)
        site.run(host, "rm", "-f", COLD_ENVIRONMENT)


def test_a_lifecycle_moves_an_object_to_the_second_store(
    site: Site, store: Store, second_store: Any, tmp_path: Any, measured: Measured
) -> None:
    """The object's bytes leave the store's drives, and it is read as before."""
    own, host = second_store
    # As a person would write it: only the secret is encrypted.
    secret = vault(site, "encrypt_string", "--stdin-name", "secret_key", stdin=own.secret)
    tier = {"name": "COLD", "type": "minio", "endpoint": f"https://{host}:9100", "bucket": "cold", "access_key": own.key}
    lines = [*(f"{option}: {value}" for option, value in tier.items()), *secret.splitlines()]
    # Days are a matter of waiting: 0 is at once.
    rule = {"id": "cold", "prefix": "old/", "transition_days": 0, "tier": "COLD"}
    declared = tmp_path / "tiers.yml"
    declared.write_text(
        yaml.safe_dump({"minio_buckets": [{"name": "archive", "lifecycle": [rule]}]})
        + "minio_tiers:\n  -\n"
        + textwrap.indent("\n".join(lines), "    ")
        + "\n",
        encoding="utf-8",
    )
    done = site.playbook("minio/converge.yml", "-e", f"@{declared}")
    assert done.returncode == 0, done.stdout[-4000:]
    client = store.client(store.hosts[0])
    body = MARK * 100_000
    client.put_object(Bucket="archive", Key="old/study.dcm", Body=body)
    moved = lambda: client.head_object(Bucket="archive", Key="old/study.dcm").get("StorageClass") == "COLD"  # noqa: E731
    wait_until(moved, "the object is in the tier", 90, interval=1)
    assert own.client(host, 9100).list_objects_v2(Bucket="cold")["KeyCount"] >= 1, "the second store has no object"
    parts = [path for path in store.files(store.hosts[0], "archive", "old/study.dcm") if not path.endswith("xl.meta")]
    assert parts == [], "the object's parts are still on the first store's drives"
    assert client.get_object(Bucket="archive", Key="old/study.dcm")["Body"].read() == body
    # The second store goes: what else is declared is applied all the same, and the run says what is missing.
    site.run(host, "systemctl", "stop", "vannah-test-cold.service")
    declared.write_text(
        declared.read_text(encoding="utf-8").replace("name: archive", "name: archive\n  tags: {data: old}"), encoding="utf-8"
    )
    done = site.playbook("minio/converge.yml", "-e", f"@{declared}")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "does not answer" in done.stdout, done.stdout[-4000:]
    assert client.get_bucket_tagging(Bucket="archive")["TagSet"] == [{"Key": "data", "Value": "old"}]


def test_a_service_account_may_do_what_its_policy_says(site: Site, store: Store) -> None:
    """With the secret that the site made for it: it reads, and writes nothing, which its user may."""
    secret = yaml.safe_load(vault(site, "view", str(site.inventory / "secrets.yml")))["minio_service_account_imaging-read"]
    store.client(store.hosts[0]).put_object(Bucket="dicom", Key="read.dcm", Body=b"slice")
    reader = dataclasses.replace(store, key="imaging-read", secret=secret).client(store.hosts[1])
    assert reader.get_object(Bucket="dicom", Key="read.dcm")["Body"].read() == b"slice"
    with pytest.raises(ClientError) as refused:
        reader.put_object(Bucket="dicom", Key="read.dcm", Body=b"other")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
