# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TCP sites in nginx's configuration: TLS terminated, passed through by name, or none. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .nginx_text import address, admitted, block, clients, tls, upstream
from .plan import AUTHORITY, Plan, prepared
from .sites import EdgeSite
from .tls_profiles import PROFILES

ACCESS_LOG = "/var/log/nginx/vannah-stream.log"
_FORMAT = (
    '{"time":"$time_iso8601","site":"@SITE@","client":"$remote_addr","protocol":"$protocol","status":$status,'
    '"received":$bytes_received,"sent":$bytes_sent,"seconds":$session_time,"upstream":"$upstream_addr","tls":"$ssl_protocol"}'
)


def stream(plan: Plan) -> Iterator[str]:
    """The lines of ``stream``."""
    settings, profile = plan.settings, PROFILES[plan.settings.profile]
    yield "map_hash_bucket_size 256;"
    yield from tls(profile, settings)
    yield "preread_timeout 10s;"
    if not settings.access_log:
        yield "access_log off;"
    sites = [site for site in plan.sites if site.is_tcp]
    for site in sites:
        yield from upstream(_pool(site), site.pool)
    for port in plan.ports(tcp=True):
        here = plan.on(port)
        if here[0].tls == "passthrough" and any(site.names for site in here):
            yield from _by_name(here, port, plan)
        else:
            yield from _format(here[0].name, here[0].name)
            yield from block("server", [*_server(here[0], plan)])


def _format(name: str, site: str) -> Iterator[str]:
    """A format of its own: `set` would read the name in the client's first message before that is there."""
    yield f"log_format {name} escape=json '{_FORMAT.replace('@SITE@', site)}';"


def _logged(name: str, plan: Plan) -> Iterator[str]:
    if plan.settings.access_log:
        yield f"access_log {ACCESS_LOG} {name};"


def _pool(site: EdgeSite) -> str:
    return f"{site.name}_0"


def _by_name(sites: list[EdgeSite], port: int, plan: Plan) -> Iterator[str]:
    """Sites of one port, told apart by the name in the client's first message. An unknown name has no server, and nginx hangs up."""
    names = [f"{name} {_pool(site)};" for site in sites for name in site.names]
    yield from block(f"map $ssl_preread_server_name $vannah_pool_{port}", ["hostnames;", 'default "";', *names])
    known = [f"{name} {site.name};" for site in sites for name in site.names]
    yield from block(f"map $ssl_preread_server_name $vannah_site_{port}", ["hostnames;", 'default "";', *known])
    lines = [*_listen(sites[0], plan), "ssl_preread on;", *_logged(f"port_{port}", plan), *_common(sites[0])]
    yield from _format(f"port_{port}", f"$vannah_site_{port}")
    yield from block("server", [*lines, f"proxy_pass $vannah_pool_{port};"])


def _listen(site: EdgeSite, plan: Plan, more: str = "") -> Iterator[str]:
    yield from (f"listen {address(bind, site.port)}{more} so_keepalive=on;" for bind in plan.settings.bind)


def _common(site: EdgeSite) -> Iterator[str]:
    yield f"proxy_connect_timeout {site.timeouts.connect}s;"
    yield f"proxy_timeout {site.timeouts.idle}s;"
    yield "proxy_socket_keepalive on;"
    yield from admitted(site.allow_from)


def _server(site: EdgeSite, plan: Plan) -> Iterator[str]:
    yield from _listen(site, plan, " ssl" if site.terminates else "")
    yield from _logged(site.name, plan)
    if site.terminates:
        yield f"ssl_certificate {prepared(site.name, 'fullchain.pem')};"
        yield f"ssl_certificate_key {prepared(site.name, 'privkey.pem')};"
        yield "ssl_session_cache shared:vannah_stream:10m;"
        yield "ssl_handshake_timeout 10s;"
        yield from clients(site)
    yield from _common(site)
    if site.pool.tls:
        yield "proxy_ssl on;"
        yield "proxy_ssl_verify on;"
        yield "proxy_ssl_verify_depth 4;"
        yield f"proxy_ssl_trusted_certificate {site.pool.authority or AUTHORITY};"
        yield f"proxy_ssl_name {site.pool.server_name};"
        yield "proxy_ssl_server_name on;"
    yield f"proxy_pass {_pool(site)};"
