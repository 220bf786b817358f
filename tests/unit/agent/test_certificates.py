# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates with a real openssl: a small authority signs what the host asks for."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import x509
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import certificates
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.lib.issuing import CA, CERT, KEY, PLAN, Authority, Make, issue

DAY = 86400

# OpenSSL 3.5.9 of Debian 13: openssl x509 -noout -subject -nameopt RFC2253,-esc_msb,utf8 -dates -pubkey -ext ...
SAID = """\
subject=CN=web.example
notBefore=Nov  4 08:05:09 2026 GMT
notAfter=Feb 22 18:19:53 2027 GMT
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnGY2SPX4
-----END PUBLIC KEY-----
X509v3 Extended Key Usage:
    TLS Web Server Authentication, TLS Web Client Authentication
X509v3 Subject Alternative Name:
    DNS:localhost, DNS:Web.example, IP Address:127.0.0.1, IP Address:FD00:0:0:0:0:0:0:2
"""


def test_what_openssl_says_is_read() -> None:
    found = x509.parse_text(SAID)
    assert found.common_name == "web.example"
    assert found.names == ["localhost", "web.example"]
    assert found.addresses == ["127.0.0.1", "fd00::2"]
    assert found.usages == ["server", "client"]
    assert (found.not_before, found.not_after) == (1793779509, 1803320393)
    assert found.key.startswith("-----BEGIN PUBLIC KEY-----") and found.key.endswith("-----END PUBLIC KEY-----")


@pytest.mark.parametrize(("lifetime", "renew_before", "from_end"), [(90, 30, 30), (90, 89, 89), (30, 30, 10), (10, 30, 10 / 3), (90, 0, 0)])
def test_renewal_is_due_before_the_end_but_never_at_once(lifetime: float, renew_before: int, from_end: float) -> None:
    assert certificates.due(0, lifetime * DAY, renew_before) == pytest.approx((lifetime - from_end) * DAY)


@given(st.floats(60, 1e9), st.integers(0, 10_000))
def test_a_new_certificate_is_never_due(lifetime: float, renew_before: int) -> None:
    assert 0 < certificates.due(0, lifetime, renew_before) <= lifetime


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"common_name": "x" * 65}, "65 characters"),
        ({"common_name": ""}, "0 characters"),
        ({"common_name": "a$b"}, "may have letters"),
        ({"common_name": "a\nb = c"}, "may have letters"),
        ({"names": ["a..b"]}, "not a DNS name"),
        ({"names": ["ä.example"]}, "not a DNS name"),
        ({"names": ["x\n[evil]"]}, "not a DNS name"),
        ({"addresses": ["10.0.0.256"]}, "not an IP address"),
        ({"addresses": ["10.0.0.0/8"]}, "not an IP address"),
        ({"usages": []}, "usages is empty"),
        ({"renew_before": 90}, "less than days"),
    ],
)
def test_what_cannot_be_met_is_refused(host: Any, web: Any, change: dict[str, Any], part: str) -> None:
    with pytest.raises(AgentError, match=part) as caught:
        host.plan(PLAN, web(**change), "check")
    assert caught.value.code == "bad-certificate"


def test_key_is_born_here_and_the_certificate_comes_on_the_second_call(host: Any, web: Make, authority: Authority) -> None:
    steps = host.apply(PLAN, web())
    assert [(step.action, step.request) for step in steps] == [("request", True)]
    assert set(steps[0].writes) == {KEY, CERT, CA}
    key = host.root / KEY.lstrip("/")
    assert stat.S_IMODE(key.stat().st_mode) == 0o640
    assert "PRIVATE KEY" not in str(host.ctx.csrs) and "PRIVATE" not in str(host.programs.calls)
    before = key.read_text()
    leaf = authority.sign(host.ctx.csrs[0]["pem"])
    (step,) = host.apply(PLAN, web(issued=leaf))
    assert step.action == "create" and set(step.writes) == {CERT, CA}
    assert key.read_text() == before
    assert host.read(CERT) == leaf.strip() + "\n" + authority.pem.strip() + "\n"
    assert host.read(CA) == authority.pem.strip() + "\n"
    verify = ["openssl", "verify", "-CAfile", str(host.root / CA.lstrip("/")), str(host.root / CERT.lstrip("/"))]
    assert subprocess.run(verify, check=False, capture_output=True).returncode == 0


