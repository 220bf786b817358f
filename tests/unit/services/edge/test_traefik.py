# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of Traefik; whether it takes it, a real one says in the scenario."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.traefik import dynamic, marker, static

from .conftest import CRL, planned, site, tcp


def made(*entries: Any, **settings: Any) -> Any:
    """The dynamic configuration."""
    return yaml.safe_load(dynamic(planned(*entries, **settings)))


def start(*entries: Any, **settings: Any) -> Any:
    """The static configuration."""
    return yaml.safe_load(static(planned(*entries, **settings)))


def test_a_site() -> None:
    found = made(site(servers=["app1:8042", "app2:8042"]))
    router = found["http"]["routers"]["pacs-0"]
    assert router == {
        "entryPoints": ["port-443-0"],
        "rule": "Host(`pacs.clinic.health`)",
        "priority": 11,
        "middlewares": ["pacs-headers", "pacs-0-retry"],
        "service": "pacs-0",
        "tls": {},
    }
    balancer = found["http"]["services"]["pacs-0"]["loadBalancer"]
    assert balancer["servers"] == [{"url": "http://10.0.0.1:8042"}, {"url": "http://10.0.0.2:8042"}]
    assert found["http"]["middlewares"]["pacs-0-retry"] == {"retry": {"attempts": 2}}
    assert found["http"]["middlewares"]["pacs-headers"] == {
        "headers": {"customResponseHeaders": {"Strict-Transport-Security": "max-age=63072000"}}
    }
    assert found["tls"]["certificates"] == [
        {"certFile": "/var/lib/vannah-edge/pacs/fullchain.pem", "keyFile": "/var/lib/vannah-edge/pacs/privkey.pem"}
    ]
    assert found["tls"]["options"]["default"]["sniStrict"] is True and found["tls"]["options"]["default"]["alpnProtocols"] == [
        "h2",
        "http/1.1",
    ]
    assert "tcp" not in found


def test_start() -> None:
    """Ports, an interface on the loopback, no telemetry, no query strings; uploads may last hours."""
    found = start(site(), site(name="b", names=["b.clinic.health"], port=8443), tcp(), bind=["0.0.0.0", "::"], metrics="10.0.0.1:9113")
    points = {name: point["address"] for name, point in found["entryPoints"].items()}
    assert points == {
        "traefik": "127.0.0.1:8099",
        "metrics": "10.0.0.1:9113",
        **{f"port-{port}-{index}": f"{bind}:{port}" for port in (80, 443, 8443, 4242) for index, bind in enumerate(("0.0.0.0", "[::]"))},
    }
    assert found["entryPoints"]["port-443-0"]["transport"]["respondingTimeouts"]["readTimeout"] == "14400s"
    assert found["global"] == {"checkNewVersion": False, "sendAnonymousUsage": False}
    assert found["accessLog"]["fields"]["queryParameters"] == {"defaultMode": "drop"}
    assert found["accessLog"]["fields"]["defaultMode"] == "drop" and found["accessLog"]["fields"]["names"]["RequestPath"] == "keep"
    assert found["accessLog"]["fields"]["headers"] == {"defaultMode": "drop", "names": {"User-Agent": "keep"}}
    assert found["providers"]["file"]["watch"] is False
    assert "accessLog" not in start(site(), access_log=False) and "metrics" not in start(site())


@pytest.mark.parametrize(("profile", "oldest", "suites"), [("modern", "VersionTLS13", None), ("intermediate", "VersionTLS12", 6)])
def test_profiles(profile: str, oldest: str, suites: int | None) -> None:
    options = made(site(), profile=profile)["tls"]["options"]["default"]
    assert options["minVersion"] == oldest and options["curvePreferences"] == ["X25519", "CurveP256", "CurveP384"]
    assert (len(options["cipherSuites"]) if "cipherSuites" in options else None) == suites


def test_plain_http() -> None:
    found = made(site(), site(name="b", names=["b.clinic.health", "pacs.clinic.health"], port=8443), challenge=["127.0.0.1:8402"])["http"]
    assert (
        found["routers"]["pacs-plain"]["middlewares"] == ["to-https-443"]
        and found["routers"]["b-plain"]["rule"] == "Host(`b.clinic.health`)"
    )
    assert found["middlewares"]["to-https-8443"] == {"redirectScheme": {"scheme": "https", "permanent": True, "port": "8443"}}
    assert found["routers"]["acme-challenge"]["entryPoints"] == ["port-80-0"]
    assert found["services"]["acme-challenge"]["loadBalancer"]["servers"] == [{"url": "http://127.0.0.1:8402"}]


