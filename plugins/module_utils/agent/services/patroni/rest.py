# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni's REST interface, asked over TLS with the host's own certificate.

What may be asked and answered: https://patroni.readthedocs.io/en/latest/rest_api.html. Reading needs no certificate, changing does
(``restapi.verify_client: optional``).
"""

from __future__ import annotations

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ...core.model import Context

    Answer = tuple[int, str]
    Transport = Callable[[str, str, "bytes | None", float], Answer]

#: Where the role keeps a member's certificate.
PKI = "/etc/vannah/pki/postgresql"
URL = "https://127.0.0.1:8008"
#: The member's own configuration, as the role writes it.
CONFIG = "/etc/patroni/config.yml"


#: Seconds for a standby's lag to pass: two turns of Patroni and some.
SETTLE = 10


class Kept:
    """How this host's member is reached, and how long a standby may lag; tests set both."""

    def __init__(self) -> None:
        self.transport: Transport | None = None
        self.settle: float = SETTLE


class Silent(Exception):
    """There was no answer; the text says why."""


class Rest:
    """One member's REST interface.

    :param transport: ``(method, url, body, timeout) -> (status, text)``, raising :class:`Silent`
    :param names: ``scope`` and ``name`` of this host's member, which Patroni says itself from 3.1 on (Debian 12 has 3.0)
    """

    def __init__(self, url: str, transport: Transport, names: dict[str, str] | None = None) -> None:
        self.url = url.rstrip("/")
        self.names = names or {}
        self._transport = transport

    def at(self, api_url: str) -> Rest:
        """Another member, by the ``api_url`` that ``/cluster`` says (``https://192.0.2.1:8008/patroni``)."""
        return Rest(api_url.removesuffix("/patroni"), self._transport)

    def ask(self, path: str, timeout: float = 5) -> tuple[int, Any]:
        """GET: the status, and the answer read as JSON (None where it is none).

        :raises Silent: nothing answers
        """
        import json

        status, text = self._transport("GET", self.url + path, None, timeout)
        try:
            return status, json.loads(text)
        except ValueError:
            return status, None

    def tell(self, method: str, path: str, body: Any, timeout: float = 60) -> Answer:
        """Change something: the status and the sentence that Patroni answers.

        :raises Silent: nothing answers
        """
        import json

        return self._transport(method, self.url + path, json.dumps(body).encode(), timeout)

    def insist(self, method: str, path: str, body: Any, what: str, timeout: float = 60) -> str:
        """As :meth:`tell`, and nothing but 200 or 202 will do.

        :raises AgentError: ``patroni-refused`` with Patroni's own reason, ``patroni-silent``
        """
        try:
            status, said = self.tell(method, path, body, timeout)
        except Silent as error:
            raise silent(self.url, error) from error
        if status not in (200, 202):
            raise AgentError("patroni-refused", f"Patroni at {self.url} refused to {what} ({status}): {said.strip()[:500]}")
        return said.strip()


def connect(ctx: Context, params: Mapping[str, Any]) -> Rest:
    """This host's own member: ``url``, ``ca``, ``cert`` and ``key`` of ``params``, by default where the role puts them."""
    kept = ctx.kept(Kept)
    if kept.transport is None:
        kept.transport = _urllib(ctx, params)
    return Rest(params.get("url") or URL, kept.transport, names_of(ctx.path(CONFIG)))


def names_of(path: str) -> dict[str, str]:
    """``scope`` and ``name`` in a member's configuration, each a line of its own there; nothing where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            pairs = [line.rstrip("\n").partition(": ") for line in file]
    except OSError:
        return {}
    return {key: value.strip("'\"") for key, _colon, value in pairs if key in ("scope", "name")}


def silent(url: str, error: Silent) -> AgentError:
    """The error that a person gets where no answer comes."""
    return AgentError("patroni-silent", f"Patroni does not answer at {url}: {error}. See systemctl status patroni, journalctl -u patroni")


def _urllib(ctx: Context, params: Mapping[str, Any]) -> Transport:
    import ssl
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

    ca, cert, key = (
        ctx.path(params.get(name) or f"{PKI}/{file}") for name, file in (("ca", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem"))
    )
    try:
        context = ssl.create_default_context(cafile=ca)
        # An authority that a site brought may be older than what Python 3.13 became strict about.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.load_cert_chain(cert, key)
    except OSError as error:
        reason = f"the host's certificate is not there yet ({error.strerror or error}: {cert})"

        def no_answer(*_question: Any) -> Answer:
            raise Silent(reason)

        return no_answer
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))  # the task's http_proxy is not for this

    def transport(method: str, url: str, body: bytes | None, timeout: float) -> Answer:
        request = Request(url, data=body, method=method, headers={"Content-Type": "application/json"} if body else {})
        try:
            with opener.open(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode("utf-8", "replace")
        except HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode("utf-8", "replace")
        except (OSError, HTTPException) as error:
            raise Silent(str(getattr(error, "reason", error) or type(error).__name__)) from error

    return transport
