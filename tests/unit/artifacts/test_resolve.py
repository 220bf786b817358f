# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that come by a URL, and the cache they come into."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import resolve
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.cache import COLLECTION, Cache, cache_of, holder
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.lock import ArtifactError

from tests.unit.artifacts.conftest import locked

Files = tuple[str, dict[str, bytes], list[str]]
PROGRAM = b"\x7fELF not really" * 1000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entry(url: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {"version": "1.2", "url": url, "sha256": sha256(data), **more}


def left(cache: Cache) -> list[str]:
    """What lies in a cache."""
    return sorted(str(path.relative_to(cache.path)) for path in cache.path.rglob("*") if path.is_file())


def archive(kind: str) -> bytes:
    made = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(made, "w") as opened:
            opened.writestr("x-1.2/x", PROGRAM)
    else:
        with tarfile.open(fileobj=made, mode=f"w:{kind}") as tar:
            info = tarfile.TarInfo("x-1.2/x")
            info.size = len(PROGRAM)
            tar.addfile(info, io.BytesIO(PROGRAM))
    return made.getvalue()


def test_fetched_once(cache: Cache, files: Files) -> None:
    url, held, asked = files
    held["/x"] = PROGRAM
    lock, said = locked(x=entry(f"{url}/x", PROGRAM)), []  # type: ignore[var-annotated]
    first = resolve.ensure(["x", "x"], lock, cache, said.append)
    assert [(item["name"], item["state"], item["sha256"], item["size"]) for item in first] == [
        ("x", "fetched", sha256(PROGRAM), len(PROGRAM))
    ]
    assert said[0] == f"artifact x: fetching {url}/x"
    assert Path(first[0]["src"]).read_bytes() == PROGRAM
    assert left(cache) == [".lock", "manifest.json", "x/1.2-amd64/x"]
    manifest = json.loads((cache.path / "manifest.json").read_text())["x"]
    assert (manifest["path"], manifest["how"], manifest["version"]) == ("x/1.2-amd64/x", f"{url}/x", "1.2")
    assert [item["state"] for item in resolve.ensure(["x"], lock, cache, said.append)] == ["there"]
    assert asked == ["/x"]
    assert resolve.located(lock, cache, "x", check=False) == {"src": first[0]["src"], "sha256": sha256(PROGRAM)}


def test_another_file_is_refused(cache: Cache, files: Files) -> None:
    url, held, _ = files
    held["/x"] = PROGRAM + b"!"
    with pytest.raises(ArtifactError, match="refused before anything is installed: its sha256 is") as caught:
        resolve.ensure(["x"], locked(x=entry(f"{url}/x", PROGRAM)), cache, lambda _: None)
    assert caught.value.code == "artifact-mismatch"
    assert sha256(PROGRAM) in str(caught.value)
    assert sha256(PROGRAM + b"!") in str(caught.value)
    assert left(cache) == [".lock"]


@pytest.mark.parametrize(
    ("url", "words"), [("{}/absent", "HTTP 404"), ("http://127.0.0.1:1/x", "refused"), ("file:///absent/x", "No such file")]
)
def test_not_to_be_had(cache: Cache, files: Files, url: str, words: str) -> None:
    with pytest.raises(ArtifactError, match=words) as caught:
        resolve.ensure(["x"], locked(x=entry(url.format(files[0]), PROGRAM)), cache, lambda _: None)
    assert caught.value.code == "artifact-fetch"
    assert "file:///... in site_artifacts" in str(caught.value)
    assert left(cache) == [".lock"]


@pytest.mark.parametrize(("kind", "name"), [("gz", "x.tar.gz"), ("xz", "x.tar.xz"), ("zip", "x.zip")])
def test_member(cache: Cache, tmp_path: Path, kind: str, name: str) -> None:
    data = archive(kind)
    (tmp_path / name).write_bytes(data)
    lock = locked(x=entry(f"file://{tmp_path}/{name}", data, member="x-1.2/x"))
    assert resolve.ensure(["x"], lock, cache, lambda _: None)[0]["sha256"] == sha256(PROGRAM)
    wrong = locked(x=entry(f"file://{tmp_path}/{name}", data, member="x-1.3/x"))
    with pytest.raises(ArtifactError, match=r"has no file 'x-1.3/x'"):
        resolve.ensure(["x"], wrong, cache, lambda _: None)


def test_no_archive(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(PROGRAM)
    with pytest.raises(ArtifactError, match="cannot be unpacked"):
        resolve.ensure(["x"], locked(x=entry(f"file://{tmp_path}/x.zip", PROGRAM, member="x")), cache, lambda _: None)


def test_all_problems_at_once_and_nothing_is_fetched(cache: Cache, files: Files) -> None:
    url, held, asked = files
    held["/x"] = PROGRAM
    lock = locked(x=entry(f"{url}/x", PROGRAM), silo={"bring": "look there"})
    with pytest.raises(ArtifactError) as caught:
        resolve.ensure(["x", "silo", "absent"], lock, cache, lambda _: None)
    assert "artifact silo is a file that the site provides" in str(caught.value)
    assert "artifact absent: " in str(caught.value)
    assert asked == []
    assert not cache.path.exists()


def test_check_mode_writes_nothing(cache: Cache, files: Files) -> None:
    lock = locked(x=entry(f"{files[0]}/x", PROGRAM), y={"version": "1", "go": {"module": "example.org/y", "version": "v1.2.3"}})
    assert resolve.ensure(["x", "y"], lock, cache, lambda _: None, check=True) == [
        {"name": "x", "version": "1.2", "state": "fetch"},
        {"name": "y", "version": "1", "state": "build"},
    ]
    assert not cache.path.exists()
    assert resolve.located(lock, cache, "x", check=True) == {"src": "", "sha256": "0" * 64}


def test_missing_says_what_to_do(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(PROGRAM)
    old = locked(x=entry(f"file://{tmp_path}/x", PROGRAM))
    new = locked(x=entry(f"file://{tmp_path}/x", PROGRAM, version="1.3"))
    with pytest.raises(ArtifactError, match=r"does not have it, and 1.2 is required: run `make artifacts`") as caught:
        resolve.located(old, cache, "x", check=False)
    assert caught.value.code == "artifact-missing"
    resolve.ensure(["x"], old, cache, lambda _: None)
    with pytest.raises(ArtifactError, match=r"has version 1.2 of it, .*, and 1.3 is required"):
        resolve.located(new, cache, "x", check=False)
    with pytest.raises(ArtifactError, match=r"artifact-unknown|neither"):
        resolve.located(old, cache, "y", check=True)


def test_a_failed_update_keeps_what_was_there(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(PROGRAM)
    old = locked(x=entry(f"file://{tmp_path}/x", PROGRAM))
    resolve.ensure(["x"], old, cache, lambda _: None)
    with pytest.raises(ArtifactError, match="refused"):
        resolve.ensure(["x"], locked(x=entry(f"file://{tmp_path}/x", b"other", version="1.3")), cache, lambda _: None)
    assert resolve.located(old, cache, "x", check=False)["sha256"] == sha256(PROGRAM)


def test_going_back_fetches_nothing(cache: Cache, files: Files) -> None:
    """The cache has each version that it once had; one that was made again in another way takes its own place."""
    url, held, asked = files
    locks = {}
    for version in ("1", "2", "3"):
        held[f"/{version}"] = PROGRAM + version.encode()
        locks[version] = locked(x=entry(f"{url}/{version}", held[f"/{version}"]) | {"version": version})
        resolve.ensure(["x"], locks[version], cache, print)
    assert asked == ["/1", "/2", "/3"]
    for version in ("1", "3", "2"):
        (found,) = resolve.ensure(["x"], locks[version], cache, print, verify=True)
        assert (found["state"], Path(found["src"]).read_bytes()) == ("there", held[f"/{version}"])
    assert asked == ["/1", "/2", "/3"]
    held["/other"] = b"another 2"
    resolve.ensure(["x"], locked(x=entry(f"{url}/other", b"another 2") | {"version": "2"}), cache, print)
    manifest = json.loads((cache.path / "manifest.json").read_text())["x"]
    assert [manifest["version"], *(old["version"] for old in manifest["before"])] == ["2", "3", "1"]
    with pytest.raises(ArtifactError, match="is required"):
        resolve.located(locks["2"], cache, "x", check=False)


def test_a_copy_is_a_cache(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(PROGRAM)
    lock = locked(x=entry(f"file://{tmp_path}/x", PROGRAM))
    resolve.ensure(["x"], lock, cache, lambda _: None)
    (tmp_path / "x").unlink()
    moved = Cache(cache.path.rename(tmp_path / "elsewhere"))
    assert resolve.ensure(["x"], lock, moved, lambda _: None, verify=True)[0]["state"] == "there"
    assert resolve.located(lock, moved, "x", check=False)["src"] == str(tmp_path / "elsewhere/x/1.2-amd64/x")


@pytest.mark.parametrize(("damage", "verify"), [(b"short", False), (b"!" * len(PROGRAM), True), (None, False)])
def test_damage_is_repaired(cache: Cache, tmp_path: Path, damage: bytes | None, verify: bool) -> None:
    (tmp_path / "x").write_bytes(PROGRAM)
    lock = locked(x=entry(f"file://{tmp_path}/x", PROGRAM))
    path = Path(resolve.ensure(["x"], lock, cache, lambda _: None)[0]["src"])
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    assert resolve.ensure(["x"], lock, cache, lambda _: None, verify=verify)[0]["state"] == "fetched"
    assert path.read_bytes() == PROGRAM


def test_bad_manifest(cache: Cache) -> None:
    cache.path.mkdir()
    (cache.path / "manifest.json").write_text("{")
    with pytest.raises(ArtifactError, match="not JSON"):
        cache.manifest()


def test_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="set site_artifact_cache to a folder of yours"), Cache(tmp_path / "file" / "x").alone(print):
        pass


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, COLLECTION / ".cache/artifacts"),
        ("/srv/cache", Path("/srv/cache")),
        ("cache", Path("/site/cache")),
        ("../c", Path("/site/../c")),
    ],
)
def test_cache_of(value: str | None, path: Path) -> None:
    assert cache_of(value, {"inventory_dir": "/site"}).path == path


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"pid": 7, "host": "c1", "since": "10:00:00"}', "the run with pid 7 on c1, which fills the cache since 10:00:00"),
        (b"", "another run, which fills the cache"),
        (b"[]", "another run, which fills the cache"),
        (b'{"pid": "x"}', "another run, which fills the cache"),
    ],
)
def test_holder(data: bytes, words: str) -> None:
    assert holder(data) == words
