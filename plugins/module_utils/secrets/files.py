# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private files of the controller: written beside and renamed, one writer at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ansible.constants import config
from ansible.errors import AnsibleError
from ansible.parsing.vault import is_encrypted, match_encrypt_secret


class SecretsError(AnsibleError):  # type: ignore[misc]  # ansible-core ships no types
    """Something is wrong with a site's secrets or its authority. The message never quotes what a file holds.

    :param code: a stable kebab-case word
    :param what: what is wrong and where, without a full stop
    :param fix: what to do about it, without a full stop
    """

    def __init__(self, code: str, what: str, fix: str) -> None:
        super().__init__(f"{what}. Fix: {fix}.")
        self.code = code
        self.what = what


def read_file(path: str) -> bytes | None:
    """The bytes of a file, None where there is none.

    :raises SecretsError: ``secrets-unreadable``
    """
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretsError("secrets-unreadable", f"{path} cannot be read ({error.strerror})", READ_FIX) from error


def write_file(path: str, data: bytes, mode: int) -> None:
    """Write beside, sync, rename, sync the directory. A link is followed: a site may keep its secrets elsewhere.

    :raises SecretsError: ``secrets-unwritable``
    """
    real = os.path.realpath(path)
    directory, name = os.path.split(real)
    beside = os.path.join(directory, f".{name}.vannah")
    try:
        _remove(beside)  # what a killed run left; writers hold the lock
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(beside, real)
        _sync(directory)
    except OSError as error:
        with suppress(OSError):  # a file system that cannot be written refuses this too
            _remove(beside)
        why = "no space is left" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
        raise SecretsError("secrets-unwritable", f"{path} cannot be written ({why}); nothing was changed", WRITE_FIX) from error


def make_directory(path: str, mode: int) -> None:
    """Make one directory unless it exists.

    :raises SecretsError: ``secrets-unwritable``
    """
    try:
        os.mkdir(path, mode)
        _sync(os.path.dirname(path) or ".")
    except FileExistsError:
        return
    except OSError as error:
        raise SecretsError("secrets-unwritable", f"{path} cannot be created ({error.strerror})", WRITE_FIX) from error


@contextmanager
def lock(directory: str) -> Iterator[None]:
    """Hold a site's folder while its secrets are read and written: two runs at once must not both make them.

    :raises SecretsError: ``secrets-unreadable``, ``secrets-unlockable``
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SecretsError("secrets-unreadable", f"the site's folder {directory} cannot be opened ({error.strerror})", READ_FIX) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            text = f"{directory} cannot be locked ({error.strerror}), as on some network file systems"
            raise SecretsError("secrets-unlockable", text, "keep it on a disk of the controller") from error
        yield
    finally:
        os.close(descriptor)


def decrypt(loader: Any, path: str, data: bytes) -> bytes:
    """The plain bytes of a vault file.

    :raises SecretsError: ``secrets-empty``, ``secrets-plain``, ``secrets-no-password``, ``secrets-closed``
    """
    if not data.strip():  # to encrypt it would make it look like that of a new site
        raise SecretsError("secrets-empty", f"{path} is empty, its content is lost", RESTORE_HINT)
    if not is_encrypted(data):
        raise SecretsError("secrets-plain", f"{path} is not encrypted", f"encrypt it with `ansible-vault encrypt {path}`")
    if not loader._vault.secrets:
        raise SecretsError("secrets-no-password", f"{path} is encrypted and no vault password was given", PASSWORD_HINT)
    try:
        plain: bytes = loader._vault.decrypt(data)
    except AnsibleError as error:
        raise SecretsError(
            "secrets-closed", f"{path} does not open with the given vault password, or is damaged", f"{PASSWORD_HINT}; or {RESTORE_HINT}"
        ) from error
    return plain


def encrypt(loader: Any, path: str, plain: bytes) -> bytes:
    """Plain bytes as a vault file, for the default vault id (``vault_encrypt_identity`` where it is set).

    :raises SecretsError: ``secrets-no-password``
    """
    vault_id, secret = _encrypting(loader, path)
    data: bytes = loader._vault.encrypt(plain, secret=secret, vault_id=None if vault_id == "default" else vault_id)
    return data


def check_new_password(loader: Any, path: str) -> None:
    """Refuse a vault password that can be guessed, before anything is encrypted with it. One that is in use is never refused.

    :raises SecretsError: ``secrets-no-password``, ``secrets-weak-password``
    """
    secret = _encrypting(loader, path)[1]
    if len(secret.bytes.decode("utf-8", "replace")) < PASSWORD_LENGTH:
        text = f"{path} cannot be encrypted: the vault password is too short to keep a site's secrets"
        raise SecretsError("secrets-weak-password", text, f"choose one of at least {PASSWORD_LENGTH} characters")


def _encrypting(loader: Any, path: str) -> tuple[str, Any]:
    """(vault id, secret) that encrypt."""
    secrets = loader._vault.secrets
    if not secrets:
        raise SecretsError("secrets-no-password", f"{path} is to be encrypted and no vault password was given", PASSWORD_HINT)
    wanted = config.get_config_value("DEFAULT_VAULT_ENCRYPT_IDENTITY")
    try:
        vault_id, secret = match_encrypt_secret(secrets, encrypt_vault_id=wanted)
    except AnsibleError as error:
        text = f"{path} cannot be encrypted: vault_encrypt_identity names {wanted}, and no password with that id was given"
        raise SecretsError(
            "secrets-no-password", text, f"give it with --vault-id {wanted}@FILE, or change vault_encrypt_identity"
        ) from error
    return vault_id, secret


PASSWORD_LENGTH = 16
#: For a checkout in which they are missing: to create them there on a site that runs would make another site of it.
NO_SITE_FILES = (
    "restore secrets.yml and pki/ of a site that already runs from the recovery kit, or copy them from the original checkout;"
    " for a new site, run make check SITE=..., which creates them"
)
RESTORE_HINT = "restore it from the recovery kit or from version control"
PASSWORD_HINT = "give the site's with --vault-password-file or --ask-vault-pass"
READ_FIX = "look at its owner and mode, and at those of its folder"
WRITE_FIX = "look at the owner and mode of its folder, and at the free space there"


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _sync(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
