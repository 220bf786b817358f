# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making secrets, from the operating system's random source."""

from __future__ import annotations

import base64
import binascii
import secrets
import string

#: Letters and digits only: a password goes unquoted into URLs, connection strings and configuration files.
ALPHABET = string.ascii_letters + string.digits
#: Characters of a password: 190 bits.
LENGTH = 32
#: Characters of a password of services that take no long one: 142 bits.
SHORT_LENGTH = 24
KEY_BYTES = 32
KINDS = ("password", "password24", "key32")
_LENGTHS = {"password": LENGTH, "password24": SHORT_LENGTH}
_PLACEHOLDER = "vannah-check-mode-placeholder-"


def generate(kind: str) -> str:
    """A new secret.

    :param kind: ``password`` (32 letters and digits), ``password24`` (24 of them) or ``key32`` (base64 of 32 bytes)
    :raises ValueError: another kind
    """
    if kind in _LENGTHS:
        return "".join(secrets.choice(ALPHABET) for _ in range(_LENGTHS[kind]))
    if kind == "key32":
        return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")
    raise ValueError(f"unknown kind of secret {kind!r}: write one of {', '.join(KINDS)}")


def fits(kind: str, value: str) -> bool:
    """Whether an existing value can serve as a secret of this kind. A password may be anything: a person may have chosen it."""
    if kind != "key32":
        return bool(value)
    try:
        return len(base64.b64decode(value, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def placeholder(name: str) -> str:
    """What stands for a secret that does not exist yet, in check mode only. The same text in each run, so that diffs are stable."""
    return _PLACEHOLDER + name


def is_placeholder(value: str) -> bool:
    """Whether a text holds a placeholder: such a text must never reach a host."""
    return _PLACEHOLDER in value
