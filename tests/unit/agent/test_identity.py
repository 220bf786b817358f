# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which site a host belongs to: what is compared, what is refused, what is written down."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import identity
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib.der import outline
from ansible_collections.vannah.healthcloud.plugins.module_utils.pki import authority
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .fake_host import FakeHost, component

TAKE = {"action": "take", "takeover": False, "takeover_of": None}
WANTED = component(files=[{"path": "/etc/x", "content": "x"}])
#: Every way in which a payload changes a host, or may.
ACTING = [
    {"op": "converge", "components": [WANTED]},
    {"op": "converge", "components": [WANTED], "mode": "check"},
    {"op": "restart", "components": [WANTED], "restart": {"component": "demo", "unit": "x.service"}},
    {"op": "domain", "domain": "etcd", "call": "health", "params": {}},
    {"op": "lease", "lease": TAKE},
    {"op": "lease", "lease": {"action": "release"}},
    {"op": "something new"},
]


def ca(key: ec.EllipticCurvePrivateKey | None = None, name: str = "clinic", year: int = 2026) -> tuple[str, dict[str, Any]]:
    """A CA's certificate, and what a payload says of it."""
    made = authority.self_signed(key or ec.generate_private_key(ec.SECP256R1()), f"{name} internal CA", datetime(year, 1, 1, tzinfo=UTC))
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    found = outline(pem)
    assert found is not None
    return pem, found


KEY = ec.generate_private_key(ec.SECP256R1())
PEM, CLINIC = ca(KEY)
RENEWED = ca(KEY, year=2027)[1]
OTHER_PEM, OTHER = ca(name="demo")


def own_site(**more: Any) -> dict[str, Any]:
    return {"name": "clinic", "host": "db1", "authorities": [CLINIC], "secrets": "b", "known": ["a", "b"], "takeover": False, **more}


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def recorded(host: FakeHost) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.file(identity.PATH).read_text(encoding="utf-8"))
    return found


# --- the certificate ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), KEY])
def test_outline_is_what_cryptography_says(key: ec.EllipticCurvePrivateKey) -> None:
    pem, said = ca(key, "a-site")
    certificate = x509.load_pem_x509_certificate(pem.encode())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    assert said["key"] == digest.finalize().hex()
    assert said["fingerprint"].replace(":", "").lower() == certificate.fingerprint(hashes.SHA256()).hex()
    assert (said["called"], said["begins"]) == ("a-site internal CA", f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}")


def test_a_time_after_2049_is_a_generalized_time() -> None:
    assert ca(year=2060)[1]["begins"] == "2059-12-31T23:55:00Z"


