# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of the lock file and of a site's own entries over it (``site_artifacts``).

The lock file is one file for each role that has artifacts, ``roles/<role>/meta/artifacts.yml``, and one for what builds them,
``playbooks/vars/artifacts.yml``.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from ansible.errors import AnsibleError

from ..declared.forms import kind_of
from ..task_types import Written

COLLECTION = Path(__file__).absolute().parent.parent.parent.parent
#: The tool chain.
PATH = COLLECTION / "playbooks" / "vars" / "artifacts.yml"
ROLES = COLLECTION / "roles"
ARCHITECTURES = ("amd64", "arm64")
SCHEMES = ("https", "http", "file")

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_GO_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*(?:/[A-Za-z0-9._~-]+)+")
_GO_VERSION = re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+(?:[-+.][A-Za-z0-9.+-]+)?")
_KEYS = ("version", "arch", "url", "sha256", "member", "go", "shows", "bring")
_GO_KEYS = ("module", "version", "package", "variables", "tags", "files")


class ArtifactError(AnsibleError):  # type: ignore[misc]  # ansible-core ships no types
    """An artifact is not available; the text says which one, why and what to write or do.

    :param code: a stable kebab-case word
    """

    def __init__(self, code: str, msg: str) -> None:
        super().__init__(msg)
        self.code = code


@dataclass(frozen=True)
class Download:
    """A finished file. ``sha256`` is that of what ``url`` gives; ``member`` is the wanted file where that is an archive."""

    url: str
    sha256: str
    member: str = ""


@dataclass(frozen=True)
class GoBuild:
    """A program out of Go modules. ``files``: see :func:`go_folder`, empty where the checksum database is the proof."""

    module: str
    version: str
    package: str
    variables: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    files: str = ""


@dataclass(frozen=True)
class Artifact:
    """One entry. ``source`` is None where the site has to bring it, and ``bring`` says how."""

    name: str
    version: str
    arch: str
    source: Download | GoBuild | None
    shows: str = ""
    bring: str = ""


@dataclass(frozen=True)
class Toolchain:
    """The Go that builds: a package of PyPI with the sha256 of its wheels."""

    version: str
    package: str
    wheels: tuple[str, ...]


@dataclass(frozen=True)
class Lock:
    """What the lock file and the site say together."""

    artifacts: Mapping[str, Artifact]
    go: Toolchain

    def get(self, name: str) -> Artifact:
        """An available artifact.

        :raises ArtifactError: ``artifact-unknown``; ``artifact-unpinned``: the site has to bring it and has not
        """
        found = self.artifacts.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self.artifacts, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(self.artifacts))}."
            raise ArtifactError("artifact-unknown", f"artifact {name}: neither {PATH.name} nor site_artifacts has it: {hint}")
        if found.source is None:
            raise ArtifactError(
                "artifact-unpinned",
                f"artifact {name} is a file that the site provides, and it is not defined: {found.bring}. Write into group_vars/all: "
                f"site_artifacts: {{{name}: {{version: ..., url: <https://... or file:///...>, sha256: <64 digits>}}}}; "
                "sha256sum FILE prints the sha256 of the file that you have checked.",
            )
        return found

    def fingerprint(self, artifact: Artifact) -> str:
        """What a cached file was made from: it changes with the entry, the tool chain and the committed module files."""
        parts: Written = {"artifact": asdict(artifact)}
        del parts["artifact"]["bring"]
        if isinstance(artifact.source, GoBuild):
            parts["go"] = self.go.version
            parts["files"] = {
                f"{artifact.source.files}/{path.relative_to(go_folder(artifact.source.files))}": hashlib.sha256(
                    path.read_bytes()
                ).hexdigest()
                for path in module_files(artifact)
            }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def module_files(artifact: Artifact) -> list[Path]:
    """The committed files of a build's own module; none where the entry has no ``files``."""
    source = artifact.source
    if not isinstance(source, GoBuild) or not source.files:
        return []
    return sorted(path for path in go_folder(source.files).rglob("*") if path.is_file())


def go_folder(name: str) -> Path:
    """The folder with the go.mod and go.sum of what is built: ``files/go/<name>`` of a role.

    :raises ArtifactError: ``artifact-lock``: no role has it, with both
    """
    for found in sorted(ROLES.glob(f"*/files/go/{name}")):
        if all((found / file).is_file() for file in ("go.mod", "go.sum")):
            return found
    raise ArtifactError("artifact-lock", f"no role has files/go/{name} with go.mod and go.sum")


def load(site: Any = None) -> Lock:
    """The lock file, with a site's entries in place of its own.

    :param site: ``site_artifacts``: name -> entry
    :raises ArtifactError: ``artifact-lock``: an entry is not as it must be
    """
    data = _read(PATH)
    entries: Written = {}
    for path in sorted(ROLES.glob("*/meta/artifacts.yml")):
        found = _read(path)
        twice = sorted(set(entries) & set(found))
        if twice:
            raise ArtifactError("artifact-lock", f"{path.relative_to(COLLECTION)}: another role has {', '.join(twice)}, too")
        entries |= found
    return parse({**data, "artifacts": entries}, site)


def _read(path: Path) -> Written:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the safe one of C where there is one: each lookup reads this
    return yaml.load(path.read_bytes(), Loader=loader) or {}  # noqa: S506


