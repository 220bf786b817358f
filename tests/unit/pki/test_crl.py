# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revocation lists: what is revoked stays so, two checkouts make the same list, and openssl refuses what is on it."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority as pki
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import crl
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

#: The first second of a period of 30 days.
START = datetime.fromtimestamp((1796119200 // (30 * 86400)) * 30 * 86400, UTC)


def read(site: str) -> list[x509.CertificateRevocationList]:
    return [x509.load_pem_x509_crl((crl.BEGIN + part).encode()) for part in crl.text(site).split(crl.BEGIN)[1:]]


def number(one: x509.CertificateRevocationList) -> int:
    return one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_list_is_made_once_a_period(loader: Any, site: str) -> None:
    assert crl.ensure(loader, site, now=START + timedelta(days=3))
    (one,) = read(site)
    assert (one.last_update_utc, one.next_update_utc) == (START, START + timedelta(days=90))
    assert one.is_signature_valid(pki.load_authority(loader, site).certificate.public_key())  # type: ignore[arg-type]
    for days in (3, 10, 29.9):
        assert not crl.ensure(loader, site, now=START + timedelta(days=days))
    assert crl.ensure(loader, site, now=START + timedelta(days=30))
    (later,) = read(site)
    assert later.last_update_utc == START + timedelta(days=30) and number(later) > number(one)


def test_what_is_revoked_stays_revoked(loader: Any, site: str) -> None:
    crl.ensure(loader, site, now=START)
    first = START + timedelta(days=2)
    assert crl.revoke(loader, site, ["0A:1B", "ff"], now=first) == ["A1B", "FF"]
    (one,) = read(site)
    assert {item.serial_number: item.revocation_date_utc for item in one} == {0xA1B: first, 0xFF: first}
    assert one.last_update_utc == first, "not before what is on it"
    assert crl.revoke(loader, site, ["a1b", "C"], now=START + timedelta(days=40)) == ["C"]
    assert crl.serials(site) == ["A1B", "C", "FF"]
    (later,) = read(site)
    assert {item.serial_number: item.revocation_date_utc for item in later}[0xA1B] == first
    assert number(later) > number(one)
    before = crl.text(site)
    assert crl.revoke(loader, site, ["C"], now=START + timedelta(days=41)) == [] and crl.text(site) == before


def test_numbers_grow_within_a_period(loader: Any, site: str) -> None:
    found = []
    for serial in ("1", "2", "3"):
        crl.revoke(loader, site, [serial], now=START + timedelta(days=1))
        found.append(number(read(site)[0]))
    assert found == sorted(set(found))


def test_two_checkouts_make_the_same_list(loader: Any, site: str, tmp_path: Path) -> None:
    """Converged from one and then from the other, hosts would get another file each time."""
    crl.revoke(loader, site, ["A1"], now=START)
    other = tmp_path / "other"
    shutil.copytree(Path(site) / "pki", other / "pki")
    for folder, days in ((site, 31), (str(other), 45)):
        assert crl.ensure(loader, folder, now=START + timedelta(days=days))
    assert crl.text(site) == crl.text(str(other))


def test_check_mode_only_says_so(loader: Any, site: str) -> None:
    assert crl.ensure(loader, site, check_mode=True) and crl.text(site) == ""
    assert crl.revoke(loader, site, ["A1"], check_mode=True) == ["A1"] and crl.text(site) == ""


@pytest.mark.parametrize("given", ["", "xyz", "web1"])
def test_what_is_no_serial_number_is_refused(loader: Any, site: str, given: str) -> None:
    with pytest.raises(SecretsError, match="is not the serial number") as caught:
        crl.revoke(loader, site, [given])
    assert caught.value.code == "crl-number" and crl.text(site) == ""


def test_a_damaged_list_is_never_replaced(loader: Any, site: str) -> None:
    """A new one would accept again what was revoked."""
    Path(crl.path_of(site)).write_text(f"{crl.BEGIN}\nrubbish\n")
    for call in (lambda: crl.ensure(loader, site), lambda: crl.revoke(loader, site, ["A1"]), lambda: crl.serials(site)):
        with pytest.raises(SecretsError, match="recovery kit") as caught:
            call()
        assert caught.value.code == "crl-damaged"


def test_a_ca_that_may_not_sign_lists_has_none(loader: Any, site: str) -> None:
    authority = pki.load_authority(loader, site)
    name = authority.certificate.subject
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(authority.key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(900))
    builder = builder.add_extension(pki.request.usage(key_cert_sign=True), critical=True)
    pem = builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    Path(pki.certificate_path(site)).write_bytes(pem)
    assert not crl.ensure(loader, site) and crl.text(site) == ""


def test_openssl_refuses_what_is_revoked_and_accepts_the_rest(loader: Any, site: str, tmp_path: Path) -> None:
    authority = pki.load_authority(loader, site)
    serials = []
    for name in ("good", "bad"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
        pem = authority.sign(csr.public_bytes(serialization.Encoding.PEM).decode(), 90, ["server"], [], [], name)
        (tmp_path / f"{name}.pem").write_text(pem)
        serials.append(f"{x509.load_pem_x509_certificate(pem.encode()).serial_number:X}")
    crl.revoke(loader, site, serials[1:])

    def verify(name: str) -> str:
        argv = ["openssl", "verify", "-crl_check", "-CAfile", pki.certificate_path(site), "-CRLfile", crl.path_of(site)]
        return subprocess.run([*argv, str(tmp_path / f"{name}.pem")], capture_output=True, text=True, check=False).stderr

    assert verify("good") == ""
    assert "certificate revoked" in verify("bad")
