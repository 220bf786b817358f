# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host keeps on disk, as types: no code imports this when it runs, and it is not sent to hosts.

A record that an older release has written may lack keys, so most of them are optional.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, Protocol, TypedDict, overload

from .definition import Member

# --- backup copies (lib/backup_copy.py) -----------------------------------------------------------------------------------


class Saved(TypedDict):
    """What lay at a path.

    - a file has ``mode``, ``uid``, ``gid``, ``blob`` (the name under which its bytes are kept) and ``sha256``
    - a link has ``target``, ``uid``, ``gid``
    - ``new``: in a journal, the hash that the file will have; None where it is not known beforehand or the file goes
    - ``folder``: of an original that another component has taken over, where its bytes lie
    """

    path: str
    kind: Literal["absent", "file", "link"]
    mode: NotRequired[int]
    uid: NotRequired[int]
    gid: NotRequired[int]
    blob: NotRequired[str]
    sha256: NotRequired[str]
    target: NotRequired[str]
    new: NotRequired[str | None]
    folder: NotRequired[str]


class SavedDirectory(TypedDict):
    """Mode and owner of a directory."""

    path: str
    mode: int
    uid: int
    gid: int


# --- the ledger (core/ledger.py) ------------------------------------------------------------------------------------------


class Managed(TypedDict):
    """Something of which only its name is known: a package, a hold, a user, a group."""


class FileRecord(TypedDict, total=False):
    """A file or a link, by the hash or the target that it was last given; empty until it has been made."""

    sha256: str
    target: str | None
    stamp: list[int]
    sensitive: bool
    original: Saved


class DirectoryRecord(TypedDict, total=False):
    """A directory that was made here."""

    made: bool


class TextRecord(TypedDict, total=False):
    """A text file of its own kind: a cron entry, pins, kernel parameters for the next boot."""

    sha256: str


class SysctlRecord(TypedDict, total=False):
    """A kernel parameter; ``said`` is its value as the kernel writes it, ``before`` the one that it had."""

    before: str
    value: str
    said: str


class WantedCertificate(TypedDict, total=False):
    """What a certificate is asked to say; ``paths`` are those of key, certificate and authority."""

    common_name: str
    names: list[str]
    addresses: list[str]
    usages: list[str]
    issuer: str
    paths: list[str | None]


class CertificateRecord(TypedDict, total=False):
    """A certificate: times in seconds since the epoch, hashes of key and certificate, ``born`` a key that was generated here."""

    wanted: WantedCertificate
    not_before: float
    not_after: float
    key: str
    cert: str
    born: str
    made: list[str]


class UnitRecord(TypedDict, total=False):
    """What was done to a unit; ``install`` is the hash of the [Install] section that it was enabled with."""

    found: bool
    enabled: bool
    started: bool
    masked: bool
    install: str | None


class Running(TypedDict, total=False):
    """What a unit was started with: path -> [hash, stamp of the file], package -> version."""

    invocation: str
    files: dict[str, list[Any]]
    packages: dict[str, str]
    printed: str


class Held(TypedDict):
    """A definition that is held back, and why."""

    hash: str
    since: str
    reason: str


class GuardRecord(TypedDict, total=False):
    """A change that waited for its confirmation; ``before`` is path -> hash of what it has replaced."""

    hash: str
    since: str
    tries: int
    locked: int
    run: str
    before: dict[str, str]
    forgotten: bool


FileSection = Literal["files", "links", "unit_files"]
TextSection = Literal["cron", "pins", "sysctl_files"]
DirectorySection = Literal["directories", "parents"]
NameSection = Literal["groups", "holds", "packages", "users"]
#: The sections that map a name or a path to what is known of it.
Section = Literal[FileSection, TextSection, DirectorySection, NameSection, "certificates", "sysctls", "units", "running"]


class Entry(TypedDict, total=False):
    """A component in the ledger. ``values``: variable -> [value], or [value, path, number of the line that shows it]."""

    files: dict[str, FileRecord]
    links: dict[str, FileRecord]
    unit_files: dict[str, FileRecord]
    directories: dict[str, DirectoryRecord]
    parents: dict[str, DirectoryRecord]
    cron: dict[str, TextRecord]
    pins: dict[str, TextRecord]
    sysctl_files: dict[str, TextRecord]
    groups: dict[str, Managed]
    holds: dict[str, Managed]
    packages: dict[str, Managed]
    users: dict[str, Managed]
    certificates: dict[str, CertificateRecord]
    sysctls: dict[str, SysctlRecord]
    units: dict[str, UnitRecord]
    running: dict[str, Running]
    values: dict[str, list[Any]]
    member: Member
    held: Held | None
    guard: GuardRecord


class SectionOf(Protocol):
    """A section by its name, as ``Context.section`` gives it."""

    @overload
    def __call__(self, name: FileSection) -> dict[str, FileRecord]: ...
    @overload
    def __call__(self, name: TextSection) -> dict[str, TextRecord]: ...
    @overload
    def __call__(self, name: DirectorySection) -> dict[str, DirectoryRecord]: ...
    @overload
    def __call__(self, name: NameSection) -> dict[str, Managed]: ...
    @overload
    def __call__(self, name: Literal["certificates"]) -> dict[str, CertificateRecord]: ...
    @overload
    def __call__(self, name: Literal["sysctls"]) -> dict[str, SysctlRecord]: ...
    @overload
    def __call__(self, name: Literal["units"]) -> dict[str, UnitRecord]: ...
    @overload
    def __call__(self, name: Literal["running"]) -> dict[str, Running]: ...


# --- journal and generations (core/journal.py, core/generations.py) -------------------------------------------------------


class JournalData(TypedDict):
    """What lay where a component writes: ``entry`` are its ledger's sections of files, ``active`` unit -> InvocationID."""

    component: str
    files: list[Saved]
    directories: list[SavedDirectory]
    entry: Entry
    active: dict[str, str]
    units: NotRequired[dict[str, UnitRecord]]


class Undoing(TypedDict):
    """A failed start that is being undone: unit -> what is done to it, and what is held back then."""

    units: dict[str, str]
    held: Held | None


class Generation(TypedDict, total=False):
    """The last good generation of a component; ``kept``: only several hosts together can tell whether the current files are good."""

    component: str
    files: list[Saved]
    entry: Entry
    active: dict[str, str]
    units: dict[str, UnitRecord]
    at: str
    kept: bool
    undoing: Undoing


# --- the lock-out revert (core/revert.py) ---------------------------------------------------------------------------------


class UndoFile(TypedDict):
    """A file that is put back; ``data_b64`` is None for one that was not there."""

    path: str
    data_b64: str | None
    mode: int | str
    uid: int
    gid: int


class Manifest(TypedDict):
    """What the revert does; ``restarted`` are units that a socket starts."""

    undo: list[UndoFile]
    units: list[str]
    commands: list[list[str]]
    restarted: NotRequired[list[str]]
    seconds: NotRequired[int]


# --- the site (core/identity.py) ------------------------------------------------------------------------------------------


class Authority(TypedDict):
    """What identifies an authority, see :func:`.lib.der.outline`."""

    key: str
    fingerprint: str
    called: str
    begins: str


class Former(TypedDict, total=False):
    """What a host belonged to before it was taken over."""

    name: str
    host: str
    authorities: list[Authority]
    since: str


class SiteRecord(Former, total=False):
    """Which site a host belongs to. Of a host without a record only ``authorities`` and ``since`` are known."""

    version: int
    secrets: str
    updated: str
    before: Former
