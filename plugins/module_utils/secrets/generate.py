# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making secrets, from the operating system's random source."""

from __future__ import annotations

import base64
import binascii
import secrets
import string

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

#: Letters and digits only: a password goes unquoted into URLs, connection strings and configuration files.
ALPHABET = string.ascii_letters + string.digits
#: Characters of a password: 190 bits.
LENGTH = 32
#: Characters of a password of services that take no long one: 142 bits.
SHORT_LENGTH = 24
KEY_BYTES = 32
KINDS = ("password", "password24", "key32", "ec256")
#: Kinds that something was encrypted or registered with: another value would lose it.
KEYS = ("key32", "ec256")
_LENGTHS = {"password": LENGTH, "password24": SHORT_LENGTH}
_PLACEHOLDER = "vannah-check-mode-placeholder-"


def generate(kind: str) -> str:
    """A new secret.

    :param kind: ``password`` (32 letters and digits), ``password24`` (24 of them), ``key32`` (base64 of 32 bytes) or ``ec256`` (base64 of a
        private key on P-256 as RFC 5915 has it, DER: the body of ``EC PRIVATE KEY`` in PEM)
    :raises ValueError: another kind
    """
    if kind in _LENGTHS:
        return "".join(secrets.choice(ALPHABET) for _ in range(_LENGTHS[kind]))
    if kind == "key32":
        return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
    if kind == "ec256":
        key = ec.generate_private_key(ec.SECP256R1())
        der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
        return base64.b64encode(der).decode("ascii")
    raise ValueError(f"unknown kind of secret {kind!r}: write one of {', '.join(KINDS)}")


def fits(kind: str, value: str) -> bool:
    """Whether an existing value can serve as a secret of this kind. A password may be anything: a person may have chosen it."""
    if kind not in KEYS:
        return bool(value)
    try:
        data = base64.b64decode(value, validate=True)
        if kind == "key32":
            return len(data) == KEY_BYTES
        return isinstance(serialization.load_der_private_key(data, None), ec.EllipticCurvePrivateKey)
    except (binascii.Error, ValueError, TypeError, UnsupportedAlgorithm):
        return False


def placeholder(name: str) -> str:
    """What stands for a secret that does not exist yet, in check mode only. The same text in each run, so that diffs are stable."""
    return _PLACEHOLDER + name


def is_placeholder(value: str) -> bool:
    """Whether a text holds a placeholder: such a text must never reach a host."""
    return _PLACEHOLDER in value
