# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for Docker Hub on a test server: a registry that only gives images, those of files of ``docker save``.

CapRover's installer pulls its images without a login, whether they are there or not, so a registry of the site with users cannot give them.

    python3 hub.py FOLDER PORT
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"
PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<what>[^/]+)")


class Hub:
    """The images of a folder.

    :ivar blobs: digest -> file, the member in it and its size; of a manifest, its bytes
    :ivar tags: ``library/nginx:1.31`` -> digest of its manifest
    """

    def __init__(self, folder: Path) -> None:
        self.blobs: dict[str, tuple[Path, str, int] | bytes] = {}
        self.tags: dict[str, str] = {}
        for path in sorted(folder.glob("*.tar")):
            self._add(path)

    def _add(self, path: Path) -> None:
        with tarfile.open(path) as archive:

            def blob(member: str) -> dict[str, Any]:
                found = archive.extractfile(member)
                assert found is not None, member
                digest, size = hashlib.sha256(), 0
                while block := found.read(1 << 20):
                    digest.update(block)
                    size += len(block)
                name = f"sha256:{digest.hexdigest()}"
                self.blobs[name] = path, member, size  # a layer of several images is a link in the file
                return {"digest": name, "size": size}

            listed = archive.extractfile("manifest.json")
            assert listed is not None, path
            for image in json.load(listed):
                layers = [{"mediaType": LAYER, **blob(member)} for member in image["Layers"]]
                made = {
                    "schemaVersion": 2,
                    "mediaType": MANIFEST,
                    "config": {"mediaType": CONFIG, **blob(image["Config"])},
                    "layers": layers,
                }
                text = json.dumps(made).encode()
                digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
                self.blobs[digest] = text
                for tag in image["RepoTags"]:
                    self.tags[tag if "/" in tag else f"library/{tag}"] = digest


class Handler(BaseHTTPRequestHandler):
    """The part of the registry's API that a pull needs (distribution.github.io/distribution/spec/api)."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A manifest or a blob."""
        if self.path.rstrip("/") == "/v2":
            self._send(200, "application/json", b"{}")
            return
        asked = PATH.fullmatch(self.path.partition("?")[0])
        digest = ""
        if asked:
            digest = asked["what"] if ":" in asked["what"] else self.hub.tags.get(f"{asked['name']}:{asked['what']}", "")
        found = self.hub.blobs.get(digest)
        if found is None:
            self._send(404, "application/json", b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
        elif isinstance(found, bytes):
            self._send(200, MANIFEST, found, digest)
        else:
            self._pour(*found, digest)

    do_HEAD = do_GET

    def _send(self, status: int, kind: str, data: bytes, digest: str = "") -> None:
        self._head(status, kind, len(data), digest)
        if self.command == "GET":
            self.wfile.write(data)

    def _pour(self, path: Path, member: str, size: int, digest: str) -> None:
        with tarfile.open(path) as archive:
            found = archive.extractfile(member)
            assert found is not None, member
            self._head(200, "application/octet-stream", size, digest)
            while self.command == "GET" and (block := found.read(1 << 20)):
                self.wfile.write(block)

    def _head(self, status: int, kind: str, size: int, digest: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(size))
        self.send_header("docker-distribution-api-version", "registry/2.0")
        if digest:
            self.send_header("docker-content-digest", digest)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Handler.hub = Hub(Path(sys.argv[1]))
    print(*Handler.hub.tags, flush=True)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
