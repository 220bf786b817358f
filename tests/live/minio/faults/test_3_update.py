# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another version of the server: a run puts it in place and restarts nothing, the verb takes it over on all servers at once, and so back.

Building a second version takes minutes. The other version here is the program that runs, with another release written over its own: to the
servers, which compare what they call themselves and their programs' bytes, it is another one. VANNAH_OTHER_MINIO=<file> takes a real one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.lib.site import Site
from tests.live.lib.waiting import wait_until
from tests.live.minio.store import Store

#: A minute each.
LONG = pytest.mark.skipif("VANNAH_SOAK" not in os.environ, reason="takes a minute: `make soak` runs it")

Measured = Callable[[str], None]
BUCKET, BINARY, UNIT = "dicom", "/usr/local/bin/minio", "minio.service"
#: How a release is written in a file's name, and how a server says its version.
RELEASE = re.compile(r"RELEASE\.(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z")


@dataclass(frozen=True)
class Other:
    """A program of another version, as a site brings one: arguments of a run, and the version that a server says then."""

    arguments: list[str]
    version: str


def version_of(release: str) -> str:
    """What a server of a release says: 2026-02-12T20:18:48Z."""
    found = RELEASE.fullmatch(release)
    assert found, f"{release} is no release of this server"
    return "{}T{}:{}:{}Z".format(*found.groups())


def renamed(program: bytes) -> tuple[bytes, str]:
    """The program with the release a second later; each of the two texts is in it once."""
    releases = {found.group().decode() for found in re.finditer(RELEASE.pattern.encode(), program)}
    assert len(releases) == 1, f"the program has the releases {releases}"
    old = releases.pop()
    second = int(old[-3:-1])
    new = f"{old[:-3]}{second + 1 if second < 59 else second - 1:02d}Z"
    for was, becomes in ((old, new), (version_of(old), version_of(new))):
        assert program.count(was.encode()) == 1, f"{was} is in the program {program.count(was.encode())} times"
        program = program.replace(was.encode(), becomes.encode())
    return program, new


def versions(store: Store, host: str) -> list[str]:
    """What each server says of its version, asked on one host."""
    return [server.get("version", "") for server in store.status(host).get("servers", [])]


def digests(store: Store) -> set[str]:
    """What the programs on all hosts are."""
    return {store.site.run(host, "sha256sum", BINARY).stdout.split()[0] for host in store.hosts}


