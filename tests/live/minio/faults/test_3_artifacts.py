# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault 20: a download that is not what the lock file says."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.lib.site import Site
from tests.live.minio.store import Store

BINARY = "/usr/local/bin/minio"


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """A web server on loopback with another file than the one that was looked at."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "minio").write_bytes(b"#!/bin/sh\necho not what was looked at\n")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "mirror"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/minio"
        server.shutdown()


def test_fault_20_another_file(site: Site, store: Store, mirror: str, tmp_path: Path) -> None:
    """Refused before any host is changed: neither the program nor a unit is another afterwards."""
    look = ["sha256sum", BINARY, "/etc/systemd/system/minio.service"]
    before = {host: (site.run(host, *look).stdout, site.running_units(host)) for host in store.hosts}
    invocations = site.invocations()
    wanted = hashlib.sha256(b"what was looked at").hexdigest()
    entry = {"version": "RELEASE.2026-09-16T00-00-00Z", "url": mirror, "sha256": wanted}
    given = ["-e", json.dumps({"site_artifacts": {"minio": entry}, "site_artifact_cache": str(tmp_path / "cache")})]
    failed = site.playbook("minio/converge.yml", *given)
    assert failed.returncode != 0
    assert "refused before anything is installed" in failed.stdout and wanted in failed.stdout, failed.stdout[-3000:]
    assert {host: (site.run(host, *look).stdout, site.running_units(host)) for host in store.hosts} == before
    assert site.invocations() == invocations
