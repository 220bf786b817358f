# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host for the program of the role acme, and a real ACME server (Debian's pebble) with the real client (lego) where both are there.

They are found in PATH, or below the folder that VANNAH_ACME_PROGRAMS names.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.secrets.generate import generate

PROGRAMS = {
    name: shutil.which(name, path=os.environ.get("VANNAH_ACME_PROGRAMS")) or shutil.which(name)
    for name in ("lego", "pebble", "pebble-challtestsrv")
}
DIRECTORY = "https://acme.invalid/directory"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wanted(name: str = "web", *names: str, **more: Any) -> dict[str, Any]:
    """A certificate as the role writes it."""
    return {"name": name, "names": list(names or (f"{name}.example.test",)), "challenge": "http", "key_type": "ec256", "units": [], **more}


@dataclass
class Host:
    """Folders that stand for those of a host."""

    root: Path
    acme: ModuleType

    def settings(self, *certificates: dict[str, Any], **more: Any) -> Any:
        """What the role would write."""
        said = {"directory": DIRECTORY, "email": "ops@example.test", "ca": "", "group": "root", "obtains": True, "renew_days": 30}
        said.update(dns_provider="", dns_resolvers=[], http_listen=":5002", certificates=list(certificates or (wanted(),)))
        file = self.root / "etc/vannah/acme.json"
        file.write_text(json.dumps({**said, **more}))
        secrets = {"account_key": generate("ec256"), "environment": {"EXEC_TOKEN": "very-secret-token"}}
        secrets_file = self.root / "etc/vannah/acme-secrets.json"
        if not secrets_file.exists():
            secrets_file.write_text(json.dumps(secrets))
        return self.acme.Settings(str(self.root))

    def pem(self, name: str, file: str = "fullchain") -> str:
        return (self.root / f"etc/vannah/acme/{name}/{file}.pem").read_text()


@pytest.fixture
def server(tmp_path: Path, program: Callable[[str, str], Any]) -> Host:
    root = tmp_path / "host"
    for folder in ("etc/vannah/acme", "var/lib/vannah-acme"):
        (root / folder).mkdir(parents=True)
    acme = program("acme", "acme-certificates")
    if PROGRAMS["lego"]:
        acme.LEGO = PROGRAMS["lego"]
    return Host(root, acme)


@dataclass
class Pebble:
    """A running ACME server."""

    directory: str
    ca: str
    http_port: int
    challenges: int

    def told(self, call: str, **said: Any) -> None:
        """Tell the challenge server something, such as what a name resolves to."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.challenges}/{call}", json.dumps(said).encode())
        urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture(scope="session")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    missing = [name for name, path in PROGRAMS.items() if not path]
    if missing:
        pytest.skip(f"no {', '.join(missing)} here (apt install lego pebble): the program is tested without an ACME server only")
    folder = tmp_path_factory.mktemp("pebble")
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1"]
    made += ["-keyout", "key.pem", "-out", "ca.pem", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)
    listens, manages, http, tls, dns, challenges = (free_port() for _number in range(6))
    config = {"listenAddress": f"127.0.0.1:{listens}", "managementListenAddress": f"127.0.0.1:{manages}"}
    config.update(certificate=str(folder / "ca.pem"), privateKey=str(folder / "key.pem"))
    (folder / "config.json").write_text(json.dumps({"pebble": {**config, "httpPort": http, "tlsPort": tls, "ocspResponderURL": ""}}))
    resolver = f"127.0.0.1:{dns}"
    servers = [str(PROGRAMS["pebble-challtestsrv"]), "-management", f"127.0.0.1:{challenges}", "-dns01", resolver, "-http01", ""]
    environment = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
    started = [
        subprocess.Popen(
            [*servers, "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "", "-defaultIPv4", "127.0.0.1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        ),
        subprocess.Popen(
            [str(PROGRAMS["pebble"]), "-config", str(folder / "config.json"), "-dnsserver", resolver],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        ),
    ]
    directory = f"https://127.0.0.1:{listens}/dir"
    try:
        _await(directory, str(folder / "ca.pem"))
        yield Pebble(directory, str(folder / "ca.pem"), http, challenges)
    finally:
        for process in started:
            process.kill()
            process.wait()


def _await(directory: str, ca: str) -> None:
    context = ssl.create_default_context(cafile=ca)
    until = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(directory, context=context, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < until, "pebble does not answer"
            time.sleep(0.1)
