# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secrets a site has had, as digests that reveal nothing: ``pki/generations``, one line for each, the newest last.

A host records the digest that it was converged with. A checkout whose file does not have that digest, or has it after its own, was left
behind by another checkout that changed a secret. The digest is an HMAC whose key comes from the CA's private key: without that key not
even a weak secret can be found by trying.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from .files import lock, read_file, write_file

FILE = os.path.join("pki", "generations")
_HEADER = (
    "# Digests of this site's secrets, the newest last: they tell an old checkout from the current one, and reveal nothing.\n"
    "# Keep this file with pki/ca.key and secrets.yml.\n"
)
_PURPOSE = b"vannah.healthcloud generation of secrets 1"


def path_of(inventory_dir: str) -> str:
    """Where the file lies."""
    return os.path.join(inventory_dir, FILE)


def read(inventory_dir: str) -> list[str]:
    """The digests, the oldest first; empty where there is no file.

    :raises SecretsError: ``secrets-unreadable``
    """
    data = read_file(path_of(inventory_dir)) or b""
    lines = (line.split() for line in data.decode("ascii", "replace").splitlines())
    return [words[0] for words in lines if words and not words[0].startswith("#")]


def digest(key: ec.EllipticCurvePrivateKey, values: Mapping[str, str], revoked: Iterable[str] = ()) -> str:
    """The digest of secrets, 32 hexadecimal digits.

    :param key: of the site's CA
    :param revoked: serial numbers on its revocation list: a checkout that lacks one would have the hosts accept the certificate again
    """
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    listed = sorted(revoked)
    known = [dict(values), listed] if listed else dict(values)  # a site without revocations keeps the digests that it has
    text = json.dumps(known, sort_keys=True, separators=(",", ":")).encode()
    return hmac.new(hashlib.sha256(_PURPOSE + der).digest(), text, hashlib.sha256).hexdigest()[:32]


def note(inventory_dir: str, current: str, check_mode: bool = False, now: datetime | None = None) -> list[str]:
    """Add the digest of the present secrets where it is not the last one.

    :param current: see :func:`digest`
    :param check_mode: only say what would be there
    :return: all digests, the present one last
    :raises SecretsError: ``secrets-unreadable``, ``secrets-unwritable``
    """
    known = read(inventory_dir)
    if known[-1:] == [current]:
        return known
    if check_mode:
        return [*known, current]
    with lock(inventory_dir):
        known = read(inventory_dir)
        if known[-1:] != [current]:
            before = read_file(path_of(inventory_dir)) or _HEADER.encode("ascii")
            line = f"{current} {now or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
            gap = b"" if before.endswith(b"\n") else b"\n"
            write_file(path_of(inventory_dir), before + gap + line.encode("ascii"), 0o644)
            known = [*known, current]
    return known
