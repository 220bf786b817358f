# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in files, and registries to load them into: one in memory that keeps the rules of the API, and a real one where there is one.

The real one is Debian's docker-registry, found in PATH or named by VANNAH_DOCKER_REGISTRY.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.registry import api, calls

from tests.unit.services.returned import faults, filled

OCI, INDEX = api.MANIFESTS[0], api.INDEXES[0]
USER, PASSWORD = "site", "the-password-of-the-tests"
PROGRAM = os.environ.get("VANNAH_DOCKER_REGISTRY") or shutil.which("docker-registry") or ""
Said = tuple[int, dict[str, str], bytes]


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar_of(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A tar file, always the same for the same files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return made.getvalue()


class Layout:
    """An OCI layout that is being written: ``files`` by name, and the entries of its index."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
        self.entries: list[dict[str, Any]] = []

    def blob(self, data: bytes) -> dict[str, Any]:
        """Add a blob; what describes it."""
        self.files[f"blobs/sha256/{digest(data)[7:]}"] = data
        return {"digest": digest(data), "size": len(data)}

    def image(self, *layers: bytes, listed: bool = True) -> str:
        """Add an image; its digest."""
        config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}}
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **self.blob(json.dumps(config).encode())},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **self.blob(layer)} for layer in layers],
        }
        found = {"mediaType": OCI, **self.blob(json.dumps(manifest).encode())}
        if listed:
            self.entries.append(found)
        return str(found["digest"])

    def index(self, *images: str) -> str:
        """Add an index of images; its digest."""
        sizes = {name: len(self.files[f"blobs/sha256/{name[7:]}"]) for name in images}
        entries = [{"mediaType": OCI, "digest": name, "size": sizes[name]} for name in images]
        found = {"mediaType": INDEX, **self.blob(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode())}
        self.entries.append(found)
        return str(found["digest"])

    def all(self) -> dict[str, bytes]:
        """All files."""
        return {**self.files, "index.json": json.dumps({"schemaVersion": 2, "manifests": self.entries}).encode()}

    def write(self, path: Path, form: str = "tar") -> str:
        """As a tar file, a compressed one, or a directory; its path."""
        if form == "directory":
            for name, data in self.all().items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_bytes(data)
            return str(path)
        data = tar_of(self.all())
        path.write_bytes(gzip.compress(data) if form == "tar.gz" else data)
        return str(path)


def saved(*layers: bytes, linked: bool = False) -> bytes:
    """What ``docker save`` of Docker 24 and older writes; ``linked``: a layer that is there already is a link to it."""
    config = json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(gunzipped(layer)) for layer in layers]}}).encode()
    files = {f"{digest(config)[7:]}.json": config, **{f"{number}/layer.tar": layer for number, layer in enumerate(layers)}}
    links = {}
    if linked:
        links = {"1/layer.tar": "../0/layer.tar"}
        del files["1/layer.tar"]
    entry = {
        "Config": f"{digest(config)[7:]}.json",
        "RepoTags": ["a:1"],
        "Layers": [f"{number}/layer.tar" for number in range(len(layers))],
    }
    return tar_of({**files, "manifest.json": json.dumps([entry]).encode()}, links)


def gunzipped(data: bytes) -> bytes:
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


class Memory:
    """A registry in memory. It takes only what is whole, as the real one; ``sent`` keeps method and target of each request."""

    def __init__(self) -> None:
        self.blobs: dict[str, set[str]] = {}
        self.manifests: dict[str, dict[str, tuple[str, bytes]]] = {}
        self.tags: dict[tuple[str, str], str] = {}
        self.sent: list[tuple[str, str]] = []
        self.answers: dict[tuple[str, str], Any] = {}
        self.read_only = False

    def wire(self, method: str, target: str, heads: dict[str, str], body: Callable[[], Iterator[bytes]] | None) -> Said:
        """What :class:`.api.Link` would say. ``answers`` holds others by method and beginning of the target: said once."""
        self.sent.append((method, target))
        for (given, beginning), answer in list(self.answers.items()):
            if method == given and target.startswith(beginning):
                del self.answers[given, beginning]
                if isinstance(answer, Exception):
                    raise answer
                return answer  # type: ignore[no-any-return]
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if heads.get("authorization") != wanted:
            return 401, {}, b""
        if target == "/v2/":
            return 200, {}, b"{}"
        if self.read_only and method in ("POST", "PUT", "DELETE"):
            return 405, {}, b'{"errors": [{"code": "UNSUPPORTED", "message": "The operation is unsupported."}]}'
        return self.answer(method, target, heads, b"".join(body()) if body else b"")

    def answer(self, method: str, target: str, heads: dict[str, str], data: bytes) -> Said:
        path, _, query = target.removeprefix("/v2/").partition("?")
        if "/manifests/" in path:
            name, _, reference = path.partition("/manifests/")
            return self.manifest(method, name, reference, heads, data)
        name, _, found = path.partition("/blobs/")
        if method == "HEAD":
            return (200 if found in self.blobs.get(name, ()) else 404), {}, b""
        if method == "POST":
            return 202, {"location": f"/v2/{name}/blobs/uploads/1?_state=x"}, b""
        assert query.startswith("_state=x&digest=")
        claimed = query.partition("digest=")[2]
        if digest(data) != claimed or str(len(data)) != heads["content-length"]:
            return 400, {}, b'{"errors": [{"code": "DIGEST_INVALID", "message": "provided digest did not match uploaded content"}]}'
        self.blobs.setdefault(name, set()).add(claimed)
        return 201, {}, b""

    def manifest(self, method: str, name: str, reference: str, heads: dict[str, str], data: bytes) -> Said:
        known = self.manifests.setdefault(name, {})
        meant = self.tags.get((name, reference), reference)
        if method == "PUT":
            document = json.loads(data)
            parts = [document["config"], *document["layers"]] if "config" in document else []
            lost = [part["digest"] for part in parts if part["digest"] not in self.blobs.get(name, ())]
            lost += [part["digest"] for part in document.get("manifests", ()) if part["digest"] not in known]
            if lost:
                errors = [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry", "detail": one} for one in lost]
                return 400, {}, json.dumps({"errors": errors}).encode()
            known[digest(data)] = heads["content-type"], data
            if not reference.startswith("sha256:"):
                self.tags[name, reference] = digest(data)
            return 201, {}, b""
        if meant not in known:
            return 404, {}, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
        if method == "DELETE":
            del known[meant]
            self.tags = {key: value for key, value in self.tags.items() if (key[0], value) != (name, meant)}
            return 202, {}, b""
        media, text = known[meant]
        return 200, {"docker-content-digest": meant, "content-type": media}, text if method == "GET" else b""


class Target:
    """A registry of the tests: ``memory`` where it is that, else the real one's ``url`` and ``ca``."""

    def __init__(self, memory: Memory | None, url: str = "https://127.0.0.1:5000", ca: str = "") -> None:
        self.memory = memory
        self.url = url
        self.ca = ca

    def context(self, mode: str = "apply") -> Context:
        ctx = Context(mode, diff=True)
        ctx.interval = 0
        if self.memory:
            ctx.kept(api.Kept).wire = self.memory.wire
        return ctx

    def client(self) -> api.Registry:
        """As the user of the tests."""
        return api.Registry(self.context(), self.url, USER, PASSWORD, self.ca, 20)

    def images(self, *images: dict[str, Any], check: bool = False, **more: Any) -> tuple[list[Step], Mapping[str, Any]]:
        """Plan, and apply unless it is a check: the steps and the result."""
        ctx = self.context("check" if check else "apply")
        given = {"url": self.url, "user": USER, "password": PASSWORD, "ca": self.ca, "wait": 0, "images": list(images), **more}
        params: Any = filled(documented.spec("registry_images"), given)
        steps, result = calls.CALLS["images"](params, ctx)
        for step in steps:
            if not check and step.apply is not None:
                step.apply(ctx)
        assert faults("registry_images", {**result, "steps": []}) == []
        return steps, result


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture(params=["memory", "real"])
def target(request: pytest.FixtureRequest) -> Target:
    """Each registry."""
    if request.param == "memory":
        return Target(request.getfixturevalue("memory"))
    found: Target = request.getfixturevalue("real")
    return found


@pytest.fixture
def fake(memory: Memory) -> Target:
    """The registry in memory."""
    return Target(memory)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Debian's docker-registry with TLS and a user."""
    if not PROGRAM:
        pytest.skip("no docker-registry here: images are loaded into the registry in memory only (apt install docker-registry)")
    folder = tmp_path_factory.mktemp("registry")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    subprocess.run([*made, "-keyout", str(folder / "key"), "-out", str(folder / "cert")], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "htpasswd").write_text(f"{USER}:{program_of('registry', 'registry-server').hashed(USER, PASSWORD)}\n")
    config = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", "tls": {"certificate": str(folder / "cert"), "key": str(folder / "key")}},
        "auth": {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}},
    }
    (folder / "config.yml").write_text(json.dumps(config))
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen([PROGRAM, "serve", str(folder / "config.yml")], stdout=log, stderr=log) as running,
    ):
        found = Target(None, f"https://127.0.0.1:{port}", str(folder / "cert"))
        try:
            for _attempt in range(100):
                try:
                    assert found.client().ping() == 200, (folder / "log").read_text()
                    break
                except api.Silent:
                    time.sleep(0.1)
            yield found
        finally:
            running.terminate()


def program_of(role: str, file: str) -> ModuleType:
    """A program that a role ships, for a fixture that lives longer than a test."""
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    path = Path(__file__).resolve().parents[4] / "roles" / role / "files" / file
    loader = SourceFileLoader(file.replace("-", "_"), str(path))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module