def test_a_run_with_nothing_to_change_runs_no_openssl(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    host.programs.calls.clear()
    assert host.plan(PLAN, web()) == []
    assert host.plan(PLAN, web(issued="whatever the controller remembers")) == []
    assert host.programs.calls == []


def test_request_carries_names_addresses_and_usages(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority, usages=["client"])
    found = x509.read(host.ctx, CERT)
    assert found is not None
    assert (found.common_name, sorted(found.names), found.addresses) == (
        "web.example",
        ["localhost", "web.example"],
        ["127.0.0.1", "fd00::2"],
    )
    assert found.usages == ["client"]


def test_a_name_alone_will_do(host: Any, web: Make, authority: Authority) -> None:
    """A client's certificate: PostgreSQL reads the common name."""
    change: dict[str, Any] = {"names": [], "addresses": [], "usages": ["client"], "ca": None}
    issue(host, web, authority, **change)
    assert host.plan(PLAN, web(**change)) == []
    assert host.read(CA) is None


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"names": ["other.example"]}, "names are"),
        ({"addresses": []}, "addresses are"),
        ({"usages": ["server"]}, "usages are"),
        ({"common_name": "other"}, "common name is"),
    ],
)
def test_another_definition_asks_again(host: Any, web: Make, authority: Authority, change: dict[str, Any], part: str) -> None:
    issue(host, web, authority)
    (step,) = host.plan(PLAN, web(**change))
    assert (step.action, step.request) == ("request", True)
    assert part in step.detail
    assert KEY not in step.writes  # the key stays


