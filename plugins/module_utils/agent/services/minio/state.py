# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an object store has of the buckets that are asked about.

MinIO gives everything of all buckets in one archive. Any other store is asked bucket by bucket, over a few connections at once.
"""

from __future__ import annotations

from . import documents as documents
from .policy import canonical
from .s3 import Refused, Silent, parse_xml, refusal, unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .s3 import S3
    from .types import Attribute, BucketNow, TierNow

#: Connections at once to a store that has to be asked bucket by bucket.
CONNECTIONS = 8
#: Attribute -> its file in MinIO's archive, its name in a request's query.
FILES: dict[Attribute, tuple[str, str]] = {
    "versioning": ("versioning.xml", "versioning"),
    "object_lock": ("object-lock.xml", "object-lock"),
    "encryption": ("bucket-encryption.xml", "encryption"),
    "quota": ("quota.json", ""),
    "tags": ("tagging.xml", "tagging"),
    "policy": ("policy.json", "policy"),
    "lifecycle": ("lifecycle.xml", "lifecycle"),
}
#: Answers that say: there is none.
NONE_OF_IT = (
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchTagSet",
    "ObjectLockConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
)


class Store:
    """What is there.

    Attributes: ``answers`` (false where no server was to be asked, as in check mode on a bare host: nothing is there then), ``minio``
    (it is MinIO), ``names`` of all buckets, ``buckets`` name -> attributes of those asked about, ``tiers`` (name -> tier, of MinIO;
    None where they were not asked for).
    """

    def __init__(self) -> None:
        self.answers = False
        self.minio = True
        self.names: set[str] = set()
        self.buckets: dict[str, BucketNow] = {}
        self.tiers: dict[str, TierNow] | None = None


def new(lock: bool = False) -> BucketNow:
    """Attributes of a bucket that was just made."""
    return {
        "versioning": "enabled" if lock else "",
        "object_lock": {} if lock else None,
        "encryption": "none",
        "quota": 0,
        "tags": {},
        "policy": None,
        "lifecycle": {},
    }


def read(s3: S3, backend: str, names: Iterable[str], tiers: bool) -> Store:
    """Ask the store.

    :param backend: ``minio``, ``s3``, or ``auto``: the server's own identification decides
    :param names: buckets to ask about
    :param tiers: whether the tiers are needed too
    :raises Silent: no server answers
    :raises AgentError: ``minio-refused``
    """
    store = Store()
    try:
        listed = s3.ask("GET")
        store.answers = True
        store.minio = backend == "minio" or (backend == "auto" and is_minio(listed.headers))
        root = parse_xml(listed.data)
        store.names = {bucket.findtext("Name") or "" for bucket in root.iter("Bucket")}
        wanted = sorted(set(names) & store.names)
        if wanted and store.minio:
            store.buckets = read_archive(s3.admin("GET", "export-bucket-metadata").data, wanted)
        elif wanted:
            store.buckets = _one_by_one(s3, wanted)
        if tiers and store.minio:
            store.tiers = read_tiers(s3)
    except Refused as error:
        raise refusal(s3, "list the buckets", error) from error
    return store


def is_minio(headers: dict[str, str]) -> bool:
    """Whether an answer is from MinIO, or from a fork of it, by its own header."""
    return headers.get("server", "").lower().startswith(("minio", "silo"))


def read_archive(data: bytes, names: Iterable[str]) -> dict[str, BucketNow]:
    """The archive of ``export-bucket-metadata``: folders by bucket, a file for each document that the bucket has."""
    import io
    import zipfile

    found = {name: new() for name in names}
    files = {file: attribute for attribute, (file, _word) in FILES.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.namelist():
            name, _slash, file = entry.partition("/")
            if name in found and file in files:
                found[name][files[file]] = parse(name, files[file], archive.read(entry))
    return found


def parse(name: str, attribute: str, data: bytes) -> Any:
    """One document of a bucket, in the form that is compared."""
    if attribute == "policy":
        return canonical(f"bucket {name}", data)
    if attribute == "quota":
        import json

        quota = json.loads(data)
        return int(quota.get("size") or quota.get("quota") or 0)
    readers: dict[str, Callable[[bytes], Any]] = {
        "versioning": documents.read_versioning,
        "object_lock": documents.read_lock,
        "encryption": documents.read_encryption,
        "tags": documents.read_tags,
        "lifecycle": documents.read_lifecycle,
    }
    return readers[attribute](data)


def read_tiers(s3: S3) -> dict[str, TierNow]:
    """MinIO's tiers by name: ``type``, ``endpoint``, ``bucket``, ``prefix``, ``region``, ``access_key``, ``storage_class``.

    :raises Silent: no server answers
    :raises Refused: it may not be asked
    """
    found: dict[str, TierNow] = {}
    for tier in s3.admin("GET", "tier").json() or []:
        inside = tier.get({"s3": "S3", "minio": "MinIO", "azure": "Azure", "gcs": "GCS"}.get(tier["Type"], ""), {})
        found[tier["Name"]] = {
            "type": tier["Type"],
            "endpoint": inside.get("Endpoint", ""),
            "bucket": inside.get("Bucket", ""),
            "prefix": inside.get("Prefix", ""),
            "region": inside.get("Region", ""),
            "access_key": inside.get("AccessKey", ""),
            "storage_class": inside.get("StorageClass", ""),
        }
    return found


def is_empty(s3: S3, name: str) -> bool:
    """Whether a bucket has neither an object nor a version of one.

    :raises AgentError: ``minio-refused``, ``minio-unreachable``
    """
    answer = s3.insist(f"list bucket {name}", "GET", f"/{name}", {"versions": "", "max-keys": "1"})
    root = parse_xml(answer.data)
    return root.find("Version") is None and root.find("DeleteMarker") is None


def _one_by_one(s3: S3, names: list[str]) -> dict[str, BucketNow]:
    from concurrent.futures import ThreadPoolExecutor

    count = min(CONNECTIONS, len(names))
    shares = [names[number::count] for number in range(count)]
    with ThreadPoolExecutor(count) as pool:
        parts = list(pool.map(lambda share: _share(s3.another(), share), shares))
    return {name: bucket for part in parts for name, bucket in part.items()}


def _share(s3: S3, names: list[str]) -> dict[str, BucketNow]:
    try:
        return {name: _bucket(s3, name) for name in names}
    finally:
        s3.close()


def _bucket(s3: S3, name: str) -> BucketNow:
    found = new()
    for attribute, (_file, word) in FILES.items():
        if not word:
            continue
        try:
            found[attribute] = parse(name, attribute, s3.ask("GET", f"/{name}", {word: ""}).data)
        except Refused as error:
            if error.code not in NONE_OF_IT:
                raise
    return found


__all__ = ["FILES", "NONE_OF_IT", "Silent", "Store", "is_empty", "is_minio", "new", "read", "read_archive", "read_tiers", "unreachable"]
