# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of nginx's configuration that http and stream share. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .plan import Settings
from .sites import EdgeSite, Pool
from .tls_profiles import Profile

_BALANCE = {"round_robin": "", "least_connections": "least_conn;", "source": "hash $remote_addr consistent;"}


def block(head: str, lines: Iterable[str]) -> Iterator[str]:
    """``head { lines }``."""
    yield f"{head} {{"
    yield from (f"    {line}" for line in lines)
    yield "}"


def address(bind: str, port: int) -> str:
    """What ``listen`` gets for an address and a port."""
    if bind in ("", "*"):
        return str(port)
    return f"[{bind.strip('[]')}]:{port}" if ":" in bind else f"{bind}:{port}"


def upstream(name: str, pool: Pool, keepalive: int = 0) -> Iterator[str]:
    """A pool of servers. The workers share what they know of its servers."""
    lines = [f"zone {name} 64k;"]
    if _BALANCE[pool.balance]:
        lines.append(_BALANCE[pool.balance])
    # One server alone is always asked: nginx ignores max_fails there.
    lines += [f"server {server} max_fails={pool.fails} fail_timeout={pool.pause}s;" for server in pool.servers]
    if keepalive:
        lines.append(f"keepalive {keepalive};")
    return block(f"upstream {name}", lines)


def tls(profile: Profile, settings: Settings) -> Iterator[str]:
    """Versions, suites and sessions."""
    yield f"ssl_protocols {' '.join(profile.versions)};"
    if profile.ciphers:
        yield f"ssl_ciphers {':'.join(profile.ciphers)};"
    yield "ssl_prefer_server_ciphers off;"
    yield f"ssl_ecdh_curve {':'.join(profile.curves)};"
    yield "ssl_session_timeout 1d;"
    # With a shared cache nginx rotates the keys of tickets by itself since 1.23.2. Before that they live as long as the process.
    if settings.release == "12":
        yield "ssl_session_tickets off;"


def clients(site: EdgeSite) -> Iterator[str]:
    """Mutual TLS."""
    if site.clients is not None:
        yield f"ssl_client_certificate {site.clients.authority};"
        yield f"ssl_verify_client {'on' if site.clients.required else 'optional'};"
        yield "ssl_verify_depth 4;"
        if site.clients.revoked:
            yield f"ssl_crl {site.clients.revoked};"


def admitted(sources: Sequence[str]) -> Iterator[str]:
    """Who may come."""
    if sources:
        yield from (f"allow {source};" for source in sources)
        yield "deny all;"
