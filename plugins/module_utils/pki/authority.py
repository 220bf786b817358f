# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The internal CA: made once per site, signs what the hosts ask for.

``pki/ca.key`` is vault text, ``pki/ca.crt`` is PEM. The key is written first: a run that is killed in between leaves a key without a
certificate, which the next run completes, and never a certificate without its key.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ..secrets import store
from ..secrets.files import NO_SITE_FILES, SecretsError, decrypt, encrypt, lock, make_directory, read_file, write_file
from . import request, trust

DIRECTORY = "pki"
CA_DAYS = 3650
#: Certificates begin this long before now: hosts' clocks are allowed to differ a little.
BACKDATED = timedelta(minutes=5)


def key_path(inventory_dir: str) -> str:
    """Where the CA's encrypted key lies."""
    return os.path.join(inventory_dir, DIRECTORY, "ca.key")


def certificate_path(inventory_dir: str) -> str:
    """Where the CA's certificate lies."""
    return os.path.join(inventory_dir, DIRECTORY, "ca.crt")


def is_begun(inventory_dir: str) -> bool:
    """Whether the site has an authority, or half of one: its secrets were made before that."""
    return any(os.path.lexists(path) for path in (key_path(inventory_dir), certificate_path(inventory_dir)))


@dataclass(frozen=True, repr=False)
class Authority:
    """A CA that is ready to sign."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> str:
        """The CA's certificate."""
        return _pem(self.certificate)

    def sign(
        self,
        csr_pem: str,
        days: int,
        usages: Sequence[str],
        names: Sequence[str],
        addresses: Sequence[str],
        common_name: str = "",
        now: datetime | None = None,
        lists: Sequence[str] = (),
    ) -> str:
        """A certificate for the key of a request. Names come from the caller's definition; a request for others is refused.

        :param days: how long it is valid, at most until the CA's own end
        :param usages: ``server``, ``client``
        :param names: DNS names
        :param addresses: IP addresses
        :param common_name: the subject, else the first name or address
        :param lists: URLs below which the authority's revocation list is served as a file named by :func:`list_name`
        :return: the certificate, PEM
        :raises SecretsError: ``csr-invalid``, ``csr-differs``, ``csr-weak-key``, ``ca-expired``
        """
        wanted = request.Subject.of(common_name, names, addresses)
        csr = request.checked(csr_pem, wanted)
        start = (now or datetime.now(UTC)) - BACKDATED
        end = min(start + BACKDATED + timedelta(days=days), self.certificate.not_valid_after_utc)
        if end <= start + BACKDATED:
            raise SecretsError(
                "ca-expired", f"the site's CA certificate expired on {self.certificate.not_valid_after_utc:%Y-%m-%d}", RENEW_HINT
            )
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(wanted.common_name))
            .issuer_name(self.certificate.subject)
            .public_key(csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(request.key_usage(csr.public_key()), critical=True)
            .add_extension(request.extended_usage(usages), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(csr.public_key()), critical=False)
            .add_extension(_authority_identifier(self.certificate), critical=False)
        )
        if wanted.names or wanted.addresses:
            builder = builder.add_extension(wanted.alternative_names(), critical=False)
        if lists and signs_lists(self.certificate):
            builder = builder.add_extension(_points([f"{url}/{list_name(self.certificate)}" for url in lists]), critical=False)
        return _pem(builder.sign(self.key, hashes.SHA256()))


#: Where rotate_ca.yml cannot help: hosts that have the new authority and those that still have the old one would refuse each other.
RENEW_HINT = (
    "plan an outage of the whole site for a new one (docs/day2.md, The site's authority): stop its services on all"
    " hosts, move pki/ca.key and pki/ca.crt of the site away, and converge all hosts, which starts them with new certificates"
)


def load_authority(loader: Any, inventory_dir: str) -> Authority:
    """The site's CA.

    :param loader: Ansible's DataLoader, which holds the vault passwords
    :raises SecretsError: ``ca-missing``, ``ca-key-missing``, ``ca-damaged``, ``ca-mismatch``, else as the secrets' store
    """
    key_file, certificate_file = key_path(inventory_dir), trust.signing_path(inventory_dir)
    certificate_data, key_data = read_file(certificate_file), read_file(key_file)
    if certificate_data is None:
        raise SecretsError("ca-missing", f"{certificate_file} does not exist", NO_SITE_FILES)
    if key_data is None:
        fix = f"restore it from the recovery kit; without one, {RENEW_HINT}"
        raise SecretsError("ca-key-missing", f"{key_file} is missing, and without it nothing can be signed", fix)
    certificate = _certificate(certificate_file, certificate_data)
    key = _key(loader, key_file, key_data)
    if key.public_key() != certificate.public_key():
        raise SecretsError("ca-mismatch", f"{key_file} is not the key of {certificate_file}", "restore both from the recovery kit")
    return Authority(certificate, key)


def load_key(loader: Any, inventory_dir: str, part: str) -> ec.EllipticCurvePrivateKey:
    """The key of one of the authorities of a rotation (:mod:`.trust`).

    :raises SecretsError: ``ca-key-missing``, ``ca-damaged``, else as the secrets' store
    """
    path = os.path.join(inventory_dir, DIRECTORY, f"{part}.key")
    data = read_file(path)
    if data is None:
        raise SecretsError("ca-key-missing", f"{path} is missing", "restore it from the recovery kit")
    return _key(loader, path, data)


