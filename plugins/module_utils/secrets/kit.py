# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery kit: everything that rebuilds a site, in one encrypted file that ``openssl`` and ``tar`` open.

It holds the site's folder as it is, the vault password that opens the secrets in it, and the lock file of the controller's software. What
``openssl enc -pbkdf2`` writes is not authenticated; gzip's checksum and the list of sums inside tell a damaged kit from a whole one.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from .files import SecretsError

#: Rounds of PBKDF2 with SHA-256, as OWASP advises (2023). They are part of the command that opens a kit: never change them silently.
ITERATIONS = 600_000
PASSPHRASE_LENGTH = 16
#: The largest folder that is taken for a site's: somebody pointed at something else.
MAX_BYTES = 64 * 1024 * 1024
_MAGIC = b"Salted__"  # openssl enc's own
_OPEN = f"openssl enc -d -aes-256-cbc -pbkdf2 -iter {ITERATIONS} -md sha256"

Files = dict[str, bytes]


def check_passphrase(passphrase: str, vault_passwords: Iterable[bytes]) -> None:
    """Refuse a passphrase that is weak, cannot be typed, or is the vault's: it has to open the kit when the vault password is lost.

    :raises SecretsError: ``kit-passphrase``
    """
    if len(passphrase) < PASSPHRASE_LENGTH:
        raise SecretsError(
            "kit-passphrase", f"the recovery kit's passphrase is too short: give one of at least {PASSPHRASE_LENGTH} characters."
        )
    if not passphrase.isprintable():
        raise SecretsError("kit-passphrase", "the recovery kit's passphrase has a character that cannot be typed.")
    if any(passphrase.encode() == known.strip() for known in vault_passwords):
        raise SecretsError("kit-passphrase", "the recovery kit's passphrase is the site's vault password: give another one.")


def check_path(path: str, inventory_dir: str, project: str) -> str:
    """Where the kit is written, its real path.

    :raises SecretsError: ``kit-path``: it is missing, relative, within the site or a repository, or its folder does not exist
    """
    if not path:
        raise SecretsError("kit-path", "recovery_kit_path is not set: name a file outside of this project, best on another medium.")
    if not os.path.isabs(path):
        raise SecretsError("kit-path", f"recovery_kit_path {path} is relative: write the whole path.")
    real = os.path.realpath(path)
    if os.path.isdir(real):
        real = os.path.join(real, f"{os.path.basename(os.path.realpath(inventory_dir))}.recovery-kit")
    folder = os.path.dirname(real)
    if not os.path.isdir(folder):
        raise SecretsError("kit-path", f"{folder} does not exist: make it, or mount what belongs there.")
    for place, what in ((inventory_dir, "the site's folder"), (project, "this project")):
        inside = os.path.realpath(place)
        if os.path.commonpath([inside, real]) == inside:
            text = f"{path} lies in {what}: what destroys the one destroys the other; name a place elsewhere, best on another medium."
            raise SecretsError("kit-path", text)
    repository = next((parent for parent in Path(os.path.realpath(inventory_dir)).parents if (parent / ".git").exists()), None)
    if repository is not None and repository in Path(real).parents:
        raise SecretsError("kit-path", f"{path} lies in the repository {repository} that holds the site: name a place elsewhere.")
    return real


def collect(inventory_dir: str, lock_files: Mapping[str, str], vault_passwords: Mapping[str, bytes]) -> Files:
    """What goes into a kit: name in the archive -> bytes. Links are followed.

    :param lock_files: name in the kit -> path; one that does not exist is left out
    :param vault_passwords: vault id -> password
    :raises SecretsError: ``kit-too-large``, ``kit-incomplete``, ``kit-unreadable``
    """
    root = os.path.realpath(inventory_dir)
    site = os.path.basename(root)
    found: Files = {}
    size = 0
    try:
        for folder, folders, names in os.walk(root, followlinks=True):
            folders[:] = sorted(name for name in folders if name not in (".git", "__pycache__"))
            for name in sorted(names):
                path = os.path.join(folder, name)
                size += os.path.getsize(path)
                if size > MAX_BYTES:
                    raise SecretsError("kit-too-large", f"{root} holds more than {MAX_BYTES // 1024**2} MiB: is it a site's folder?")
                found[f"{site}/{os.path.relpath(path, root)}"] = Path(path).read_bytes()
        for name, path in lock_files.items():
            if os.path.isfile(path):
                found[name] = Path(path).read_bytes()
    except OSError as error:
        raise SecretsError("kit-unreadable", f"{error.filename} cannot be read ({error.strerror}).") from None
    missing = [name for name in ("secrets.yml", "pki/ca.key", "pki/ca.crt") if f"{site}/{name}" not in found]
    if missing:
        raise SecretsError("kit-incomplete", f"{root} has no {', '.join(missing)}: run the preflight first (make check), which makes them.")
    for vault_id, password in vault_passwords.items():
        found[f"vault_password.{vault_id}"] = password + b"\n"
    found["README.txt"] = _readme(site).encode()
    sums = [f"{hashlib.sha256(found[name]).hexdigest()}  {name}\n" for name in sorted(found)]
    found["SHA256SUMS"] = "".join(sums).encode()
    return found


