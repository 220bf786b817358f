# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677) as PostgreSQL keeps them: the server never sees the password itself."""

from __future__ import annotations

import base64
import hashlib
import hmac

PREFIX = "SCRAM-SHA-256$"
#: What PostgreSQL 15 to 17 use themselves.
ITERATIONS = 4096
SALT_BYTES = 16


def is_verifier(text: str) -> bool:
    """Whether a verifier is given in place of a password."""
    return text.startswith(PREFIX) and text.count("$") == 2 and text.count(":") == 2


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """``SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>``."""
    salted = hashlib.pbkdf2_hmac("sha256", prepared(password).encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"{PREFIX}{iterations}:{_text(salt)}${_text(stored)}:{_text(server)}"


def new(password: str) -> str:
    """A verifier with a salt of its own; one that was given stays as it is."""
    import os

    return password if is_verifier(password) else verifier(password, os.urandom(SALT_BYTES))


def matches(stored: str | None, password: str) -> bool:
    """Whether what ``pg_authid`` has is a verifier of this password. An md5 hash never is: it is replaced."""
    if stored is None or not is_verifier(stored):
        return False
    if is_verifier(password):
        return stored == password
    iterations, _colon, salt = stored.split("$")[1].partition(":")
    try:
        return stored == verifier(password, base64.b64decode(salt, validate=True), int(iterations))
    except ValueError:
        return False


def prepared(password: str) -> str:
    """SASLprep (RFC 4013) as PostgreSQL does it: a password that cannot be prepared is taken as it is."""
    if password.isascii():
        return password
    import stringprep
    import unicodedata

    mapped = "".join(" " if stringprep.in_table_c12(c) else c for c in password if not stringprep.in_table_b1(c))
    text = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    refused = (
        stringprep.in_table_a1,
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    if not text or any(test(c) for c in text for test in refused):
        return password
    right_to_left = [stringprep.in_table_d1(c) for c in text]  # then nothing of the other direction, and so at both ends
    mixed = any(map(stringprep.in_table_d2, text)) or not (right_to_left[0] and right_to_left[-1])
    return password if any(right_to_left) and mixed else text


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
