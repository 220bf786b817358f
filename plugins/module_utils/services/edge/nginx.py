# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of Debian's nginx (1.22 of Debian 12, 1.26 of Debian 13) for the sites of an edge. Pure.

https://nginx.org/en/docs/dirindex.html has the directives. What nginx runs is told apart from what lies on the disk by
:func:`generation`, which it answers on a socket of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from .nginx_stream import stream
from .nginx_text import address, admitted, block, clients, tls, upstream
from .plan import AUTHORITY, LIST_PATH, LISTS, Plan, Settings, prepared
from .sites import EdgeSite, Pool
from .tls_profiles import PROFILES, Profile

SOCKET = "/run/vannah-nginx.sock"
ACCESS_LOG = "/var/log/nginx/vannah-access.log"
#: nginx writes the whole request with its query string into each error below this level, and DICOMweb's have names of patients in them.
#: What became of a request stands in the access log.
ERROR_LOG = "/var/log/nginx/vannah-error.log crit"
#: Seconds after a reload in which long transfers may end with the old configuration.
SHUTDOWN = 3600
CHALLENGE = "vannah_challenge"
#: First what metrics are made from (templates/edge.mtail.j2): a pattern that has to search a line costs as much as the request.
_LOG_FIELDS = (
    ("site", "$vannah_site"),
    ("status", "$status"),
    ("received", "$request_length"),
    ("sent", "$bytes_sent"),
    ("seconds", "$request_time"),
    ("upstream_status", "$upstream_status"),
    ("time", "$time_iso8601"),
    ("client", "$remote_addr"),
    ("method", "$request_method"),
    ("host", "$host"),
    ("path", "$vannah_path"),
    ("protocol", "$server_protocol"),
    ("upstream", "$upstream_addr"),
    ("upstream_seconds", "$upstream_response_time"),
    ("tls", "$ssl_protocol"),
    ("user", "$remote_user"),
    ("agent", "$http_user_agent"),
)
_NUMBERS = ("status", "received", "sent", "seconds")


def nginx(plan: Plan) -> str:
    """The whole configuration; its second line has :func:`generation`."""
    body = list(_body(plan))
    found = generation("\n".join(body))
    text = "\n".join(body).replace("@GENERATION@", found)
    return f"# Made by vannah.healthcloud (role edge); changes are overwritten.\n# generation {found}\n{text}\n"


def generation(body: str) -> str:
    """A name for a configuration."""
    return hashlib.sha256(body.encode()).hexdigest()[:32]


def _body(plan: Plan) -> Iterator[str]:
    yield "user www-data;"
    yield "worker_processes auto;"
    yield f"worker_rlimit_nofile {plan.settings.workers * 2 + 512};"
    yield f"worker_shutdown_timeout {SHUTDOWN}s;"
    yield "pid /run/nginx.pid;"
    yield f"error_log {ERROR_LOG};"
    yield "include /etc/nginx/modules-enabled/*.conf;"
    yield from block("events", [f"worker_connections {plan.settings.workers};"])
    yield from block("http", [*_http(plan)])
    if plan.ports(tcp=True):
        yield from block("stream", [*stream(plan)])


