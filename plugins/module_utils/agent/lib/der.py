# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What identifies an authority, read from its certificate (RFC 5280, DER as X.690 has it) without a program or a library.

Each call compares the authority of the run with the host's. cryptography costs the controller 40 ms to import in each worker, and a
host may not have it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import Authority

SEQUENCE, SET, EXPLICIT_0, UTC_TIME = 0x30, 0x31, 0xA0, 0x17


def outline(pem: str) -> Authority | None:
    """The first certificate of a PEM text; None where there is none that can be read.

    :return: ``key`` SHA-256 of the public key (SubjectPublicKeyInfo): a renewed certificate keeps it; ``fingerprint`` SHA-256 of the
        certificate as ``openssl x509 -fingerprint -sha256`` writes it; ``called`` the subject's common name; ``begins`` when it became
        valid, ISO 8601
    """
    import binascii
    from hashlib import sha256

    _before, begin, rest = pem.partition("-----BEGIN CERTIFICATE-----")
    body, end, _after = rest.partition("-----END CERTIFICATE-----")
    if not begin or not end:
        return None
    try:
        der = binascii.a2b_base64(body)
        _tag, certificate, _end = element(der, 0, SEQUENCE)
        fields = list(elements(element(certificate, 0, SEQUENCE)[1]))
        if fields[0][0] == EXPLICIT_0:  # the version; without one it is a certificate of version 1
            del fields[0]
        # serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
        _serial, _signature, _issuer, validity, subject, key = fields[:6]
        return {
            "key": sha256(key[2]).hexdigest(),
            "fingerprint": colons(sha256(der).hexdigest()),
            "called": _name(subject[1]),
            "begins": _time(*next(iter(elements(validity[1])))[:2]),
        }
    except (ValueError, IndexError, StopIteration):  # binascii.Error and UnicodeDecodeError are ValueErrors
        return None


def outlines(pem: str) -> list[Authority]:
    """All certificates of a PEM text, as :func:`outline` has them; one that cannot be read is left out."""
    begin = "-----BEGIN CERTIFICATE-----"
    return [found for part in pem.split(begin)[1:] if (found := outline(begin + part)) is not None]


def colons(digits: str) -> str:
    """A digest in OpenSSL's form: upper case, a colon after each byte."""
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2)).upper()


def element(data: bytes, start: int, wanted: int = 0) -> tuple[int, bytes, int]:
    """The element at an offset: its tag, its content, the offset behind it.

    :raises ValueError: it is truncated, or another one than wanted
    """
    tag, length, at = data[start], data[start + 1], start + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    if at + length > len(data) or (wanted and tag != wanted):
        raise ValueError("no DER")
    return tag, data[at : at + length], at + length


def elements(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """The elements of a constructed one: tag, content, and the element as it is written.

    :raises ValueError: one is truncated
    """
    found, at = [], 0
    while at < len(data):
        tag, content, end = element(data, at)
        found.append((tag, content, data[at:end]))
        at = end
    return found


def _name(subject: bytes) -> str:
    """The common name (2.5.4.3) of a Name; empty where it has none."""
    for _tag, group, _whole in elements(subject):
        for _inner, pair, _raw in elements(group):
            kind, value = elements(pair)[:2]
            if kind[1] == b"\x55\x04\x03":
                return value[1].decode("utf-8")
    return ""


def _time(tag: int, content: bytes) -> str:
    """UTCTime (two digits of the year, RFC 5280 4.1.2.5.1) or GeneralizedTime as ISO 8601."""
    text = content.decode("ascii")
    if tag == UTC_TIME:
        text = ("20" if text < "50" else "19") + text
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}Z"
