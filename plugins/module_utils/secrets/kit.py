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
import re
import shlex
import tarfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from .files import READ_FIX, SecretsError

#: Rounds of PBKDF2 with SHA-256, as OWASP advises (2023). They are part of the command that opens a kit: never change them silently.
ITERATIONS = 600_000
PASSPHRASE_LENGTH = 16
#: The largest folder that can be a site's: a larger one is probably a wrong path.
MAX_BYTES = 64 * 1024 * 1024
_MAGIC = b"Salted__"  # openssl enc's own
_OPEN = f"openssl enc -d -aes-256-cbc -pbkdf2 -iter {ITERATIONS} -md sha256"


class File(NamedTuple):
    """A file of a kit. Only its owner's rights are kept: a vault password may be a program."""

    data: bytes
    mode: int = 0o600


Files = dict[str, File]


def check_passphrase(passphrase: str, vault_passwords: Iterable[bytes]) -> None:
    """Refuse a passphrase that is weak, cannot be typed, or is the vault's: it has to open the kit when the vault password is lost.

    :raises SecretsError: ``kit-passphrase``
    """
    if not passphrase:
        raise SecretsError(
            "kit-passphrase",
            "the recovery kit has no passphrase",
            f"type one of at least {PASSPHRASE_LENGTH} characters at the prompt; without a terminal give a file that contains"
            " it, ARGS='-e recovery_kit_passphrase_file=/path/of/the/file'",
        )
    if len(passphrase) < PASSPHRASE_LENGTH:
        raise SecretsError(
            "kit-passphrase", "the recovery kit's passphrase is too short", f"give one of at least {PASSPHRASE_LENGTH} characters"
        )
    if not passphrase.isprintable():
        raise SecretsError(
            "kit-passphrase", "the recovery kit's passphrase has a character that cannot be typed", "give one of letters, digits and spaces"
        )
    if any(passphrase.encode() == known.strip() for known in vault_passwords):
        raise SecretsError("kit-passphrase", "the recovery kit's passphrase is the site's vault password", "give another one")


def check_path(path: str, inventory_dir: str, project: str) -> str:
    """Where the kit is written, its real path.

    :raises SecretsError: ``kit-path``: it is missing, relative, within the site or a repository, or its folder does not exist
    """
    if not path:
        raise SecretsError(
            "kit-path",
            "the kit has no path",
            "name a file outside of this project, best on another medium, with"
            " KIT=/path/of/the.kit of `make recovery-kit` (-e recovery_kit_path=... of the playbook)",
        )
    if not os.path.isabs(path):
        raise SecretsError("kit-path", f"recovery_kit_path {path} is relative", "write the whole path")
    real = os.path.realpath(path)
    if os.path.isdir(real):
        real = os.path.join(real, f"{os.path.basename(os.path.realpath(inventory_dir))}.recovery-kit")
    folder = os.path.dirname(real)
    if not os.path.isdir(folder):
        raise SecretsError("kit-path", f"{folder} does not exist", "create it, or mount its file system")
    for place, what in ((inventory_dir, "the site's folder"), (project, "this project")):
        inside = os.path.realpath(place)
        if os.path.commonpath([inside, real]) == inside:
            text = f"{path} lies in {what}: what destroys the one destroys the other"
            raise SecretsError("kit-path", text, "name a place elsewhere, best on another medium")
    repository = next((parent for parent in Path(os.path.realpath(inventory_dir)).parents if (parent / ".git").exists()), None)
    if repository is not None and repository in Path(real).parents:
        raise SecretsError("kit-path", f"{path} lies in the repository {repository} that holds the site", "name a place elsewhere")
    return real


