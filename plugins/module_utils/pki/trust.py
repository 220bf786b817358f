# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authorities that a site trusts. One as a rule; two while its CA is rotated (playbooks/pki/rotate_ca.yml).

``pki/ca.key`` and ``pki/ca.crt`` sign. While a rotation runs there is one of two pairs beside them:

- ``pki/next.*``: made and trusted, and signs nothing yet, because not every host is known to trust it
- ``pki/previous.*``: has signed until now, and is trusted until no certificate of it is in use

Which of them exist is the state of the rotation on the controller; a run that is killed between two files is continued by the next one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from ..secrets.files import WRITE_FIX, SecretsError, lock, read_file

DIRECTORY = "pki"
#: In the order in which they stand in a bundle: the one that signs comes first.
PARTS = ("ca", "next", "previous")
#: What each of them is for, in a report.
PURPOSES = {
    "ca": "signs the certificates of the site",
    "next": "signs after the rotation",
    "previous": "signed before the rotation",
}


@dataclass(frozen=True)
class Trusted:
    """An authority of the site.

    :ivar part: one of :data:`PARTS`
    :ivar name: its common name
    :ivar identifier: the identifier of its key, hexadecimal: what its certificates name as their authority
    :ivar serial: of its own certificate, hexadecimal
    :ivar not_before: seconds since the epoch
    :ivar not_after: seconds since the epoch
    """

    part: str
    name: str
    path: str
    identifier: str
    serial: str
    not_before: float
    not_after: float
    pem: str


def path_of(inventory_dir: str, part: str, kind: str = "crt") -> str:
    """Where a file of an authority lies.

    :param kind: ``crt`` or ``key``
    """
    return os.path.join(inventory_dir, DIRECTORY, f"{part}.{kind}")


def signing_path(inventory_dir: str) -> str:
    """The certificate of the authority that signs.

    A rotation moves the new key to its place before the new certificate. A certificate without its key is one whose key was moved by a run
    that was killed then: where an authority is made, the key is first.
    """
    path = path_of(inventory_dir, "next")
    moved = os.path.exists(path) and not os.path.exists(path_of(inventory_dir, "next", "key"))
    return path if moved else path_of(inventory_dir, "ca")


def complete(inventory_dir: str) -> None:
    """Move that certificate to its place, too.

    :raises SecretsError: ``secrets-unwritable``
    """
    path = path_of(inventory_dir, "ca")
    if signing_path(inventory_dir) == path:
        return
    with lock(inventory_dir):
        moved = signing_path(inventory_dir)
        if moved != path:
            try:
                os.rename(moved, path)
            except OSError as error:
                raise SecretsError("secrets-unwritable", f"{path} cannot be written ({error.strerror})", WRITE_FIX) from error


def known(inventory_dir: str) -> list[Trusted]:
    """The authorities that the site trusts, the one that signs first; empty where it has none yet.

    :raises SecretsError: ``ca-damaged``
    """
    return list(_each(inventory_dir))


def bundle(inventory_dir: str) -> str:
    """Their certificates as one PEM text; empty where there is none."""
    return "".join(one.pem for one in _each(inventory_dir))


def others(inventory_dir: str) -> str:
    """The certificates of those that do not sign, as one PEM text; empty where no rotation runs."""
    return "".join(one.pem for one in _each(inventory_dir) if one.part != PARTS[0])


def _each(inventory_dir: str) -> Iterator[Trusted]:
    seen = set()
    for part in PARTS:
        path = signing_path(inventory_dir) if part == PARTS[0] else path_of(inventory_dir, part)
        data = read_file(path)
        if data is None:
            continue
        try:
            certificate = x509.load_pem_x509_certificate(data)
        except ValueError as error:
            raise SecretsError("ca-damaged", f"{path} is not a certificate in PEM", "restore it from the recovery kit") from error
        der = certificate.public_bytes(serialization.Encoding.DER)
        if der not in seen:  # a rotation was killed between two files
            seen.add(der)
            yield _trusted(part, path, certificate)


def _trusted(part: str, path: str, certificate: x509.Certificate) -> Trusted:
    name = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return Trusted(
        part,
        str(name[0].value) if name else certificate.subject.rfc4514_string(),
        path,
        identifier(certificate).hex().upper(),
        f"{certificate.serial_number:X}",
        certificate.not_valid_before_utc.timestamp(),
        certificate.not_valid_after_utc.timestamp(),
        certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
    )


def identifier(certificate: x509.Certificate) -> bytes:
    """The identifier of an authority's key. A CA that a site brought may have no extension with it."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
