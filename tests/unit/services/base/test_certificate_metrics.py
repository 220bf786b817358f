# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When certificates expire, as Prometheus sees it: the program, its unit, and the alerts on it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LEDGER = "/var/lib/vannah/ledger.json"
CERT = "/etc/vannah/pki/web/cert.pem"


@pytest.fixture
def metrics(program: Callable[[str, str], ModuleType]) -> ModuleType:
    return program("base", "certificate-metrics")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A host with a certificate of a component that expires on a known day, and two authorities."""
    root = tmp_path / "host"
    for path in (LEDGER, CERT):
        (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    known = {"wanted": {"paths": ["/etc/vannah/pki/web/key.pem", CERT, ""]}}
    components = {"web": {"certificates": {"web": known, "asked": {"born": "/etc/x.key"}}}}
    (root / LEDGER.lstrip("/")).write_text(json.dumps({"version": 1, "components": components}))
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null"]
    pem = subprocess.run([*argv, "-subj", "/CN=web1", "-days", "40"], check=True, capture_output=True, text=True).stdout
    (root / CERT.lstrip("/")).write_text(pem)
    (root / "etc/vannah/pki/ca.crt").write_text(pem + pem)
    (root / "etc/vannah/pki/ca.crl").write_text(revocations(datetime.now(UTC) + timedelta(days=50)))
    return root


def revocations(end: datetime) -> str:
    """An empty list."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateRevocationListBuilder().issuer_name(x509.Name([])).last_update(end - timedelta(days=90)).next_update(end)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def samples(text: str) -> dict[str, float]:
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if not line.startswith("#")}


def test_each_certificate_has_its_date(metrics: ModuleType, host: Path) -> None:
    found = samples(
        metrics.metrics([{"name": "public", "path": "/etc/acme/none.pem"}, {"name": "again", "path": CERT}], 1795543200.4, str(host))
    )
    import time

    label = f'{{kind="internal",name="web",path="{CERT}"}}'
    date = found[f"vannah_certificate_not_after_timestamp_seconds{label}"]
    assert abs(date - (time.time() + 40 * 86400)) < 600
    assert found[f"vannah_certificate_unreadable{label}"] == 0
    assert found['vannah_certificate_unreadable{kind="other",name="public",path="/etc/acme/none.pem"}'] == 1
    authorities = [name for name in found if 'kind="authority"' in name]
    assert len(authorities) == 2 and all('path="/etc/vannah/pki/ca.crt"' in name for name in authorities)
    assert found["vannah_certificates_checked_timestamp_seconds"] == 1795543200
    name = 'vannah_certificate_not_after_timestamp_seconds{kind="revocations",name="revocation list 1",path="/etc/vannah/pki/ca.crl"}'
    assert abs(found[name] - (time.time() + 50 * 86400)) < 600
    assert len(found) == 1 + 2 + 2 + 1 + 1


def test_labels_are_quoted(metrics: ModuleType) -> None:
    assert metrics.labels("other", 'a"b\\c\n', "/x") == '{kind="other",name="a\\"b\\\\c\\n",path="/x"}'


def test_file_is_whole_and_readable(metrics: ModuleType, tmp_path: Path) -> None:
    metrics.write(str(tmp_path), "a 1\n")
    metrics.write(str(tmp_path), "a 2\n")
    assert [path.name for path in tmp_path.iterdir()] == ["vannah_certificates.prom"]
    file = tmp_path / "vannah_certificates.prom"
    assert file.read_text() == "a 2\n" and file.stat().st_mode & 0o777 == 0o644


