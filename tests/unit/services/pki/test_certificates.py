# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says of its certificates, with a real openssl."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.ledger import PATH
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import proc
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.pki import calls

KEY, CERT, CA = (f"/etc/vannah/pki/web/{name}.pem" for name in ("key", "cert", "ca"))

# openssl x509 -noout -subject -issuer -serial -nameopt RFC2253,-esc_msb,utf8 -dates -pubkey -ext ... of OpenSSL 3.0.17 and 3.5.4
SAID_30 = """\
subject=CN=web1
issuer=CN=clinic internal CA
serial=0A1B2C
notBefore=Nov  4 08:05:09 2026 GMT
notAfter=Feb 22 18:19:53 2027 GMT
X509v3 Subject Alternative Name:
    DNS:web1
X509v3 Authority Key Identifier:
    keyid:5D:0C:AA:01
"""


def test_both_forms_of_the_identifier_are_read() -> None:
    expected = {"issuer": "clinic internal CA", "serial": "0A1B2C", "authority": "5D0CAA01"}
    assert calls.said(SAID_30) == expected
    assert calls.said(SAID_30.replace("keyid:", "")) == expected


def openssl(*argv: str, folder: Path) -> None:
    subprocess.run(["openssl", *argv], check=True, capture_output=True, cwd=folder)


@pytest.fixture
def web(host: Any, tmp_path: Path) -> Any:
    """A host with a certificate of a component, in its ledger."""
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=clinic internal CA", folder=tmp_path)
    openssl("req", *new, "-keyout", "key.pem", "-out", "csr", "-subj", "/CN=web1", "-addext", "subjectAltName=DNS:web1", folder=tmp_path)
    signs = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "9", "-copy_extensions", "copy"]
    openssl("x509", "-req", "-in", "csr", *signs, "-out", "cert.pem", folder=tmp_path)
    for path, name in ((KEY, "key.pem"), (CERT, "cert.pem"), (CA, "ca.pem"), (calls.TRUSTED, "ca.pem")):
        host.write(path, (tmp_path / name).read_bytes())
    host.programs.on("openssl", do=lambda argv: proc.run(argv, input=host.programs.inputs[-1]))
    record = {"web.service": {"files": {"/etc/web.conf": ["x"]}}}
    ledger(
        host,
        web={"certificates": {"web": {"wanted": {"paths": [KEY, CERT, CA]}}}, "running": record},
        proxy={"running": {"proxy.service": {"files": {CERT: ["x"]}}, "other.service": {"files": {}}}},
    )
    return host


def ledger(host: Any, **components: Any) -> None:
    host.write(PATH, json.dumps({"version": 1, "components": components}))


def asked(host: Any, also: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    steps, result = calls.certificates({"also": list(also)}, host.context("check"))
    assert steps == []
    return result


def test_a_certificate_of_a_component(web: Any) -> None:
    result = asked(web)
    (row,) = result["certificates"]
    assert (row["component"], row["name"], row["path"], row["problem"], row["key_fits"]) == ("web", "web", CERT, "", True)
    assert (row["common_name"], row["names"], row["issuer"]) == ("web1", ["web1"], "clinic internal CA")
    assert row["units"] == ["proxy.service", "web.service"], "its own unit, and one that watches its file"
    assert row["not_after"] - row["not_before"] == 9 * 86400
    assert len(row["authority"]) == 40 and row["serial"]
    assert [one["called"] for one in result["trusted"]] == ["clinic internal CA"]
    assert not any(KEY in " ".join(argv) and "pkey" not in argv for argv in web.programs.calls)


def test_units_that_run_with_previous_files(web: Any) -> None:
    """As the ledger has them: the hash that a file had when the unit was started, and the one that it has now."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib.disk import digest_file

    now, bundle = (digest_file(str(web.root / path.lstrip("/"))) for path in (CA, calls.TRUSTED))
    record = {
        "current.service": {"files": {CA: [now, 1, 2, 3, 4], "/etc/other": ["x"]}},
        "old.service": {"files": {CA: ["before"]}},
        "proxy.service": {"files": {calls.TRUSTED: [bundle]}},
        "late.service": {"files": {calls.TRUSTED: [""]}},
    }
    ledger(web, web={"certificates": {"web": {"wanted": {"paths": [KEY, CERT, CA]}}}, "running": record})
    result = asked(web)
    assert result["waits"] == ["late.service", "old.service"]
    assert [one["called"] for one in result["certificates"][0]["trusted"]] == ["clinic internal CA"]


@pytest.mark.parametrize(
    ("path", "text", "problem"),
    [
        (CERT, None, "the file does not exist"),
        (CERT, "rubbish", "the file is not a certificate"),
        (KEY, None, f"it does not belong to the key {KEY}"),
    ],
)
def test_what_cannot_be_used_is_said(web: Any, path: str, text: str | None, problem: str) -> None:
    (web.root / path.lstrip("/")).unlink()
    if text is not None:
        web.write(path, text)
    (row,) = asked(web)["certificates"]
    assert row["problem"] == problem


def test_a_certificate_that_was_only_requested(web: Any) -> None:
    ledger(web, web={"certificates": {"web": {"born": KEY}}})
    assert [row["problem"] for row in asked(web)["certificates"]] == ["it was requested and not issued yet"]


def test_certificates_from_elsewhere_are_asked_for_by_their_path(web: Any) -> None:
    web.write("/etc/acme/fullchain.pem", (web.root / CERT.lstrip("/")).read_bytes())
    also = ({"name": "public", "path": "/etc/acme/fullchain.pem", "units": ["edge.service"]}, {"name": "known", "path": CERT, "units": []})
    rows = asked(web, also)["certificates"]
    assert [(row["name"], row["component"], row["units"], row["problem"]) for row in rows] == [
        ("web", "web", ["proxy.service", "web.service"], ""),
        ("public", "", ["edge.service"], ""),
    ]


def test_a_host_without_anything(host: Any) -> None:
    result = asked(host)
    assert (result["certificates"], result["trusted"]) == ([], [])