def _http(plan: Plan) -> Iterator[str]:
    settings, profile = plan.settings, PROFILES[plan.settings.profile]
    yield from (
        "default_type application/octet-stream;",
        "server_tokens off;",
        "sendfile on;",
        "tcp_nopush on;",
        "keepalive_timeout 75s;",
        "keepalive_requests 10000;",
        "reset_timedout_connection on;",
        "large_client_header_buffers 4 32k;",
        "server_names_hash_bucket_size 256;",
        "server_names_hash_max_size 8192;",
        "map_hash_bucket_size 256;",
        "variables_hash_max_size 2048;",
        # Uploads go to the server as they come, and downloads to the client: some buffers of each are in memory, and nothing is on a disk.
        "proxy_request_buffering off;",
        "proxy_max_temp_file_size 0;",
        "proxy_buffer_size 16k;",
        "proxy_buffers 8 16k;",
        "proxy_busy_buffers_size 32k;",
        "proxy_http_version 1.1;",
        "proxy_ssl_server_name on;",
        "proxy_ssl_session_reuse on;",
        "limit_req_status 429;",
        "limit_req_log_level info;",
    )
    if settings.release != "12":
        yield "http2 on;"
    yield from tls(profile, settings)
    yield from block("map $http_upgrade $vannah_connection", ["default upgrade;", '"" "";'])
    # The path without its query string, as the client sent it.
    yield from block("map $request_uri $vannah_path", ['"~^(?<vannah_before>[^?]*)" $vannah_before;', 'default "";'])
    fields = ",".join(f'"{name}":{value}' if name in _NUMBERS else f'"{name}":"{value}"' for name, value in _LOG_FIELDS)
    yield f"log_format vannah escape=json '{{{fields}}}';"
    yield f"access_log {ACCESS_LOG} vannah buffer=64k flush=1s;" if settings.access_log else "access_log off;"
    for site in plan.sites:
        if site.rate_limit is not None and not site.is_tcp:
            rate = max(1, round(site.rate_limit.requests * 60 / site.rate_limit.seconds))
            yield f"limit_req_zone $binary_remote_addr zone={site.name}:10m rate={rate}r/m;"
        if not site.is_tcp:
            for index, (_path, pool) in enumerate(site.pools()):
                yield from upstream(pool_name(site, index), pool, 32)
    if settings.challenge:
        yield from block(f"upstream {CHALLENGE}", [f"server {server};" for server in settings.challenge])
    yield from _status()
    yield from _plain(plan)
    for port in plan.ports(tcp=False):
        listen = [f"listen {address(bind, port)} ssl{_http2(settings)} default_server;" for bind in settings.bind]
        # A client that names no site of this port is refused before it sees a certificate; one that then asks for another, after it.
        yield from block("server", [*listen, "server_name _;", "ssl_reject_handshake on;", "return 421;"])
    for site in plan.sites:
        if not site.is_tcp:
            yield from block("server", [*_site(site, settings, profile)])


def _http2(settings: Settings) -> str:
    return " http2" if settings.release == "12" else ""


def _status() -> Iterator[str]:
    """What nginx says of itself, to root only."""
    yield from block(
        "server",
        [
            f"listen unix:{SOCKET};",
            "server_name vannah-status;",
            "access_log off;",
            *block("location = /generation", ["default_type text/plain;", 'return 200 "@GENERATION@\\n";']),
            *block("location = /status", ["stub_status;"]),
            *block("location /", ["return 404;"]),
        ],
    )


def _plain(plan: Plan) -> Iterator[str]:
    """HTTP without TLS: leads to HTTPS, answers challenges of ACME, and gives out the revocation lists of the site's authorities."""
    settings = plan.settings
    targets: dict[str, int] = {}
    for site in sorted(plan.sites, key=lambda site: (site.port != settings.https_port, site.port)):
        if not site.is_tcp:
            for name in site.names:
                targets.setdefault(name, site.port)
    for_everyone = [*_for_everyone(settings)]
    listen = [f"listen {address(bind, settings.http_port)} default_server;" for bind in settings.bind]
    # 444: nginx closes the connection without an answer.
    yield from block("server", [*listen, "server_name _;", *for_everyone, *block("location /", ["return 444;"])])
    for port in sorted(set(targets.values())):
        there = "https://$host" + ("" if port == 443 else f":{port}") + "$request_uri"
        names = [name for name, target in targets.items() if target == port]
        yield from block(
            "server",
            [
                *(f"listen {address(bind, settings.http_port)};" for bind in settings.bind),
                *(f"server_name {name};" for name in names),
                *for_everyone,
                *block("location /", [*_return(there, permanent=True)]),
            ],
        )


def _for_everyone(settings: Settings) -> Iterator[str]:
    if settings.revoked:
        yield from block(f'location ~ "{LIST_PATH}"', [f"root {LISTS};", "types {}", "default_type application/pkix-crl;"])
    if settings.challenge:
        yield from block("location ^~ /.well-known/acme-challenge/", [f"proxy_pass http://{CHALLENGE};", "proxy_set_header Host $host;"])


def _return(to: str, *, permanent: bool) -> list[str]:
    """A redirect that keeps the method of a request: 301 and 302 let clients turn a POST into a GET."""
    usual, keeping = (301, 308) if permanent else (302, 307)
    return [f'if ($request_method !~ "^(GET|HEAD)$") {{ return {keeping} {to}; }}', f"return {usual} {to};"]


