# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The revocation lists of a site's authorities (RFC 5280, 5): ``pki/ca.crl``, one list in PEM for each authority that is trusted.

The file is its own record: what is on it stays on it. A list is valid for 90 days and made again every 30, by the first run of the
site in that period. It follows from the authority, its serial numbers and the period alone: two checkouts of a site make the same one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..secrets.files import SecretsError, lock, read_file, write_file
from . import authority, trust

BEGIN = "-----BEGIN X509 CRL-----"
#: How long a list is valid, and how often it is made again, in days: a site that is converged once in 60 days has a valid one.
VALID_DAYS = 90
PERIOD_DAYS = 30

#: Numbers that the lists of a period may have: its number, and how many entries it has.
NUMBERS = 100_000

#: Serial number -> when it was revoked.
Entries = dict[int, datetime]


def path_of(inventory_dir: str) -> str:
    """Where the lists lie."""
    return os.path.join(inventory_dir, trust.DIRECTORY, "ca.crl")


def text(inventory_dir: str) -> str:
    """The lists as one PEM text; empty where there is none yet."""
    return (read_file(path_of(inventory_dir)) or b"").decode("ascii", "replace")


def entries(inventory_dir: str) -> dict[str, Entries]:
    """What is revoked: identifier of the authority's key (hexadecimal) -> its serial numbers.

    :raises SecretsError: ``crl-damaged``
    """
    return {issuer: own for issuer, (_number, own) in _lists(inventory_dir).items()}


def _lists(inventory_dir: str) -> dict[str, tuple[int, Entries]]:
    """Identifier of the authority's key -> the number of its list, and what is on it."""
    found: dict[str, tuple[int, Entries]] = {}
    for part in text(inventory_dir).split(BEGIN)[1:]:
        try:
            one = x509.load_pem_x509_crl((BEGIN + part).encode("ascii"))
            issuer = one.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier or b""
            number = one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
            found[issuer.hex().upper()] = (number, {item.serial_number: item.revocation_date_utc for item in one})
        except (ValueError, x509.ExtensionNotFound) as error:
            path = path_of(inventory_dir)
            raise SecretsError("crl-damaged", f"{path} is not a revocation list in PEM", "restore it from the recovery kit") from error
    return found


def serials(inventory_dir: str) -> list[str]:
    """Every serial number that is revoked, hexadecimal, sorted.

    :raises SecretsError: ``crl-damaged``
    """
    return sorted({f"{serial:X}" for listed in entries(inventory_dir).values() for serial in listed})


def ensure(loader: Any, inventory_dir: str, check_mode: bool = False, now: datetime | None = None) -> bool:
    """Make the lists that are missing, or were made in an earlier period.

    :param loader: Ansible's DataLoader, which holds the vault passwords
    :return: whether the file was written, or would be
    :raises SecretsError: ``crl-damaged``, ``secrets-unwritable``, else as :func:`.authority.load_authority`
    """
    return _write(loader, inventory_dir, {}, check_mode, now or datetime.now(UTC))


def revoke(loader: Any, inventory_dir: str, numbers: Iterable[str], check_mode: bool = False, now: datetime | None = None) -> list[str]:
    """Revoke certificates by their serial numbers. An authority's number is its own, and random: each list gets all of them.

    :param numbers: hexadecimal, as ``openssl x509 -serial`` prints them
    :return: those that were not on the list before
    :raises SecretsError: ``crl-number``, else as :func:`ensure`
    """
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    wanted = {_number(one): moment for one in numbers}
    known = {serial for listed in entries(inventory_dir).values() for serial in listed}
    new = [f"{serial:X}" for serial in wanted if serial not in known]
    _write(loader, inventory_dir, wanted if new else {}, check_mode, moment)
    return new


def _number(given: str) -> int:
    try:
        return int(given.replace(":", ""), 16)
    except ValueError:
        fix = "write hexadecimal digits, as `openssl x509 -noout -serial` prints them"
        raise SecretsError("crl-number", f"{given!r} is not the serial number of a certificate", fix) from None


def _write(loader: Any, inventory_dir: str, more: Mapping[int, datetime], check_mode: bool, now: datetime) -> bool:
    if not more and _is_current(inventory_dir, now):
        return False
    with lock(inventory_dir):
        listed = entries(inventory_dir)
        before = text(inventory_dir)
        made = ""
        for one in trust.known(inventory_dir):
            certificate = x509.load_pem_x509_certificate(one.pem.encode("ascii"))
            if not authority.signs_lists(certificate):
                continue
            own = dict(listed.get(one.identifier) or {})
            for serial, moment in more.items():
                own.setdefault(serial, moment)
            made += _list(certificate, authority.load_key(loader, inventory_dir, one.part), own, now)
        if made in ("", before):
            return False
        if not check_mode:
            write_file(path_of(inventory_dir), made.encode("ascii"), 0o644)
        return True


def _is_current(inventory_dir: str, now: datetime) -> bool:
    """Whether each authority has a list of the present period. Opens no key, which costs each run some milliseconds."""
    numbers = {issuer: number // NUMBERS for issuer, (number, _own) in _lists(inventory_dir).items()}
    return numbers == {one.identifier: _period(now) for one in trust.known(inventory_dir)}


def _period(now: datetime) -> int:
    return int(now.timestamp()) // (PERIOD_DAYS * 86400)


def _list(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, own: Entries, now: datetime) -> str:
    """A list: the same bytes for the same entries in the same period, where OpenSSL can sign so (3.2 and newer; cryptography brings it)."""
    period = _period(now)
    begin = datetime.fromtimestamp(period * PERIOD_DAYS * 86400, UTC)
    issued = max([begin, *own.values()])
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.subject)
        .last_update(issued)
        .next_update(begin + timedelta(days=VALID_DAYS))
        # RFC 5280, 5.2.3: it only grows. A list never loses an entry.
        .add_extension(x509.CRLNumber(period * NUMBERS + len(own)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier(trust.identifier(certificate), None, None), critical=False)
    )
    for serial, moment in sorted(own.items()):
        item = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment)
        builder = builder.add_revoked_certificate(item.build())
    try:
        signed = builder.sign(key, hashes.SHA384(), ecdsa_deterministic=True)
    except UnsupportedAlgorithm:
        signed = builder.sign(key, hashes.SHA384())
    return signed.public_bytes(serialization.Encoding.PEM).decode("ascii")
