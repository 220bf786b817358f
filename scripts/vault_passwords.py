#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge where the vault password of a make target comes from, before Ansible does: each mistake in one line, with its fix.

    vault_passwords.py inventories/<site> WHAT MAKE ADDS... -- ARGS...

It exits 2 with a sentence where a password file is missing or empty, where one does not open the site's secrets.yml, and where a password
is to be typed and there is no terminal.
"""

from __future__ import annotations

import argparse
import os
import select
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Of Ansible; a list, and a single file.
LIST, FILE = "ANSIBLE_VAULT_IDENTITY_LIST", "ANSIBLE_VAULT_PASSWORD_FILE"


@dataclass(frozen=True)
class Source:
    """A file with a vault password, or a program that prints it.

    :ivar by: what names it; nothing where it lies in the site's folder
    """

    path: Path
    by: str = ""

    @property
    def is_program(self) -> bool:
        """Whether Ansible runs it."""
        return os.access(self.path, os.X_OK)

    @property
    def named(self) -> str:
        """The file, and what names it."""
        return f"{self.path}{f' ({self.by})' if self.by else ''}"

    @property
    def otherwise(self) -> str:
        """How one does without it."""
        return ", or remove the file and be asked for the password" if not self.by else ""


@dataclass(frozen=True)
class Given:
    """What a run is given of vault passwords."""

    sources: tuple[Source, ...]
    asks: bool


def given(added: Sequence[str], arguments: Sequence[str], environ: Mapping[str, str]) -> Given:
    """The sources that a run has.

    :param added: what make adds: the site's own file, or that Ansible asks
    :param arguments: ARGS
    """
    sources: list[Source] = []
    asks = False
    for words, by in ((added, ""), (arguments, "ARGS: {}")):
        options, _rest = _parser().parse_known_args(list(words))
        asks = asks or options.asks
        sources += [Source(Path(file).expanduser(), by.format("--vault-password-file")) for file in options.files]
        asks = _of_ids(options.ids, by.format("--vault-id"), sources) or asks
    if environ.get(FILE):
        sources.append(Source(Path(environ[FILE]).expanduser(), FILE))
    asks = _of_ids([part for part in environ.get(LIST, "").split(",") if part.strip()], LIST, sources) or asks
    return Given(tuple(sources), asks)


def _of_ids(ids: Sequence[str], by: str, sources: list[Source]) -> bool:
    """Add the files of ``label@file``; whether one of them is a question (``label@prompt``)."""
    places = [item.strip().rpartition("@")[2] for item in ids]
    sources += [Source(Path(place).expanduser(), by) for place in places if not place.startswith("prompt")]
    return any(place.startswith("prompt") for place in places)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-J", "--ask-vault-pass", "--ask-vault-password", dest="asks", action="store_true")
    parser.add_argument("--vault-password-file", "--vault-pass-file", dest="files", action="append", default=[])
    parser.add_argument("--vault-id", dest="ids", action="append", default=[])
    return parser


def problem_of(source: Source) -> str:
    """Why a source gives no password, and what to do; empty where it may give one."""
    try:
        if source.path.is_dir():
            return f"{source.named} is a folder, not a file with the vault password. Fix: name the file in it."
        if not source.path.read_bytes().strip():
            return f"{source.named} is empty. Fix: write the site's vault password into it (mode 0600){source.otherwise}."
    except FileNotFoundError:
        return f"{source.named} does not exist. Fix: name the file that has the site's vault password."
    except OSError as error:
        return f"{source.named} cannot be read ({error.strerror}). Fix: make the file readable for you, or name another one."
    return ""


def wrong(source: Source, secrets: Path) -> str:
    """Whether the password of a file does not open the site's secrets, and what to do."""
    from ansible.errors import AnsibleError
    from ansible.parsing.vault import VaultLib, VaultSecret

    try:
        sealed = secrets.read_bytes()
    except OSError:
        return ""  # preflight says it
    if source.is_program or not sealed.startswith(b"$ANSIBLE_VAULT;"):
        return ""
    try:
        VaultLib([("default", VaultSecret(source.path.read_bytes().strip()))]).decrypt(sealed)
    except (AnsibleError, ValueError):
        return (
            f"{secrets} does not open with the vault password in {source.named}, or is damaged. Fix: write the password that it was"
            f" encrypted with into {source.path}{source.otherwise}; a damaged file is in the recovery kit."
        )
    return ""


def can_be_asked() -> bool:
    """Whether a password can be typed, or comes from standard input."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
        return True
    except OSError:
        pass
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return False
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        poll = select.poll()
        poll.register(0, select.POLLIN)
        found = poll.poll(0)
        return not found or bool(found[0][1] & select.POLLIN)
    return os.isatty(0) or (stat.S_ISREG(mode) and os.fstat(0).st_size > 0)


def problem(site: str, found: Given) -> str:
    """The first mistake of what a run is given, with what to do; empty where there is none."""
    for source in found.sources:
        said = problem_of(source)
        if said:
            return said
    if found.asks and not can_be_asked():
        return (
            f"{site} needs its vault password, and there is no terminal to ask for it. Fix: write it into {site}/.vault_password"
            " (mode 0600; git ignores it), or ARGS='--vault-password-file FILE'."
        )
    secrets = Path(site) / "secrets.yml"
    if len(found.sources) == 1 and not found.asks and secrets.is_file():
        return wrong(found.sources[0], secrets)
    return ""


def main(arguments: Sequence[str]) -> int:
    """The script."""
    site, *rest = arguments
    at = rest.index("--")
    said = problem(site, given(rest[:at], rest[at + 1 :], os.environ))
    if said:
        print(said, file=sys.stderr)
    return 2 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
