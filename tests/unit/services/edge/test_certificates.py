# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: which ones, from where, and what is wrong with those that the inventory brings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge import certificates
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.rendered import rendered

from .conftest import CRL, GROUPS, HOSTS, NOW, PEM, Made, certificate, planned, site, tcp

ACME = site(certificate={"source": "acme", "name": "public"})
LONG = f"{'a' * 60}.clinic.health"


def test_definitions() -> None:
    """One of the site's authority for each site that ends TLS, also until ACME has one."""
    found = certificates.definitions(
        planned(
            site(), tcp(), tcp(name="pg", port=1, tls="passthrough"), site(name="p", names=["p.a.b"], certificate={"source": "provided"})
        )
    )
    assert [(item["name"], item["names"], item["usages"]) for item in found] == [
        ("edge-dicom", ["dicom.clinic.health"], ["server"]),
        ("edge-pacs", ["pacs.clinic.health"], ["server"]),
    ]
    assert [item["name"] for item in certificates.definitions(planned(ACME))] == ["edge-pacs"]
    assert certificates.definitions(planned(site(names=[LONG])))[0]["common_name"] == "pacs"


def test_where_copies_come_from() -> None:
    """ACME's first; then those of the site's authority, of whose change the engines are told: the client of ACME reloads them itself."""
    made = planned(ACME, site(name="b", names=["b.clinic.health"], basic_auth=["ann"]))
    found = certificates.prepare(made, {"ann": "word", "other": "unused"})
    assert found["certificates"]["pacs"] == [
        ("/etc/vannah/acme/public/fullchain.pem", "/etc/vannah/acme/public/privkey.pem"),
        ("/etc/vannah/edge/certificates/pacs.pem", "/etc/vannah/edge/certificates/pacs.key"),
    ]
    assert found["users"] == {"b": {"ann": "word"}} and found["revoked"] == {}
    watched = certificates.watched(made)
    assert set(watched.values()) == {"reload"}
    own = ["/etc/vannah/edge/certificates/b.pem", "/etc/vannah/edge/certificates/pacs.pem", "/etc/vannah/pki/ca.crt"]
    assert sorted(watched) == own


LISTS = "/etc/vannah/pki/ca.crl"


@pytest.mark.parametrize(
    ("asked", "settings", "judged"),
    [
        ({"mode": "required"}, {"revoked": LISTS}, True),
        ({"mode": "required"}, {}, False),  # one of the site's authorities signs no list
        ({"mode": "required", "authority": PEM}, {"revoked": LISTS}, False),
        ({"mode": "required", "revoked": CRL}, {"revoked": LISTS}, False),
    ],
)
def test_the_list_of_the_sites_authority(asked: dict[str, str], settings: dict[str, str], judged: bool) -> None:
    """Is that of clients with its certificates. It is given out in any case, and a new one is a reload."""
    made = planned(site(client_certificates=asked), **settings)
    assert (LISTS in certificates.watched(made)) is bool(settings)
    assert certificates.prepare(made, {})["lists"] == settings.get("revoked", "")
    found = certificates.prepare(made, {})["revoked"]
    assert (found.get("pacs", {}).get("list") == LISTS) is judged


def test_who_answers_for_revoked_certificates() -> None:
    """Traefik asks for HTTP alone, and for the lists that are given out."""
    clients = {"mode": "required", "authority": PEM, "revoked": CRL}
    for entry, lists, found in ((site, "", True), (tcp, "", False), (tcp, LISTS, True)):
        asked = clients if entry is site else {"mode": "required", "authority": PEM}
        made = rendered([entry(client_certificates=asked)], {"engine": "traefik", "revoked": lists}, GROUPS, HOSTS, {})
        assert made["revoked"] is found, (entry, lists)


def test_provided(good: Made) -> None:
    """The key is for root alone, and in no diff."""
    made = planned(site(certificate={"source": "provided"}))
    files = {
        item["path"]: item
        for item in certificates.provided(made, {"pacs": {"fullchain": good[0], "key": good[1]}}, NOW + timedelta(days=1))
    }
    key = files["/etc/vannah/edge/provided/pacs.key"]
    assert (key["mode"], key["sensitive"]) == ("0600", True) and key["content"].strip() == good[1].strip()
    with pytest.raises(ValueError, match="edge_certificates has no pacs"):
        certificates.provided(made, {}, NOW)


@pytest.mark.parametrize(
    ("names", "wanted", "words"),
    [
        (["a.b.c"], ["a.b.c"], ""),
        (["*.b.c"], ["a.b.c"], ""),
        (["*.b.c"], ["*.b.c"], ""),
        (["*.b.c"], ["x.a.b.c"], "not for x.a.b.c"),
        (["*.b.c"], ["b.c"], "not for b.c"),
        (["A.b.c"], ["a.b.c"], ""),
        (["a.b.c"], ["a.b.c", "d.b.c"], "is for a.b.c, and not for d.b.c"),
    ],
)
def test_names(names: list[str], wanted: list[str], words: str) -> None:
    found = certificates.chain_problems(certificate(names)[0], wanted, NOW)
    assert words in "".join(problem for problem, _fix in found) and bool(found) is bool(words)


@pytest.mark.parametrize(("days", "words"), [(0, ""), (91, "expired on 2027-03-01"), (-2, "not valid before 2026-11-30")])
def test_times(days: int, words: str) -> None:
    found = certificates.chain_problems(certificate(["a.b.c"])[0], ["a.b.c"], NOW + timedelta(days=days))
    assert words in "".join(problem for problem, _fix in found) and bool(found) is bool(words)


def test_keys(good: Made) -> None:
    """No text quotes one."""
    other = certificate(["a.b.c"])[1]
    assert certificates.key_problems(good[0], good[1]) == []
    for key, words in ((other, "not the certificate's"), ("nonsense", "not a PEM key"), ("", "not a PEM key")):
        ((problem, fix),) = certificates.key_problems(good[0], key)
        assert words in problem and (not key or key not in problem + fix)


def test_chain(good: Made) -> None:
    alone = certificate(["a.b.c"], issuer="An authority")[0]
    assert certificates.is_chain_missing(alone) and not certificates.is_chain_missing(alone + good[0])
    assert not certificates.is_chain_missing(good[0])  # signed by itself


@pytest.mark.parametrize(("engine", "there"), [("nginx", {"nginx"}), ("traefik", {"static", "dynamic"})])
def test_all_of_an_edge(engine: str, there: set[str]) -> None:
    """One engine's files; the other one's are empty."""
    found = rendered([site(basic_auth=["ann"])], {"engine": engine}, GROUPS, HOSTS, {"passwords": {"ann": "word"}})
    assert {name for name in ("nginx", "static", "dynamic") if found[name]} == there
    assert "word" in found["prepare"] and "word" not in found["nginx"] + found["static"] + found["dynamic"]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([site(), site()], r"edge_sites\[1\].name: the name pacs is that of"),
        ([site(servers=["app1"])], r"edge_sites\[0\].servers\[0\]: 'app1' is not a server"),
        ([site(basic_auth=["ann"])], r"edge_users has no ann"),
        ([site(allow_from=["nobody"])], r"edge_sites\[0\].allow_from: nobody is not a group"),
        ([site(certificate={"source": "provided"})], "edge_certificates has no pacs"),
    ],
)
def test_refused_before_a_host_is_changed(entries: list[object], words: str) -> None:
    """What preflight could not know, such as an export."""
    with pytest.raises(ValueError, match=words):
        rendered(entries, {"engine": "nginx"}, GROUPS, HOSTS, {})
