# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's ``secrets.yml``: a vault-encrypted flat mapping of names to texts.

Only :func:`ensure`, which only adds, and :func:`renew` write. Nothing here ever quotes what the file holds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from ..preflight.model import SecretsFile
from .files import NO_SITE_FILES, READ_FIX, RESTORE_HINT, SecretsError, check_new_password, decrypt, encrypt, lock, read_file, write_file
from .generate import KEYS, KINDS, fits, generate, placeholder

FILE = "secrets.yml"
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HEADER = b"# The site's secrets. Made once; to see or change one: ansible-vault edit, then converge.\n"

#: What a secret of a kind has to be.
WHAT = {
    "key32": "the base64 of 32 bytes (`openssl rand -base64 32`)",
    "ec256": "the base64 of a private key on P-256 (`openssl ecparam -name prime256v1 -genkey -noout -outform DER | base64 -w0`)",
}

_LOST = f"{RESTORE_HINT}; if this really is a new site, remove pki/ too"

#: Path -> (what the file and the vault passwords were when it was read, its values). Opening a vault costs milliseconds, and a play
#: asks for each secret on its own.
_read: dict[str, tuple[Any, Mapping[str, str]]] = {}


def path_of(inventory_dir: str) -> str:
    """Where the secrets of a site lie."""
    return os.path.join(inventory_dir, FILE)


def read(loader: Any, inventory_dir: str) -> Mapping[str, str]:
    """All secrets of a site, by name; empty where it has none yet.

    :param loader: Ansible's DataLoader, which holds the vault passwords
    :raises SecretsError: ``secrets-empty``, ``secrets-plain``, ``secrets-no-password``, ``secrets-closed``, ``secrets-not-flat``,
        ``secrets-unreadable``
    """
    path = path_of(inventory_dir)
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return MappingProxyType({})
    except OSError as error:
        raise SecretsError("secrets-unreadable", f"{path} cannot be read ({error.strerror})", READ_FIX) from error
    passwords = tuple((name, secret.bytes) for name, secret in loader._vault.secrets or ())
    state = (found.st_mtime_ns, found.st_size, found.st_ino, hash(passwords))
    known = _read.get(path)
    if known is not None and known[0] == state:
        return known[1]
    data = read_file(path) or b""
    if not data.strip():
        fix = f"{RESTORE_HINT}; for a new site, one without pki/, remove the file"
        raise SecretsError("secrets-empty", f"{path} is empty, its content is lost", fix)
    values = MappingProxyType(_parse(path, decrypt(loader, path, data)))
    _read[path] = (state, values)
    return values


def _parse(path: str, plain: bytes) -> dict[str, str]:
    try:
        data = yaml.safe_load(plain)
    except (yaml.YAMLError, UnicodeDecodeError):
        data = False  # the parser's own message quotes the file
    if data is False:
        raise SecretsError("secrets-not-flat", f"{path} opens but is not YAML", f"repair it with `ansible-vault edit {path}`") from None
    data = {} if data is None else data
    if not isinstance(data, dict):
        raise SecretsError("secrets-not-flat", f"{path} is not a mapping", 'write one line `name: "text"` for each secret')
    for name, value in data.items():
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise SecretsError(
                "secrets-not-flat", f"{path}: a name in it has characters that are not allowed", "write letters, digits and underscores"
            )
        if not isinstance(value, str):
            raise SecretsError("secrets-not-flat", f"{path}: {name} is not a text", "write it in quotes")
    return data


def known_values(loader: Any, inventory_dir: str) -> frozenset[str]:
    """Every value that must not be seen in results, diffs or errors; read again only when the file has changed.

    :raises SecretsError: as :func:`read`
    """
    return frozenset(value for value in read(loader, inventory_dir).values() if value)


def value(loader: Any, inventory_dir: str, name: str, check_mode: bool = False) -> str:
    """One secret.

    :param check_mode: a secret that does not exist yet is stood for by a placeholder
    :raises SecretsError: ``secret-missing``, else as :func:`read`
    """
    found = read(loader, inventory_dir).get(name)
    if found is not None:
        return found
    if check_mode:
        return placeholder(name)
    path = path_of(inventory_dir)
    if not os.path.exists(path):
        raise SecretsError("secret-missing", f"{path} does not exist, so there is no secret {name}", NO_SITE_FILES)
    raise SecretsError("secret-missing", f"{path} has no secret {name}", "make check SITE=..., which creates missing secrets")