def password_names(passwords: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Vault passwords by what they are called in a kit, their vault id: all of them, also where several have one."""
    found: dict[str, bytes] = {}
    for vault_id, password in passwords:
        word = re.sub(r"[^A-Za-z0-9_-]", "_", vault_id)
        name, number = word, 1
        while found.get(name, password) != password:
            number += 1
            name = f"{word}.{number}"
        found[name] = password
    return found


def collect(
    inventory_dir: str, lock_files: Mapping[str, str], vault_passwords: Mapping[str, bytes], software: str = "", outside: Sequence[str] = ()
) -> Files:
    """What goes into a kit: name in the archive -> file. Links are followed.

    :param lock_files: name in the kit -> path; one that does not exist is left out
    :param vault_passwords: see :func:`password_names`
    :param software: version and commit of the collection
    :param outside: files that the inventory names and that are not in the kit
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
                    raise SecretsError(
                        "kit-too-large", f"{root} holds more than {MAX_BYTES // 1024**2} MiB", "keep only the site's files there"
                    )
                found[f"{site}/{os.path.relpath(path, root)}"] = _file(path)
        for name, path in lock_files.items():
            if os.path.isfile(path):
                found[name] = _file(path)
    except OSError as error:
        raise SecretsError("kit-unreadable", f"{error.filename} cannot be read ({error.strerror})", READ_FIX) from None
    missing = [name for name in ("secrets.yml", "pki/ca.key", "pki/ca.crt") if f"{site}/{name}" not in found]
    if missing:
        raise SecretsError("kit-incomplete", f"{root} has no {', '.join(missing)}", "run make check SITE=... first, which creates them")
    opens = _opening(found[f"{site}/secrets.yml"].data, vault_passwords)
    for name, password in vault_passwords.items():
        found[f"vault_password.{name}"] = File(password + b"\n")
    found["README.txt"] = File(_readme(site, opens, software, outside).encode())
    sums = [f"{hashlib.sha256(found[name].data).hexdigest()}  {name}\n" for name in sorted(found)]
    found["SHA256SUMS"] = File("".join(sums).encode())
    return found


def _file(path: str) -> File:
    return File(Path(path).read_bytes(), os.stat(path).st_mode & 0o700)


def _opening(vault_text: bytes, passwords: Mapping[str, bytes]) -> str:
    """The file of the password that opens a vault text."""
    for name, password in passwords.items():
        try:
            VaultLib([("default", VaultSecret(password))]).decrypt(vault_text)
        except AnsibleError:
            continue
        return f"vault_password.{name}"
    return "vault_password.default"


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
            return {item.name: File(stream.read(), item.mode) for item in archive if (stream := archive.extractfile(item)) is not None}
    except (tarfile.TarError, zlib.error, OSError, EOFError) as error:
        raise ValueError("the passphrase is another one, or the kit is damaged") from error


def _archive(files: Files) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            item = tarfile.TarInfo(name)
            item.size, item.mode = len(files[name].data), files[name].mode
            archive.addfile(item, io.BytesIO(files[name].data))
    return gzip.compress(plain.getvalue(), mtime=0)


def _cipher(passphrase: str, salt: bytes) -> Cipher[modes.CBC]:
    derived = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ITERATIONS, 48)
    return Cipher(algorithms.AES(derived[:32]), modes.CBC(derived[32:]))


def instructions(path: str, site: str, outside: Sequence[str] = (), written: bool = True) -> list[str]:
    """What is printed beside the kit: how it is opened with nothing but openssl and tar.

    :param outside: files that the inventory names and that are not in the kit
    :param written: whether the kit is there; in check mode there may be none
    """
    keep = [f"NOT in the kit, and without them no server is reached: keep {name} elsewhere, separately." for name in outside]
    if not written:
        return [f"The recovery kit of the site {site} would be written to {path}", *keep]
    return [
        f"The recovery kit of the site {site} is {path}",
        "Print this, and keep it with the passphrase in another building than the servers. To open the kit:",
        f"  {_OPEN} -in {shlex.quote(os.path.basename(path))} -out kit.tar.gz   # asks for the passphrase",
        "  mkdir -m 700 kit && tar -xzf kit.tar.gz -C kit && cd kit && sha256sum -c SHA256SUMS",
        "README.txt in it says how the site is rebuilt. Make a new kit after each change of the inventory, the secrets or the CA.",
        *keep,
    ]


def _readme(site: str, password: str, software: str, outside: Sequence[str]) -> str:
    keep = "".join(f"  {name}\n" for name in outside) or "  (the inventory names none: it is the user's own SSH key, or an agent's)\n"
    return f"""\
Recovery kit of the site {site}

  {site}/              the inventory: hosts, variables, secrets.yml (encrypted), pki/ (the CA, its key encrypted)
  vault_password.*     the vault passwords; {password} opens secrets.yml and pki/ca.key
  requirements/        the locked software of the controller
  playbooks/, roles/   artifacts.yml, the lock files of the artifacts
  SHA256SUMS           sha256sum -c SHA256SUMS

NOT in this kit, and without it no server is reached: the SSH keys and the list of known hosts that lie outside of the site's folder.
They have to be kept separately:

{keep}
The collection vannah.healthcloud that wrote this kit: {software or "version unknown, see galaxy.yml"}

To rebuild the controller: on a Debian with python3, make and git check out the collection in that version, put the SSH keys where
they were, and, with KIT as the path of this folder,

  mkdir -p inventories/{site} && cp -r KIT/{site}/. inventories/{site}/
  make check SITE={site}
  make converge SITE={site}

which ask for the vault password (it is in {password}), unless {site}/.vault_password is in this kit. To read the secrets by hand:

  ansible-vault view --vault-password-file {password} {site}/secrets.yml

Anyone who has this folder controls the site. Delete it when the work is done.
"""
