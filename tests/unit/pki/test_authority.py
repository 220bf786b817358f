# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's CA: made once, signs only what the definition says, survives being killed."""

from __future__ import annotations

import ipaddress
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import x509 as x509_agent
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority as pki
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.request import KEY_USAGES
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.files import SecretsError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


@pytest.fixture
def loader() -> DataLoader:
    loader = DataLoader()
    loader.set_vault_secrets([("default", VaultSecret(b"the right password"))])
    return loader


@pytest.fixture
def made(tmp_path: Path, loader: DataLoader) -> pki.Authority:
    assert pki.ensure_authority(loader, str(tmp_path), "clinic")
    return pki.load_authority(loader, str(tmp_path))


def request(
    common_name: str = "db1", names: tuple[str, ...] = ("db1", "db1.lan"), addresses: tuple[str, ...] = ("10.0.0.1",), key: Any = None
) -> str:
    key = key or ec.generate_private_key(ec.SECP256R1())
    alternative = [*map(x509.DNSName, names), *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
    if alternative:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_is_made_once(tmp_path: Path, loader: DataLoader, made: pki.Authority) -> None:
    assert not pki.ensure_authority(loader, str(tmp_path), "another name")
    assert pki.load_authority(loader, str(tmp_path)).certificate == made.certificate
    assert pki.certificate_text(str(tmp_path)) == made.certificate_pem
    certificate = made.certificate
    assert certificate.subject.rfc4514_string() == "CN=clinic internal CA"
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    assert timedelta(days=3649) < certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=3651)
    key, crt = tmp_path / "pki/ca.key", tmp_path / "pki/ca.crt"
    assert key.read_bytes().startswith(b"$ANSIBLE_VAULT;")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (key, crt)] == [0o600, 0o644]
    assert sorted(path.name for path in (tmp_path / "pki").iterdir()) == ["ca.crt", "ca.key"]


def test_check_mode_writes_nothing(tmp_path: Path, loader: DataLoader) -> None:
    assert pki.ensure_authority(loader, str(tmp_path), "clinic", check_mode=True)
    assert list(tmp_path.iterdir()) == []
    assert pki.certificate_text(str(tmp_path), check_mode=True) == ""
    with pytest.raises(SecretsError, match="make check"):
        pki.certificate_text(str(tmp_path))


def test_a_run_killed_between_key_and_certificate_is_completed(tmp_path: Path, loader: DataLoader, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pki.write_file

    def killed(path: str, data: bytes, mode: int) -> None:
        if path.endswith(".crt"):
            raise KeyboardInterrupt
        real(path, data, mode)

    monkeypatch.setattr(pki, "write_file", killed)
    with pytest.raises(KeyboardInterrupt):
        pki.ensure_authority(loader, str(tmp_path), "clinic")
    assert [path.name for path in (tmp_path / "pki").iterdir()] == ["ca.key"]
    key = (tmp_path / "pki/ca.key").read_bytes()
    monkeypatch.undo()
    assert pki.ensure_authority(loader, str(tmp_path), "clinic")
    assert (tmp_path / "pki/ca.key").read_bytes() == key
    pki.load_authority(loader, str(tmp_path))


def test_signs_what_openssl_accepts(tmp_path: Path, made: pki.Authority) -> None:
    leaf = tmp_path / "leaf.pem"
    leaf.write_text(made.sign(request(), 90, ["server", "client"], ["DB1", "db1.lan"], ["10.0.0.1"], common_name="db1"))
    verify = ["openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "pki/ca.crt")]
    for purpose in ("sslserver", "sslclient"):
        for extra in (["-verify_hostname", "db1.lan"], ["-verify_ip", "10.0.0.1"]):
            subprocess.run([*verify, "-purpose", purpose, *extra, str(leaf)], check=True, capture_output=True)
    for extra in (["-verify_hostname", "db2"], ["-verify_ip", "10.0.0.2"]):
        assert subprocess.run([*verify, *extra, str(leaf)], check=False, capture_output=True).returncode != 0
    certificate = x509.load_pem_x509_certificate(leaf.read_bytes())
    assert certificate.not_valid_before_utc <= datetime.now(UTC) - timedelta(minutes=4)
    assert timedelta(days=89) < certificate.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=90)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_client_only_certificate_is_none_for_servers(tmp_path: Path, made: pki.Authority) -> None:
    leaf = tmp_path / "leaf.pem"
    leaf.write_text(made.sign(request("app", (), ()), 90, ["client"], [], [], common_name="app"))
    verify = ["openssl", "verify", "-CAfile", str(tmp_path / "pki/ca.crt"), "-purpose"]
    assert subprocess.run([*verify, "sslclient", str(leaf)], check=False, capture_output=True).returncode == 0
    assert subprocess.run([*verify, "sslserver", str(leaf)], check=False, capture_output=True).returncode != 0


def test_serials_differ(made: pki.Authority) -> None:
    csr = request()
    leaves = [x509.load_pem_x509_certificate(made.sign(csr, 1, ["server"], ["db1", "db1.lan"], ["10.0.0.1"]).encode()) for _ in range(2)]
    assert leaves[0].serial_number != leaves[1].serial_number


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"names": ("db1", "db1.lan", "evil.example")}, "DNS names"),
        ({"names": ("db1",)}, "DNS names"),
        ({"names": ("*.lan", "db1")}, "DNS names"),
        ({"addresses": ("10.0.0.2",)}, "IP addresses"),
        ({"addresses": ()}, "IP addresses"),
        ({"common_name": "postgres"}, "common name"),
    ],
)
def test_refuses_other_names(made: pki.Authority, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(SecretsError, match=words) as error:
        made.sign(request(**asked), 90, ["server"], ["db1", "db1.lan"], ["10.0.0.1"], common_name="db1")
    assert error.value.code == "csr-differs"


def test_refuses_a_request_for_another_kind_of_name(made: pki.Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "db1")]))
    names = [x509.DNSName("db1"), x509.UniformResourceIdentifier("spiffe://x")]
    csr = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(key, hashes.SHA256())
    with pytest.raises(SecretsError) as error:
        made.sign(csr.public_bytes(serialization.Encoding.PEM).decode(), 90, ["server"], ["db1"], [])
    assert error.value.code == "csr-invalid"


