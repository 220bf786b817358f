# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites for the tests of the edge, and certificates for them."""

from __future__ import annotations

import grp
import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.plan import Plan, plan
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOSTS = {"app1": {"ansible_host": "10.0.0.1"}, "app2": {"ansible_host": "10.0.0.2"}, "six": {"ansible_host": "2001:db8::6"}}
GROUPS = {"docker": ["app1", "app2"], "empty": []}
#: Texts that look like PEM.
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"
CRL = "-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----"
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def site(**more: Any) -> dict[str, Any]:
    """A site with what a test adds; None takes a key away."""
    made = {"name": "pacs", "names": ["pacs.clinic.health"], "servers": ["app1:8042"], **more}
    return {key: value for key, value in made.items() if value is not None}


def tcp(**more: Any) -> dict[str, Any]:
    """A TCP site."""
    return site(**{"name": "dicom", "names": ["dicom.clinic.health"], "protocol": "tcp", "port": 4242, "servers": ["app1:104"], **more})


def planned(*entries: Any, **settings: Any) -> Plan:
    """Their plan."""
    return plan(entries, settings, GROUPS, HOSTS)


Made = tuple[str, str]


def certificate(names: Sequence[str], start: datetime = NOW, days: int = 90, issuer: str = "") -> Made:
    """A certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    signer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]) if issuer else subject
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(signer).public_key(key.public_key()).serial_number(77)
    builder = builder.not_valid_before(start - timedelta(days=1)).not_valid_after(start + timedelta(days=days))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    made = builder.sign(key, hashes.SHA256())
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


@pytest.fixture(scope="session")
def good() -> Made:
    """A certificate of pacs.clinic.health that is valid."""
    return certificate(["pacs.clinic.health"], datetime.now(UTC))


@pytest.fixture
def server(program: Callable[[str, str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program, with paths of its own, as a user who may not give files away."""
    found = program("edge", "edge-server")
    for name, path in (("PREPARED", "run"), ("SOCKET", "nginx.sock"), ("ERRORS", "error.log")):
        monkeypatch.setattr(found, name, str(tmp_path / path))
    monkeypatch.setattr(
        found, "MARKS", {"nginx.service": str(tmp_path / "vannah.conf"), "traefik.service": str(tmp_path / "traefik.service")}
    )
    monkeypatch.setattr(os, "chown", lambda *_given: None)
    return found


@pytest.fixture
def revocation(program: Callable[[str, str], ModuleType], server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program beside Traefik, which reads what the other one makes."""
    found = program("edge", "edge-revocation")
    monkeypatch.setattr(found, "PREPARED", server.PREPARED)
    return found


def prepared(server: ModuleType, folder: Path, start: bool = False, **wanted: Any) -> None:
    """Run prepare."""
    file = folder / "prepare.json"
    file.write_text(json.dumps({"certificates": {}, "users": {}, "revoked": {}, **wanted}))
    group = grp.getgrgid(os.getgid()).gr_name
    server.prepare(group, group, str(file), start)
