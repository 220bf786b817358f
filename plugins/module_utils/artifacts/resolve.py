# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From names of artifacts to files in the cache: existing files are not changed, the others are fetched or built.

Every task that needs an artifact reads this in a process of its own: what only fetching needs is imported there.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Literal, NotRequired, TypedDict

from .cache import About, Cache, Found, Say
from .lock import Artifact, ArtifactError, Download, GoBuild, Lock

#: Seconds without a byte after which a download is given up.
_TIMEOUT = 60
_CHUNK = 1 << 20
_WORD_EVERY = 10.0
#: What stands for a file that is not there yet, in check mode.
PLACEHOLDER = {"src": "", "sha256": "0" * 64}


def located(lock: Lock, cache: Cache, name: str, check: bool) -> dict[str, str]:
    """Where an artifact lies, for the ``artifact`` of a component's file.

    :param check: in check mode one that is not there yet is stood for by :data:`PLACEHOLDER`
    :raises ArtifactError: ``artifact-unknown``, ``artifact-unpinned``, ``artifact-missing``: it was not fetched or built yet
    """
    artifact = lock.get(name)
    entry = cache.find(lock, artifact)
    if entry is not None:
        return {"src": entry["src"], "sha256": entry["sha256"]}
    if check:
        return dict(PLACEHOLDER)
    old = cache.manifest().get(name)
    has = f"has version {old['version']} of it, or one that was built in another way" if old else "does not have it"
    raise ArtifactError(
        "artifact-missing",
        f"artifact {name}: the cache {cache.path} {has}, and {artifact.version} is required: run `make artifacts`, "
        "or copy a filled cache there (docs/artifacts.md)",
    )


Kept = Literal["sha256", "size", "how", "verified", "src"]


class Had(TypedDict):
    """An artifact and what was done for it, with what the manifest says of it."""

    name: str
    version: str
    state: str
    sha256: NotRequired[str]
    size: NotRequired[int]
    how: NotRequired[str]
    verified: NotRequired[str]
    src: NotRequired[str]


def ensure(names: Iterable[str], lock: Lock, cache: Cache, say: Say, *, check: bool = False, verify: bool = False) -> list[Had]:
    """Have artifacts in the cache.

    :param say: takes lines of progress
    :param check: only say what would be done
    :param verify: read all files, and fetch or build the damaged ones again
    :return: for each name: name, version, state (``there``, ``fetched``, ``built``; in check mode ``fetch``, ``build``) and the
        manifest's words
    :raises ArtifactError: see :class:`Lock`; a file is another one than its sha256 says, a build failed. All unknown and unpinned
        names stand in one text, and nothing was fetched then
    """
    artifacts, problems = [], []
    for name in dict.fromkeys(names):
        try:
            artifacts.append(lock.get(name))
        except ArtifactError as error:
            problems.append(error)
    if problems:
        raise ArtifactError(problems[0].code, "\n".join(str(error.message) for error in problems))
    found = {artifact.name: _there(lock, cache, artifact, verify, say) for artifact in artifacts}
    missing = [artifact for artifact in artifacts if found[artifact.name] is None]
    states = {artifact.name: "there" for artifact in artifacts}
    if missing and check:
        states.update({artifact.name: "fetch" if isinstance(artifact.source, Download) else "build" for artifact in missing})
    elif missing:
        with cache.alone(say), cache.workshop() as work:
            for artifact in missing:
                entry = cache.find(lock, artifact)  # another run may have made it meanwhile
                if entry is None or (verify and not cache.sound(entry)):
                    entry = _make(lock, cache, artifact, work, say)
                    states[artifact.name] = "fetched" if isinstance(artifact.source, Download) else "built"
                found[artifact.name] = entry
    return [_report(artifact, states[artifact.name], found[artifact.name]) for artifact in artifacts]


def _there(lock: Lock, cache: Cache, artifact: Artifact, verify: bool, say: Say) -> Found | None:
    entry = cache.find(lock, artifact)
    if entry is not None and verify and not cache.sound(entry):
        say(f"artifact {artifact.name}: {entry['src']} is not what the manifest says (damaged or replaced): it is fetched or built again")
        return None
    return entry


