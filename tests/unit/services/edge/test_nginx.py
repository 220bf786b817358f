# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of nginx, read as blocks and directives; whether nginx takes it, a real one says in the scenario."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.edge.nginx import nginx

from .conftest import CRL, planned, site, tcp


def blocks(text: str, head: str) -> list[list[str]]:
    """The lines of each block that begins so."""
    found: list[list[str]] = []
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if line.strip().startswith(head) and line.rstrip().endswith("{"):
            indent = len(line) - len(line.lstrip())
            end = next(number for number in range(index + 1, len(lines)) if lines[number] == " " * indent + "}")
            found.append([one.strip() for one in lines[index + 1 : end]])
    return found


def server_of(text: str, name: str) -> list[str]:
    """The one server with TLS of a name."""
    (found,) = [
        one
        for one in blocks(text, "server {")
        if f"server_name {name};" in one and any(line.startswith("ssl_certificate ") for line in one)
    ]
    return found


def location(lines: list[str], path: str) -> list[str]:
    """The lines of a location."""
    begin = lines.index(f"location {path} {{")
    return lines[begin + 1 : lines.index("}", begin)]


def test_a_site() -> None:
    text = nginx(planned(site(servers=["app1:8042", "app2:8042"], upstream={"max_fails": 2, "fail_timeout": 7})))
    made = server_of(text, "pacs.clinic.health")
    assert "listen 0.0.0.0:443 ssl;" in made and "http2 on;" in text
    assert (
        "ssl_certificate /var/lib/vannah-edge/pacs/fullchain.pem;" in made
        and "ssl_certificate_key /var/lib/vannah-edge/pacs/privkey.pem;" in made
    )
    assert 'add_header Strict-Transport-Security "max-age=63072000" always;' in made
    assert "client_max_body_size 0;" in made and "proxy_request_buffering off;" in text and "proxy_max_temp_file_size 0;" in text
    assert location(made, "/") == ["proxy_pass http://pacs_0;"]
    assert blocks(text, "upstream pacs_0") == [
        [
            "zone pacs_0 64k;",
            "server 10.0.0.1:8042 max_fails=2 fail_timeout=7s;",
            "server 10.0.0.2:8042 max_fails=2 fail_timeout=7s;",
            "keepalive 32;",
        ]
    ]
    assert "stream {" not in text


def test_debian_12() -> None:
    """Its nginx has HTTP/2 at the address, and keeps the key of tickets as long as it runs."""
    text = nginx(planned(site(), release="12"))
    assert "listen 0.0.0.0:443 ssl http2;" in server_of(text, "pacs.clinic.health") and "http2 on;" not in text
    assert "ssl_session_tickets off;" in text and "ssl_session_tickets" not in nginx(planned(site()))


def test_addresses() -> None:
    made = server_of(nginx(planned(site(), bind=["0.0.0.0", "::"], https_port=8443)), "pacs.clinic.health")
    assert made[:2] == ["listen 0.0.0.0:8443 ssl;", "listen [::]:8443 ssl;"]


@pytest.mark.parametrize(("profile", "versions", "suites"), [("modern", "TLSv1.3", 0), ("intermediate", "TLSv1.2 TLSv1.3", 6)])
def test_profiles(profile: str, versions: str, suites: int) -> None:
    text = nginx(planned(site(), tcp(), profile=profile))
    assert text.count(f"ssl_protocols {versions};") == 2
    assert [len(line.split(":")) for line in re.findall(r"ssl_ciphers (\S+);", text)] == ([suites] * 2 if suites else [])
    assert "DHE-RSA" not in text.replace("ECDHE-RSA", "")


def test_plain_http() -> None:
    """Leads to the port of the name; challenges are answered; an unknown name gets no answer."""
    text = nginx(planned(site(), site(name="b", names=["b.clinic.health", "pacs.clinic.health"], port=8443), challenge=["127.0.0.1:8402"]))
    plain = [one for one in blocks(text, "server {") if any(line.startswith("listen 0.0.0.0:80") for line in one)]
    assert len(plain) == 3
    assert all(location(one, "^~ /.well-known/acme-challenge/")[0] == "proxy_pass http://vannah_challenge;" for one in plain)
    assert location(plain[0], "/") == ["return 444;"] and "listen 0.0.0.0:80 default_server;" in plain[0]
    targets = {line[12:-1]: location(one, "/")[-1] for one in plain[1:] for line in one if line.startswith("server_name")}
    assert targets == {
        "pacs.clinic.health": "return 301 https://$host$request_uri;",
        "b.clinic.health": "return 301 https://$host:8443$request_uri;",
    }
    refusing = [one for one in blocks(text, "server {") if "ssl_reject_handshake on;" in one]
    assert len(refusing) == 2 and all(one[-1] == "return 421;" for one in refusing), "the package's page would be served"


def test_requests() -> None:
    """Who may come, how often, with which headers; the password of the edge is not the server's."""
    made = server_of(
        nginx(
            planned(
                site(
                    allow_from=["app1", "10.0.0.0/8"],
                    basic_auth=["ann"],
                    rate_limit={"requests": 2, "seconds": 10, "burst": 4},
                    request_headers={"x-forwarded-proto": "http", "X-A": "b"},
                    response_headers={"X-Frame-Options": "DENY", "Server": ""},
                    max_body_mb=50,
                    timeouts={"read": 600, "connect": 2},
                    hsts=False,
                )
            )
        ),
        "pacs.clinic.health",
    )
    assert made[made.index("allow 10.0.0.1;") :][:3] == ["allow 10.0.0.1;", "allow 10.0.0.0/8;", "deny all;"]
    assert "auth_basic_user_file /var/lib/vannah-edge/pacs/htpasswd;" in made and 'proxy_set_header Authorization "";' in made
    assert "limit_req zone=pacs burst=4 nodelay;" in made and "client_max_body_size 50m;" in made
    assert "proxy_read_timeout 600s;" in made and "proxy_connect_timeout 2s;" in made
    headers = [line.split()[1] for line in made if line.startswith("proxy_set_header")]
    assert headers.count("x-forwarded-proto") == 1 and "X-Forwarded-Proto" not in headers and "X-A" in headers
    assert 'add_header X-Frame-Options "DENY" always;' in made and "proxy_hide_header Server;" in made
    assert not [line for line in made if "Strict-Transport" in line or line.startswith("add_header Server")]


