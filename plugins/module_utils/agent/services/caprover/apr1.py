# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache's variant of MD5 for passwords, which CapRover keeps of an app's basic authentication.

The algorithm is that of APR's ``apr_md5_encode`` (https://httpd.apache.org/docs/2.4/misc/password_encryptions.html), the same as
``openssl passwd -apr1``. Only with it can be told whether a password is the one that is there: CapRover stores no other form.
"""

from __future__ import annotations

import hashlib
import hmac

_ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MAGIC = "$apr1$"
#: Bytes of the digest as they are written, three to four letters.
_ORDER = ((0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5))


def fits(password: str, stored: str) -> bool:
    """Whether ``stored`` (``$apr1$salt$hash``) was made of ``password``."""
    if not stored.startswith(_MAGIC):
        return False
    salt = stored[len(_MAGIC) :].partition("$")[0]
    return hmac.compare_digest(apr1(password, salt).encode(), stored.encode())


def apr1(password: str, salt: str) -> str:
    """The hash of a password with a salt of at most eight characters."""
    secret, salt = password.encode(), salt[:8]
    seed = salt.encode()
    inner = _md5(secret + seed + secret)
    text = secret + _MAGIC.encode() + seed + (inner * (len(secret) // 16 + 1))[: len(secret)]
    bits = len(secret)
    while bits:
        text += b"\0" if bits & 1 else secret[:1]
        bits >>= 1
    digest = _md5(text)
    for turn in range(1000):
        part = secret if turn & 1 else digest
        part += seed if turn % 3 else b""
        part += secret if turn % 7 else b""
        digest = _md5(part + (digest if turn & 1 else secret))
    letters = "".join(_letters(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in _ORDER)
    return f"{_MAGIC}{salt}${letters}{_letters(digest[11], 2)}"


def _letters(number: int, count: int) -> str:
    return "".join(_ALPHABET[number >> 6 * place & 63] for place in range(count))


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()