def certificate_text(inventory_dir: str, check_mode: bool = False) -> str:
    """The CA's certificate, PEM; empty in check mode where there is none yet.

    :raises SecretsError: ``ca-missing``, ``ca-damaged``
    """
    path = trust.signing_path(inventory_dir)
    data = read_file(path)
    if data is None:
        if check_mode:
            return ""
        raise SecretsError("ca-missing", f"{path} does not exist", NO_SITE_FILES)
    return _pem(_certificate(path, data))


def end_of(inventory_dir: str) -> datetime | None:
    """When the site's CA certificate expires; None where there is none, or it cannot be read, which its user reports."""
    path = trust.signing_path(inventory_dir)
    try:
        data = read_file(path)
        return _certificate(path, data).not_valid_after_utc if data is not None else None
    except SecretsError:
        return None


def ensure_authority(loader: Any, inventory_dir: str, site_name: str, check_mode: bool = False, now: datetime | None = None) -> bool:
    """Whether :func:`ensured` made an authority, or would in check mode."""
    return ensured(loader, inventory_dir, site_name, check_mode, now)[0]


def ensured(
    loader: Any, inventory_dir: str, site_name: str, check_mode: bool = False, now: datetime | None = None
) -> tuple[bool, Authority | None]:
    """Make the site's CA unless it exists; an existing one is proven to be whole.

    Where there is a key and no certificate the key gets one. So a CA that ends soon is renewed: what the key signed before is trusted with
    the new certificate, and what it signs now with the old one.

    :param site_name: for the CA's name, ``<site_name> internal CA``
    :return: whether one was made, or would be in check mode; the authority, None where check mode makes none
    :raises SecretsError: as :func:`load_authority`, and ``secrets-unwritable``
    """
    certificate_file = certificate_path(inventory_dir)
    if not check_mode:
        trust.complete(inventory_dir)
    if os.path.exists(certificate_file):
        return False, load_authority(loader, inventory_dir)
    if check_mode:
        return True, None
    with lock(inventory_dir):
        if os.path.exists(certificate_file):  # another run was faster
            return False, load_authority(loader, inventory_dir)
        make_directory(os.path.dirname(certificate_file), 0o755)
        key_file = key_path(inventory_dir)
        key_data = read_file(key_file)
        if key_data is None:
            key = ec.generate_private_key(ec.SECP384R1())
            write_file(key_file, encrypt(loader, key_file, private_pem(key)), 0o600)
        else:  # a run was killed between the two files, or the certificate is being renewed
            key = _key(loader, key_file, key_data)
        certificate = self_signed(key, f"{site_name} internal CA", now or datetime.now(UTC))
        write_file(certificate_file, _pem(certificate).encode(), 0o644)
    return True, Authority(certificate, key)


def self_signed(key: ec.EllipticCurvePrivateKey, common_name: str, now: datetime) -> x509.Certificate:
    """A new authority's certificate."""
    name = _name(common_name)
    usage = {"key_cert_sign": True, "crl_sign": True}
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(request.usage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA384())
    )


def name_of(certificate: x509.Certificate) -> str:
    """The common name of an authority; all of its name where it has none."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()


def signs_lists(certificate: x509.Certificate) -> bool:
    """Whether clients accept a revocation list of this authority: a CA that a site brought may not be allowed to sign one."""
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def list_name(certificate: x509.Certificate) -> str:
    """The name of the file with an authority's own list: each of two that follow each other has one."""
    return f"{trust.identifier(certificate).hex().upper()}.crl"


def _points(urls: Sequence[str]) -> x509.CRLDistributionPoints:
    """One point with several places of the same list (RFC 5280, 4.2.1.13)."""
    places = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.CRLDistributionPoints([x509.DistributionPoint(places, None, None, None)])


def _authority_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key as it is encrypted and stored."""
    plain = serialization.NoEncryption()  # the vault encrypts it before it is written
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _certificate(path: str, data: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(data)
    except ValueError as error:
        raise SecretsError("ca-damaged", f"{path} is not a certificate in PEM", "restore it from the recovery kit") from error


def _key(loader: Any, path: str, data: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(decrypt(loader, path, data), None)
    except (ValueError, TypeError):
        key = None
    except SecretsError as error:
        if error.code != "secrets-closed" or not _secrets_open(loader, path):
            raise
        text = f"{path} does not open with the vault password that opens secrets.yml: it was left under the old one, or is damaged"
        fix = (
            f"give it the new one with `ansible-vault rekey {path}`, or restore it from the recovery kit."
            " A vault password is changed with `ansible-vault rekey secrets.yml pki/ca.key`, both at once"
        )
        raise SecretsError("secrets-closed", text, fix) from None  # the cause would say that the password is wrong
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SecretsError("ca-damaged", f"{path} opens but holds no elliptic curve key", "restore it from the recovery kit")
    return key


def _secrets_open(loader: Any, key_file: str) -> bool:
    try:
        return bool(store.read(loader, os.path.dirname(os.path.dirname(key_file))))
    except SecretsError:
        return False
