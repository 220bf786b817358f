# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of MinIO's administration that hold a secret are encrypted with the caller's own secret key.

The format is madmin-go's ``EncryptData``: 32 bytes of salt, one byte that names the cipher, 8 bytes of nonce, then one package of
sio's stream. Of the three ciphers that servers read this is PBKDF2 with AES-256-GCM: the key comes from :mod:`hashlib`, the cipher from
Debian's package python3-cryptography, which the role installs where there are users, service accounts or tiers to make. Only calls
that change something need it: plans and host checks come before the package. (``mc`` would do it too, but takes the credentials of a
tier or a service account on its command line only.)
"""

from __future__ import annotations

import hashlib
import os

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Encrypt = Callable[[bytes, bytes, bytes | None], bytes]

#: madmin-go's encrypt.go: pbkdf2AESGCM, pbkdf2Cost.
_CIPHER, _ROUNDS = b"\x02", 8192
#: Above this a stream has more than one package; nothing that is sent comes near it.
_PACKAGE = 1 << 14


def seal(secret_key: str, value: Any, random: bytes | None = None) -> bytes:
    """A value as JSON, encrypted.

    :param random: 40 bytes, by default the system's; tests give them
    :raises AgentError: ``too-long``, ``cryptography-missing``
    """
    import json

    data = json.dumps(value).encode()
    if len(data) > _PACKAGE:
        raise AgentError("too-long", f"{len(data)} bytes are too much for MinIO's administration: at most {_PACKAGE} in one call")
    drawn = random or os.urandom(40)
    salt, nonce = drawn[:32], drawn[32:]
    key = hashlib.pbkdf2_hmac("sha256", secret_key.encode(), salt, _ROUNDS, 32)
    encrypt = _cipher(key)
    # sio: package 0 authenticates what is associated (nothing here), the last package carries 0x80 before that.
    tag = encrypt(nonce + (0).to_bytes(4, "little"), b"", None)
    return salt + _CIPHER + nonce + encrypt(nonce + (1).to_bytes(4, "little"), data, b"\x80" + tag)


def _cipher(key: bytes) -> Encrypt:
    """AES-256-GCM: a function of nonce, data and what is associated; its tag stands at the end of what it returns.

    :raises AgentError: ``cryptography-missing``
    """
    import site
    import sys

    # The agent runs without the module site (-S): no library is on its path. What Debian packages comes before what pip installed.
    sys.path += [path for path in sorted(site.getsitepackages(), key=lambda path: "/local/" in path) if path not in sys.path]
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise AgentError(
            "cryptography-missing",
            f"{sys.executable} on this host cannot import cryptography, which encrypts secrets for MinIO: {error}. Fix: install the"
            " package python3-cryptography, as site.yml does on the hosts of the role minio",
        ) from error
    return AESGCM(key).encrypt