def pool_name(site: EdgeSite, index: int) -> str:
    """The name of a pool of servers."""
    return f"{site.name}_{index}"


def _site(site: EdgeSite, settings: Settings, profile: Profile) -> Iterator[str]:
    timeouts, grpc = site.timeouts, site.protocol == "grpc"
    kind = "grpc" if grpc else "proxy"
    yield from (f"listen {address(bind, site.port)} ssl{_http2(settings)};" for bind in settings.bind)
    yield from (f"server_name {name};" for name in site.names)
    yield f"set $vannah_site {site.name};"
    yield f"ssl_certificate {prepared(site.name, 'fullchain.pem')};"
    yield f"ssl_certificate_key {prepared(site.name, 'privkey.pem')};"
    yield "ssl_session_cache shared:vannah:20m;"
    yield from clients(site)
    yield f"client_max_body_size {f'{site.max_body_mb}m' if site.max_body_mb else 0};"
    yield f"client_body_timeout {timeouts.read}s;"
    yield f"send_timeout {timeouts.send}s;"
    yield f"{kind}_connect_timeout {timeouts.connect}s;"
    yield f"{kind}_read_timeout {timeouts.read}s;"
    yield f"{kind}_send_timeout {timeouts.send}s;"
    yield f"{kind}_next_upstream error timeout;"
    yield f"{kind}_next_upstream_timeout {timeouts.connect * 3}s;"
    yield from admitted(site.allow_from)
    if site.basic_auth:
        yield f'auth_basic "{site.name}";'
        yield f"auth_basic_user_file {prepared(site.name, 'htpasswd')};"
    if site.rate_limit is not None:
        yield f"limit_req zone={site.name}" + (f" burst={site.rate_limit.burst} nodelay;" if site.rate_limit.burst else ";")
    if site.hsts:
        yield from _response_header(kind, "Strict-Transport-Security", f"max-age={profile.hsts}")
    for name, value in site.response_headers.items():
        yield from _response_header(kind, name, value)
    yield from _request_headers(site, kind)
    for redirect in site.redirects:
        yield from block(f"location = {redirect.path}", _return(redirect.to, permanent=redirect.permanent))
    pools = site.pools()
    for index, (path, pool) in enumerate(pools):
        # ^~ would have no meaning for /, and there are no regular expressions.
        yield from block(f"location {path}", [*_pass(pool_name(site, index), pool, kind)])
    if not any(path == "/" for path, _pool in pools):
        yield from block(
            "location /", _return(f"{site.redirect_to.rstrip('/')}$request_uri", permanent=True) if site.redirect_to else ["return 404;"]
        )


def _response_header(kind: str, name: str, value: str) -> Iterator[str]:
    """In place of the server's own; an empty value removes it."""
    yield f"{kind}_hide_header {name};"
    if value:
        yield f'add_header {name} "{value}" always;'


def _request_headers(site: EdgeSite, kind: str) -> Iterator[str]:
    """What the client claims of its address is not believed."""
    headers = {
        "Host": "$http_host",
        "X-Real-IP": "$remote_addr",
        "X-Forwarded-For": "$remote_addr",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "$http_host",
        "X-Forwarded-Port": "$server_port",
    }
    if kind == "proxy":
        headers |= {"Upgrade": "$http_upgrade", "Connection": "$vannah_connection"}
    if site.basic_auth:
        # The password is the edge's, not the server's.
        headers["Authorization"] = ""
    if kind == "grpc":
        headers["Host"] = "$host"
    own = {name.lower(): (name, value) for name, value in site.request_headers.items()}
    for name, value in headers.items():
        if name.lower() not in own:
            yield f'{kind}_set_header {name} "{value}";'
    yield from (f'{kind}_set_header {name} "{value}";' for name, value in own.values())


def _pass(name: str, pool: Pool, kind: str) -> Iterator[str]:
    if pool.tls:
        yield f"{kind}_ssl_verify on;"
        yield f"{kind}_ssl_verify_depth 4;"
        yield f"{kind}_ssl_trusted_certificate {pool.authority or AUTHORITY};"
        yield f"{kind}_ssl_name {pool.server_name};"
        yield f"{kind}_ssl_server_name on;"
    scheme = {"proxy": ("http", "https"), "grpc": ("grpc", "grpcs")}[kind][pool.tls]
    yield f"{kind}_pass {scheme}://{name};"
