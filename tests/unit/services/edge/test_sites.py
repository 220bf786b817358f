# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is a site of the edge, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.fields import BadSiteError
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.sites import KEYS, Pool, RateLimit, Redirect, Timeouts, parse

from tests.unit.lib.rendered import REPOSITORY

from .conftest import site, tcp


def test_defaults() -> None:
    found = parse(site())
    assert (found.protocol, found.tls, found.certificate.source, found.port, found.hsts) == ("http", "terminate", "internal", 0, True)
    assert found.pools() == [("/", Pool(servers=("app1:8042",)))]
    assert found.timeouts == Timeouts(connect=5, read=300, send=300, idle=3600)
    assert found.max_body_mb == 0


def test_everything() -> None:
    """Names in small letters; the longest path first; a path has the site's way to servers unless it says another one."""
    found = parse(
        site(
            names=["PACS.clinic.health.", "*.pacs.clinic.health"],
            upstream={"tls": True, "balance": "source", "max_fails": 3, "fail_timeout": 30, "health_path": "/up", "server_name": "orthanc"},
            paths=[{"path": "/a", "servers": ["app2:1"]}, {"path": "/abc", "servers": ["[2001:db8::1]:2"], "upstream": {"tls": False}}],
            rate_limit={"requests": 5, "seconds": 10},
            redirects=[{"path": "/old", "to": "/new", "permanent": False}],
        )
    )
    assert found.names == ("pacs.clinic.health", "*.pacs.clinic.health")
    assert [path for path, _pool in found.pools()] == ["/abc", "/a", "/"]
    pools = dict(found.pools())
    assert pools["/a"].tls and pools["/a"].server_name == "orthanc" and pools["/a"].fails == 3
    assert not pools["/abc"].tls and pools["/abc"].balance == "source"
    assert found.rate_limit == RateLimit(5, 10, 5)
    assert found.redirects == (Redirect("/old", "/new", False),)


@pytest.mark.parametrize(
    ("entry", "path", "words"),
    [
        ("pacs", "", "not a mapping"),
        (site(name="Pacs"), "name", "not a valid name"),
        (site(name="a--b"), "name", "not a valid name"),
        (site(upstreams=[]), "upstreams", "no such key"),
        (site(names=None), "names", "there is none"),
        (site(names=["https://pacs.clinic.health"]), "names[0]", "is a URL"),
        (site(names=["a.clinic.health", "10.0.0.1"]), "names[1]", "is an address"),
        (site(names=["2001:db8::1"]), "names[0]", "is an address"),
        (site(names=["my_pacs.clinic.health"]), "names[0]", "has an underscore"),
        (site(names=["pacs.clinic.health:443"]), "names[0]", "has a port"),
        (site(names=["pacs"]), "names[0]", "not a domain name"),
        (site(names=["a.*.clinic.health"]), "names[0]", "not a domain name"),
        (site(names=["a.b", "a.b"]), "names", "listed twice"),
        (site(servers=None), "servers", "there is none"),
        (site(servers=["app1"]), "servers[0]", "is not a server"),
        (site(servers=["app1:70000"]), "servers[0]", "is not a server"),
        (site(servers=["http://app1:80"]), "servers[0]", "is not a server"),
        (site(servers=["app1:80; }"]), "servers[0]", "is not a server"),
        (site(protocol="h2"), "protocol", "not one of http"),
        (site(tls="passthrough"), "tls", "not possible"),
        (site(paths=[{"path": "viewer", "servers": ["app1:1"]}]), "paths[0].path", "not a path"),
        (site(paths=[{"path": "/a b", "servers": ["app1:1"]}]), "paths[0].path", "not a path"),
        (site(paths=[{"path": "/{x}", "servers": ["app1:1"]}]), "paths[0].path", "not a path"),
        (site(paths=[{"path": "/a"}]), "paths[0].servers", "there is none"),
        (site(paths=[{"path": "/a", "servers": ["a:1"]}] * 2), "paths", "listed twice"),
        (site(upstream={"balance": "random"}), "upstream.balance", "not one of"),
        (site(upstream={"max_fails": 0}), "upstream.max_fails", "whole number from 1"),
        (site(upstream={"max_fails": True}), "upstream.max_fails", "whole number from 1"),
        (site(upstream={"health_path": "up"}), "upstream.health_path", "not a path"),
        (site(certificate={"source": "letsencrypt"}), "certificate.source", "not one of internal"),
        (site(certificate={"source": "acme", "name": "../x"}), "certificate.name", "not a name of a certificate"),
        (site(client_certificates={"mode": "maybe"}), "client_certificates.mode", "not one of"),
        (site(client_certificates={"authority": "/etc/ca.pem"}), "client_certificates.authority", "not a PEM text of a CERTIFICATE"),
        (
            site(client_certificates={"revoked": "-----BEGIN CERTIFICATE-----"}),
            "client_certificates.revoked",
            "not a PEM text of a X509 CRL",
        ),
        (site(upstream={"tls": True, "authority": "x"}), "upstream.authority", "not a PEM text"),
        (site(timeouts={"read": 0}), "timeouts.read", "whole number from 1"),
        (site(timeouts={"reads": 1}), "timeouts.reads", "no such key"),
        (site(request_headers={"X Y": "a"}), "request_headers", "not a name of a header"),
        (site(request_headers={"X-Y": 'a"; proxy_pass http://x; #'}), "request_headers.X-Y", "has a quote"),
        (site(response_headers={"X-Y": "$host"}), "response_headers.X-Y", "has a quote, a dollar"),
        (site(response_headers={"X-Y": "{{ x }}"}), "response_headers.X-Y", "a brace"),
        (site(response_headers={"X-Y": "a\nb"}), "response_headers.X-Y", "a control character"),
        (site(rate_limit={"seconds": 5}), "rate_limit.requests", "there is none"),
        (site(redirects=[{"path": "/a"}]), "redirects[0].to", "there is none"),
        (site(redirects=[{"path": "/a", "to": "javascript:x"}]), "redirects[0].to", "neither a path nor a URL"),
        (site(redirect_to="/$host"), "redirect_to", "neither a path nor a URL"),
        (site(hsts="yes"), "hsts", "neither true nor false"),
        (site(protocol="grpc", redirect_to="https://a.b"), "redirect_to", "gRPC"),
        (tcp(port=None), "port", "no port"),
        (tcp(servers=[]), "servers", "there is none"),
        (tcp(names=[]), "names", "needs a name"),
        (tcp(paths=[{"path": "/a", "servers": ["a:1"]}]), "paths", "no requests"),
        (tcp(basic_auth=["ann"]), "basic_auth", "no requests"),
        (tcp(tls="passthrough", upstream={"tls": True}), "upstream.tls", "unopened"),
        (tcp(tls="none", client_certificates={"mode": "required"}), "client_certificates", "without terminating"),
    ],
)
def test_refused(entry: Any, path: str, words: str) -> None:
    with pytest.raises(BadSiteError, match=words) as caught:
        parse(entry)
    assert caught.value.path == path
    assert caught.value.fix


@pytest.mark.parametrize(
    "entry", [tcp(), tcp(tls="passthrough", names=[]), tcp(tls="none", names=[]), site(servers=None, redirect_to="https://a.b")]
)
def test_good(entry: Any) -> None:
    assert parse(entry).name == entry["name"]


def test_the_specification_has_the_same_keys() -> None:
    """What preflight's schema lets pass is what is read."""
    specs = yaml.safe_load((REPOSITORY / "roles/edge/meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert set(specs["argument_specs"]["main"]["options"]["edge_sites"]["options"]) == set(KEYS)
