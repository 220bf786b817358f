# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file: what it may say, what a site may say over it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import lock
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.lock import ArtifactError, Download, GoBuild

from tests.unit.artifacts.conftest import data, locked

SHA = "ab" * 32
URL = {"version": "1.2", "url": "https://example.org/x", "sha256": SHA}
GO = {"version": "1.2.3", "go": {"module": "example.org/x", "version": "v1.2.3"}}


def test_url() -> None:
    artifact = locked(x={**URL, "sha256": SHA.upper()}).get("x")
    assert (artifact.version, artifact.arch, artifact.source) == ("1.2", "amd64", Download("https://example.org/x", SHA))


def test_go() -> None:
    entry = {**GO, "go": {**GO["go"], "variables": {"example.org/x.V": 2026}, "package": "example.org/x/cmd/x", "tags": ["a"]}}  # type: ignore[dict-item]
    source = locked(x=entry).get("x").source
    assert source == GoBuild("example.org/x", "v1.2.3", "example.org/x/cmd/x", (("example.org/x.V", "2026"),), ("a",))


@pytest.mark.parametrize(
    ("entry", "code", "words"),
    [
        ({"version": "1", "url": "https://example.org/x"}, "artifact-unpinned", "x: has no sha256.*sha256sum FILE"),
        ({**URL, "sha256": None}, "artifact-unpinned", "has no sha256"),
        ({**URL, "sha256": "ab"}, "artifact-lock", "64 hexadecimal digits, not 'ab'"),
        ({**URL, "url": "ftp://example.org/x"}, "artifact-lock", "must begin with https://"),
        ({**URL, "url": "/tmp/x"}, "artifact-lock", "must begin with https://, http:// or file://, not '/tmp/x'"),
        ({**URL, "url": "https://me:word@example.org/x"}, "artifact-lock", "no.* credentials"),
        ({**URL, "member": "x"}, "artifact-lock", "member is for a .tar.gz"),
        ({**URL, "version": None}, "artifact-lock", "version must be a word"),
        ({**URL, "version": "../1"}, "artifact-lock", "version must be a word"),
        ({**URL, "arch": "sparc"}, "artifact-lock", "amd64 or arm64, not 'sparc'"),
        ({**URL, "go": GO["go"]}, "artifact-lock", "url and go are two sources"),
        ({**URL, "sha": SHA}, "artifact-lock", "there is no 'sha': there are version"),
        ({"version": "1"}, "artifact-lock", "needs url with sha256, or go"),
        ("1.2", "artifact-lock", "must be a mapping, not a text"),
        ({"version": "1", "go": {"module": "example.org/x", "version": "latest"}}, "artifact-lock", "one exact version"),
        ({"version": "1", "go": {"module": "x", "version": "v1.2.3"}}, "artifact-lock", "module must be a path"),
        ({"version": "1", "go": {**GO["go"], "package": "-toolexec=x"}}, "artifact-lock", "package must be a path"),  # type: ignore[dict-item]
        ({"version": "1", "go": {**GO["go"], "files": "absent"}}, "artifact-lock", "no role has files/go/absent with go.mod and go.sum"),  # type: ignore[dict-item]
        ({"version": "1", "go": {**GO["go"], "variables": {"a.B": "c -d"}}}, "artifact-lock", "no spaces"),  # type: ignore[dict-item]
        ({"version": "1", "go": {**GO["go"], "ldflags": "-s"}}, "artifact-lock", "there is no 'ldflags'"),  # type: ignore[dict-item]
    ],
)
def test_refused(entry: Any, code: str, words: str) -> None:
    with pytest.raises(ArtifactError, match=words) as caught:
        locked(x=entry)
    assert caught.value.code == code
    assert "word@" not in str(caught.value)


def test_bad_name() -> None:
    with pytest.raises(ArtifactError, match="small letters"):
        lock.parse(data(), {"../x": URL})


def test_unknown_name_has_a_hint() -> None:
    with pytest.raises(ArtifactError, match=r"artifact mino: .* did you mean minio") as caught:
        locked(minio=URL).get("mino")
    assert caught.value.code == "artifact-unknown"


def test_site_replaces_a_source() -> None:
    entry = {**GO, "shows": "1.2.3", "arch": "arm64"}
    artifact = lock.parse(data(x=entry, y=URL), {"x": {**URL, "version": "9"}}).get("x")
    assert (artifact.version, artifact.arch, artifact.shows) == ("9", "arm64", "")
    assert isinstance(artifact.source, Download)


def test_site_completes_an_entry() -> None:
    found = lock.parse(data(x=URL), {"x": {"sha256": "cd" * 32}})
    assert found.get("x").source == Download("https://example.org/x", "cd" * 32)


@pytest.mark.parametrize(("site", "words"), [(["x"], "mapping of names"), ({"x": "1"}, "site_artifacts: x must be a mapping")])
def test_site_is_named(site: Any, words: str) -> None:
    with pytest.raises(ArtifactError, match=words):
        lock.parse(data(x=URL), site)


def test_brought_by_the_site() -> None:
    entry = {"arch": "amd64", "bring": "look there"}
    with pytest.raises(ArtifactError, match=r"look there\. Write into group_vars/all: site_artifacts: \{x: .*sha256") as caught:
        locked(x=entry).get("x")
    assert caught.value.code == "artifact-unpinned"
    with pytest.raises(ArtifactError, match="site_artifacts: x: has no sha256"):
        lock.parse(data(x=entry), {"x": {"version": "1", "url": "https://example.org/x"}})
    assert lock.parse(data(x=entry), {"x": URL}).get("x").version == "1.2"


def test_fingerprint() -> None:
    def of(entry: dict[str, Any]) -> str:
        found = locked(x=entry)
        return found.fingerprint(found.get("x"))

    assert of(GO) == of({**GO, "bring": "words"})
    variants = [GO, {**GO, "version": "2"}, {**GO, "arch": "arm64"}, {**GO, "go": {**GO["go"], "variables": {"a.B": "c"}}}, URL]  # type: ignore[dict-item]
    assert len({of(entry) for entry in variants}) == len(variants)


def test_own_lock_file() -> None:
    found = lock.load()
    assert {"minio", "mc", "silo"} <= set(found.artifacts)
    for artifact in found.artifacts.values():
        if isinstance(artifact.source, GoBuild):
            # What is built is proved by a go.sum of this collection, and go.mod has the lock file's version and Go.
            names = {path.name: path for path in lock.module_files(artifact)}
            text = names["go.mod"].read_text()
            assert re.search(rf"^\s*(require )?{re.escape(artifact.source.module)} {re.escape(artifact.source.version)}\b", text, re.M)
            assert f"{artifact.source.module} {artifact.source.version} h1:" in names["go.sum"].read_text()
            assert re.search(r"^go (\S+)$", text, re.M)[1] == found.go.version  # type: ignore[index]