@pytest.mark.parametrize(
    "text", ["", "no certificate", PEM[:200], PEM.replace("M", "", 5), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_says_nothing(text: str) -> None:
    assert outline(text) is None


# --- what is compared --------------------------------------------------------------------------------------------------------

RECORD = {"name": "clinic", "host": "db1", "authorities": [CLINIC], "secrets": "b", "since": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("found", "mine", "said"),
    [
        ({}, {}, []),
        ({"authorities": [OTHER]}, {}, ["authority"]),
        ({}, {"authorities": []}, ["authority"]),
        # Either side may trust two while a site goes over from one to the other.
        ({"authorities": [OTHER, CLINIC]}, {}, []),
        ({}, {"authorities": [OTHER, CLINIC]}, []),
        ({"name": "demo"}, {}, ["name"]),
        ({"name": ""}, {}, []),
        ({}, {"name": ""}, []),
        ({"host": "db2"}, {}, ["host"]),
        ({"host": ""}, {}, []),
        ({"name": "demo", "host": "x", "authorities": [OTHER], "secrets": "z"}, {}, ["authority", "name", "host"]),
        # The same key with a certificate that was renewed: here, then in another checkout.
        ({}, {"authorities": [RENEWED]}, []),
        ({"authorities": [RENEWED]}, {}, ["certificate"]),
        # Secrets: the host's are the previous ones, then some that this checkout has never had, then newer than those restored here.
        ({"secrets": "a"}, {}, []),
        ({"secrets": "c"}, {}, ["secrets"]),
        ({"secrets": "b"}, {"secrets": "a", "known": ["a", "b", "a"]}, ["secrets"]),
        ({"secrets": "b"}, {"secrets": "c", "known": ["a", "b", "a", "c"]}, []),
        ({"secrets": "a"}, {"secrets": "c", "known": ["a", "b", "a", "c"]}, []),
        # Previous ones came back, were taken for right, and were changed again: no host of either time is ahead.
        ({"secrets": "a"}, {"secrets": "b", "known": ["a", "b", "a", "b"]}, []),
        ({"secrets": "b"}, {"secrets": "b", "known": ["a", "b", "a", "b"]}, []),
        ({"secrets": "b"}, {"secrets": "a", "known": ["a", "b", "a", "b", "a"]}, ["secrets"]),
        ({"secrets": "c"}, {"secrets": "b", "known": ["a", "b", "c", "b"]}, ["secrets"]),
        ({"secrets": "a"}, {"secrets": "b", "known": ["b"]}, ["secrets"]),
        ({"secrets": ""}, {}, []),
        ({"secrets": "c"}, {"secrets": "", "known": []}, []),
        ({"secrets": "c", "authorities": [RENEWED]}, {}, ["certificate", "secrets"]),
    ],
)
def test_differences(found: dict[str, Any], mine: dict[str, Any], said: list[str]) -> None:
    assert identity.differences({**RECORD, **found}, own_site(**mine)) == said


# --- what is refused ---------------------------------------------------------------------------------------------------------


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"authorities": [OTHER]}, "other-site"),
    ({"authorities": [], "name": ""}, "other-site"),
    ({"name": "demo"}, "other-site"),
    ({"host": "db2"}, "other-name"),
    ({"secrets": "a", "known": ["a"]}, "stale-checkout"),
]


# A run of no site may plan: test_a_run_of_no_site_may_ask.
@pytest.mark.parametrize(
    ("payload", "mine", "code"),
    [
        (payload, mine, code)
        for payload in ACTING
        for mine, code in OTHERS
        if mine.get("authorities") != [] or payload.get("mode") != "check"
    ],
)
def test_nothing_of_another_site_is_done(host: FakeHost, payload: dict[str, Any], mine: dict[str, Any], code: str) -> None:
    """Whatever a playbook asks for, and nothing is touched: no lease, no ledger, no file."""
    assert host.call(WANTED, site=own_site())["error"] is None
    before = {path: path.read_bytes() for path in sorted(host.root.rglob("*")) if path.is_file()}
    payload = {"lease": TAKE, **payload}
    components = payload.pop("components", [])
    answer = host.call(*components, site=own_site(**mine), **payload)
    assert answer["error"]["code"] == code
    # A verb could act on the server that has the name of another one: only site.yml offers to take a host over.
    assert "site.yml --check" in answer["error"]["msg"] and "site_takeover_hosts" not in answer["error"]["msg"]
    assert {path: path.read_bytes() for path in sorted(host.root.rglob("*")) if path.is_file()} == before


@pytest.mark.parametrize(
    "payload", [{"op": "facts"}, {"op": "survey", "paths": ["/srv"], "checks": []}, {"op": "lease", "lease": {"action": "none"}}]
)
def test_to_ask_is_never_refused(host: FakeHost, payload: dict[str, Any]) -> None:
    host.call(WANTED, site=own_site())
    assert host.call(site=own_site(authorities=[OTHER]), **payload)["error"] is None


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"op": "domain", "domain": "etcd", "call": "none"}, None),
        ({"op": "domain", "domain": "etcd", "call": "none", "lease": {"action": "take"}}, "other-site"),
        ({"op": "converge", "mode": "check", "lease": TAKE}, None),
        ({"op": "converge", "lease": TAKE}, "other-site"),
    ],
)
def test_a_run_of_no_site_may_ask(host: FakeHost, payload: dict[str, Any], error: str | None) -> None:
    """People's own playbooks, from a folder without pki/: they may look and plan. One of another site may not."""
    host.call(WANTED, site=own_site())
    before = {path: path.read_bytes() for path in sorted(host.root.rglob("*")) if path.is_file()}
    components = [WANTED] if payload["op"] == "converge" else []
    said = host.call(*components, site=own_site(authorities=[], name="", secrets="", known=[]), **payload)["error"]
    assert (said or {}).get("code") == error
    assert error is None or "pki/ca.crt" in said["msg"]
    assert host.call(*components, site=own_site(authorities=[OTHER]), **payload)["error"]["code"] == "other-site"
    assert {path: path.read_bytes() for path in sorted(host.root.rglob("*")) if path.is_file()} == before