def seal(files: Files, passphrase: str, salt: bytes = b"") -> bytes:
    """A kit: a compressed archive, encrypted as ``openssl enc -aes-256-cbc -pbkdf2`` does."""
    salt = salt or os.urandom(8)
    padder = PKCS7(128).padder()
    plain = padder.update(_archive(files)) + padder.finalize()
    encryptor = _cipher(passphrase, salt).encryptor()
    return _MAGIC + salt + encryptor.update(plain) + encryptor.finalize()


def unseal(kit: bytes, passphrase: str) -> Files:
    """What is in a kit.

    :raises ValueError: another passphrase, or no whole kit
    """
    if not kit.startswith(_MAGIC) or len(kit) % 16:
        raise ValueError("no recovery kit")
    decryptor = _cipher(passphrase, kit[8:16]).decryptor()
    unpadder = PKCS7(128).unpadder()
    padded = decryptor.update(kit[16:]) + decryptor.finalize()
    try:
        archive_bytes = gzip.decompress(unpadder.update(padded) + unpadder.finalize())  # whole: the checksum is at its end
        with tarfile.open(fileobj=io.BytesIO(archive_bytes), mode="r:") as archive:
            return {item.name: stream.read() for item in archive if (stream := archive.extractfile(item)) is not None}
    except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise ValueError("the passphrase is another one, or the kit is damaged") from error


def _archive(files: Files) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            item = tarfile.TarInfo(name)
            item.size, item.mode = len(files[name]), 0o600
            archive.addfile(item, io.BytesIO(files[name]))
    return gzip.compress(plain.getvalue(), mtime=0)


def _cipher(passphrase: str, salt: bytes) -> Cipher[modes.CBC]:
    derived = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ITERATIONS, 48)
    return Cipher(algorithms.AES(derived[:32]), modes.CBC(derived[32:]))


def instructions(path: str, site: str) -> list[str]:
    """What is printed beside the kit: how it is opened with nothing but openssl and tar."""
    return [
        f"The recovery kit of the site {site} is {path}",
        "Print this, and keep it with the passphrase where neither can burn with the servers. To open the kit:",
        f"  {_OPEN} -in {os.path.basename(path)} -out kit.tar.gz   # asks for the passphrase",
        "  mkdir -m 700 kit && tar -xzf kit.tar.gz -C kit && cd kit && sha256sum -c SHA256SUMS",
        "README.txt in it says how the site is rebuilt. Make a new kit after each change of the inventory, the secrets or the CA.",
    ]


def _readme(site: str) -> str:
    return f"""\
Recovery kit of the site {site}

  {site}/              the inventory: hosts, variables, secrets.yml (encrypted), pki/ (the CA, its key encrypted)
  vault_password.*     opens secrets.yml and pki/ca.key
  requirements/        the locked software of the controller
  SHA256SUMS           sha256sum -c SHA256SUMS

To rebuild the controller: on a Debian with python3, make and git check out the collection vannah.healthcloud in the version that the site
ran (CHANGELOG.md), copy {site}/ to inventories/{site}/, and

  make check SITE={site}
  make converge SITE={site}

which ask for the vault password. To read the secrets by hand:

  ansible-vault view --vault-password-file vault_password.default {site}/secrets.yml

Whoever has this folder has the site. Delete it when the work is done.
"""
