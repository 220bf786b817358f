# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd over HTTP, asked with the host's certificate: ``/version``, and its version 3 as JSON (the gRPC gateway, which Patroni uses too).

https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/. Numbers of 64 bits come as texts, and what is zero, empty or false is left out.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ...core.model import Context
    from ...definition import Json
    from .types import Access

    Body = Mapping[str, object]

#: Seconds for one answer.
LOOK = 3.0
#: The same for what a member works for: a database of some gigabytes is rewritten.
PATIENT = 300.0
#: Where the role puts the host's certificate.
PKI = "/etc/vannah/pki/etcd"
ENDPOINT = "https://127.0.0.1:2379"


def get(ctx: Context, params: Mapping[str, Any], path: str) -> Json:
    """What the member answers to ``GET``.

    :param params: ``endpoint``, ``ca``, ``cert``, ``key``; by default where the role has them
    :raises OSError: no connection
    :raises ValueError: no answer that can be read
    """
    return _mapping(_json(ctx.kept(Kept).ask(_complete(ctx, params), path, None, LOOK)))


def text(ctx: Context, params: Mapping[str, Any], path: str) -> str:
    """The same as text.

    :raises OSError: no connection
    :raises ValueError: no answer that can be read
    """
    return ctx.kept(Kept).ask(_complete(ctx, params), path, None, LOOK)


def post(ctx: Context, params: Mapping[str, Any], path: str, body: Body | None = None, timeout: float = LOOK) -> Json:
    """The same of ``POST``, with JSON.

    :raises OSError: no connection
    :raises ValueError: no answer that can be read, or a refusal
    """
    said = _mapping(_json(ctx.kept(Kept).ask(_complete(ctx, params), path, body or {}, timeout)))
    if said.get("error"):
        raise ValueError(str(said["error"]))
    return said


def _json(answer: str) -> Any:
    import json

    return json.loads(answer)


def _mapping(said: Any) -> Json:
    if not isinstance(said, dict):
        raise ValueError("no mapping")
    return said


def _complete(ctx: Context, params: Mapping[str, Any]) -> Access:
    return {
        "endpoint": params.get("endpoint") or ENDPOINT,
        "ca": ctx.path(params.get("ca") or f"{PKI}/ca.pem"),
        "cert": ctx.path(params.get("cert") or f"{PKI}/cert.pem"),
        "key": ctx.path(params.get("key") or f"{PKI}/key.pem"),
    }


def _ask(params: Access, path: str, body: Body | None, timeout: float) -> str:
    """Ask this host's member.

    :raises OSError: no connection
    :raises ValueError: no answer of HTTP
    """
    import http.client
    import json
    import ssl

    from ...resources.ready import address, split_url

    tls, place, _path = split_url(params["endpoint"])
    host, port = address(place, 2379)
    context = ssl.create_default_context(cafile=params["ca"])
    # Python 3.13 and newer refuse an authority without a key usage, which no service here minds.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_cert_chain(params["cert"], params["key"])
    connection = (
        http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
        if tls
        else http.client.HTTPConnection(host, port, timeout=timeout)
    )
    try:
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body))
        return connection.getresponse().read(1 << 20).decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise ValueError(str(error)) from error
    finally:
        connection.close()


class Kept:
    """Asks a member: parameters, path, body (None: ``GET``), seconds; the text of its answer. Tests set it."""

    def __init__(self) -> None:
        self.ask: Callable[[Access, str, Body | None, float], str] = _ask
