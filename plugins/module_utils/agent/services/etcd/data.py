# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data lie in a data directory of etcd: read from its files, which etcd need not run for. Nothing is locked or written.

The write-ahead log says the member's and the cluster's ID in the first records of each file (server/storage/wal/wal.go: a record of type
metadata after the one of the checksum). The database, a bbolt file (go.etcd.io/bbolt, page.go and bucket.go), has a bucket ``members``
with name and peer URLs of each ID (etcdserver/api/membership/store.go).

The role etcd installs this file beside etcd-member, so it imports nothing of the agent.
"""

from __future__ import annotations

import json
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO, TypedDict

    class Logged(TypedDict):
        """IDs of a member and of its cluster, as etcd writes them."""

        member: str
        cluster: str

    class Identity(Logged):
        """Whose data lie in a directory, see :func:`identity`."""

        name: str
        urls: list[str]
        members: list[str]


METADATA = 1  # a type of record: server/storage/wal/wal.go
BRANCH, LEAF = 0x01, 0x02  # flags of a page
BUCKET = 0x01  # flag of a leaf's element
MAGIC = 0xED0CDAED
#: Pages that one look reads at most: the bucket of members is small and near the root.
PAGES = 64
PAGE = struct.Struct("<QHHI")  # id, flags, count, overflow
META = struct.Struct("<IIIIQQQQQ")  # magic, version, page size, flags, root, sequence, freelist, pages, transaction
LEAF_ELEMENT = struct.Struct("<IIII")  # flags, position, size of the key, size of the value
BRANCH_ELEMENT = struct.Struct("<IIQ")  # position, size of the key, page


def identity(directory: str) -> Identity | None:
    """Whose data a directory holds.

    :param directory: etcd's ``data-dir``
    :return: ``member`` and ``cluster``, IDs as etcd writes them; ``name`` and ``urls`` (its peer URLs) and ``members`` (the names of all),
        empty where the database does not say them; None where there are no data, or none that can be read
    """
    found = logged(os.path.join(directory, "member", "wal"))
    if found is None:
        return None
    name, urls, members = "", [], []
    try:
        with open(os.path.join(directory, "member", "snap", "db"), "rb") as file:
            for key, value in bucket(file, b"members"):
                said = json.loads(value)
                members.append(str(said.get("name") or ""))
                if key.decode("ascii") == found["member"]:
                    name, urls = str(said.get("name") or ""), [str(url) for url in said.get("peerURLs") or ()]
    except (OSError, ValueError, struct.error, IndexError, AttributeError):
        pass  # not written yet, or changed under this look
    return {**found, "name": name, "urls": urls, "members": sorted(members)}


def foreign(said: Identity | None, name: str, url: str) -> bool:
    """Whether data are another member's: they know neither this one's name nor its peer URL.

    One of the two may change in a member's life: a host is renamed, or gets another address.

    :param said: see :func:`identity`
    """
    return bool(said and said["name"] and said["urls"]) and said["name"] != name and url not in said["urls"]  # type: ignore[index]


def logged(folder: str) -> Logged | None:
    """The IDs in the newest file of a write-ahead log (raft's ``Metadata``: NodeID 1, ClusterID 2)."""
    try:
        newest = max(name for name in os.listdir(folder) if name.endswith(".wal"))
        with open(os.path.join(folder, newest), "rb") as file:
            data = file.read(4096)
    except (OSError, ValueError):
        return None
    at = 0
    try:
        for _record in range(2):
            (length,) = struct.unpack_from("<Q", data, at)
            size, padding = length & (1 << 56) - 1, (length >> 56) & 0x7 if length >> 63 else 0
            fields = dict(protobuf(data[at + 8 : at + 8 + size]))
            at += 8 + size + padding
            if fields.get(1) == METADATA:
                ids = dict(protobuf(fields[3]))
                return {"member": f"{ids[1]:x}", "cluster": f"{ids[2]:x}"}
    except (struct.error, KeyError, IndexError, TypeError, ValueError):
        return None
    return None


def protobuf(data: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of a message's fields: varints and byte strings are all that the log has.

    :raises ValueError: another kind of field
    """
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, at = varint(data, at)
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            raise ValueError("no message of the log")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, and the offset behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if not byte & 0x80:
            return value, at


def bucket(file: BinaryIO, name: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a bucket at the root of a bbolt database.

    :raises ValueError: it is none
    """
    reader = Pages(file)
    for key, value, flags in reader.items(reader.root):
        if key == name and flags & BUCKET:
            (root, _sequence) = struct.unpack_from("<QQ", value)
            # A small bucket lies within its parent: a page of its own behind the header.
            found = reader.items(root) if root else reader.read(value[16:])
            yield from ((one, what) for one, what, _flags in found)


class Pages:
    """The pages of a bbolt file, from the newer of its two meta pages."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.left = PAGES
        self.size = 0
        self.root = 0
        newest = -1
        head = file.read(1 << 17)
        for start in (0, 4096, 8192, 16384, 32768, 65536):  # the second meta page begins where the first one's page ends
            if len(head) < start + PAGE.size + META.size:
                break
            magic, version, size, _flags, root, _sequence, _free, _pages, transaction = META.unpack_from(head, start + PAGE.size)
            if magic == MAGIC and version == 2 and start in (0, size) and transaction > newest:
                newest, self.size, self.root = transaction, size, root
        if not self.size:
            raise ValueError("no database")

    def items(self, number: int) -> Iterator[tuple[bytes, bytes, int]]:
        """Keys, values and flags below a page."""
        self.left -= 1
        if self.left < 0:
            raise ValueError("too many pages")
        self.file.seek(number * self.size)
        data = self.file.read(self.size)
        overflow = PAGE.unpack_from(data)[3]
        if overflow > PAGES:
            raise ValueError("not a page")
        yield from self.read(data + self.file.read(overflow * self.size))

    def read(self, data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
        """Keys, values and flags of a page, and of those below it."""
        _number, flags, count, _overflow = PAGE.unpack_from(data)
        for index in range(count):
            at = PAGE.size + index * 16
            if flags & LEAF:
                kind, position, keys, values = LEAF_ELEMENT.unpack_from(data, at)
                start = at + position
                yield data[start : start + keys], data[start + keys : start + keys + values], kind
            elif flags & BRANCH:
                yield from self.items(BRANCH_ELEMENT.unpack_from(data, at)[2])
            else:
                raise ValueError("not a B+tree page")
