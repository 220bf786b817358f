# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in files: an OCI layout (a directory or a tar file of one) and what ``docker save`` writes.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md. Docker 25 and newer write a layout; what older ones write is a list
of images with their layers (``manifest.json``), of which the manifest is made here: the layers as they are, so that the digest is always
the same. Only what is asked for is read: a file of several gigabytes is not read to find out what is in it.
"""

from __future__ import annotations

import os

from ...core.model import AgentError
from .api import INDEXES, MANIFESTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator
    from typing import IO, Any

    from ...definition import Json as Document

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
#: A layer as ``docker save`` writes it, and one that is compressed.
LAYER, LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip"
#: Bytes of a document; the API takes no manifest that is larger.
LONGEST = 4 << 20
_BLOCK = 1 << 20


class Blob:
    """A blob of an image: ``digest``, ``size`` in bytes, ``name`` of its file in the source."""

    __slots__ = ("digest", "name", "size")

    def __init__(self, digest: str, size: int, name: str) -> None:
        self.digest = digest
        self.size = size
        self.name = name


class Image:
    """A manifest with what it needs: ``blobs``, and for several platforms ``children``, which have to be there before it."""

    __slots__ = ("blobs", "children", "data", "digest", "media")

    def __init__(self, media: str, data: bytes, blobs: list[Blob], children: list[Image]) -> None:
        self.media = media
        self.data = data
        self.digest = digest_of(data)
        self.blobs = blobs
        self.children = children

    def every(self) -> Iterator[Image]:
        """All manifests, in the order in which a registry takes them."""
        for child in self.children:
            yield from child.every()
        yield self


class Source:
    """A directory or a tar file with images.

    :param path: for texts, the path on the host
    :param real: where it really is
    :raises AgentError: ``image-file``: it is not there, or no such thing
    """

    def __init__(self, path: str, real: str) -> None:
        self.path = path
        self.directory = real if os.path.isdir(real) else ""
        self._tar: tarfile.TarFile | None = None
        if not self.directory:
            self._open(real)

    def _open(self, real: str) -> None:
        import tarfile

        try:
            self._tar = tarfile.open(real)  # noqa: SIM115 # close() closes it
            self._members = {member.name.removeprefix("./").rstrip("/"): member for member in self._tar}
        except FileNotFoundError:
            raise self.wrong("there is no such file on this host") from None
        except (OSError, tarfile.TarError, EOFError) as error:
            raise self.wrong(f"it cannot be read as a tar file ({error})") from error

    def close(self) -> None:
        """Let go of the file."""
        if self._tar is not None:
            self._tar.close()

    def wrong(self, text: str) -> AgentError:
        """An error about it."""
        return AgentError(
            "image-file",
            f"source {self.path}: {text}. Fix: give a file of docker save, or an OCI layout (skopeo copy docker://... oci:...)",
        )

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return os.path.isfile(os.path.join(self.directory, name)) if self.directory else name in self._members

    def open(self, name: str) -> IO[bytes]:
        """A file of it.

        :raises AgentError: ``image-file``
        """
        if ".." in name.split("/") or name.startswith("/"):
            raise self.wrong(f"it names a file outside of itself ({name})")
        try:
            if self.directory:
                return open(os.path.join(self.directory, name), "rb")  # the caller closes it
            found = self._tar.extractfile(self._members[name]) if self._tar else None
        except (KeyError, OSError):
            found = None
        if found is None:
            raise self.wrong(f"{name} is missing in it")
        return found

    def size(self, name: str) -> int:
        """Bytes of a file; of what a link leads to.

        :raises AgentError: ``image-file``
        """
        with self.open(name) as file:
            return file.seek(0, os.SEEK_END)

    def chunks(self, name: str) -> Iterator[bytes]:
        """What a file holds.

        :raises AgentError: ``image-file``
        """
        with self.open(name) as file:
            while block := file.read(_BLOCK):
                yield block

    def data(self, name: str) -> bytes:
        """All of a small file.

        :raises AgentError: ``image-file``
        """
        with self.open(name) as file:
            found = file.read(LONGEST + 1)
        if len(found) > LONGEST:
            raise self.wrong(f"{name} is larger than {LONGEST} bytes")
        return found

    def document(self, name: str) -> Any:
        """A file with JSON.

        :raises AgentError: ``image-file``
        """
        return self.parsed(self.data(name), name)

    def parsed(self, data: bytes, name: str) -> Any:
        """JSON of it.

        :raises AgentError: ``image-file``
        """
        import json

        try:
            return json.loads(data)
        except ValueError as error:
            raise self.wrong(f"{name} is no JSON ({error})") from error


def digest_of(data: bytes) -> str:
    """The digest of a text."""
    import hashlib

    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def find(source: Source, digest: str) -> Image:
    """The image of a source.

    :param digest: of the manifest that is meant; empty where there is one only
    :raises AgentError: ``image-file``: it is not in there, there are several, or one is not whole; ``image-digest``: it is another one
    """
    try:
        if source.has("index.json"):
            return _of_layout(source, digest)
        if source.has("manifest.json"):
            return _of_docker(source, digest)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise source.wrong(f"its documents are not what they should be ({type(error).__name__}: {error})") from error
    raise source.wrong("there is neither index.json nor manifest.json in it")


def _of_layout(source: Source, digest: str) -> Image:
    entries = {str(entry["digest"]): entry for entry in source.document("index.json")["manifests"]}
    if not digest and len(entries) == 1:
        return _read(source, next(iter(entries.values())))
    if digest in entries:
        return _read(source, entries[digest])
    for entry in entries.values() if digest else ():
        for child in source.document(blob_name(source, str(entry["digest"])))["manifests"] if _is_index(source, entry) else ():
            if child["digest"] == digest:
                return _read(source, child)
    raise _not_this(source, digest, list(entries))


def _not_this(source: Source, digest: str, found: list[str]) -> AgentError:
    if not found:
        return source.wrong("there is no image in it")
    if not digest:
        return AgentError("image-file", f"source {source.path} has {len(found)} images. Fix: set digest: one of {', '.join(found)}")
    return AgentError(
        "image-digest", f"source {source.path} has no image {digest}. Fix: use the right file, or set digest: {' or '.join(found)}"
    )


def _is_index(source: Source, entry: Document) -> bool:
    media = entry.get("mediaType") or source.document(blob_name(source, str(entry["digest"]))).get("mediaType")
    return media in INDEXES


def blob_name(source: Source, digest: str) -> str:
    """The file of a blob in a layout.

    :raises AgentError: ``image-file``
    """
    kind, _colon, value = digest.partition(":")
    if kind != "sha256" or len(value) != 64 or value.strip("0123456789abcdef"):
        raise source.wrong(f"{digest!r} is not a sha256 digest")
    return f"blobs/{kind}/{value}"


def _read(source: Source, entry: Document) -> Image:
    digest = str(entry["digest"])
    name = blob_name(source, digest)
    data = source.data(name)
    if digest_of(data) != digest:
        raise source.wrong(f"{name} is damaged: its content has another digest")
    document = source.parsed(data, name)
    media = str(document.get("mediaType") or entry.get("mediaType") or "")
    if media in INDEXES:
        return Image(media, data, [], [_read(source, child) for child in _whole(source, document["manifests"])])
    if media not in MANIFESTS:
        raise source.wrong(f"{digest} is of the kind {media or 'without a name'}, which is not an image")
    blobs = [_blob(source, part) for part in (document["config"], *document["layers"]) if not part.get("urls")]
    return Image(media, data, blobs, [])


def _whole(source: Source, entries: list[Document]) -> list[Document]:
    """The images of several platforms: a registry takes their index only with all of them."""
    missing = [str(entry["digest"]) for entry in entries if not source.has(blob_name(source, str(entry["digest"])))]
    if missing:
        raise source.wrong(
            f"it has only some of the image's platforms ({len(entries) - len(missing)} of {len(entries)}), and a registry takes them whole"
            " or one of them by its own digest"
        )
    return entries


def _blob(source: Source, part: Document) -> Blob:
    digest, size = str(part["digest"]), int(part["size"])
    name = blob_name(source, digest)
    if source.size(name) != size:
        raise source.wrong(f"{name} is damaged: it has another size than its image says")
    return Blob(digest, size, name)


def _of_docker(source: Source, digest: str) -> Image:
    """What ``docker save`` of Docker 24 and older writes."""
    found = {}
    for entry in source.document("manifest.json"):
        image = _made(source, entry)
        found[image.digest] = image
    if not digest and len(found) == 1:
        return next(iter(found.values()))
    if digest in found:
        return found[digest]
    raise _not_this(source, digest, list(found))


def _made(source: Source, entry: Document) -> Image:
    """A manifest of Docker's second kind, in the one form that gives always the same digest."""
    import json

    config = source.data(entry["Config"])
    ids = source.parsed(config, entry["Config"])["rootfs"]["diff_ids"]
    if len(ids) != len(entry["Layers"]):
        raise source.wrong(f"its image has {len(ids)} layers, and {len(entry['Layers'])} are in it")
    blobs = [Blob(digest_of(config), len(config), entry["Config"])]
    layers = []
    for name, plain in zip(entry["Layers"], ids, strict=True):
        with source.open(name) as file:
            packed = file.read(2) == b"\x1f\x8b"
        blob = Blob(_digest_of_file(source, name) if packed else str(plain), source.size(name), name)
        layers.append({"mediaType": LAYER_GZIP if packed else LAYER, "size": blob.size, "digest": blob.digest})
        blobs.append(blob)
    manifest = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": {"mediaType": DOCKER_CONFIG, "size": blobs[0].size, "digest": blobs[0].digest},
        "layers": layers,
    }
    return Image(DOCKER_MANIFEST, json.dumps(manifest, separators=(",", ":")).encode(), blobs, [])


def _digest_of_file(source: Source, name: str) -> str:
    import hashlib

    found = hashlib.sha256()
    for block in source.chunks(name):
        found.update(block)
    return f"sha256:{found.hexdigest()}"