def test_revocation_lists() -> None:
    """Given out for each name without TLS, by the program beside Traefik."""
    found = made(site(), revoked="/etc/vannah/pki/ca.crl")["http"]
    router = found["routers"]["revocation-lists"]
    assert router["rule"] == "PathRegexp(`^/pki/[0-9A-F]{40}[.]crl$`)" and router["entryPoints"] == ["port-80-0"] and "tls" not in router
    assert found["services"]["revocation-lists"]["loadBalancer"]["servers"] == [{"url": "http://127.0.0.1:8098"}]
    assert "revocation-lists" not in made(site())["http"]["routers"]


def test_requests() -> None:
    """In this order: headers of every answer, then who, how often, with which password."""
    found = made(
        site(
            allow_from=["app1"],
            basic_auth=["ann"],
            rate_limit={"requests": 2, "seconds": 10, "burst": 4},
            request_headers={"X-A": "b"},
            response_headers={"Server": ""},
            max_body_mb=50,
            hsts=False,
            client_certificates={"mode": "required", "revoked": CRL},
        )
    )
    http = found["http"]
    names = http["routers"]["pacs-0"]["middlewares"]
    assert [name.removeprefix("pacs-") for name in names] == ["headers", "allow", "certificate", "revoked", "rate", "users", "body"]
    assert http["middlewares"]["pacs-allow"] == {"ipAllowList": {"sourceRange": ["10.0.0.1"]}}
    assert http["middlewares"]["pacs-rate"] == {"rateLimit": {"average": 2, "period": "10s", "burst": 5}}
    assert http["middlewares"]["pacs-users"]["basicAuth"] == {
        "usersFile": "/var/lib/vannah-edge/pacs/htpasswd",
        "realm": "pacs",
        "removeHeader": True,
    }
    assert http["middlewares"]["pacs-headers"] == {
        "headers": {"customRequestHeaders": {"X-A": "b"}, "customResponseHeaders": {"Server": ""}}
    }
    assert http["middlewares"]["pacs-body"] == {"buffering": {"maxRequestBodyBytes": 50 << 20}}
    assert http["middlewares"]["pacs-revoked"]["forwardAuth"]["address"] == "http://127.0.0.1:8098/pacs"
    assert http["routers"]["pacs-0"]["tls"] == {"options": "pacs"}
    assert found["tls"]["options"]["pacs"]["clientAuth"] == {
        "caFiles": ["/etc/vannah/pki/ca.crt"],
        "clientAuthType": "RequireAndVerifyClientCert",
    }