def test_without_an_exporter_nothing_is_written(metrics: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metrics.main(str(tmp_path / "none.json"), str(tmp_path / "none"))
    assert "does not exist" in capsys.readouterr().out and list(tmp_path.iterdir()) == []


def test_unit_gets_what_roles_name_and_where_to_write(render: Callable[..., Any]) -> None:
    inventory = {"all": {"children": {"monitoring": {"hosts": {"mon1": {"ansible_host": "192.0.2.2"}}}}}}
    made = render("base", "certificate-metrics", inventory, "mon1")
    assert json.loads(made["files"]["/etc/vannah/certificates.json"]) == []
    unit = made["units"]["vannah-certificate-metrics.service"]
    assert "certificate-metrics /etc/vannah/certificates.json /var/lib/prometheus/node-exporter" in unit


#: (alert, samples at minute 0, minutes until it fires)
FIRES = [
    ("CertificateExpiresSoon", {'vannah_certificate_not_after_timestamp_seconds{kind="internal",name="web",path="/c"}': 20 * 86400}, 61),
    ("CertificateExpiresNow", {'vannah_certificate_not_after_timestamp_seconds{kind="other",name="web",path="/c"}': 2 * 86400}, 6),
    ("AuthorityExpiresSoon", {'vannah_certificate_not_after_timestamp_seconds{kind="authority",name="a",path="/c"}': 179 * 86400}, 61),
    ("RevocationListEndsSoon", {'vannah_certificate_not_after_timestamp_seconds{kind="revocations",name="a",path="/c"}': 20 * 86400}, 61),
    ("CertificateUnreadable", {'vannah_certificate_unreadable{kind="internal",name="web",path="/c"}': 1}, 16),
    ("CertificatesNotChecked", {"vannah_certificates_checked_timestamp_seconds": 0}, 6 * 60 + 17),
]
QUIET = {
    'vannah_certificate_not_after_timestamp_seconds{kind="revocations",name="a",path="/c"}': 60 * 86400,
    'vannah_certificate_not_after_timestamp_seconds{kind="internal",name="web",path="/c"}': 30 * 86400,
    'vannah_certificate_not_after_timestamp_seconds{kind="authority",name="a",path="/c"}': 200 * 86400,
    'vannah_certificate_unreadable{kind="internal",name="web",path="/c"}': 0,
}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here (Debian: prometheus)")
def test_alerts_fire_and_do_not_fire_without_a_reason(exported: Callable[..., list[Any]], tmp_path: Path) -> None:
    groups = {"monitoring": {"mon1": "192.0.2.2"}}
    rules = [{key: value for key, value in rule.items() if key != "role"} for rule in exported("alert_rules", "mon1", groups, role="base")]
    assert {rule["alert"] for rule in rules} == {name for name, _series, _minutes in FIRES}
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "base", "rules": rules}]}))
    tests = []
    for alert, series, minutes in FIRES:
        given = [{"series": _at(name), "values": f"{value}x{minutes + 60}"} for name, value in series.items()]
        # This one, and no other one.
        fires = 'count by (alertname) (ALERTS{alertstate="firing",alertname!="CertificatesNotChecked"})'
        if alert == "CertificatesNotChecked":
            fires = f'count by (alertname) (ALERTS{{alertname="{alert}",alertstate="firing"}})'
        expected = [{"expr": fires, "eval_time": f"{minutes}m", "exp_samples": [{"labels": f'{{alertname="{alert}"}}', "value": 1}]}]
        tests.append({"interval": "1m", "input_series": given, "promql_expr_test": expected})
    given = [{"series": _at(name), "values": f"{value}x600"} for name, value in QUIET.items()]
    given.append({"series": _at("vannah_certificates_checked_timestamp_seconds"), "values": "0+60x600"})
    quiet = [{"expr": 'count(ALERTS{alertstate="firing"})', "eval_time": "9h", "exp_samples": []}]
    tests.append({"interval": "1m", "input_series": given, "promql_expr_test": quiet})
    (tmp_path / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}))
    done = subprocess.run(["promtool", "test", "rules", "tests.yml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _at(name: str) -> str:
    series, brace, rest = name.partition("{")
    return f'{series}{{instance="web1"{"," if brace else "}"}{rest}'