def test_both_sites_and_both_fingerprints_are_said(host: FakeHost) -> None:
    host.call(WANTED, site=own_site())
    text = host.call(WANTED, site=own_site(name="demo", authorities=[OTHER]))["error"]["msg"]
    assert CLINIC["fingerprint"] in text and OTHER["fingerprint"] in text and "site clinic" in text and "site demo" in text
    assert recorded(host)["since"][:10] in text


def test_a_host_of_an_older_release_belongs_to_its_authority(host: FakeHost) -> None:
    """It has no record, and the certificate there names its owner; the site's own next run writes the record."""
    host.write(identity.AUTHORITY, PEM)
    refused = host.call(WANTED, site=own_site(authorities=[OTHER]))
    assert refused["error"]["code"] == "other-site" and "clinic internal CA" in refused["error"]["msg"]
    assert not host.file("/etc/x").exists() and not host.file(identity.PATH).exists()
    assert host.call(WANTED, site=own_site(authorities=[RENEWED]))["error"] is None
    assert recorded(host)["host"] == "db1"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"authorities": "x"}', "\0"])
def test_a_damaged_record_leaves_the_certificate(host: FakeHost, text: str) -> None:
    host.call(WANTED, site=own_site())
    host.write(identity.PATH, text)
    host.write(identity.AUTHORITY, PEM)
    assert host.call(WANTED, site=own_site(authorities=[OTHER]))["error"]["code"] == "other-site"
    assert host.call(WANTED, site=own_site())["error"] is None and recorded(host)["name"] == "clinic"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (None, ""),
        ("", ""),
        ("10.0.0.1 db1\n10.0.0.2 db2\n", "10.0.0.1"),
        ("10.0.0.2 db10 db1x\nfd00::1 db1.clinic.health db1\n", "fd00::1"),
    ],
)
def test_the_host_says_by_which_address_it_is_known(host: FakeHost, text: str | None, address: str) -> None:
    """Of the inventory's name, before and after a record is there."""
    if text is not None:
        host.write("/etc/vannah/hosts", text)
    assert host.call(op="facts", site=own_site())["facts"]["known_by"] == address
    assert host.call(op="facts")["facts"]["known_by"] == ""


def test_the_host_says_which_address_it_sends_from(host: FakeHost) -> None:
    """As the kernel's routes have it; what no route leads to is left out."""
    peers = {"db1": "127.0.0.9", "db2": "not an address"}
    assert host.call(op="facts", peers=peers)["facts"]["senders"] == {"db1": "127.0.0.1"}
    assert "senders" not in host.call(op="facts")["facts"]


def test_a_host_of_no_site_refuses_nobody(host: FakeHost) -> None:
    for site in (None, own_site(), own_site(authorities=[])):
        assert host.call(site=site, op="lease", lease=TAKE)["error"] is None


# --- what is written down ----------------------------------------------------------------------------------------------------


def test_the_record_comes_before_anything_else(host: FakeHost) -> None:
    """A converge that fails at its first step has said whose the host is: another site's run does not continue from there."""
    broken = component(packages=[{"name": "there-is-none", "state": "present", "version": None, "hold": False}])
    host.call(broken, site=own_site())
    found = recorded(host)
    assert {name: found[name] for name in ("name", "host", "secrets", "authorities")} == {
        "name": "clinic",
        "host": "db1",
        "secrets": "b",
        "authorities": [CLINIC],
    }
    assert host.file(identity.PATH).stat().st_mode & 0o777 == 0o600 and found["since"] == found["updated"] and "before" not in found


