# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mozilla's profiles of TLS for servers (https://ssl-config.mozilla.org/guidelines/5.7.json) as data.

Cipher suites with DHE are left out: they need parameters of their own, and every client that knows TLS 1.2 with GCM knows ECDHE. Suites
of TLS 1.3 cannot be chosen in Go, and need not be: all of them are good.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """A profile: versions as OpenSSL writes them, suites of TLS 1.2 in OpenSSL's names and IANA's, curves, seconds of HSTS."""

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]
    iana: tuple[str, ...]
    curves: tuple[str, ...] = ("X25519", "prime256v1", "secp384r1")
    hsts: int = 63072000

    @property
    def oldest(self) -> str:
        """The oldest version, as Go and Traefik call it."""
        return self.versions[0].replace("TLSv1.", "VersionTLS1")


PROFILES = {
    "modern": Profile(("TLSv1.3",), (), ()),
    "intermediate": Profile(
        ("TLSv1.2", "TLSv1.3"),
        (
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES256-GCM-SHA384",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "ECDHE-RSA-CHACHA20-POLY1305",
        ),
        (
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ),
    ),
}
#: OpenSSL's name of a curve -> Go's, as Traefik's curvePreferences has it.
GO_CURVES = {"X25519": "X25519", "prime256v1": "CurveP256", "secp384r1": "CurveP384"}
#: Names of protocols on TCP that clients offer in ALPN (IANA, "TLS Application-Layer Protocol Negotiation (ALPN) Protocol IDs"; DCMTK).
#: Go refuses a client that offers none of those that it has, and OpenSSL does not look where it has none.
ON_TCP = ("dicom", "postgresql", "mqtt", "amqp", "imap", "pop3", "smtp", "ftp", "ldap", "xmpp-client", "xmpp-server", "h2", "http/1.1")
