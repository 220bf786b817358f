# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An authority of the tests: certificates of clients, one for a server, and a list of what was revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import load_key
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.live.lib.site import Site


class Authority:
    """Made again for each run.

    :ivar revoked: the serial number of the certificate that it has revoked
    """

    revoked = 2**70 + 7

    def __init__(self, folder: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Clients of {folder.name}")])
        self.now = datetime.now(UTC)
        self.certificate_pem = _pem(self._made(self.name, self.key, 1, [], authority=True))

    @classmethod
    def of_site(cls, site: Site) -> Self:
        """The site's own authority, as the controller has it: what is signed with it is of no component."""
        folder = str(site.inventory)
        loader = DataLoader()
        password = (site.inventory / ".vault_password").read_bytes().strip()
        loader.set_vault_secrets([("default", VaultSecret(password))])
        found = cls(site.inventory)
        found.certificate_pem = (site.inventory / "pki" / "ca.crt").read_text(encoding="ascii")
        found.name = x509.load_pem_x509_certificate(found.certificate_pem.encode()).subject
        found.key = load_key(loader, folder, "ca")
        return found

    @property
    def revoked_pem(self) -> str:
        """The list."""
        entry = x509.RevokedCertificateBuilder().serial_number(self.revoked).revocation_date(self.now - timedelta(hours=1)).build()
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name).add_revoked_certificate(entry)
        made = builder.last_update(self.now - timedelta(hours=1)).next_update(self.now + timedelta(days=7)).sign(self.key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def client(self, serial: int, days: int = 30) -> tuple[str, str]:
        """A certificate of a client and its key; it has expired where days are negative."""
        return self.signed("client", serial, [], days)

    def signed(self, name: str, serial: int, names: list[str], days: int = 30) -> tuple[str, str]:
        """A certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._made(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, serial, names, days, authority=False)
        form = serialization.PrivateFormat.PKCS8
        return _pem(made), key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()

    def _made(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, serial: int, names: list[str], days: int = 30, *, authority: bool
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key()).serial_number(serial)
        builder = builder.not_valid_before(self.now - timedelta(days=60)).not_valid_after(self.now + timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
