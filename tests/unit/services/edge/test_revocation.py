# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""edge-revocation, and what edge-server makes for it: revoked certificates of clients, and revocation lists that are given out."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki.authority import list_name
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.plan import LIST_PATH

from .conftest import prepared


@pytest.mark.parametrize(
    ("target", "info", "found"),
    [
        ("/pacs", "SerialNumber=%221234%22", True),
        ("/pacs", 'SerialNumber="77"', False),
        ("/pacs", "SerialNumber%3D%2277%22", False),
        ("/pacs", "SerialNumber%3D%221234%22%2CSerialNumber%3D%2299%22", True),
        ("/pacs", "SerialNumber%3D%221234%22%2CSerialNumber%3D%2277%22", False),
        ("/pacs", "SerialNumber%3D%2277%22,SerialNumber%3D%221234%22", False),
        ("/pacs", "SerialNumber%3D%221234%22%2C", False),
        ("/pacs", "", False),
        ("/open", "", True),  # the site admits clients without a certificate
        ("/open", "SerialNumber=%2277%22", False),
        ("/pacs", "Subject=%22CN=x%22", False),
        ("/other", "SerialNumber=%221234%22", False),
        ("/../pacs", "SerialNumber=%221234%22", False),
    ],
)
def test_revoked(revocation: ModuleType, tmp_path: Path, target: str, info: str, found: bool) -> None:
    """What cannot be judged is refused."""
    for name, required in (("pacs", True), ("open", False)):
        (tmp_path / "run" / name).mkdir(parents=True)
        (tmp_path / "run" / name / "revoked").write_text(json.dumps({"serials": ["77"], "required": required}))
    assert revocation.admitted(target, info) is found


def test_serials(server: ModuleType, tmp_path: Path) -> None:
    """As openssl prints a real list."""
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from .conftest import NOW

    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateRevocationListBuilder().issuer_name(x509.Name([])).last_update(NOW).next_update(NOW + timedelta(days=9))
    for serial in (77, 2**150 + 1):
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build())
    (tmp_path / "crl.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    assert server.serials(str(tmp_path / "crl.pem")) == ["77", str(2**150 + 1)]
    # While an authority is rotated there is a list of each.
    (tmp_path / "crl.pem").write_bytes((tmp_path / "crl.pem").read_bytes() * 2)
    assert len(server.serials(str(tmp_path / "crl.pem"))) == 4
    with pytest.raises(server.FailedError, match="not a list of revoked certificates"):
        server.serials(__file__)


def revocation_list(identifier: bytes | None = None) -> tuple[bytes, bytes]:
    """The list of an authority whose key has this identifier, by default the usual one, in PEM and DER; empty: it does not name the key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from .conftest import NOW

    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateRevocationListBuilder().issuer_name(x509.Name([])).last_update(NOW).next_update(NOW)
    own = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    if identifier is not None:
        own = x509.AuthorityKeyIdentifier(identifier, None, None)
    if identifier != b"":
        builder = builder.add_extension(own, critical=False)
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM), made.public_bytes(serialization.Encoding.DER)


@pytest.fixture
def listed(server: ModuleType, tmp_path: Path) -> tuple[str, bytes]:
    """The lists of two authorities are given out: the name of the second one's file, and what is in it."""
    identifier = bytes(range(20))
    (first, _der), (second, found) = revocation_list(), revocation_list(identifier)
    (tmp_path / "lists.pem").write_bytes(first + second)
    prepared(server, tmp_path, lists=str(tmp_path / "lists.pem"))
    return f"{identifier.hex().upper()}.crl", found


def test_lists(server: ModuleType, tmp_path: Path, listed: tuple[str, bytes]) -> None:
    """In DER, one file each; the start of an engine leaves them."""
    folder = tmp_path / "run/.lists/pki"
    assert len(os.listdir(folder)) == 2 and (folder / listed[0]).read_bytes() == listed[1]
    prepared(server, tmp_path, start=True, lists=str(tmp_path / "lists.pem"))
    assert len(os.listdir(folder)) == 2
    (tmp_path / "lists.pem").write_bytes(revocation_list(bytes(range(20)))[0])
    prepared(server, tmp_path, lists=str(tmp_path / "lists.pem"))
    assert os.listdir(folder) == [listed[0]]
    prepared(server, tmp_path, lists="")
    assert os.listdir(folder) == []


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (b"-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----\n", r".*\w"),
        (None, "it does not name the key of its authority"),
    ],
)
def test_a_list_that_cannot_be_given_out(
    server: ModuleType, tmp_path: Path, listed: tuple[str, bytes], capsys: pytest.CaptureFixture[str], pem: bytes | None, why: str
) -> None:
    """Is told; the others are given out, sites are served, and what clients got before they still get."""
    new, found = revocation_list(b"x" * 20)
    (tmp_path / "bad.pem").write_bytes((pem or revocation_list(b"")[0]) + new)
    capsys.readouterr()
    prepared(server, tmp_path, start=True, lists=str(tmp_path / "bad.pem"))
    said = capsys.readouterr().out
    assert re.fullmatch(rf"a revocation list in {tmp_path}/bad\.pem is not given out: {why}.*\n", said, re.DOTALL), said
    folder = tmp_path / "run/.lists/pki"
    assert (folder / f"{(b'x' * 20).hex().upper()}.crl").read_bytes() == found and (folder / listed[0]).read_bytes() == listed[1]


