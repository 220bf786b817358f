# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's cache of artifacts: files, and a manifest that says what they are.

A file enters under its final name by a rename, then the manifest by another: a run that dies leaves the previous content.
Paths in the manifest are relative, so that a copy of the folder is a cache too.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypedDict

from ..secrets.site import site_directory
from .lock import Artifact, ArtifactError, Lock


class About(TypedDict, total=False):
    """How a file was made, and what proves it."""

    how: str
    verified: str
    seconds: str


class Entry(About, total=False):
    """A file in the manifest."""

    version: str
    arch: str
    path: str
    sha256: str
    size: int
    fingerprint: str


class Listed(Entry, total=False):
    """The newest file of a name in the manifest, with the older ones."""

    before: list[Entry]


class Found(Entry, total=False):
    """A file that is there, with its path."""

    src: str


Say = Callable[[str], None]

#: The collection's folder, where the cache lies by default.
COLLECTION = Path(__file__).resolve().parent.parent.parent.parent
MANIFEST = "manifest.json"
#: Seconds between two messages about waiting for another run.
_WORD_EVERY = 10.0


def cache_of(value: Any, variables: Mapping[str, Any]) -> Cache:
    """The cache that a task uses.

    :param value: ``site_artifact_cache``, templated: a path, relative to the inventory's folder; None for ``.cache/artifacts``
    :param variables: the task's variables
    """
    if not value:
        return Cache(COLLECTION / ".cache" / "artifacts")
    path = Path(str(value)).expanduser()
    return Cache(path if path.is_absolute() else Path(site_directory(variables)) / path)


class Cache:
    """A folder with artifacts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def manifest(self) -> dict[str, Listed]:
        """name -> {version, arch, path, sha256, size, how, verified, ...}, older ones in its ``before``; empty where there is none.

        :raises ArtifactError: ``artifact-cache``
        """
        path = self.path / MANIFEST
        try:
            found = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ArtifactError("artifact-cache", f"{path} cannot be read ({error.strerror}): look at its owner and mode") from None
        except ValueError:
            raise ArtifactError("artifact-cache", f"{path} is not JSON: remove it and run `make artifacts`") from None
        return dict(found)

    def find(self, lock: Lock, artifact: Artifact) -> Found | None:
        """The entry of an artifact whose file is there and was made from what the lock says now; with ``src``, its path."""
        fingerprint = lock.fingerprint(artifact)
        for entry in _versions(self.manifest().get(artifact.name)):
            if entry.get("fingerprint") != fingerprint:
                continue
            path = self.path / str(entry["path"])
            with suppress(OSError):
                if path.stat().st_size == entry["size"]:
                    return {**entry, "src": str(path)}
        return None

    def sound(self, entry: Found) -> bool:
        """Whether a file still is what its entry says: reads all of it."""
        return sha256_of(Path(entry["src"])) == str(entry["sha256"])

    def add(self, lock: Lock, artifact: Artifact, made: Path, about: About) -> Found:
        """Take over a finished file of this file system. Other versions that the manifest has of it stay: going back needs no build.

        :param made: the file, which is renamed
        :param about: what else the manifest says: ``how``, ``verified``, ...
        """
        relative = Path(artifact.name, f"{artifact.version}-{artifact.arch}", artifact.name)
        target = self.path / relative
        digest = sha256_of(made)
        made.chmod(0o755)
        _sync(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(made, target)
        _sync(target.parent)
        entry: Entry = {
            "version": artifact.version,
            "arch": artifact.arch,
            "path": str(relative),
            "sha256": digest,
            "size": target.stat().st_size,
            "fingerprint": lock.fingerprint(artifact),
            **about,
        }
        manifest = self.manifest()
        before = [old for old in _versions(manifest.get(artifact.name)) if old["path"] != entry["path"]]
        listed: Listed = {**entry, "before": before}
        if not before:
            del listed["before"]
        self._write({**manifest, artifact.name: listed})
        return {**entry, "src": str(target)}

    def _write(self, manifest: Mapping[str, Listed]) -> None:
        beside = self.path / f".{MANIFEST}.{os.getpid()}"
        beside.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        _sync(beside)
        os.replace(beside, self.path / MANIFEST)
        _sync(self.path)

    @contextmanager
    def workshop(self) -> Iterator[Path]:
        """A folder for incomplete files, on the cache's file system; removed afterwards, with the files that a killed run left there."""
        for old in self.path.glob(".work-*"):  # the lock is held: no other run works in it
            shutil.rmtree(old, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=self.path))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    @contextmanager
    def alone(self, say: Say) -> Iterator[None]:
        """Hold the cache; another run that holds it is waited for, and named.

        :raises ArtifactError: ``artifact-cache``: the folder cannot be written
        """
        path = self.path / ".lock"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ArtifactError(
                "artifact-cache",
                f"the cache {self.path} cannot be written ({error.strerror}): set site_artifact_cache to a folder of yours",
            ) from None
        try:
            started, told = time.monotonic(), 0.0
            while not _locked(handle):
                now = time.monotonic()
                if not told or now - told >= _WORD_EVERY:
                    say(f"artifacts: waiting for {holder(os.pread(handle, 4096, 0))} ({now - started:.0f} s)")
                    told = now
                time.sleep(0.2)
            os.ftruncate(handle, 0)
            os.pwrite(
                handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%H:%M:%S")}).encode(), 0
            )
            yield
        finally:
            with suppress(OSError):
                os.close(handle)


def holder(data: bytes) -> str:
    """Who a lock file names, for a reader."""
    try:
        found = json.loads(data)
        return f"the run with pid {int(found['pid'])} on {found['host']}, which fills the cache since {found['since']}"
    except (ValueError, KeyError, TypeError):
        return "another run, which fills the cache"


def _versions(entry: Listed | None) -> list[Entry]:
    """All that the manifest has of one name, the newest first."""
    if entry is None:
        return []
    newest: Listed = {**entry}
    older = newest.pop("before", [])
    return [newest, *older]


def sha256_of(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
