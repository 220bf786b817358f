# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role edge: its components for each engine, and what it says to others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.lookup import artifact, authority, exports, secret

from tests.unit.lib.exported import Exported

from .conftest import CRL

SITES = [
    {"name": "pacs", "names": ["pacs.clinic.health"], "servers": ["app1:8042"], "basic_auth": ["ann", "bob"]},
    {"name": "dicom", "names": ["dicom.clinic.health"], "protocol": "tcp", "port": 4242, "servers": ["app1:104"]},
]
USERS = [{"name": "ann"}, {"name": "bob", "password": "given"}]
INGRESS = [{"name": "storage", "servers": ["app1:9000"], "upstream": {"tls": True}, "role": "minio"}]

AUTHORITY = {"trusted": "-----BEGIN CERTIFICATE-----", "revoked": CRL}


@pytest.fixture(autouse=True)
def _lookups(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's secrets, each named in its value; exports of the one host with a service; an artifact."""
    monkeypatch.setattr(secret.LookupModule, "run", lambda _self, terms, *_args, **_more: [f"value of {term}" for term in terms])
    monkeypatch.setattr(authority.LookupModule, "run", lambda _self, terms, *_args, **_more: [AUTHORITY.get(terms[0], "")])
    monkeypatch.setattr(artifact.LookupModule, "run", lambda _self, terms, *_args, **_more: [{"src": f"/cache/{terms[0]}", "sha256": "ab"}])
    monkeypatch.setattr(exports.LookupModule, "run", lambda _self, _terms, *_args, **more: [INGRESS if more["host"] == "app1" else []])


def made(render: Callable[..., Any], component: str = "edge-nginx", **variables: Any) -> Any:
    """A component on a host of the group."""
    children = {"edge": {"hosts": {"e1": {"ansible_host": "192.0.2.21"}}}, "docker": {"hosts": {"app1": {"ansible_host": "192.0.2.31"}}}}
    given = {"site_name": "clinic", "site_domain": "clinic.health", "edge_sites": SITES, "edge_users": USERS, **variables}
    return render("edge", component, {"all": {"vars": given, "children": children}}, "e1")


def test_nginx(render: Callable[..., Any]) -> None:
    """Its configuration, judged by itself; a change is a reload; the package's unit with a drop-in."""
    found = made(render)
    text = found["files"]["/etc/nginx/vannah.conf"]
    assert "server 192.0.2.31:8042 max_fails=1 fail_timeout=10s;" in text
    assert "server_name storage.clinic.health;" in text and "server 192.0.2.31:9000" in text
    changes = {item["path"]: item["on_change"] for item in found["definition"]["files"]}
    assert changes == {"/etc/nginx/vannah.conf": "reload", "/etc/nginx/vannah.json": "reload"}
    assert found["definition"]["validate"][-1] == ["/usr/sbin/nginx", "-t", "-q", "-c", "/etc/nginx/vannah.conf"]
    (unit,) = found["definition"]["units"]
    assert unit["name"] == "nginx.service" and unit["watch"]["/etc/vannah/edge/certificates/pacs.pem"] == "reload"
    assert unit["watch_packages"] == [], "the package replaces the running program itself"


def test_common(render: Callable[..., Any]) -> None:
    """Certificates whatever the engine is."""
    names = [item["name"] for item in made(render, "edge")["definition"]["certificates"]]
    assert names == ["edge-dicom", "edge-pacs", "edge-storage"]
    assert [item["name"] for item in made(render, "edge", edge_engine="traefik")["definition"]["certificates"]] == names


@pytest.mark.parametrize(("engine", "path"), [("nginx", "/etc/nginx/vannah.json"), ("traefik", "/etc/traefik/vannah.json")])
def test_passwords(render: Callable[..., Any], engine: str, path: str) -> None:
    """For root alone, and in no other file; restored together with the configuration that needs them."""
    found = made(render, f"edge-{engine}", edge_engine=engine)
    (file,) = [item for item in found["definition"]["files"] if item["path"] == path]
    assert (file["mode"], file["sensitive"]) == ("0600", True)
    assert json.loads(file["content"])["users"] == {"pacs": {"ann": "value of edge_user_ann", "bob": "given"}}
    for other, text in found["files"].items():
        assert other == path or ("value of" not in str(text) and "given" not in str(text)), other


def test_traefik(render: Callable[..., Any]) -> None:
    """Sites are read again by a reload; ports need a start."""
    found = made(render, "edge-traefik", edge_engine="traefik")
    start, sites = (yaml.safe_load(found["files"][f"/etc/traefik/{name}.yml"]) for name in ("traefik", "vannah"))
    assert start["entryPoints"]["metrics"] == {"address": "192.0.2.21:9113"}
    assert set(sites["http"]["services"]) == {"pacs-0", "storage-0", "revocation-lists"} and set(sites["tcp"]["services"]) == {"dicom"}
    changes = {item["path"]: item.get("on_change") for item in found["definition"]["files"]}
    assert changes["/etc/traefik/vannah.yml"] == "reload" and changes["/etc/traefik/traefik.yml"] == "restart"
    unit = found["units"]["traefik.service"]
    assert "ExecReload=/bin/kill -HUP $MAINPID\n" in unit and "take nginx.service mtail.service\n" in unit and "User=traefik\n" in unit


@pytest.mark.parametrize("engine", ["nginx", "traefik"])
def test_what_leaves_with_a_site_is_no_reason_for_a_restart(render: Callable[..., Any], engine: str) -> None:
    """The unit itself asks for nothing; each file that counts says what it asks for."""
    found = made(render, f"edge-{engine}", edge_engine=engine)["definition"]
    (unit,) = found["units"]
    assert unit["on_change"] == "none" and all(item["on_change"] in ("none", "reload", "restart") for item in found["files"])
    own = {"nginx": "nginx.service.d/vannah.conf", "traefik": "traefik.service"}[engine]
    assert unit["watch"][f"/etc/systemd/system/{own}"] == "restart"
    assert unit["watch_command"] == ["/usr/local/lib/vannah/edge-server", "pending", f"/etc/{engine}/vannah.json"]


@pytest.mark.parametrize(("lists", "found"), [(CRL, True), ("", False), (CRL + CRL, False)])
def test_each_authority_has_a_list(render: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, lists: str, found: bool) -> None:
    """nginx refuses all clients of one without."""
    monkeypatch.setitem(AUTHORITY, "revoked", lists)
    sites = [{**SITES[0], "client_certificates": {"mode": "required"}}]
    text = made(render, edge_sites=sites)["files"]["/etc/nginx/vannah.conf"]
    assert ("ssl_crl /etc/vannah/pki/ca.crl;" in text) is found


@pytest.mark.parametrize(
    ("component", "engine", "state"),
    [
        ("edge-nginx", "nginx", "present"),
        ("edge-nginx", "traefik", "absent"),
        ("edge-traefik", "nginx", "absent"),
        ("edge-traefik", "traefik", "present"),
        ("edge-revocation", "nginx", "absent"),
        ("edge-revocation", "traefik", "present"),
    ],
)
def test_one_engine(render: Callable[..., Any], component: str, engine: str, state: str) -> None:
    assert made(render, component, edge_engine=engine)["definition"].get("state", "present") == state


def test_revocation_for_traefik_alone(render: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for clients of another authority, where the site's own may sign no list."""
    monkeypatch.setitem(AUTHORITY, "revoked", "")
    assert made(render, "edge-revocation", edge_engine="traefik")["definition"]["state"] == "absent"
    sites = [{**SITES[0], "client_certificates": {"mode": "required", "revoked": CRL}}]
    assert made(render, "edge-revocation", edge_engine="traefik", edge_sites=sites)["definition"].get("state", "present") == "present"
    assert made(render, "edge-revocation", edge_sites=sites)["definition"]["state"] == "absent"


def test_ingress_that_is_not_wanted(render: Callable[..., Any]) -> None:
    assert "storage" not in made(render, edge_ingress=[])["files"]["/etc/nginx/vannah.conf"]


def test_ports(exported: Exported) -> None:
    """As the firewall gets them."""
    groups = {"edge": {"e1": "192.0.2.21"}}
    found = exported("firewall_ports", "e1", groups, "edge", edge_sites=SITES, edge_engine="traefik")
    assert [(item["name"], item["port"]) for item in found] == [
        ("edge-http", 80),
        ("edge-https", 443),
        ("edge-dicom", 4242),
        ("edge-metrics", 9113),
    ]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, ["http://pacs.clinic.health/pki"]),
        ({"edge_http_port": 8080}, ["http://pacs.clinic.health:8080/pki"]),
        ({"edge_revocation_name": "pki.clinic.health"}, ["http://pki.clinic.health/pki"]),
        ({"edge_revocation_name": "none"}, []),
        ({"edge_sites": SITES[1:]}, []),
        ({"edge_sites": [{"name": "all", "names": ["*.a.health"], "servers": ["app1:1"]}, *SITES]}, ["http://pacs.clinic.health/pki"]),
    ],
)
def test_where_the_revocation_list_is(exported: Exported, given: dict[str, Any], found: list[str]) -> None:
    """Of a TCP site or a star there is no URL."""
    groups = {"edge": {"e1": "192.0.2.21"}}
    assert exported("revocation_urls", "e1", groups, "edge", **{"edge_sites": SITES, **given}) == found