def _report(artifact: Artifact, state: str, entry: Found | None) -> Had:
    kept: tuple[Kept, ...] = ("sha256", "size", "how", "verified", "src")
    had: Had = {"name": artifact.name, "version": artifact.version, "state": state}
    for key in kept:
        if entry and key in entry:
            had[key] = entry[key]
    return had


def _make(lock: Lock, cache: Cache, artifact: Artifact, work: Path, say: Say) -> Found:
    from . import build

    started = time.monotonic()
    if isinstance(artifact.source, Download):
        made = fetch(artifact.name, artifact.source, work, say)
        about: About = {"how": artifact.source.url, "verified": f"sha256 {artifact.source.sha256} of the lock file or the site"}
    elif isinstance(artifact.source, GoBuild):
        made, about = build.program(artifact, artifact.source, lock.go, cache.path, work, say)
    else:
        raise AssertionError(artifact)
    build.must_show(artifact, made)
    about["seconds"] = str(round(time.monotonic() - started))
    entry = cache.add(lock, artifact, made, about)
    say(f"artifact {artifact.name}: {artifact.version} is there, {entry['size'] / 1e6:.0f} MB, {about['seconds']} s")
    return entry


def fetch(name: str, source: Download, work: Path, say: Say) -> Path:
    """Download a file, and prove it before anything of it is used.

    :raises ArtifactError: ``artifact-fetch``: it is not available; ``artifact-mismatch``: it is another file
    """
    import http.client
    import urllib.error
    import urllib.request

    target = work / f"{name}.download"
    say(f"artifact {name}: fetching {source.url}")
    request = urllib.request.Request(source.url, headers={"User-Agent": "vannah.healthcloud"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, target.open("wb") as file:
            actual = _copy(name, answer, file, say)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        status = ""
        if isinstance(error, urllib.error.HTTPError):
            status = f"HTTP {error.code}: "
            error.close()
        raise ArtifactError(
            "artifact-fetch",
            f"artifact {name}: {source.url} cannot be fetched ({status}{reason}): bring the file and name it by file:///... in "
            "site_artifacts, with the same sha256, or copy a filled cache (docs/artifacts.md)",
        ) from None
    if actual != source.sha256:
        raise ArtifactError(
            "artifact-mismatch",
            f"artifact {name}: {source.url} is refused before anything is installed: its sha256 is {actual}, and {source.sha256} is "
            "required. Either the file was replaced, or its version differs from that of the sha256",
        )
    return _member(name, source, target) if source.member else target


def _copy(name: str, answer: IO[bytes], file: IO[bytes], say: Say) -> str:
    digest, done, told = hashlib.sha256(), 0, time.monotonic()
    while block := answer.read(_CHUNK):
        file.write(block)
        digest.update(block)
        done += len(block)
        if time.monotonic() - told >= _WORD_EVERY:
            say(f"artifact {name}: {done / 1e6:.0f} MB so far")
            told = time.monotonic()
    return digest.hexdigest()


def _member(name: str, source: Download, archive: Path) -> Path:
    """The wanted file of an archive; only its bytes are taken, so no name in the archive decides where anything goes."""
    import tarfile
    import zipfile

    target = archive.with_suffix(".member")
    try:
        if source.url.endswith(".zip"):
            with zipfile.ZipFile(archive) as opened, opened.open(source.member) as inner, target.open("wb") as file:
                shutil.copyfileobj(inner, file)
        else:
            with tarfile.open(archive) as tar:
                taken = tar.extractfile(source.member)
                if taken is None:
                    raise KeyError(source.member)
                with taken, target.open("wb") as file:
                    shutil.copyfileobj(taken, file)
    except KeyError:
        raise ArtifactError("artifact-member", f"artifact {name}: {source.url} has no file {source.member!r}: correct `member`") from None
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise ArtifactError("artifact-member", f"artifact {name}: {source.url} cannot be unpacked ({error})") from None
    return target
