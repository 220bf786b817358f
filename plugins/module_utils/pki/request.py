# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host asks for, compared with what its definition says it may have."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..secrets.files import SecretsError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
KEY_USAGES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
    "key_cert_sign crl_sign encipher_only decipher_only"
)
NEW_KEY = "remove the key and the certificate on the host, and run again"
USAGES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


@dataclass(frozen=True)
class Subject:
    """The subject of a certificate."""

    common_name: str
    names: tuple[str, ...]
    addresses: tuple[Address, ...]

    @classmethod
    def of(cls, common_name: str, names: Sequence[str], addresses: Sequence[str]) -> Subject:
        """From a definition; case and the ways to write an address do not matter.

        :raises SecretsError: ``csr-invalid``
        """
        try:
            found = tuple(dict.fromkeys(ipaddress.ip_address(address) for address in addresses))
        except ValueError as error:
            raise SecretsError(
                "csr-invalid", f"the certificate {common_name}: one of its addresses is not an IP address", "correct its definition"
            ) from error
        dns = tuple(dict.fromkeys(name.lower() for name in names))
        first = common_name or next(iter(dns), "") or next((str(address) for address in found), "")
        if not first or len(first) > 64:
            raise SecretsError("csr-invalid", "a certificate has no common_name of 1 to 64 characters", "correct its definition")
        return cls(first, dns, found)

    def alternative_names(self) -> x509.SubjectAlternativeName:
        """As the extension that clients compare with the name they called."""
        return x509.SubjectAlternativeName([*map(x509.DNSName, self.names), *map(x509.IPAddress, self.addresses)])

    def differs(self, other: Subject) -> str:
        """A text of how a request differs; empty where it does not. A common name that is repeated among the names does not count."""
        if self.common_name.lower() != other.common_name.lower():
            return "common name"
        common = {self.common_name.lower()}
        if set(self.names) - common != set(other.names) - common:
            return "DNS names"
        own = {str(address) for address in self.addresses}
        if own - common != {str(address) for address in other.addresses} - common:
            return "IP addresses"
        return ""


def checked(csr_pem: str, wanted: Subject) -> x509.CertificateSigningRequest:
    """A request whose signature was verified and that asks for what ``wanted`` says.

    :raises SecretsError: ``csr-invalid``, ``csr-differs``, ``csr-weak-key``
    """
    try:
        csr = x509.load_pem_x509_csr(csr_pem.encode("ascii"))
        valid = csr.is_signature_valid
        asked = _subject(csr)
        key = csr.public_key()
    except (ValueError, UnsupportedAlgorithm, InvalidSignature, x509.DuplicateExtension) as error:
        raise SecretsError("csr-invalid", f"the request for the certificate {wanted.common_name} cannot be read", NEW_KEY) from error
    if not valid:
        text = f"the request for the certificate {wanted.common_name} is not signed with the key that it carries"
        raise SecretsError("csr-invalid", text, NEW_KEY)
    difference = wanted.differs(asked)
    if difference:
        text = f"the request for the certificate {wanted.common_name} asks for other {difference} than its definition; nothing was signed"
        raise SecretsError("csr-differs", text, "run again; if it stays, find out who changes requests on that host")
    strong = isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) or (
        isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048
    )
    if not strong or (isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < 256):
        raise SecretsError("csr-weak-key", f"the key of the certificate {wanted.common_name} is too weak", NEW_KEY)
    return csr


def _subject(csr: x509.CertificateSigningRequest) -> Subject:
    names: list[str] = []
    addresses: list[str] = []
    try:
        alternative = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        pass
    else:
        names = alternative.get_values_for_type(x509.DNSName)
        addresses = [str(address) for address in alternative.get_values_for_type(x509.IPAddress)]
        if len(names) + len(addresses) != len(list(alternative)):
            raise ValueError("other kinds of names")
    common = [str(item.value) for item in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(common) > 1 or len(list(csr.subject)) != len(common):
        raise ValueError("a subject of more than a common name")
    return Subject.of(common[0] if common else "", names, addresses)


def key_usage(key: object) -> x509.KeyUsage:
    """What a leaf's key may do: sign, and with RSA also receive a session's key (TLS 1.2 without forward secrecy is refused elsewhere)."""
    return usage(digital_signature=True, key_encipherment=isinstance(key, rsa.RSAPublicKey))


def usage(**allowed: bool) -> x509.KeyUsage:
    """A KeyUsage with nothing but what is named."""
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in KEY_USAGES.split()})


def extended_usage(usages: Sequence[str]) -> x509.ExtendedKeyUsage:
    """What a leaf may be shown for.

    :raises SecretsError: ``csr-invalid``
    """
    unknown = [name for name in usages if name not in USAGES]
    if unknown or not usages:
        raise SecretsError("csr-invalid", "a certificate has a usage that is unknown", f"write some of {', '.join(USAGES)}")
    return x509.ExtendedKeyUsage([USAGES[name] for name in usages])