def test_refuses_a_forged_request(made: pki.Authority) -> None:
    csr = x509.load_pem_x509_csr(request().encode())
    der = bytearray(csr.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    armoured = subprocess.run(["openssl", "base64"], input=bytes(der), capture_output=True, check=True).stdout.decode()
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{armoured}-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(SecretsError) as error:
        made.sign(pem, 90, ["server"], ["db1", "db1.lan"], ["10.0.0.1"])
    assert error.value.code == "csr-invalid"
    with pytest.raises(SecretsError):
        made.sign("no PEM", 90, ["server"], ["db1"], [])


def test_refuses_weak_keys(made: pki.Authority) -> None:
    for key in (rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP192R1())):
        with pytest.raises(SecretsError) as error:
            made.sign(request(key=key), 90, ["server"], ["db1", "db1.lan"], ["10.0.0.1"])
        assert error.value.code == "csr-weak-key"


def test_no_leaf_outlives_the_authority(tmp_path: Path, loader: DataLoader) -> None:
    now = datetime.now(UTC)
    pki.ensure_authority(loader, str(tmp_path), "old", now=now - timedelta(days=3640))
    old = pki.load_authority(loader, str(tmp_path))
    leaf = x509.load_pem_x509_certificate(old.sign(request(), 90, ["server"], ["db1", "db1.lan"], ["10.0.0.1"]).encode())
    assert leaf.not_valid_after_utc == old.certificate.not_valid_after_utc
    with pytest.raises(SecretsError) as error:
        old.sign(request(), 90, ["server"], ["db1", "db1.lan"], ["10.0.0.1"], now=now + timedelta(days=30))
    assert error.value.code == "ca-expired"
    assert "plan an outage of the whole site" in error.value.message


def test_tells_when_it_ends(tmp_path: Path, made: pki.Authority) -> None:
    assert pki.end_of(str(tmp_path)) == made.certificate.not_valid_after_utc
    for broken in ("no", ""):
        (tmp_path / "pki/ca.crt").write_text(broken)
        assert pki.end_of(str(tmp_path)) is None
    (tmp_path / "pki/ca.crt").unlink()
    assert pki.end_of(str(tmp_path)) is None


def test_a_certificate_of_the_same_key_and_the_old_one_stand_in_for_each_other(tmp_path: Path, loader: DataLoader) -> None:
    """A CA that ends soon is renewed without an outage: clients with the old certificate and clients with the new one meet."""
    pki.ensure_authority(loader, str(tmp_path), "clinic", now=datetime.now(UTC) - timedelta(days=3600))
    old = pki.load_authority(loader, str(tmp_path))
    (tmp_path / "pki/ca.crt").rename(tmp_path / "old.crt")
    assert pki.ensure_authority(loader, str(tmp_path), "clinic")
    new = pki.load_authority(loader, str(tmp_path))
    assert new.certificate.not_valid_after_utc - old.certificate.not_valid_after_utc > timedelta(days=3500)
    for authority, trusted in ((old, "pki/ca.crt"), (new, "old.crt"), (new, "pki/ca.crt")):
        leaf = tmp_path / "leaf.pem"
        leaf.write_text(authority.sign(request(), 90, ["server", "client"], ["db1", "db1.lan"], ["10.0.0.1"]))
        verify = ["openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-CAfile", str(tmp_path / trusted)]
        subprocess.run([*verify, "-untrusted", str(tmp_path / "old.crt"), str(leaf)], check=True, capture_output=True)
        # A host keeps what it has until it is due.
        assert x509_agent.signed_by(Context(), leaf.read_text(), new.certificate_pem)


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda site: (site / "pki/ca.key").unlink(), "ca-key-missing"),
        (lambda site: (site / "pki/ca.crt").write_text("no"), "ca-damaged"),
        (lambda site: (site / "pki/ca.key").write_text("no"), "secrets-plain"),
        (lambda site: (site / "pki/ca.key").write_text(""), "secrets-empty"),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, loader: DataLoader, made: pki.Authority, break_it: Any, code: str) -> None:
    break_it(tmp_path)
    with pytest.raises(SecretsError) as error:
        pki.ensure_authority(loader, str(tmp_path), "clinic")
    assert error.value.code == code


