# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""edge-server and edge-revocation: copies for the engine, which configuration runs, the other engine, revoked certificates."""

from __future__ import annotations

import ctypes
import grp
import http.client
import http.server
import json
import os
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .conftest import Made, certificate

GENERATION = "ab" * 16


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


def pair(folder: Path, name: str, made: Made) -> list[str]:
    """A certificate and its key as files."""
    (folder / f"{name}.pem").write_text(made[0])
    (folder / f"{name}.key").write_text(made[1])
    return [str(folder / f"{name}.pem"), str(folder / f"{name}.key")]


def prepared(server: ModuleType, folder: Path, start: bool = False, **wanted: Any) -> None:
    """Run prepare."""
    file = folder / "prepare.json"
    file.write_text(json.dumps({"certificates": {}, "users": {}, "revoked": {}, **wanted}))
    group = grp.getgrgid(os.getgid()).gr_name
    server.prepare(group, group, str(file), start)


def test_copies(server: ModuleType, tmp_path: Path, good: Made) -> None:
    """The first pair that exists and belongs together; a file that is the same is not written again."""
    own, public = pair(tmp_path, "own", good), [str(tmp_path / "public.pem"), str(tmp_path / "public.key")]
    prepared(server, tmp_path, certificates={"pacs": [public, own]})
    copy = tmp_path / "run/pacs/fullchain.pem"
    assert copy.read_text() == good[0] and (tmp_path / "run/pacs/privkey.pem").stat().st_mode & 0o777 in (0o600, 0o640)
    before = copy.stat().st_ino
    prepared(server, tmp_path, certificates={"pacs": [public, own]})
    assert copy.stat().st_ino == before
    other = certificate(["pacs.clinic.health"])
    pair(tmp_path, "public", (other[0], good[1]))  # the key is not written yet
    prepared(server, tmp_path, certificates={"pacs": [public, own]})
    assert copy.read_text() == good[0]
    pair(tmp_path, "public", other)
    prepared(server, tmp_path, certificates={"pacs": [public, own]})
    assert copy.read_text() == other[0]