def test_check_mode_writes_none(host: FakeHost) -> None:
    host.call(WANTED, site=own_site(), mode="check")
    assert not host.file(identity.PATH).exists()


def test_a_site_without_an_authority_writes_none(host: FakeHost) -> None:
    host.call(WANTED, site=own_site(authorities=[]))
    assert not host.file(identity.PATH).exists()


def test_a_second_run_writes_nothing(host: FakeHost) -> None:
    host.call(WANTED, site=own_site())
    before = host.file(identity.PATH).stat()
    answer = host.call(WANTED, site=own_site())
    assert host.file(identity.PATH).stat() == before and not answer["components"][0]["changed"]


def test_two_sites_at_once(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both look at a bare host, then one after the other gets the lease: the second one finds the record of the first."""
    monkeypatch.setattr(identity, "guard", lambda payload, ctx: setattr(ctx.call, "site", payload["site"]))
    assert host.call(WANTED, site=own_site())["error"] is None
    wanted = component(files=[{"path": "/etc/x", "content": "of the other"}])
    assert host.call(wanted, site=own_site(authorities=[OTHER]))["error"]["code"] == "other-site"
    assert host.file("/etc/x").read_text() == "x" and recorded(host)["authorities"] == [CLINIC]


def test_newer_secrets_are_written_and_the_host_stays_as_long(host: FakeHost) -> None:
    host.call(WANTED, site=own_site())
    since = recorded(host)["since"]
    host.write(identity.PATH, json.dumps({**recorded(host), "since": "2020-01-01T00:00:00Z"}))
    host.call(WANTED, site=own_site(secrets="c", known=["a", "b", "c"], authorities=[RENEWED]))
    found = recorded(host)
    assert (found["secrets"], found["authorities"], found["since"]) == ("c", [RENEWED], "2020-01-01T00:00:00Z") and found[
        "updated"
    ] >= since
    # The checkout that was left behind.
    assert host.call(WANTED, site=own_site(authorities=[RENEWED]))["error"]["code"] == "stale-checkout"
    assert host.call(WANTED, site=own_site(secrets="c", known=["a", "b", "c"]))["error"]["code"] == "stale-checkout"


@pytest.mark.parametrize("mine", [{"authorities": [OTHER], "name": "demo"}, {"host": "db9"}])
def test_a_host_is_taken_over(host: FakeHost, mine: dict[str, Any]) -> None:
    """The new site's own from then on, without the switch; what it was before stays readable."""
    host.call(WANTED, site=own_site())
    host.write(identity.PATH, json.dumps({**recorded(host), "since": "2020-01-01T00:00:00Z"}))
    assert host.call(WANTED, site=own_site(**mine, secrets="", known=[]))["error"] is not None
    assert host.call(WANTED, site=own_site(**mine, secrets="", known=[], takeover=True))["error"] is None
    found = recorded(host)
    assert found["before"]["since"] == "2020-01-01T00:00:00Z" and found["before"]["name"] == "clinic" and found["since"] > "2020-01-01"
    assert found["secrets"] == "", "the digest of the other site's secrets stayed"
    assert host.call(WANTED, site=own_site(**mine))["error"] is None
    assert host.call(WANTED, site=own_site())["error"] is not None


def test_taken_over_although_secrets_are_newer(host: FakeHost) -> None:
    host.call(WANTED, site=own_site(secrets="c", known=["a", "b", "c"]))
    assert host.call(WANTED, site=own_site(takeover=True))["error"] is None
    assert recorded(host)["secrets"] == "b" and "before" not in recorded(host)
    assert host.call(WANTED, site=own_site())["error"] is None


def test_two_years_of_certificates_are_ordered() -> None:
    assert CLINIC["begins"] < RENEWED["begins"] and CLINIC["key"] == RENEWED["key"] and CLINIC["fingerprint"] != RENEWED["fingerprint"]
    assert datetime.fromisoformat(CLINIC["begins"]) + timedelta(minutes=5) == datetime(2026, 1, 1, tzinfo=UTC)
