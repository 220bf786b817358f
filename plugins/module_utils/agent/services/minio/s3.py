# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 endpoint, asked with signed requests (AWS Signature Version 4) over one connection that stays open.

How a request is signed: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. MinIO's administration
(``/minio/admin/v3``) takes the same signature.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote, urlsplit

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.client import HTTPConnection
    from typing import Any

    from ...core.model import Context
    from .types import Login

    Heads = dict[str, str]
    Said = tuple[int, Heads, bytes]
    Wire = Callable[[str, str, Heads, bytes], Said]

ADMIN = "/minio/admin/v3/"
#: Answers of a server that is just starting or busy: asked again.
BUSY = (503, 429)
#: Seconds between asking again, at most.
TRIES = (0.2, 0.5, 1.0, 2.0, 4.0)
#: Answers that say: these are not the credentials.
UNKNOWN = ("InvalidAccessKeyId", "SignatureDoesNotMatch")
#: What to do about an error, by the code the server gives it.
HINTS = {
    "InvalidAccessKeyId": "the server does not know this access key: give the one it was set up with",
    "SignatureDoesNotMatch": "the secret key is not that of the access key",
    "AccessDenied": "these credentials do not permit that: use the root credentials or add the action to their policy",
    "RequestTimeTooSkewed": "the clocks of this host and of the server differ: let both use the same time servers",
    "XMinioServerNotInitialized": "the server is starting or has too few drives: see journalctl -u minio",
    "NotImplemented": "the server does not support that",
    "AuthorizationHeaderMalformed": "the region is wrong: set region",
    "PermanentRedirect": "the bucket is in another region: give that region's endpoint and region",
    "IllegalLocationConstraintException": "the endpoint is that of another region: give the endpoint of region",
}
#: The same for this host's own server, whose previous credentials are not on the host.
LOST = (
    "its root credentials differ from those of the site's secrets, and this host no longer has them."
    " Fix: run minio/update.yml -e minio_force=true, which restarts all servers with the credentials of the secrets"
)


class Kept:
    """What makes a connection to an endpoint; tests set it."""

    def __init__(self) -> None:
        self.wire: Callable[[str], Wire] | None = None


class Silent(Exception):
    """There was no answer; the text says why."""


class Refused(Exception):
    """The server answered with an error.

    :ivar status: HTTP status
    :ivar code: the server's code, ``NoSuchBucket``; empty where it gave none
    """

    def __init__(self, status: int, code: str, said: str) -> None:
        super().__init__(f"{code or status}: {said}" if said else code or str(status))
        self.status = status
        self.code = code
        self.said = said


class Answer:
    """Status, headers (names in lower case) and body."""

    __slots__ = ("status", "headers", "data")

    def __init__(self, said: Said) -> None:
        self.status, self.headers, self.data = said

    def json(self) -> Any:
        """The body read as JSON."""
        import json

        return json.loads(self.data or b"null")


