# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of MinIO's administration that hold a secret are encrypted with the caller's own secret key.

The format is madmin-go's ``EncryptData``: 32 bytes of salt, one byte that names the cipher, 8 bytes of nonce, then one package of
sio's stream. Of the three ciphers that servers read, PBKDF2 with AES-256-GCM needs nothing that a host does not have: the key comes
from :mod:`hashlib`, the cipher from the OpenSSL library that Python's own :mod:`ssl` is linked with. (``mc`` would do it too, but takes
the credentials of a tier or a service account on its command line only.)
"""

from __future__ import annotations

import hashlib
import os

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: madmin-go's encrypt.go: pbkdf2AESGCM, pbkdf2Cost.
_CIPHER, _ROUNDS = b"\x02", 8192
#: Above this a stream has more than one package; nothing that is sent comes near it.
_PACKAGE = 1 << 14
_SET_TAG_LENGTH, _GET_TAG, _TAG = 0x9, 0x10, 16
_NAMES = ("libcrypto.so.3", "libcrypto.so.1.1")


def seal(secret_key: str, value: Any, random: bytes | None = None) -> bytes:
    """A value as JSON, encrypted.

    :param random: 40 bytes, by default the system's; tests give them
    :raises AgentError: ``openssl-missing``
    """
    import json

    data = json.dumps(value).encode()
    if len(data) > _PACKAGE:
        raise AgentError("too-long", f"{len(data)} bytes are too much for MinIO's administration: at most {_PACKAGE} in one call")
    drawn = random or os.urandom(40)
    salt, nonce = drawn[:32], drawn[32:]
    key = hashlib.pbkdf2_hmac("sha256", secret_key.encode(), salt, _ROUNDS, 32)
    # sio: package 0 authenticates what is associated (nothing here), the last package carries 0x80 before that.
    _nothing, associated = _encrypt(key, nonce + (0).to_bytes(4, "little"), b"", b"")
    text, tag = _encrypt(key, nonce + (1).to_bytes(4, "little"), data, b"\x80" + associated)
    return salt + _CIPHER + nonce + text + tag


def _encrypt(key: bytes, nonce: bytes, data: bytes, associated: bytes) -> tuple[bytes, bytes]:
    """AES-256-GCM: the encrypted data and its tag."""
    import ctypes

    library = _library()
    out, tag, length = ctypes.create_string_buffer(len(data) + 16), ctypes.create_string_buffer(_TAG), ctypes.c_int()
    new, free = library.EVP_CIPHER_CTX_new, library.EVP_CIPHER_CTX_free
    new.restype = ctypes.c_void_p
    free.argtypes = [ctypes.c_void_p]
    library.EVP_aes_256_gcm.restype = ctypes.c_void_p
    context = ctypes.c_void_p(new())
    try:
        cipher = ctypes.c_void_p(library.EVP_aes_256_gcm())
        done = library.EVP_EncryptInit_ex(context, cipher, None, key, nonce)  # 12 bytes of nonce are GCM's default
        if associated:
            done &= library.EVP_EncryptUpdate(context, None, ctypes.byref(length), associated, len(associated))
        if data:
            done &= library.EVP_EncryptUpdate(context, out, ctypes.byref(length), data, len(data))
        end = ctypes.create_string_buffer(16)
        done &= library.EVP_EncryptFinal_ex(context, end, ctypes.byref(ctypes.c_int()))
        done &= library.EVP_CIPHER_CTX_ctrl(context, _GET_TAG, _TAG, tag)
    finally:
        free(context)
    if done != 1:
        raise AgentError("openssl-missing", "OpenSSL's library does not do AES-256-GCM: install the package libssl3 of this system")
    return out.raw[: len(data)], tag.raw


def _library() -> Any:
    import ctypes

    for name in _NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise AgentError("openssl-missing", "OpenSSL's library libcrypto.so.3 is not on this host: install the package that Python's ssl needs")