@pytest.mark.parametrize("length", [1, 8, 20, 32, 300])
def test_lists_are_where_certificates_say(
    server: ModuleType, revocation: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], length: int
) -> None:
    """Also of an authority that a site brought, whose identifier has any length; both engines know the path."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    from .conftest import NOW

    key, identifier = ec.generate_private_key(ec.SECP256R1()), b"\xab" * length
    builder = x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), 7, NOW, NOW)
    authority = builder.add_extension(x509.SubjectKeyIdentifier(identifier), critical=False).sign(key, hashes.SHA256())
    pem, found = revocation_list(identifier)
    (tmp_path / "lists.pem").write_bytes(pem)
    prepared(server, tmp_path, lists=str(tmp_path / "lists.pem"))
    name = list_name(authority)
    assert (tmp_path / "run/.lists/pki" / name).read_bytes() == found and capsys.readouterr().out == ""
    assert re.search(LIST_PATH, f"/pki/{name}") and re.fullmatch(revocation.LIST, f"/pki/{name}")


@contextmanager
def serving(revocation: ModuleType, what: str) -> Iterator[int]:
    """The port of one of the program's two servers."""
    with revocation.Server(("127.0.0.1", 0), getattr(revocation, what)) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found.server_address[1]
        found.shutdown()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_lists_are_given_out(revocation: ModuleType, listed: tuple[str, bytes], method: str) -> None:
    """With Traefik, which serves no files; nothing else is."""
    with serving(revocation, "Lists") as port:
        for path, status in ((f"/pki/{listed[0]}", 200), ("/pki/" + "0" * 40 + ".crl", 404), ("/pki/../../lists.pem", 404), ("/pacs", 404)):
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            link.request(method, path)
            answer = link.getresponse()
            body = answer.read()
            link.close()
            assert (answer.status, body) == (status, listed[1] if status == 200 and method == "GET" else b""), path
            assert answer.getheader("Content-Type") == ("application/pkix-crl" if status == 200 else None)
            assert answer.getheader("Content-Length") == (str(len(listed[1])) if status == 200 else "0")


def test_lists_are_not_given_out_by_what_admits_clients(revocation: ModuleType, listed: tuple[str, bytes]) -> None:
    """Everyone may ask for a list: what slows that does not slow clients with certificates."""
    with serving(revocation, "Check") as port:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        link.request("GET", f"/pki/{listed[0]}")
        assert link.getresponse().status == 403
        link.close()


def said(port: int, request: str) -> list[bytes]:
    """The heads of all answers until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(request.encode())
        found = b""
        while more := link.recv(65536):
            found += more
    return re.findall(rb"HTTP/1\.[01] \d.*?\r\n\r\n", found, re.DOTALL)


SECOND = "GET /pki/x HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("what", ["Check", "Lists"])
@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        ("POST /pki/x HTTP/1.1", f"Content-Length: {len(SECOND)}"),
        ("PUT /pacs HTTP/1.1", f"Content-Length: {len(SECOND)}"),
        ("DELETE /pacs HTTP/1.1", "Transfer-Encoding: chunked"),
        ("GET /pki/x HTTP/1.1", f"Content-Length: {len(SECOND)}"),
        ("HEAD /pki/x HTTP/1.1", f"Content-Length: +{len(SECOND)}"),
        ("GET /pki/x HTTP/1.1", "Transfer-Encoding: chunked"),
        ("BREW /pki/x HTTP/1.1", f"Content-Length: {len(SECOND)}"),
    ],
)
def test_a_body_is_no_second_request(revocation: ModuleType, what: str, request_line: str, body: str) -> None:
    """Traefik keeps its connections: one answer too many would be another request's."""
    with serving(revocation, what) as port:
        found = said(port, f"{request_line}\r\nHost: a\r\n{body}\r\n\r\n{SECOND}")
    nothing = 404 if what == "Lists" else 403
    status = {"GET": nothing, "HEAD": nothing, "BREW": 501}.get(request_line.split()[0], 405)
    assert len(found) == 1 and f" {status} ".encode() in found[0].partition(b"\r\n")[0] and b"Connection: close" in found[0], found
    assert (b"Allow: GET, HEAD" in found[0]) is (status == 405)


def test_a_connection_is_kept_for_more_checks(revocation: ModuleType) -> None:
    """Each request of a client with a certificate asks."""
    last = SECOND.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    empty = "POST /pacs HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    with serving(revocation, "Check") as port:
        assert [found.split()[1] for found in said(port, SECOND + empty + last)] == [b"403", b"405", b"403"]