def test_rates() -> None:
    text = nginx(planned(site(rate_limit={"requests": 2, "seconds": 10})))
    assert "limit_req_zone $binary_remote_addr zone=pacs:10m rate=12r/m;" in text


@pytest.mark.parametrize(
    ("entry", "path", "lines"),
    [
        (site(paths=[{"path": "/v", "servers": ["app2:1"]}]), "/v", ["proxy_pass http://pacs_0;"]),
        (site(paths=[{"path": "/v", "servers": ["app2:1"]}]), "/", ["proxy_pass http://pacs_1;"]),
        (site(servers=None, paths=[{"path": "/v", "servers": ["app2:1"]}]), "/", ["return 404;"]),
        (site(servers=None, redirect_to="https://a.b/"), "/", ["return 301 https://a.b$request_uri;"]),
        (site(redirects=[{"path": "/o", "to": "/n", "permanent": False}]), "= /o", ["return 302 /n;"]),
        (site(protocol="grpc"), "/", ["grpc_pass grpc://pacs_0;"]),
        (
            site(upstream={"tls": True, "server_name": "orthanc"}),
            "/",
            [
                "proxy_ssl_verify on;",
                "proxy_ssl_verify_depth 4;",
                "proxy_ssl_trusted_certificate /etc/vannah/pki/ca.crt;",
                "proxy_ssl_name orthanc;",
                "proxy_ssl_server_name on;",
                "proxy_pass https://pacs_0;",
            ],
        ),
    ],
)
def test_where_requests_go(entry: dict[str, Any], path: str, lines: list[str]) -> None:
    made = location(server_of(nginx(planned(entry)), "pacs.clinic.health"), path)
    assert [line for line in made if not line.startswith("if ")] == lines


@pytest.mark.parametrize(
    "entry",
    [site(client_certificates={"mode": "required", "revoked": CRL}), tcp(client_certificates={"mode": "required", "revoked": CRL})],
)
def test_mutual_tls(entry: dict[str, Any]) -> None:
    made = planned(entry)
    text = nginx(made)
    assert "ssl_client_certificate /etc/vannah/pki/ca.crt;" in text and "ssl_verify_client on;" in text
    assert f"ssl_crl {next(iter(made.pem))};" in text


def test_tcp() -> None:
    """TLS that ends here, by name, and none."""
    text = nginx(
        planned(
            tcp(allow_from=["app1"]),
            tcp(name="pg", names=["pg.clinic.health"], port=5432, tls="passthrough", servers=["app1:5432"]),
            tcp(name="all", names=["*.db.clinic.health"], port=5432, tls="passthrough", servers=["app2:5432"]),
            tcp(name="raw", names=[], port=9000, tls="none", upstream={"tls": True}),
        )
    )
    dicom, by_name, raw = [one for one in blocks(text, "server {") if any("so_keepalive" in line for line in one)]
    assert "listen 0.0.0.0:4242 ssl so_keepalive=on;" in dicom and "allow 10.0.0.1;" in dicom and "proxy_pass dicom_0;" in dicom
    assert (
        "ssl_preread on;" in by_name
        and not [line for line in by_name if line.startswith("set ")]
        and "proxy_pass $vannah_pool_5432;" in by_name
    )
    (pools,) = blocks(text, "map $ssl_preread_server_name $vannah_pool_5432")
    assert pools == ["hostnames;", 'default "";', "*.db.clinic.health all_0;", "pg.clinic.health pg_0;"]
    assert "listen 0.0.0.0:9000 so_keepalive=on;" in raw and "proxy_ssl_verify on;" in raw


def test_no_query_string_is_logged() -> None:
    """Nor the request line, nor where a client comes from."""
    text = nginx(planned(site(), tcp()))
    for line in re.findall(r"log_format .*", text):
        assert not re.search(r"\$(request|request_uri|args|query_string|http_referer|uri)\b", line), line
    assert re.search(r"^error_log \S+ crit;$", text, re.MULTILINE)
    assert "access_log off;" in nginx(planned(site(), access_log=False)) and "vannah-access.log" not in nginx(
        planned(site(), access_log=False)
    )


def test_generation() -> None:
    """The same text has the same one, and any other text another one; nginx answers it."""
    one, same, other = (nginx(planned(site(servers=[f"app1:{port}"]))) for port in (1, 1, 2))
    names = [re.search(r"^# generation ([0-9a-f]{32})$", text, re.MULTILINE) for text in (one, same, other)]
    first, second, third = (found[1] for found in names if found)
    assert first == second != third
    assert f'return 200 "{first}\\n";' in one and "@GENERATION@" not in one


def test_revocation_lists() -> None:
    """Given out for each name without TLS, also one that no site has."""
    text = nginx(planned(site(), revoked="/etc/vannah/pki/ca.crl"))
    place = 'location ~ "^/pki/[0-9A-F]{40}[.]crl$" {'
    assert text.count(place) == 2 and text.count("root /var/lib/vannah-edge/.lists;") == 2
    assert place not in nginx(planned(site()))