def parse(data: Mapping[str, Any], site: Any = None) -> Lock:
    """See :func:`load`; a site's entry without ``url`` and ``go`` completes the one of the lock file."""
    entries = {name: (f"{PATH.name}: {name}", entry) for name, entry in data["artifacts"].items()}
    if site is not None and not isinstance(site, Mapping):
        raise ArtifactError("artifact-lock", f"site_artifacts must be a mapping of names, not {kind_of(site)}")
    for name, entry in (site or {}).items():
        where = f"site_artifacts: {name}"
        given = _mapping(entry, where)
        base = entries.get(name, ("", {}))[1]
        source = {"url", "sha256", "member", "go"} if {"url", "go"} & set(given) else set()
        kept = {key: value for key, value in base.items() if key not in source | ({"shows", "version"} if source else set())}
        entries[name] = (where, {**kept, **given})
    go = data["toolchain"]["go"]
    toolchain = Toolchain(str(go["version"]), str(go["package"]), tuple(str(item) for item in go["wheels"]))
    return Lock({str(name): artifact(str(name), entry, where) for name, (where, entry) in entries.items()}, toolchain)


def artifact(name: str, entry: Any, where: str) -> Artifact:
    """An entry of a lock file.

    :param where: begins the text of an error
    :raises ArtifactError: the entry is not as it must be
    """
    found = _mapping(entry, where)
    _known(found, _KEYS, where)
    if not _NAME.fullmatch(name):
        raise ArtifactError("artifact-lock", f"{where}: a name has small letters, digits, hyphens and underscores only")
    arch = str(found.get("arch", "amd64"))
    if arch not in ARCHITECTURES:
        raise ArtifactError("artifact-lock", f"{where}: arch must be {' or '.join(ARCHITECTURES)}, not {arch!r}")
    if "url" in found and "go" in found:
        raise ArtifactError("artifact-lock", f"{where}: url and go are two sources: leave one out")
    source: Download | GoBuild | None = None
    if "url" in found:
        source = _download(found, where)
    elif "go" in found:
        source = _go(_mapping(found["go"], f"{where}: go"), f"{where}: go")
    elif "bring" not in found:
        raise ArtifactError("artifact-lock", f"{where}: needs url with sha256, or go")
    version = str(found.get("version") or "")
    if source is not None and not _VERSION.fullmatch(version):
        raise ArtifactError("artifact-lock", f"{where}: version must be a word of letters, digits and . _ + -, not {version!r}")
    return Artifact(name, version, arch, source, str(found.get("shows") or ""), str(found.get("bring") or "").strip())


def _download(found: Mapping[str, Any], where: str) -> Download:
    url, digest = str(found["url"]), str(found.get("sha256") or "").lower()
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not (parts.netloc or parts.path):
        raise ArtifactError("artifact-lock", f"{where}: url must begin with https://, http:// or file://, not {url!r}")
    if parts.username or parts.password:
        raise ArtifactError(
            "artifact-lock", f"{where}: url must not hold credentials: put the file where it needs none, or name it by file://"
        )
    if not digest:
        raise ArtifactError(
            "artifact-unpinned",
            f"{where}: has no sha256, and an unverified file is not installed: download it, check it, and write "
            "sha256: <what sha256sum FILE prints>",
        )
    if not _SHA256.fullmatch(digest):
        raise ArtifactError("artifact-lock", f"{where}: sha256 must be 64 hexadecimal digits, not {digest!r}")
    member = str(found.get("member") or "")
    if member and not parts.path.endswith((".tar.gz", ".tgz", ".tar.xz", ".zip")):
        raise ArtifactError("artifact-lock", f"{where}: member is for a .tar.gz, .tgz, .tar.xz or .zip, and the url has none of these")
    return Download(url, digest, member)


def _go(found: Mapping[str, Any], where: str) -> GoBuild:
    _known(found, _GO_KEYS, where)
    module, version = str(found.get("module") or ""), str(found.get("version") or "")
    package = str(found.get("package") or module)
    for key, value in (("module", module), ("package", package)):
        if not _GO_PATH.fullmatch(value):
            raise ArtifactError("artifact-lock", f"{where}: {key} must be a path like example.org/program, not {value!r}")
    if not _GO_VERSION.fullmatch(version):
        raise ArtifactError(
            "artifact-lock",
            f"{where}: version must be one exact version like v1.2.3 or v0.0.0-20260212201848-7aac2a2c5b7c, not {version!r}",
        )
    variables = tuple(
        sorted((str(name), str(value)) for name, value in _mapping(found.get("variables") or {}, f"{where}: variables").items())
    )
    if any(set(" '\"\n") & set(name + value) for name, value in variables):
        raise ArtifactError("artifact-lock", f"{where}: variables may hold no spaces and no quotes")
    files = str(found.get("files") or "")
    if files:
        try:
            go_folder(files)
        except ArtifactError as error:
            raise ArtifactError("artifact-lock", f"{where}: files: {error.message}") from None
    return GoBuild(module, version, package, variables, tuple(str(tag) for tag in found.get("tags") or ()), files)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ArtifactError("artifact-lock", f"{where} must be a mapping, not {kind_of(value)}")
    return value


def _known(found: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key in found:
        if key not in keys:
            raise ArtifactError("artifact-lock", f"{where}: there is no {key!r}: there are {', '.join(keys)}")