def test_a_source_that_is_gone(server: ModuleType, tmp_path: Path, good: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration that was restored needs what the failed change has removed."""
    own = pair(tmp_path, "own", good)
    prepared(server, tmp_path, certificates={"pacs": [own]})
    os.unlink(own[1])
    prepared(server, tmp_path, certificates={"pacs": [own]}, start=True)
    assert (tmp_path / "run/pacs/fullchain.pem").read_text() == good[0] and "the copy of it is served" in capsys.readouterr().out


def test_no_certificate(server: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(server.FailedError, match="the site pacs has no certificate: /a or /b is missing"):
        prepared(server, tmp_path, certificates={"pacs": [["/a", "/b"]]})


def test_what_no_site_has_any_more(server: ModuleType, tmp_path: Path) -> None:
    """Goes at the next start: what runs may still use it."""
    prepared(server, tmp_path, users={"a": {"ann": "word"}, "b": {"ann": "word"}})
    prepared(server, tmp_path, users={"a": {"ann": "word"}})
    assert (tmp_path / "run/b").is_dir()
    (tmp_path / "nginx.sock").touch()
    prepared(server, tmp_path, start=True, users={"a": {"ann": "word"}})
    assert not (tmp_path / "run/b").exists() and (tmp_path / "run/a/htpasswd").is_file()
    assert not (tmp_path / "nginx.sock").exists(), "an nginx that was killed would not start again"


@pytest.mark.parametrize("password", ["a", "x" * 72, "gr\u00fc\u00dfe", "with space:and colon"])
def test_hashes(server: ModuleType, password: str) -> None:
    """bcrypt's own check takes them; the same each time."""
    made = server.hashed("ann", password)
    crypt = ctypes.CDLL("libcrypt.so.1").crypt
    crypt.restype, crypt.argtypes = ctypes.c_char_p, (ctypes.c_char_p, ctypes.c_char_p)
    assert crypt(password.encode(), made.encode()).decode() == made == server.hashed("ann", password) != server.hashed("bob", password)


@pytest.mark.parametrize("password", ["", "x" * 73, "a\0b"])
def test_passwords_that_bcrypt_cuts(server: ModuleType, password: str) -> None:
    with pytest.raises(server.FailedError, match="longer than 72 bytes"):
        server.hashed("ann", password)


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers what ``given`` has for a path."""

    given: dict[str, str] = {}  # noqa: RUF012 # each test sets it

    def do_GET(self) -> None:
        text = self.given.get(self.path)
        self.send_response(404 if text is None else 200)
        self.end_headers()
        self.wfile.write((text or "").encode())

    def log_message(self, *_given: Any) -> None:
        return

    def address_string(self) -> str:
        return ""


@pytest.fixture
def traefik(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, dict[str, str]]]:
    """A server in place of Traefik: its port, and what it answers."""
    given: dict[str, str] = {"/api/version": "{}"}
    monkeypatch.setattr(Answers, "given", given)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield str(found.server_address[1]), given
        found.shutdown()


def config(folder: Path) -> str:
    """A configuration."""
    (folder / "config").write_text(f"# Made by us.\n# generation {GENERATION}\nx\n")
    return str(folder / "config")


def test_traefik(server: ModuleType, tmp_path: Path, traefik: tuple[str, dict[str, str]]) -> None:
    """It runs an older one, then this one with an error, then this one."""
    port, given = traefik
    path = config(tmp_path)
    with pytest.raises(server.FailedError, match="runs an older one"):
        server.runs_traefik(path, port)
    given[f"/api/http/middlewares/vannah-{GENERATION}@file"] = "{}"
    given["/api/http/routers?status=disabled&per_page=5"] = json.dumps([{"name": "a@file", "error": ["no service x"]}])
    with pytest.raises(server.FailedError, match="http/routers a@file: no service x"):
        server.runs_traefik(path, port)
    given["/api/http/routers?status=disabled&per_page=5"] = "[]"
    server.runs_traefik(path, port)


def test_nobody_answers(server: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(server.FailedError, match="does not answer"):
        server.runs_traefik(config(tmp_path), "9")
    with pytest.raises(server.FailedError, match=r"nginx does not run .*: it does not answer$"):
        server.runs_nginx(config(tmp_path))
    (tmp_path / "error.log").write_text(
        "2026/12/01 [emerg] 7#7: bind() to 0.0.0.0:443 failed (98: Address already in use)\n"
        "2026/12/01 [emerg] 7#7: still could not bind()\n"
    )
    with pytest.raises(server.FailedError, match=r"it said: 7#7: bind\(\) to 0.0.0.0:443 failed"):
        server.runs_nginx(config(tmp_path))


def test_nginx(server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On its socket."""
    monkeypatch.setattr(Answers, "given", {"/generation": f"{GENERATION}\n"})
    with socketserver.ThreadingUnixStreamServer(server.SOCKET, Answers) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        server.runs_nginx(config(tmp_path))
        monkeypatch.setattr(Answers, "given", {"/generation": "other\n"})
        with pytest.raises(server.FailedError, match="runs an older one"):
            server.runs_nginx(config(tmp_path))
        found.shutdown()


@pytest.fixture
def systemctl(server: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What systemd is told; every unit is active and enabled."""
    said: list[tuple[str, ...]] = []

    def run(*argv: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        said.append(argv[1:])
        return subprocess.CompletedProcess(argv, 0, b"7\n", b"")

    monkeypatch.setattr(server, "run", run)
    return said


def test_the_other_engine(server: ModuleType, tmp_path: Path, systemctl: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped only where it is ours, and started again only where this one failed."""
    server.take("nginx.service")
    assert systemctl == [], "a foreign nginx was stopped"
    (tmp_path / "vannah.conf").write_text("# Made by vannah.healthcloud (role edge); changes are overwritten.\n")
    server.take("nginx.service")
    assert ("stop", "nginx.service") in systemctl
    systemctl.clear()
    monkeypatch.setenv("SERVICE_RESULT", "success")
    server.give_back("nginx.service")
    assert systemctl == []
    monkeypatch.setenv("SERVICE_RESULT", "exit-code")
    server.give_back("nginx.service")
    assert ("--no-block", "start", "nginx.service") in systemctl


def test_a_foreign_nginx(server: ModuleType, tmp_path: Path, systemctl: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sites beside the package's own are not ours to stop."""
    sites = tmp_path / "sites-enabled"
    sites.mkdir()
    monkeypatch.setattr(server, "SITES", (str(sites), "/nonexistent"))
    (sites / "default").touch()
    server.foreign("/etc/nginx/vannah.conf")
    (sites / "shop.conf").touch()
    with pytest.raises(server.FailedError, match=r"shop.conf.*Fix: .*edge_adopt"):
        server.foreign("/etc/nginx/vannah.conf")
    assert server.main(["foreign", "/etc/nginx/vannah.conf"]) == 1 and server.main(["foreign", "/etc/nginx/vannah.conf", "--adopt"]) == 0
    (tmp_path / "vannah.conf").touch()  # it is the edge's already
    server.foreign("/etc/nginx/vannah.conf")


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


@pytest.fixture
def listed(server: ModuleType, tmp_path: Path) -> tuple[str, bytes]:
    """The lists of two authorities are given out: the name of the second one's file, and what is in it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    from .conftest import NOW

    found = []
    for _ in range(2):
        key = ec.generate_private_key(ec.SECP256R1())
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        builder = x509.CertificateRevocationListBuilder().issuer_name(x509.Name([])).last_update(NOW).next_update(NOW)
        found.append((identifier.key_identifier or b"", builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())))
    path = tmp_path / "lists.pem"
    path.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for _name, one in found))
    prepared(server, tmp_path, lists=str(path))
    return f"{found[1][0].hex().upper()}.crl", found[1][1].public_bytes(serialization.Encoding.DER)


def test_lists(server: ModuleType, tmp_path: Path, listed: tuple[str, bytes]) -> None:
    """In DER, one file each; the start of an engine leaves them, and one that is no list is refused."""
    folder = tmp_path / "run/.lists/pki"
    assert len(os.listdir(folder)) == 2 and (folder / listed[0]).read_bytes() == listed[1]
    prepared(server, tmp_path, start=True, lists=str(tmp_path / "lists.pem"))
    assert len(os.listdir(folder)) == 2
    (tmp_path / "bad.pem").write_text("-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----\n")
    with pytest.raises(server.FailedError, match=r"bad.pem is not a list of revoked certificates"):
        prepared(server, tmp_path, lists=str(tmp_path / "bad.pem"))
    prepared(server, tmp_path, lists="")
    assert os.listdir(folder) == []


def test_lists_are_given_out(revocation: ModuleType, listed: tuple[str, bytes]) -> None:
    """With Traefik, which serves no files; nothing else is."""
    with socketserver.TCPServer(("127.0.0.1", 0), revocation.Revocation) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        for path, status in ((f"/pki/{listed[0]}", 200), ("/pki/" + "0" * 40 + ".crl", 404), ("/pki/../../lists.pem", 404)):
            link = http.client.HTTPConnection("127.0.0.1", found.server_address[1], timeout=10)
            link.request("GET", path)
            answer = link.getresponse()
            body = answer.read()
            link.close()
            assert (answer.status, body) == (status, listed[1] if status == 200 else b""), path
            assert answer.getheader("Content-Type") == "application/pkix-crl"
        found.shutdown()


def test_pending(server: ModuleType, tmp_path: Path, good: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """A copy that is old is named until the next reload; a source that is half written or gone is not one."""
    own, public = pair(tmp_path, "own", good), [str(tmp_path / "public.pem"), str(tmp_path / "public.key")]
    wanted = {"pacs": [public, own]}

    def pending() -> str:
        capsys.readouterr()  # what prepare has printed
        server.pending(str(tmp_path / "prepare.json"))
        return capsys.readouterr().out

    prepared(server, tmp_path, certificates=wanted)
    assert pending() == ""
    other = certificate(["pacs.clinic.health"])
    (tmp_path / "public.pem").write_text(other[0])
    assert pending() == ""
    pair(tmp_path, "public", other)
    assert pending() == "pacs\n"
    prepared(server, tmp_path, certificates=wanted)
    assert pending() == ""
    os.unlink(public[0])
    assert pending() == "pacs\n"


@pytest.mark.parametrize("words", [[], ["runs"], ["runs", "nginx"], ["prepare", "a"], ["sing", "a"]])
def test_usage(server: ModuleType, words: list[str]) -> None:
    assert server.main(words) == 64


@pytest.mark.parametrize(
    ("address", "name", "said"),
    [
        ("10.0.0.5", "", "$INTERFACE=ens3\n"),
        ("10.0.0.6", "lo", "$INTERFACE=lo\n"),
        ("10.0.0.6", "", "no interface of this host has 10.0.0.6"),
        ("10.0.0.5", "nonsense", "no interface nonsense"),
    ],
)
def test_interface(server: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, name: str, said: str) -> None:
    """The one that has the host's address, as ip prints it; or the one that is named."""
    listed = [{"ifname": "lo", "addr_info": [{"local": "127.0.0.1"}]}, {"ifname": "ens3", "addr_info": [{"local": "10.0.0.5"}]}]
    monkeypatch.setattr(server, "run", lambda *argv, data=None: subprocess.CompletedProcess(argv, 0, json.dumps(listed).encode(), b""))
    path = tmp_path / "interface.conf"
    if said.startswith("$"):
        server.interface(address, name, str(path))
        assert path.read_text() == said
    else:
        with pytest.raises(server.FailedError, match=said):
            server.interface(address, name, str(path))


def test_alive(server: ModuleType, traefik: tuple[str, dict[str, str]]) -> None:
    server.alive("traefik", traefik[0])
    with pytest.raises(server.FailedError, match="nginx does not answer"):
        server.alive("nginx", traefik[0])
