# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to a CapRover server: HTTP from the standard library, over TLS that is verified."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.client import HTTPConnection
    from ssl import SSLContext

    from ...core.model import Context

    Heads = dict[str, str]
    Said = tuple[int, Heads, bytes]
    Wire = Callable[[str, str, Heads, "bytes | Upload"], Said]

#: CapRover closes a connection that lies idle for 5 s (Keep-Alive: timeout=5). A write that meets the close cannot be told from one that
#: was done, so another connection is opened before that.
IDLE = 3.0
#: Where no other program listens in between, so that a password may go without TLS.
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_BLOCK = 1 << 16


class Silent(Exception):
    """The server did not answer; the text says why. Nothing was changed."""


class Broken(Silent):
    """The connection broke off after a request was sent: whether it was done is not known."""


class Upload:
    """A body of ``multipart/form-data`` with one file of this host, read as it is sent.

    :param path: the file
    :param fields: name -> text beside it
    """

    def __init__(self, path: str, fields: dict[str, str]) -> None:
        import os

        self.path = path
        self.boundary = f"vannah-{os.urandom(12).hex()}"
        parts = [f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
        parts.append(
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="sourceFile"; filename="source.tar"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self.before = "".join(parts).encode()
        self.after = f"\r\n--{self.boundary}--\r\n".encode()
        self.size = len(self.before) + os.path.getsize(path) + len(self.after)

    def heads(self) -> Heads:
        """The headers that say what it is."""
        return {"content-type": f"multipart/form-data; boundary={self.boundary}", "content-length": str(self.size)}

    def __iter__(self) -> Iterator[bytes]:
        yield self.before
        with open(self.path, "rb") as file:
            while block := file.read(_BLOCK):
                yield block
        yield self.after


def check_url(url: str, plain: bool) -> str:
    """A URL without a slash at its end.

    :param plain: whether HTTP without TLS is allowed to another host too
    :raises AgentError: ``bad-url``
    """
    parts = urlsplit(url)
    try:
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path not in ("", "/") or parts.query or parts.username is not None:
        raise AgentError("bad-url", f"url {url!r}: write it as https://captain.example.org, without a path, a user or a query")
    if parts.scheme == "http" and not plain and parts.hostname not in LOOPBACK:
        text = f"url {url}: the password would go to another host without encryption"
        raise AgentError(
            "bad-url", f"{text}. Fix: use https://captain.<root domain>, or run the task on the manager with http://127.0.0.1:3000"
        )
    return url.rstrip("/")


class Link:
    """A connection that stays open: called with method, target, headers and body, it gives status, headers and body.

    :param ca: file with the authority of the server's certificate; "" for those that the system trusts
    :param timeout: seconds for each read of an answer
    :raises AgentError: ``bad-ca``; ``caprover-untrusted`` by any request
    """

    def __init__(self, ctx: Context, url: str, ca: str, timeout: float) -> None:
        from http.client import HTTPConnection, HTTPSConnection

        parts = urlsplit(url)
        host = parts.hostname or ""
        self.url = url
        self.ca = ca
        self._last = 0.0
        self._link: HTTPConnection
        if parts.scheme == "https":
            self._link = HTTPSConnection(host, parts.port, timeout=timeout, context=_trust(ctx, ca))
        else:
            self._link = HTTPConnection(host, parts.port, timeout=timeout)

    def __del__(self) -> None:
        if hasattr(self, "_link"):
            self._link.close()

    def __call__(self, method: str, target: str, headers: Heads, body: bytes | Upload) -> Said:
        """Send one request.

        :raises Silent: there is no answer; :class:`Broken`: the connection broke off after a write was sent
        """
        import ssl
        import time
        from http.client import HTTPException

        link = self._link
        if time.monotonic() - self._last > IDLE:
            link.close()
        sent = False
        try:
            if link.sock is None:
                link.connect()
            sent = True
            if isinstance(body, Upload):
                link.request(method, target, body=iter(body), headers={**headers, **body.heads()})
            else:
                link.request(method, target, body=body if body or method != "GET" else None, headers=headers)
            answer = link.getresponse()
            said = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except (OSError, HTTPException) as error:
            link.close()
            if isinstance(error, ssl.SSLCertVerificationError):
                trusted = self.ca or "this system"
                text = f"the certificate at {self.url} is not signed by an authority that {trusted} trusts: {error.verify_message}"
                raise AgentError("caprover-untrusted", f"{text}. Fix: set ca, or correct the name in url") from error
            kind = Broken if sent and method != "GET" else Silent
            raise kind(str(error) or type(error).__name__) from error
        self._last = time.monotonic()
        return said


def _trust(ctx: Context, ca: str) -> SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=ctx.path(ca) if ca else None)
    except OSError as error:
        text = f"ca {ca}: the authority's certificate cannot be read ({error.strerror or error})"
        raise AgentError("bad-ca", f"{text}. Fix: give a PEM file on this host, or nothing for the authorities that it trusts") from error
    # An authority that a site brought may be older than what Python 3.13 became strict about.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