def test_secrets_of_users(exported: Exported) -> None:
    found = exported("secrets", "e1", {"edge": {"e1": "192.0.2.21"}}, "edge", edge_users=USERS)
    assert [item["name"] for item in found] == ["edge_user_ann"]


def test_floating_addresses(render: Callable[..., Any]) -> None:
    """The hosts know each other by their addresses; none has a higher claim than the one that has it."""
    inventory = {
        "all": {
            "vars": {"site_name": "clinic", "site_domain": "clinic.health", "edge_floating_addresses": ["192.0.2.100/24"]},
            "children": {"edge": {"hosts": {"e1": {"ansible_host": "192.0.2.21"}, "e2": {"ansible_host": "192.0.2.22"}}}},
        }
    }
    texts = {host: render("edge", "edge-floating", inventory, host)["files"]["/etc/keepalived/vannah.conf"] for host in ("e1", "e2")}
    peers = {host: text.partition("unicast_peer {")[2].partition("}")[0].split() for host, text in texts.items()}
    assert peers == {"e1": ["192.0.2.22"], "e2": ["192.0.2.21"]}
    assert "priority 200" in texts["e1"] and "priority 195" in texts["e2"] and all("nopreempt" in text for text in texts.values())
    assert texts["e1"].partition("virtual_ipaddress {")[2].partition("}")[0].split() == ["192.0.2.100/24"]
    assert 'script "/usr/local/lib/vannah/edge-server alive nginx 8099"' in texts["e1"]


def test_no_floating_address(render: Callable[..., Any]) -> None:
    assert made(render, "edge-floating")["definition"]["state"] == "absent"


@pytest.mark.parametrize(
    ("variables", "state"), [({}, "present"), ({"edge_engine": "traefik"}, "absent"), ({"edge_access_log": False}, "absent")]
)
def test_metrics_of_nginx(render: Callable[..., Any], variables: dict[str, Any], state: str) -> None:
    """From the fields of its access log, in their order."""
    found = made(render, "edge-metrics", **variables)
    assert found["definition"].get("state", "present") == state
    if state == "present":
        pattern = found["files"]["/etc/vannah/edge/mtail/edge.mtail"].partition("\n/")[2].partition("/ {")[0]
        logged = made(render)["files"]["/etc/nginx/vannah.conf"].partition("log_format vannah escape=json '")[2].partition("';")[0]
        line = (
            logged.replace("$vannah_site", "pacs").replace("$status", "200").replace("$request_length", "12").replace("$bytes_sent", "34")
        )
        match = re.search(pattern, line.replace("$request_time", "0.125"))
        assert match and match.groupdict() == {"site": "pacs", "code": "200", "received": "12", "sent": "34", "seconds": "0.125"}
