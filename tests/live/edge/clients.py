# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of the edge: they run on a host behind it, with curl, dcmtk and Python of Debian."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import Any

from tests.live.lib.site import Site

CA = "/etc/vannah/pki/ca.crt"
#: Clients of a load. More of them make more requests, and the change beside them slower.
THREADS = 8 if "VANNAH_SOAK" in os.environ else 3
_MARK = "::answer"
#: What curl writes behind the body: https://curl.se/docs/manpage.html#-w
_END = _MARK + '{"status":"%{http_code}","version":"%{http_version}","headers":%{header_json}}'
#: Keeps connections busy until its standard input ends, and says what went wrong: each answer has to be whole and good. A connection that
#: the server closed while it was idle is tried once again, as browsers and libraries do.
_LOAD = """
import http.client, json, socket, ssl, sys, threading
address, port, name, path, size, threads = sys.argv[1:7]
context = ssl.create_default_context(cafile="/etc/vannah/pki/ca.crt")
context.verify_flags &= ~ssl.VERIFY_X509_STRICT
class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = context.wrap_socket(socket.create_connection((address, int(port)), 10), server_hostname=name)
ended, lock = threading.Event(), threading.Lock()
found = {"requests": 0, "retried": 0, "failures": []}
def once(link):
    link.request("GET", path, headers={"Host": name})
    answer = link.getresponse()
    body = answer.read()
    return "" if answer.status == 200 and len(body) == int(size) else f"{answer.status} with {len(body)} bytes"
def work():
    link, used = Connection(name), False
    while not ended.is_set():
        problem = ""
        try:
            problem, used = once(link), True
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError) as error:
            link.close()
            problem = repr(error) if not used else ""
            with lock:
                found["retried"] += bool(used)
            used = False
            if not problem:
                continue
        except Exception as error:
            link.close()
            problem, used = repr(error), False
        with lock:
            found["requests"] += 1
            if problem:
                found["failures"].append(problem)
workers = [threading.Thread(target=work) for _ in range(int(threads))]
[worker.start() for worker in workers]
sys.stdin.read()
ended.set()
[worker.join() for worker in workers]
print(json.dumps(found))
"""
#: Says what a websocket echoes.
_WEBSOCKET = """
import os, socket, ssl, sys
address, name, path = sys.argv[1:4]
context = ssl.create_default_context(cafile="/etc/vannah/pki/ca.crt")
context.verify_flags &= ~ssl.VERIFY_X509_STRICT
link = context.wrap_socket(socket.create_connection((address, 443), 10), server_hostname=name)
link.settimeout(10)
head = f"GET {path} HTTP/1.1\\r\\nHost: {name}\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\n"
link.sendall((head + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Protocol: binary\\r\\n\\r\\n").encode())
answer = b""
while b"\\r\\n\\r\\n" not in answer:
    answer += link.recv(1)
assert answer.startswith(b"HTTP/1.1 101"), answer
text, mask = b"through the edge", os.urandom(4)
link.sendall(bytes([0x82, 0x80 | len(text)]) + mask + bytes(letter ^ mask[index % 4] for index, letter in enumerate(text)))
found = b""
while len(found) < len(text) + 2:
    found += link.recv(64)
print(found[2:].decode())
"""
#: Says what a call of gRPC gives.
_RPC = """
import grpc, sys
address, name = sys.argv[1:3]
trusted = grpc.ssl_channel_credentials(open("/etc/vannah/pki/ca.crt", "rb").read())
options = [("grpc.ssl_target_name_override", name), ("grpc.default_authority", name)]
print(grpc.secure_channel(f"{address}:443", trusted, options).unary_unary("/tests.Text/Backwards")(b"stressed", timeout=15).decode())
"""
#: Says the SHA-256 of the certificate that a server shows for a name.
_CERTIFICATE = """
import hashlib, socket, ssl, sys
address, port, name = sys.argv[1:4]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
link = context.wrap_socket(socket.create_connection((address, int(port)), 10), server_hostname=name or None)
print(hashlib.sha256(link.getpeercert(binary_form=True)).hexdigest())
"""


@dataclass(frozen=True)
class Answer:
    """What curl got. ``exit`` is its own status, 0 where there was an answer at all."""

    exit: int
    status: int = 0
    version: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Clients:
    """Clients on one host, in front of one host of the edge."""

    site: Site
    host: str
    edge: str
    other: str = ""

    @property
    def address(self) -> str:
        """The address that clients use: the edge's own, or another one of it."""
        return self.other or self.site.address(self.edge)

    def get(self, url: str, *more: str, host: str = "") -> Answer:
        """Ask for a URL; names below the site's domain are the edge."""
        name = url.partition("://")[2].partition("/")[0].partition(":")[0]
        argv = ["curl", "-s", "--max-time", "60", "--cacert", CA, "-w", _END]
        argv += [word for port in (80, 443) for word in ("--resolve", f"{name}:{port}:{self.address}")]
        done = self.site.run(host or self.host, *argv, *more, url, check=False, timeout=600)
        body, _mark, end = done.stdout.rpartition(_MARK)
        found: dict[str, Any] = json.loads(end) if end else {"status": "0", "version": "", "headers": {}}
        return Answer(
            done.returncode, int(found["status"]), found["version"], {key: text[0] for key, text in found["headers"].items()}, body
        )

    def load(self, name: str, path: str, size: int, threads: int = THREADS) -> subprocess.Popen[str]:
        """Start the load; :func:`result` ends it and says what came of it."""
        argv = [self.address, "443", name, path, str(size), str(threads)]
        command = ["docker", "exec", "-i", self.site.container(self.host), "python3", "-c", _LOAD, *argv]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def websocket(self, name: str, path: str) -> str:
        """What a websocket echoes."""
        return self.site.run(self.host, "python3", "-c", _WEBSOCKET, self.address, name, path).stdout.strip()

    def rpc(self, name: str) -> str:
        """What a call of gRPC gives."""
        return self.site.run(self.host, "python3", "-c", _RPC, self.address, name).stdout.strip()

    def certificate(self, name: str, port: int = 443) -> str:
        """The SHA-256 of the certificate for a name; empty where the handshake is refused."""
        return self.site.run(self.host, "python3", "-c", _CERTIFICATE, self.address, str(port), name, check=False).stdout.strip()

    def echo(self, port: int, *more: str) -> int:
        """The exit status of a DICOM echo over TLS; dcmtk's client names no host."""
        argv = ["echoscu", "--anonymous-tls", "+cf", CA, *more, self.address, str(port)]
        return self.site.run(self.host, *argv, check=False).returncode


@dataclass(frozen=True)
class Result:
    """What came of a load: requests, those that were tried again, and what was wrong with others."""

    requests: int
    retried: int
    failures: list[str]


def result(process: subprocess.Popen[str]) -> Result:
    """The end of a load."""
    out, err = process.communicate(timeout=120)
    if process.returncode:
        raise AssertionError(f"the load did not run: {err[-800:]}")
    return Result(**json.loads(out))
