# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures, connections and encrypted bodies."""

from __future__ import annotations

import hashlib
import json
import site
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import calls as minio
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.s3 import S3, Kept, Refused, Silent, unreachable
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.seal import seal
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

REPOSITORY = Path(__file__).resolve().parents[4]
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def test_the_signature_of_the_documentation() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Object" and "Get Bucket Lifecycle"."""
    seen: list[dict[str, str]] = []

    def wire(method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        seen.append(headers)
        return 200, {}, b""

    ctx = Context(clock=lambda: 1369353600.0)
    ctx.kept(Kept).wire = lambda endpoint: wire
    s3 = S3(ctx, "https://examplebucket.s3.amazonaws.com", "AKIAIOSFODNN7EXAMPLE", SECRET)
    s3.ask("GET", "/test.txt", headers={"range": "bytes=0-9"})
    s3.ask("GET", "/", {"lifecycle": ""})
    signatures = [headers["authorization"].rpartition("Signature=")[2] for headers in seen]
    assert signatures == [
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", ""])
def test_the_region_is_signed_with(region: str) -> None:
    """It is a part of the key that signs, and the server is told which; without one it is the first of all."""
    seen: list[str] = []

    def wire(method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        seen.append(headers["authorization"])
        return 200, {}, b""

    ctx = Context(clock=lambda: 1369353600.0)
    ctx.kept(Kept).wire = lambda endpoint: wire
    given = {"endpoint": "https://s3.example.net", "access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": SECRET, "ca": "", "timeout": 5}
    for one in (region, "other"):
        minio.connect(ctx, {**given, "region": one, "backend": "s3", "own_server": False}).ask("GET")
    meant = region or "us-east-1"
    assert f"Credential=AKIAIOSFODNN7EXAMPLE/20130524/{meant}/s3/aws4_request" in seen[0]
    assert seen[0].rpartition("=")[2] != seen[1].rpartition("=")[2]


@pytest.mark.parametrize(("backend", "advice"), [("s3", "Correct endpoint"), ("auto", "systemctl status minio"), (None, "systemctl")])
def test_what_to_do_about_silence(backend: str | None, advice: str) -> None:
    """There is no service to look at where the server is foreign."""
    ctx = Context()
    given = {
        "endpoint": "https://s3.example.net",
        "access_key": "a",
        "secret_key": "b",
        "ca": "",
        "region": "",
        "timeout": 5,
        "own_server": False,
    }
    s3 = minio.connect(ctx, given if backend is None else {**given, "backend": backend})
    assert advice in unreachable(s3, Silent("timed out")).msg


def test_a_sealed_body_opens_with_the_secret() -> None:
    """Opened as madmin-go does it, by another library."""
    sealed = seal("a secret", {"secretKey": "hidden"}, bytes(range(40)))
    salt, cipher, nonce, text = sealed[:32], sealed[32], sealed[33:41], sealed[41:]
    assert cipher == 2 and b"hidden" not in sealed
    box = AESGCM(hashlib.pbkdf2_hmac("sha256", b"a secret", salt, 8192, 32))
    associated = b"\x80" + box.encrypt(nonce + bytes(4), b"", None)
    assert json.loads(box.decrypt(nonce + b"\x01\0\0\0", text, associated)) == {"secretKey": "hidden"}
    assert seal("a secret", {}) != seal("a secret", {})
    with pytest.raises(AgentError, match="too much"):
        seal("a secret", "x" * 20000)


def test_a_recorded_body() -> None:
    """What hosts have sent so far, with the key derived from the same secret and salt."""
    assert seal("a secret", {"secretKey": "hidden"}, bytes(range(40))).hex() == (
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0220212223242526"
        "2736b09d189254d7bd6e8b691eaba701847b83fbf67a0d11e81a9a3bb166b0fbe5a50d392f97cb17"
    )


def test_the_cipher_is_found_without_the_module_site() -> None:
    """The agent runs with -I -S: what Debian packages is not on its path. A process of its own, as an extension module is loaded once."""
    program = f"""
import site, sys
site.getsitepackages = lambda: ["/nowhere/local/lib", {site.getsitepackages()[0]!r}]
sys.path.append({str(REPOSITORY / "collections")!r})
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.seal import seal
print(seal("a secret", {{}}, bytes(40)).hex())
print(seal("a secret", {{}}, bytes(40)).hex(), sys.path[-2:])
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=program, capture_output=True, text=True, check=True)
    sealed = seal("a secret", {}, bytes(40)).hex()
    assert done.stdout.splitlines() == [sealed, f"{sealed} {[site.getsitepackages()[0], '/nowhere/local/lib']}"]


def test_a_host_without_the_cipher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verbs of a site that was converged by an older release, and hosts whose interpreter is not Debian's."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(AgentError, match="Fix: install the package python3-cryptography") as caught:
        seal("a secret", {"secretKey": "hidden"})
    assert caught.value.code == "cryptography-missing" and "hidden" not in caught.value.msg


@pytest.mark.parametrize(
    "endpoint",
    ["", "store:9000", "ftp://store", "https://", "https://store:0", "https://store:x", "https://store/path", "https://u:p@store"],
)
def test_bad_endpoints(endpoint: str) -> None:
    with pytest.raises(AgentError) as caught:
        S3(Context(), endpoint, "a", "b")
    assert caught.value.code == "bad-endpoint"


class Server(BaseHTTPRequestHandler):
    """Answers, and breaks the connection off after each second answer."""

    protocol_version = "HTTP/1.1"
    connections: set[int]
    asked = 0

    def do_GET(self) -> None:
        kind = type(self)
        kind.asked += 1
        kind.connections.add(self.client_address[1])
        status, data = (404, b"<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>") if self.path == "/gone" else (200, b"{}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = kind.asked % 2 == 0

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[tuple[str, type[Server]]]:
    kind = type("One", (Server,), {"connections": set(), "asked": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", kind
        running.shutdown()
        thread.join()


def test_one_connection_and_another_when_it_is_closed(server: tuple[str, type[Server]]) -> None:
    endpoint, kind = server
    s3 = S3(Context(), endpoint, "a", "b")
    for _again in range(4):
        assert s3.ask("GET").json() == {}
    assert len(kind.connections) == 2
    with pytest.raises(Refused) as caught:
        s3.ask("GET", "/gone")
    assert (caught.value.status, caught.value.code) == (404, "NoSuchBucket")
    s3.close()


def test_silence() -> None:
    with pytest.raises(Silent):
        S3(Context(), "http://127.0.0.1:1", "a", "b").ask("GET")
    with pytest.raises(Silent, match="no-such-file"):
        S3(Context(), "https://127.0.0.1:1", "a", "b", ca="/no-such-file").ask("GET")