def test_the_port_of_revocations_is_the_roles() -> None:
    """It stands in two places."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.traefik_http import REVOCATION_PORT

    from tests.unit.lib.rendered import REPOSITORY

    assert (
        yaml.safe_load((REPOSITORY / "roles/edge/vars/main.yml").read_text(encoding="utf-8"))["__edge_revocation_port"] == REVOCATION_PORT
    )


def test_where_requests_go() -> None:
    """Paths by their length; a wildcard is a pattern; another scheme for gRPC and TLS."""
    entry = site(
        names=["*.pacs.clinic.health"],
        paths=[{"path": "/v", "servers": ["app2:1"], "upstream": {"tls": True, "balance": "least_connections", "health_path": "/up"}}],
        redirects=[{"path": "/o.x", "to": "/n"}, {"path": "/q", "to": "https://a.b/q", "permanent": False}],
        timeouts={"read": 600},
    )
    found = made(entry, site(name="rpc", names=["rpc.clinic.health"], protocol="grpc"))["http"]
    host = "HostRegexp(`^.+\\.pacs\\.clinic\\.health$`)"
    assert found["routers"]["pacs-0"]["rule"] == f"({host}) && PathPrefix(`/v`)"
    assert found["routers"]["pacs-0"]["priority"] > found["routers"]["pacs-1"]["priority"]
    assert found["services"]["pacs-0"]["loadBalancer"]["servers"] == [{"url": "https://10.0.0.2:1"}]
    assert found["services"]["pacs-0"]["loadBalancer"]["strategy"] == "p2c"
    assert found["services"]["pacs-0"]["loadBalancer"]["healthCheck"] == {"path": "/up", "interval": "10s", "timeout": "5s"}
    assert found["serversTransports"]["pacs-0"]["rootCAs"] == ["/etc/vannah/pki/ca.crt"]
    assert found["serversTransports"]["pacs-0"]["serverName"] == "localhost"
    assert found["serversTransports"]["pacs-1"] == {
        "maxIdleConnsPerHost": 200,
        "forwardingTimeouts": {"dialTimeout": "5s", "responseHeaderTimeout": "600s", "idleConnTimeout": "60s"},
    }
    assert found["services"]["rpc-0"]["loadBalancer"]["servers"] == [{"url": "h2c://10.0.0.1:8042"}]
    assert found["routers"]["pacs-redirect-0"]["rule"] == f"({host}) && Path(`/o.x`)"


@pytest.mark.parametrize(
    ("redirect", "url", "target"),
    [
        ({"path": "/o.x", "to": "/n"}, "https://pacs:8443/o.x?a=1", "https://pacs:8443/n"),
        ({"path": "/o", "to": "https://a.b/q"}, "https://pacs/o", "https://a.b/q"),
        ({"path": "/o.x", "to": "/n"}, "https://pacs/oyx", ""),
    ],
)
def test_redirects(redirect: dict[str, Any], url: str, target: str) -> None:
    options = made(site(redirects=[redirect]))["http"]["middlewares"]["pacs-redirect-0"]["redirectRegex"]
    found = re.match(options["regex"], url)
    assert (found.expand(options["replacement"].replace("${1}", "\\1")) if found else "") == target


def test_a_site_that_leads_elsewhere() -> None:
    found = made(site(servers=None, redirect_to="https://a.b/"))["http"]
    options = found["middlewares"]["pacs-away"]["redirectRegex"]
    assert re.sub(options["regex"], options["replacement"].replace("${1}", "\\1"), "https://pacs/x/y?z") == "https://a.b/x/y?z"
    assert found["routers"]["pacs-away"]["rule"] == "Host(`pacs.clinic.health`)"


def test_tcp() -> None:
    """A port of a site's own does not ask for a name; TLS that passes through is told apart by it."""
    found = made(
        tcp(allow_from=["app1"], servers=["app1:104", "app2:104"], upstream={"tls": True}),
        tcp(name="pg", names=["pg.clinic.health", "*.pg.clinic.health"], port=5432, tls="passthrough", servers=["app1:5432"]),
        tcp(name="raw", names=[], port=9000, tls="none"),
    )
    routers = found["tcp"]["routers"]
    assert (
        routers["dicom"]["rule"] == "HostSNI(`*`)" and routers["dicom"]["tls"] == {"options": "dicom"} and routers["dicom"]["middlewares"]
    )
    assert routers["pg"]["rule"] == "HostSNI(`pg.clinic.health`) || HostSNIRegexp(`^.+\\.pg\\.clinic\\.health$`)"
    assert routers["pg"]["tls"] == {"passthrough": True} and "tls" not in routers["raw"]
    balancer = found["tcp"]["services"]["dicom"]["loadBalancer"]
    assert balancer["servers"] == [{"address": "10.0.0.1:104", "tls": True}, {"address": "10.0.0.2:104", "tls": True}]
    assert balancer["healthCheck"] and "healthCheck" not in found["tcp"]["services"]["pg"]["loadBalancer"]
    assert found["tls"]["options"]["dicom"]["sniStrict"] is False and "dicom" in found["tls"]["options"]["dicom"]["alpnProtocols"]
    assert found["tls"]["stores"]["default"]["defaultCertificate"]["certFile"] == "/var/lib/vannah-edge/dicom/fullchain.pem"


def test_generation() -> None:
    """The same sites have the same one; Traefik shows it by the name of a middleware."""
    one, same, other = (dynamic(planned(site(servers=[f"app1:{port}"]))) for port in (1, 1, 2))
    first, second, third = (re.findall(r"^# generation ([0-9a-f]{32})$", text, re.MULTILINE)[0] for text in (one, same, other))
    assert first == second != third and marker(first) in yaml.safe_load(one)["http"]["middlewares"]


def test_no_template() -> None:
    """Traefik takes its file for a template of Go."""
    assert "{{" not in dynamic(planned(site(paths=[{"path": "/~a", "servers": ["a.b:1"]}]), tcp()))


def test_values_of_an_inventory() -> None:
    """Ansible's texts and numbers carry where they were written."""
    from ansible.parsing.dataloader import DataLoader

    text = "[{name: pacs, names: [a.clinic.health], servers: ['app1:1'], port: 8443, upstream: {fail_timeout: 7, health_path: /a}}]"
    found = made(*DataLoader().load(text))
    assert found["http"]["routers"]["pacs-0"]["entryPoints"] == ["port-8443-0"]
    assert found["http"]["services"]["pacs-0"]["loadBalancer"]["healthCheck"]["interval"] == "7s"