def ensure(
    loader: Any, inventory_dir: str, wanted: Iterable[Mapping[str, Any]], check_mode: bool = False, established: bool = False
) -> list[str]:
    """Make all secrets that are missing, in one atomic write. What exists stays as it is.

    The file is made even where nothing is wanted, so that a site with an authority and without the file has lost it.

    :param wanted: ``{name, kind}``; kind is ``password`` unless it says otherwise
    :param check_mode: only say what would be made
    :param established: the site has an authority: its secrets are never all generated again, because what they encrypt would be unreadable
    :return: the names that were made, sorted
    :raises SecretsError: ``secret-name``, ``secret-kind``, ``secrets-lost``, ``secrets-weak-password``, ``secrets-unwritable``, else as
        :func:`read`
    """
    kinds = _kinds(wanted)
    if check_mode:
        return _plan(loader, inventory_dir, kinds, established)[1]
    with lock(inventory_dir):
        values, missing = _plan(loader, inventory_dir, kinds, established)
        path = path_of(inventory_dir)
        if missing or not os.path.exists(path):
            if not values and not established:
                check_new_password(loader, path)
            _write(loader, path, dict(values) | {name: generate(kinds[name]) for name in missing})
    return missing


def _plan(loader: Any, inventory_dir: str, kinds: Mapping[str, str], established: bool) -> tuple[Mapping[str, str], list[str]]:
    """(existing secrets, missing names)."""
    path = path_of(inventory_dir)
    values = read(loader, inventory_dir)
    missing = _missing(path, values, kinds)
    if established and not values:
        if not os.path.exists(path):
            raise SecretsError("secrets-lost", f"{path} is missing, and the site has a CA (pki/), so it had secrets", _LOST)
        # A site that needed none so far has the file as it was created here. Any other file was emptied later.
        if missing and not decrypt(loader, path, read_file(path) or b"").startswith(_HEADER):
            raise SecretsError("secrets-lost", f"{path} holds no secret, and the site has a CA (pki/), so it had some", _LOST)
    return values, missing


def renew(loader: Any, inventory_dir: str, names: Iterable[str], check_mode: bool = False) -> list[str]:
    """Give secrets that exist new values, in one atomic write: a password's, never a key's, whose loss would be that of what it encrypts.

    :param check_mode: only say which
    :return: the names, sorted
    :raises SecretsError: ``secret-missing``, ``secret-kind``, ``secrets-unwritable``, else as :func:`read`
    """
    path = path_of(inventory_dir)
    with lock(inventory_dir):
        values = read(loader, inventory_dir)
        wanted = sorted(set(names))
        for name in wanted:
            if name not in values:
                raise SecretsError(
                    "secret-missing",
                    f"{path} has no secret {name}, so there is nothing to renew",
                    "make check SITE=..., which creates missing secrets",
                )
            if any(fits(kind, values[name]) for kind in KEYS):
                raise SecretsError(
                    "secret-kind", f"{name} is a key: what it encrypts could not be read with another one", "renew only passwords"
                )
        if wanted and not check_mode:
            _write(loader, path, dict(values) | {name: generate("password") for name in wanted})
    return wanted


def _write(loader: Any, path: str, values: Mapping[str, str]) -> None:
    plain = _HEADER + yaml.safe_dump(dict(values), default_style='"', sort_keys=True, allow_unicode=True, width=4096).encode()
    write_file(path, encrypt(loader, path, plain), 0o600)


def _kinds(wanted: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for item in wanted:
        name, kind = str(item.get("name") or ""), str(item.get("kind") or "password")
        if not NAME.fullmatch(name):
            raise SecretsError("secret-name", f"the secret {name!r} has an invalid name", "write letters, digits and underscores")
        if kind not in KINDS:
            raise SecretsError("secret-kind", f"the secret {name} is of the unknown kind {kind!r}", f"write one of {', '.join(KINDS)}")
        if kinds.setdefault(name, kind) != kind:
            raise SecretsError(
                "secret-kind", f"two roles want the secret {name} as {kinds[name]} and as {kind}", "give one of them another name"
            )
    return kinds


def _missing(path: str, values: Mapping[str, str], kinds: Mapping[str, str]) -> list[str]:
    for name, kind in sorted(kinds.items()):
        if name in values and not fits(kind, values[name]):
            what = WHAT.get(kind, "a text")
            raise SecretsError("secret-kind", f"{path}: {name} is not {what}", "correct it, or remove its line and run again")
    return sorted(name for name in kinds if name not in values)


def as_file(loader: Any, inventory_dir: str) -> SecretsFile | None:
    """The secrets as preflight's rules look at them; None where the site has none yet. Raises nothing."""
    try:
        if not os.path.exists(path_of(inventory_dir)):
            return None
        return SecretsFile(path=FILE, values=dict(read(loader, inventory_dir)))
    except SecretsError as error:
        plain, malformed = error.code == "secrets-plain", error.code == "secrets-not-flat"
        return SecretsFile(path=FILE, encrypted=not plain, opened=False, reason=error.what, malformed=malformed)