def test_renewal(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    host.now += 59.9 * DAY
    assert host.plan(PLAN, web()) == []
    host.now += 0.2 * DAY
    (step,) = host.apply(PLAN, web())
    assert step.action == "request" and step.detail.startswith("it ends on ")
    leaf = authority.sign(host.ctx.csrs[0]["pem"], 200)
    (step,) = host.apply(PLAN, web(issued=leaf))
    assert (step.action, set(step.writes)) == ("update", {CERT, CA})
    assert host.plan(PLAN, web()) == []


def test_another_authority_asks_again(host: Any, web: Make, authority: Authority, tmp_path: Path) -> None:
    issue(host, web, authority)
    (step,) = host.plan(PLAN, web(ca_pem=Authority(tmp_path, "new").pem))
    assert (step.action, step.detail) == ("request", "another authority signed it")


def test_what_was_not_asked_for_is_not_written(host: Any, web: Make, authority: Authority, tmp_path: Path) -> None:
    host.apply(PLAN, web())
    csr = host.ctx.csrs[0]["pem"]
    other = Authority(tmp_path, "other")
    for leaf, change in ((other.sign(csr), {}), (authority.sign(csr), {"names": ["x"]}), ("nonsense", {}), (other.pem, {})):
        with pytest.raises(AgentError) as caught:
            host.plan(PLAN, web(issued=leaf, **change))
        assert caught.value.code == "certificate-mismatch"
    assert host.read(CERT) is None


def test_another_key_asks_again_and_gets_no_certificate_of_the_old_one(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    old = str(host.read(CERT))
    host.write(KEY, x509.new_key(host.ctx), 0o640)
    (step,) = host.plan(PLAN, web())
    assert (step.action, step.detail) == ("request", "it belongs to another key")
    with pytest.raises(AgentError, match="belongs to another key") as caught:
        host.plan(PLAN, web(issued=old))
    assert caught.value.code == "certificate-mismatch"


def test_ledger_lost_is_adopted_once_and_nothing_reacts(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    host.entry.clear()
    (step,) = host.apply(PLAN, web())
    assert (step.action, step.writes) == ("adopt", {})
    assert host.plan(PLAN, web()) == []


@pytest.mark.parametrize("gone", [KEY, CERT])
@pytest.mark.parametrize("how", ["missing", "junk"])
def test_damage_heals(host: Any, web: Make, authority: Authority, gone: str, how: str) -> None:
    issue(host, web, authority)
    path = host.root / gone.lstrip("/")
    path.unlink()
    if how == "junk":
        path.write_text("junk\n")
    if (gone, how) == (KEY, "junk"):
        with pytest.raises(AgentError, match="move it away") as caught:
            host.plan(PLAN, web())
        assert caught.value.code == "bad-key"
        return
    assert issue(host, web, authority)[-1].action in ("create", "update")
    assert host.plan(PLAN, web()) == []


def test_file_of_the_authority_and_modes_heal_without_asking(host: Any, web: Make, authority: Authority) -> None:
    issue(host, web, authority)
    (host.root / CA.lstrip("/")).unlink()
    (host.root / KEY.lstrip("/")).chmod(0o644)
    steps = host.apply(PLAN, web())
    assert [(step.target, step.action) for step in steps] == [(KEY, "update"), (CA, "update")]
    assert stat.S_IMODE((host.root / KEY.lstrip("/")).stat().st_mode) == 0o640
    assert host.plan(PLAN, web()) == []


def test_a_key_that_was_there_is_used_and_stays(host: Any, web: Make, authority: Authority, component: Make) -> None:
    foreign = authority.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    host.write(KEY, foreign, 0o640)
    issue(host, web, authority)
    assert host.read(KEY) == foreign
    (step,) = host.apply(PLAN, component())
    assert step.action == "remove"
    assert host.read(KEY) == foreign
    assert host.read(CERT) is None


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_left_the_definition_goes_with_its_key_and_directory(
    host: Any, web: Make, authority: Authority, component: Make, state: str
) -> None:
    issue(host, web, authority)
    (step,) = host.apply(PLAN, component(state=state))
    assert step.writes == {KEY: None, CERT: None, CA: None}
    assert not (host.root / "etc/vannah").exists()
    assert host.entry["certificates"] == {}


def test_killed_after_the_key_was_born(host: Any, web: Make, authority: Authority) -> None:
    host.apply(PLAN, web())
    before = host.read(KEY)
    assert issue(host, web, authority)[-1].action == "create"
    assert host.read(KEY) == before


def test_check_mode_writes_nothing(host: Any, web: Make) -> None:
    before = sorted(str(path) for path in host.root.rglob("*"))
    for pem in ({}, {"ca_pem": ""}):
        (step,) = host.plan(PLAN, web(**pem), "check")
        assert step.action == "request"
    assert "would be signed" in step.detail
    assert sorted(str(path) for path in host.root.rglob("*")) == before
    assert host.entry.get("certificates", {}) == {}


def test_without_an_authority_nothing_is_begun(host: Any, web: Make) -> None:
    with pytest.raises(AgentError) as caught:
        host.plan(PLAN, web(ca_pem=""))
    assert caught.value.code == "no-authority"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_owner_that_comes_with_a_package_later(host: Any, web: Make, authority: Authority) -> None:
    change = {"owner": "postgres", "group": "postgres"}
    host.apply(PLAN, web(**change))
    key = host.root / KEY.lstrip("/")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    leaf = authority.sign(host.ctx.csrs[0]["pem"])
    steps = host.plan(PLAN, web(issued=leaf, **change))
    host.write("/etc/passwd", "postgres:x:105:106::/var/lib/postgresql:/bin/bash\n")  # the package's step
    host.write("/etc/group", "postgres:x:106:\n")
    for step in steps:
        step.apply(host.ctx)
    assert (key.stat().st_uid, key.stat().st_gid, stat.S_IMODE(key.stat().st_mode)) == (105, 106, 0o640)
    assert host.plan(PLAN, web(**change)) == []


def test_two_authorities_are_trusted_and_only_their_file_changes(host: Any, web: Make, authority: Authority, tmp_path: Path) -> None:
    """While the CA is rotated: units that watch the file react, and no certificate is asked for."""
    issue(host, web, authority)
    cert = host.read(CERT)
    both = authority.pem + Authority(tmp_path, "new").pem
    (step,) = host.apply(PLAN, web(trust_pem=both))
    assert (step.target, step.action, set(step.writes), step.request) == (CA, "update", {CA}, False)
    assert host.read(CA) == both and host.read(CERT) == cert
    assert host.plan(PLAN, web(trust_pem=both)) == []
    (step,) = host.apply(PLAN, web())
    assert host.read(CA) == authority.pem and set(step.writes) == {CA}


def test_new_authority_signs_and_the_old_one_is_trusted_still(host: Any, web: Make, authority: Authority, tmp_path: Path) -> None:
    issue(host, web, authority)
    new = Authority(tmp_path, "new")
    both = new.pem + authority.pem
    (step,) = host.apply(PLAN, web(ca_pem=new.pem, trust_pem=both))
    assert (step.action, step.detail) == ("request", "another authority signed it")
    host.apply(PLAN, web(ca_pem=new.pem, trust_pem=both, issued=new.sign(host.ctx.csrs[0]["pem"])))
    assert host.read(CA) == both
    assert str(host.read(CERT)).endswith(new.pem), "the chain has the authority that signed"
    assert host.plan(PLAN, web(ca_pem=new.pem, trust_pem=both)) == []