def test_a_key_under_the_old_vault_password_is_told_from_a_wrong_password(tmp_path: Path, loader: DataLoader, made: pki.Authority) -> None:
    """`ansible-vault rekey secrets.yml` alone leaves the key behind."""
    new = VaultSecret(b"another new password")
    rekeyed = DataLoader()
    rekeyed.set_vault_secrets([("default", new)])
    with pytest.raises(SecretsError) as wrong:
        pki.load_authority(rekeyed, str(tmp_path))
    assert "rekey" not in wrong.value.message
    (tmp_path / "secrets.yml").write_bytes(VaultLib().encrypt('a: "b"\n', secret=new))
    with pytest.raises(SecretsError, match=r"ansible-vault rekey secrets\.yml pki/ca\.key") as error:
        pki.load_authority(rekeyed, str(tmp_path))
    assert error.value.code == "secrets-closed"
    assert f"ansible-vault rekey {tmp_path}/pki/ca.key" in error.value.message


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, loader: DataLoader, made: pki.Authority) -> None:
    (tmp_path / "pki/ca.crt").unlink()
    (tmp_path / "pki/ca.crt").write_text(made.certificate_pem)
    (tmp_path / "other").mkdir()
    pki.ensure_authority(loader, str(tmp_path / "other"), "other")
    (tmp_path / "pki/ca.key").write_bytes((tmp_path / "other/pki/ca.key").read_bytes())
    with pytest.raises(SecretsError) as error:
        pki.load_authority(loader, str(tmp_path))
    assert error.value.code == "ca-mismatch"


@pytest.mark.parametrize(
    ("names", "addresses"),
    [(["db1", "db1.lan"], ["10.0.0.1", "fd00::1"]), (["db1.lan"], []), ([], ["10.0.0.1"]), ([], []), (["*.apps.lan"], [])],
)
def test_signs_what_the_agent_asks_for(tmp_path: Path, made: pki.Authority, names: list[str], addresses: list[str]) -> None:
    key = tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key)], check=True, capture_output=True
    )
    item = {"name": "db1", "key": str(key), "common_name": "db1", "names": names, "addresses": addresses, "usages": ["server"], "days": 90}
    csr = x509_agent.request(Context(), item, str(key))
    leaf = x509.load_pem_x509_certificate(made.sign(csr, 90, ["server"], names, addresses, common_name="db1").encode())
    assert leaf.public_key() == serialization.load_pem_private_key(key.read_bytes(), None).public_key()
    with pytest.raises(SecretsError):
        made.sign(csr, 90, ["server"], [*names, "other"], addresses, common_name="db1")


def test_where_the_revocation_list_is(made: pki.Authority) -> None:
    """New certificates name URLs of their own authority's list; without one, or where the authority may sign none, nothing."""

    def named(authority: pki.Authority, lists: list[str]) -> list[str]:
        pem = authority.sign(request(), 30, ["server"], ["db1", "db1.lan"], ["10.0.0.1"], "db1", lists=lists)
        leaf = x509.load_pem_x509_certificate(pem.encode())
        try:
            points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        except x509.ExtensionNotFound:
            return []
        return [place.value for point in points for place in point.full_name or ()]

    own = made.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex().upper()
    assert named(made, ["http://a.b/pki", "http://c.d/pki"]) == [f"http://a.b/pki/{own}.crl", f"http://c.d/pki/{own}.crl"]
    assert named(made, []) == []
    brought = _without_lists(made)
    assert named(brought, ["http://a.b/pki"]) == []


def _without_lists(made: pki.Authority) -> pki.Authority:
    """The authority, as one that may sign certificates alone."""
    usage = {name: name == "key_cert_sign" for name in KEY_USAGES.split()}
    builder = x509.CertificateBuilder().subject_name(made.certificate.subject).issuer_name(made.certificate.subject).serial_number(7)
    builder = builder.public_key(made.key.public_key()).not_valid_before(made.certificate.not_valid_before_utc)
    builder = builder.not_valid_after(made.certificate.not_valid_after_utc).add_extension(x509.KeyUsage(**usage), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(made.key.public_key()), critical=False)
    return pki.Authority(builder.sign(made.key, hashes.SHA256()), made.key)
