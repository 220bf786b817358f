# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An authority and a component with one certificate, for tests of the certificates that a host asks for."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import proc
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import certificates

Make = Callable[..., dict[str, Any]]
PLAN = certificates.plan_certificates
KEY, CERT, CA = (f"/etc/vannah/pki/web/{name}.pem" for name in ("key", "cert", "ca"))


class Authority:
    """An authority of the test's own."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make its key and certificate in a folder."""
        self.folder = folder
        self.key, self.cert = folder / f"{name}.key", folder / f"{name}.pem"
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.openssl("req", "-x509", *new, "-keyout", str(self.key), "-out", str(self.cert), "-subj", f"/CN={name}", "-days", "3650")

    def openssl(self, *argv: str) -> str:
        """Run openssl in the folder; its output."""
        return subprocess.run(["openssl", *argv], check=True, capture_output=True, text=True, cwd=self.folder).stdout

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self.cert.read_text()

    def sign(self, csr: str, days: int = 90) -> str:
        """A certificate for a request."""
        (self.folder / "csr.pem").write_text(csr)
        given = ["-CA", str(self.cert), "-CAkey", str(self.key), "-days", str(days)]
        return self.openssl("x509", "-req", "-in", "csr.pem", *given, "-copy_extensions", "copy")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority of a file of tests."""
    return Authority(tmp_path_factory.mktemp("authority"), "site")


@pytest.fixture
def web(host: Any, component: Make, authority: Authority) -> Make:
    """A component with one certificate; the host runs the real openssl and lives now."""
    host.programs.on("openssl", do=lambda argv: proc.run(argv, input=host.programs.inputs[-1]))
    host.now = time.time()

    def make(**change: Any) -> dict[str, Any]:
        item = {"name": "web", "key": KEY, "cert": CERT, "ca": CA, "common_name": "web.example", "names": ["Web.example", "localhost"]}
        return component(certificates=[{**item, "addresses": ["127.0.0.1", "fd00::2"], "ca_pem": authority.pem, **change}])

    return make


def issue(host: Any, web: Make, authority: Authority, days: int = 90, **change: Any) -> list[Any]:
    """Both calls; what the second one did."""
    host.apply(PLAN, web(**change))
    (request,) = host.ctx.csrs
    leaf = authority.sign(request["pem"], days)
    return list(host.apply(PLAN, web(issued=leaf, **change)))