class S3:
    """One endpoint with one pair of credentials.

    :param endpoint: ``https://192.0.2.1:9000``
    :param ca: file with the authority of the endpoint's certificate; "" for those the system trusts
    :param system: trust those too
    :param timeout: seconds for each read of an answer
    :ivar foreign: it is known not to be a server of this site
    :ivar own: it is this host's own server: where it does not know the credentials, those that it runs with are taken
    :ivar before: these were used: the server still runs with the credentials before the given ones
    :raises AgentError: ``bad-endpoint``; ``minio-untrusted`` by any request
    """

    def __init__(
        self,
        ctx: Context,
        endpoint: str,
        access_key: str,
        secret_key: str,
        ca: str = "",
        region: str = "us-east-1",
        timeout: float = 30,
        system: bool = False,
    ) -> None:
        self.ctx = ctx
        self.endpoint = check_endpoint(endpoint)
        self.host = urlsplit(self.endpoint).netloc
        self.access_key = access_key
        self.secret_key = secret_key
        self.ca = ca
        self.region = region or "us-east-1"
        self.timeout = timeout
        self.system = system or not ca
        self.foreign = False
        self.own = False
        self.before = False
        self._wire: Wire | None = None
        self._link: HTTPConnection | None = None

    def close(self) -> None:
        """End the connection; the next request opens another one."""
        if self._link is not None:
            self._link.close()

    def another(self) -> S3:
        """The same with a connection of its own, for a thread."""
        return S3(self.ctx, self.endpoint, self.access_key, self.secret_key, self.ca, self.region, self.timeout, self.system)

    def ask(
        self,
        method: str,
        path: str = "/",
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request.

        :param path: as it is, not yet quoted
        :raises Silent: nothing answers
        :raises Refused: any status but 2xx
        """
        import time

        from ...core import waiting

        begun = time.monotonic()
        if self._wire is None:
            self._wire = _wire(self)
        target = quote(path, safe="/-_.~")
        asked = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted((query or {}).items()))
        whole = f"{target}?{asked}" if asked else target
        for pause in (*TRIES, None):
            sent = self._signed(method, target, asked, body, dict(headers or {}), time.gmtime(self.ctx.now()))
            answer = Answer(self._wire(method, whole, sent, body))
            if answer.status not in BUSY or pause is None or self.ctx.check:
                break
            waiting.tell(self.ctx, "the object store, which is busy", begun, sum(TRIES), f"HTTP status {answer.status}")
            time.sleep(self.ctx.pause(pause))
        if answer.status >= 300:
            refused = _refused(answer)
            if refused.code in UNKNOWN and self._take_running():
                return self.ask(method, path, query, body, headers)
            raise refused
        return answer

    def _take_running(self) -> bool:
        """Take the credentials that this host's own server runs with; whether there are others than the present ones."""
        if not self.own or self.before:
            return False
        from . import root

        found = root.credentials(self.ctx)
        if found is None or found == (self.access_key, self.secret_key):
            return False
        self.access_key, self.secret_key = found
        self.before = True
        return True

    def admin(self, method: str, call: str, query: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """A request to MinIO's administration: ``call`` as ``info``, ``tier/NAME``; raises as :meth:`ask`."""
        return self.ask(method, ADMIN + call, query, body)

    def insist(self, what: str, method: str, path: str = "/", query: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """As :meth:`ask`, with errors for a person.

        :param what: what was tried: ``set the tags of bucket x``
        :raises AgentError: ``minio-refused``, ``minio-unreachable``
        """
        try:
            return self.ask(method, path, query, body)
        except Refused as error:
            raise refusal(self, what, error) from error
        except Silent as error:
            raise unreachable(self, error) from error

    def _signed(self, method: str, target: str, query: str, body: bytes, headers: Heads, now: Any) -> Heads:
        import time

        day, moment = time.strftime("%Y%m%d", now), time.strftime("%Y%m%dT%H%M%SZ", now)
        digest = hashlib.sha256(body).hexdigest()
        headers.update({"host": self.host, "x-amz-date": moment, "x-amz-content-sha256": digest})
        if body:
            import base64

            headers["content-md5"] = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        names = sorted(headers)
        canonical = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
        request = f"{method}\n{target}\n{query}\n{canonical}\n{';'.join(names)}\n{digest}"
        scope = f"{day}/{self.region}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self.secret_key}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
        )
        return headers


def connect(ctx: Context, params: Login) -> S3:
    """The store that a task names."""
    endpoint, access_key, secret_key = params["endpoint"], params["access_key"], params["secret_key"]
    s3 = S3(ctx, endpoint, access_key, secret_key, params["ca"] or "", params["region"], params["timeout"])
    s3.foreign = params.get("backend") == "s3"
    s3.own = params["own_server"]
    return s3


def check_endpoint(endpoint: str, what: str = "endpoint") -> str:
    """An endpoint without a slash at its end.

    :raises AgentError: ``bad-endpoint``
    """
    parts = urlsplit(endpoint)
    try:
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path not in ("", "/") or parts.query or parts.username is not None:
        raise AgentError("bad-endpoint", f"{what} {endpoint!r}: write it as https://name:9000, without a path, a user or a query")
    return endpoint.rstrip("/")


def unreachable(s3: S3, error: Silent) -> AgentError:
    """What to say where an endpoint that has to be there does not answer."""
    look = "Correct endpoint, or open the network path from this host to it" if s3.foreign else "See systemctl status minio"
    return AgentError("minio-unreachable", f"the object store does not answer at {s3.endpoint}: {error}. {look}, then run again")


def refusal(s3: S3, what: str, error: Refused) -> AgentError:
    """What to say where a server refused."""
    hint = LOST if s3.own and error.code in UNKNOWN else HINTS.get(error.code, "")
    text = f"the object store at {s3.endpoint} refused to {what}: {error}"
    return AgentError("minio-refused", f"{text.rstrip('.')}; {hint}" if hint else text)


def parse_xml(data: bytes) -> Any:
    """An element tree whose tags are without their namespaces.

    :raises ValueError: it is no XML
    """
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise ValueError("no XML") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _refused(answer: Answer) -> Refused:
    code, said = "", ""
    try:
        if answer.data.lstrip()[:1] == b"{":
            error = answer.json()
            code, said = str(error.get("Code", "")), str(error.get("Message", ""))
        elif answer.data:
            root = parse_xml(answer.data)
            code, said = root.findtext("Code") or "", root.findtext("Message") or ""
    except (ValueError, AttributeError):
        said = answer.data[:100].decode("utf-8", "replace")
    return Refused(answer.status, code, said.strip()[:500])


def _wire(s3: S3) -> Wire:
    """The connection: ``(method, target, headers, body) -> (status, headers, body)``, raising :class:`Silent`."""
    made = s3.ctx.kept(Kept).wire
    if made is not None:
        return made(s3.endpoint)
    import ssl
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(s3.endpoint)
    host = parts.hostname or ""
    link: HTTPConnection
    if parts.scheme == "https":
        try:
            context = ssl.create_default_context(cafile=s3.ctx.path(s3.ca) if s3.ca else None)
            if s3.system:
                context.load_default_certs()
        except OSError as error:
            raise Silent(f"the authority's certificate {s3.ca} cannot be read ({error.strerror or error})") from error
        # An authority that a site brought may be older than what Python 3.13 became strict about.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        link = HTTPSConnection(host, parts.port, timeout=s3.timeout, context=context)
    else:
        link = HTTPConnection(host, parts.port, timeout=s3.timeout)
    s3._link = link
    used = False

    def send(method: str, target: str, headers: Heads, body: bytes) -> Said:
        nonlocal used
        for again in (used, False):
            try:
                link.request(method, target, body=body if body or method in ("PUT", "POST") else None, headers=headers)
                answer = link.getresponse()
                said = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
                used = True
                return said
            except (OSError, HTTPException) as error:
                link.close()
                # A server may close a connection that lay idle; what never reached it is sent again.
                if isinstance(error, ssl.SSLCertVerificationError):
                    text = f"the certificate at {s3.endpoint} is not trusted by {s3.ca or 'this system'}: {error.verify_message}"
                    raise AgentError("minio-untrusted", f"{text}. Correct ca, or the name in endpoint") from error
                if not (again and isinstance(error, (ConnectionError, HTTPException))):
                    raise Silent(str(error) or type(error).__name__) from error
        raise Silent("the connection was interrupted")

    return send