@pytest.fixture(scope="module")
def other(site: Site, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Other:
    """A program of another version."""
    folder = tmp_path_factory.mktemp("other")
    given = os.environ.get("VANNAH_OTHER_MINIO")
    if given:
        program = Path(given).read_bytes()
        release = max(found.group().decode() for found in re.finditer(RELEASE.pattern.encode(), program))
    else:
        site.docker("cp", f"{site.container(store.hosts[0])}:{BINARY}", str(folder / "known"))
        program, release = renamed((folder / "known").read_bytes())
        (folder / "known").unlink()
    return Other(brought(folder, program, release), version_of(release))


def brought(folder: Path, program: bytes, release: str) -> list[str]:
    """Arguments of a run that has this program, from a cache of its own: that of the site keeps what it has."""
    file = folder / "minio"
    file.write_bytes(program)
    entry = {"version": release, "url": file.as_uri(), "sha256": hashlib.sha256(program).hexdigest(), "shows": release}
    return ["-e", json.dumps({"site_artifacts": {"minio": entry}, "site_artifact_cache": str(folder / "cache")})]


@pytest.fixture
def back(site: Site, store: Store) -> Iterator[str]:
    """The version that the site has; whatever happens it has it again."""
    store.wait_healthy(90)
    (version,) = set(versions(store, store.hosts[0]))
    yield version
    if any(set(versions(store, host)) != {version} for host in store.hosts):
        site.playbook("minio/update.yml", "-e", "minio_force=true")
        store.wait_healthy(90)


def taken_over(site: Site, store: Store, arguments: list[str], old: str, new: str) -> float:
    """Converge, look, update, look; how long the verb took, in seconds."""
    before, invocations, starts = digests(store), site.invocations(), {host: site.starts(host, UNIT) for host in store.hosts}
    printed = " ".join(site.converge(*arguments).split())  # long messages are broken into lines
    assert digests(store) != before and len(digests(store)) == 1
    for host in store.hosts:
        assert f"{host}: another version waits until it is requested; minio/update.yml" in printed, printed[-4000:]
        assert versions(store, host) == [old] * len(store.hosts), host
    assert site.invocations() == invocations, "a converge started something anew"
    # Waiting is no change: the next run says it again, and does nothing.
    site.converge_unchanged(*arguments)

    began = time.monotonic()
    done = site.playbook("minio/update.yml", *arguments)
    took = time.monotonic() - began
    assert done.returncode == 0, done.stdout[-4000:]
    restarted_together(site, store, done.stdout, new, starts)
    site.converge_unchanged(*arguments)
    return took


def restarted_together(site: Site, store: Store, printed: str, new: str, starts: dict[str, int]) -> None:
    """All servers, once, and each has the version."""
    assert "all servers are stopped and started" in printed and f"version {new} on {len(store.hosts)} servers" in printed, printed[-3000:]
    for host in store.hosts:
        assert versions(store, host) == [new] * len(store.hosts), host
        assert site.starts(host, UNIT) == starts[host] + 1, f"{host} was not started exactly once"


def test_update_and_back(site: Site, store: Store, objects: dict[str, int], other: Other, back: str, measured: Measured) -> None:
    """By the verb, and back in a maintenance window. Objects of either version are read by the other, bytes compared."""
    assert other.version != back
    some = {name: objects[name] for name in sorted(objects)[::5]}
    took = taken_over(site, store, other.arguments, back, other.version)
    assert store.different(BUCKET, some, store.hosts[-1]) == []
    written = {f"by-the-other-version/{number}": 300_000 + number for number in range(20)} | {"by-the-other-version/large": 12 << 20}
    store.put_all(BUCKET, written)
    again = site.playbook("minio/update.yml", *other.arguments)
    assert again.returncode == 0 and "no server waits for anything" in again.stdout, again.stdout[-3000:]
    info = site.playbook("minio/info.yml")
    assert f"version {other.version} on {len(store.hosts)} servers" in info.stdout, info.stdout[-3000:]

    wait_until(store.healthy, "the store is healthy before it goes back", 90, interval=1)
    starts = {host: site.starts(host, UNIT) for host in store.hosts}
    began = time.monotonic()
    # In no window, and for the run of a person who limits it, it would wait; this one is always open.
    printed = site.converge("-e", json.dumps({"minio_update_policy": "window", "site_maintenance_windows": ["00:00-24:00"]}))
    returned = time.monotonic() - began
    restarted_together(site, store, printed, back, starts)
    site.converge_unchanged()
    for host in store.hosts:
        assert store.different(BUCKET, {**some, **written}, host) == []
    what = "a real other release" if os.environ.get("VANNAH_OTHER_MINIO") else "the same program under another release"
    measured(f"{what}: there in {took:.1f} s, back with the whole run of a window in {returned:.1f} s")


RELEASED = "RELEASE.2027-01-01T00-00-00Z"
#: A server that ends at once, and one that says that it lives and waits forever.
EXITS = f"""#!/bin/sh
[ "$1" = --version ] && echo minio version {RELEASED} && exit 0
echo this version does not run here >&2
exit 1
"""
WAITS = f"""#!/usr/bin/env python3
import http.server, ssl, sys
if "--version" in sys.argv:
    sys.exit(print("minio version {RELEASED}"))
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/minio/health/live" else 503)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("", 9000), Answers)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/etc/minio/certs/public.crt", "/etc/minio/certs/private.key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""


@pytest.mark.parametrize(
    ("program", "cause"),
    [
        pytest.param(EXITS, "exits repeatedly", id="exits", marks=LONG),
        pytest.param(WAITS, "the object store is not healthy within 20 s", id="waits"),
    ],
)
def test_update_that_never_works_goes_back(
    site: Site, store: Store, objects: dict[str, int], back: str, tmp_path: Path, program: str, cause: str
) -> None:
    """On all servers, and the store takes writes again. What failed is not tried again by itself."""
    before, arguments = digests(store), brought(tmp_path, program.encode(), RELEASED)
    done = site.playbook("minio/update.yml", *arguments, "-e", "minio_wait=20")
    printed = " ".join(done.stdout.split())
    assert done.returncode != 0 and cause in printed, printed[-4000:]
    assert "All servers went back to their previous version and settings, and the store takes writes" in printed, printed[-4000:]
    assert digests(store) == before
    for host in store.hosts:
        assert versions(store, host) == [back] * len(store.hosts), host
    some = {name: objects[name] for name in sorted(objects)[::20]}
    assert store.different(BUCKET, some, store.hosts[-1]) == []
    store.put_all(BUCKET, {f"after-{tmp_path.name}": 200_000})
    refused = site.playbook("minio/update.yml", *arguments, "-e", "minio_force=true")
    assert refused.returncode != 0 and "component_retry=true" in refused.stdout, refused.stdout[-3000:]
    assert digests(store) == before


@LONG
def test_servers_that_were_stopped_are_started(site: Site, store: Store, back: str) -> None:
    """By a run of the site, which the verb names: it does not know why they do not run."""
    for host in store.hosts:
        site.run(host, "systemctl", "stop", UNIT)
    refused = site.playbook("minio/update.yml")
    assert refused.returncode != 0 and "make converge, which starts servers that do not run" in " ".join(refused.stdout.split()), (
        refused.stdout
    )
    site.converge()
    store.put_all(BUCKET, {"after-a-cut": 200_000})
    site.converge_unchanged()
