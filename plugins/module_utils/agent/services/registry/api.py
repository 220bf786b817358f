# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry's API: blobs and manifests, as the OCI distribution specification has them.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md

HTTP of the standard library over TLS that is verified, with a user's name and password ("Basic").
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from ...core import waiting
from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.client import HTTPConnection, HTTPResponse
    from typing import Any

    from ...core.model import Context

    Heads = dict[str, str]
    #: Called again for each attempt.
    Body = Callable[[], Iterator[bytes]]
    #: method, target, headers, body -> status, headers (small letters), body
    Wire = Callable[[str, str, Heads, "Body | None"], tuple[int, Heads, bytes]]

#: Kinds of manifests that can be asked for.
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
#: Attempts at one request where the connection breaks off. Each can be repeated: an upload starts again, what is complete stays.
ATTEMPTS = 3
#: Bytes of an answer that are read.
LONGEST = 4 << 20


class Silent(Exception):
    """There is no answer; the text says why."""


class Kept:
    """What is kept for the length of a call: how requests are sent, where it is not over the network (tests)."""

    def __init__(self) -> None:
        self.wire: Wire | None = None


class Registry:
    """A registry, as one user.

    :param url: ``https://host:port``, without a path
    :param ca: file on the host with the CA of its certificate; empty for those that the host trusts
    :param timeout: seconds for each answer
    :raises AgentError: ``bad-url``
    """

    def __init__(self, ctx: Context, url: str, user: str, password: str, ca: str, timeout: float) -> None:
        import base64

        self.ctx = ctx
        self.url = check_url(url)
        self.user = user
        self.heads: Heads = {"user-agent": "vannah.healthcloud"}
        if user:
            self.heads["authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        self.wire: Wire = ctx.kept(Kept).wire or Link(ctx, self.url, ca, timeout)

    # --- questions --------------------------------------------------------------------------------------------------------

    def ping(self) -> int:
        """The status of the API's first path: 200 where this user may use it.

        :raises Silent: there is no answer
        """
        return self._send("GET", "/v2/")[0]

    def digest_of(self, name: str, reference: str) -> str:
        """The digest of a manifest that a tag or digest means; empty where there is none.

        :raises Silent: there is no answer
        :raises AgentError: ``registry-login``, ``registry-refused``
        """
        status, heads, _body = self._send("HEAD", f"/v2/{name}/manifests/{reference}", {"accept": ", ".join((*INDEXES, *MANIFESTS))})
        if status == 404:
            return ""
        self._expect(status, b"", f"say what {name} {reference} is", 200)
        return heads.get("docker-content-digest", "")

    def manifest(self, name: str, reference: str) -> tuple[str, bytes]:
        """The media type and the text of a manifest.

        :raises Silent: there is no answer
        :raises AgentError: ``registry-login``, ``registry-refused``
        """
        status, heads, body = self._send("GET", f"/v2/{name}/manifests/{reference}", {"accept": ", ".join((*INDEXES, *MANIFESTS))})
        self._expect(status, body, f"give the manifest of {name} {reference}", 200)
        return heads.get("content-type", ""), body

    def has_blob(self, name: str, digest: str) -> bool:
        """Whether a repository has a blob.

        :raises Silent: there is no answer
        :raises AgentError: ``registry-login``, ``registry-refused``
        """
        status, _heads, _body = self._send("HEAD", f"/v2/{name}/blobs/{digest}")
        if status != 404:
            self._expect(status, b"", f"say whether {name} has {digest}", 200)
        return status == 200

    # --- changes ----------------------------------------------------------------------------------------------------------

    def put_blob(self, name: str, digest: str, size: int, body: Body) -> None:
        """Upload a blob whole. The registry compares it with its digest.

        :raises Silent: there is no answer
        :raises AgentError: ``registry-login``, ``registry-read-only``, ``registry-refused``
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status, heads, said = self._send("POST", f"/v2/{name}/blobs/uploads/", {"content-length": "0"})
                self._expect(status, said, f"begin an upload to {name}", 202)
                target = self._own(heads.get("location", ""))
                target += f"{'&' if '?' in target else '?'}digest={digest}"
                about = {"content-type": "application/octet-stream", "content-length": str(size)}
                status, _heads, said = self.wire("PUT", target, {**self.heads, **about}, body)
                self._expect(status, said, f"take {digest} of {name}", 201)
                return
            except Silent:
                if attempt == ATTEMPTS:
                    raise

    def put_manifest(self, name: str, reference: str, media: str, data: bytes) -> None:
        """Make a tag or digest mean a manifest, all of whose blobs are there.

        :raises Silent: there is no answer
        :raises AgentError: ``registry-login``, ``registry-read-only``, ``registry-refused``
        """
        about = {"content-type": media, "content-length": str(len(data))}
        status, _heads, said = self._send("PUT", f"/v2/{name}/manifests/{reference}", about, lambda: iter((data,)))
        self._expect(status, said, f"take the manifest of {name} {reference}", 201)

    def delete_manifest(self, name: str, digest: str) -> None:
        """Remove a manifest, with all tags that mean it.

        :raises Silent: there is no answer
        :raises AgentError: ``registry-login``, ``registry-read-only``, ``registry-refused``
        """
        status, _heads, said = self._send("DELETE", f"/v2/{name}/manifests/{digest}")
        if status != 404:
            self._expect(status, said, f"remove {name}@{digest}", 202)

    # --- how --------------------------------------------------------------------------------------------------------------

    def _send(self, method: str, target: str, heads: Heads | None = None, body: Body | None = None) -> tuple[int, Heads, bytes]:
        import time

        begun = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.wire(method, target, {**self.heads, **(heads or {})}, body)
            except Silent as error:
                if attempt == ATTEMPTS:
                    raise
                waiting.tell(self.ctx, f"the registry at {self.url} to answer", begun, reason=str(error))
                time.sleep(self.ctx.pause(1.0))
        raise AssertionError  # ATTEMPTS is not 0

    def _own(self, location: str) -> str:
        """The target of a Location of this registry: the password is sent to no other host.

        :raises AgentError: ``registry-refused``
        """
        found = urlsplit(urljoin(self.url + "/", location))
        asked = urlsplit(self.url)
        if not location or (found.scheme, found.netloc) != (asked.scheme, asked.netloc):
            text = f"the registry at {self.url} wants uploads to go to {found.scheme}://{found.netloc}, which it is not"
            raise AgentError("registry-refused", f"{text}. Fix: write url as the registry calls itself")
        return f"{found.path}?{found.query}" if found.query else found.path

    def _expect(self, status: int, said: bytes, what: str, good: int) -> None:
        if status == good:
            return
        if status in (401, 403):
            who = f"the user {self.user}" if self.user else "a client without a login"
            text = f"the registry at {self.url} does not let {who} {what} ({status})"
            raise AgentError("registry-login", f"{text}. Fix: set user and password; a role's registry has them in its registry_users")
        if status == 405:
            text = f"the registry at {self.url} is read-only, as it is while garbage is collected"
            raise AgentError(
                "registry-read-only", f"{text}. Fix: run the same again once that is done (systemctl status vannah-registry-gc)"
            )
        raise AgentError("registry-refused", f"the registry at {self.url} does not {what}: {reasons(said) or f'status {status}'}")


def reasons(said: bytes) -> str:
    """What an answer that is no success says of itself, in one line."""
    import json

    try:
        errors = json.loads(said)["errors"]
        found = [f"{one.get('code', '')} {one.get('message', '')} {detail(one.get('detail'))}".strip() for one in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return "; ".join(found)[:500]


def detail(found: Any) -> str:
    """What an error of the API adds."""
    import json

    return "" if not found else found if isinstance(found, str) else json.dumps(found, sort_keys=True)


def check_url(url: str) -> str:
    """A URL without a slash at its end.

    :raises AgentError: ``bad-url``
    """
    parts = urlsplit(url)
    try:
        good = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path not in ("", "/") or parts.query or parts.username is not None:
        raise AgentError("bad-url", f"url {url!r}. Fix: write https://host:port, without a path, a user or a query")
    return url.rstrip("/")


class Link:
    """A connection that stays open: called with method, target, headers and body, it gives status, headers and body."""

    def __init__(self, ctx: Context, url: str, ca: str, timeout: float) -> None:
        self.ctx, self.url, self.ca, self.timeout = ctx, url, ca, timeout
        self._link: HTTPConnection | None = None

    def __del__(self) -> None:
        if self._link is not None:
            self._link.close()

    def _connection(self) -> HTTPConnection:
        """The connection, opened by its first request.

        :raises Silent: the CA is not there, as on a host that the site has not made yet
        """
        import ssl
        from http.client import HTTPSConnection

        if self._link is None:
            try:
                context = ssl.create_default_context(cafile=self.ctx.path(self.ca) if self.ca else None)
            except OSError as error:
                raise Silent(f"the CA's certificate {self.ca} cannot be read ({error.strerror or error})") from error
            # A CA that a site brought may be older than what Python 3.13 became strict about.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            parts = urlsplit(self.url)
            self._link = HTTPSConnection(parts.hostname or "", parts.port, timeout=self.timeout, context=context)
        return self._link

    def __call__(self, method: str, target: str, heads: Heads, body: Body | None) -> tuple[int, Heads, bytes]:
        """Send one request.

        :raises Silent: there is no answer, or the connection breaks off
        :raises AgentError: ``registry-untrusted``
        """
        import ssl
        from http.client import HTTPException

        link = self._connection()
        try:
            link.request(method, target, body=body() if body else None, headers=heads)
            answer: HTTPResponse = link.getresponse()
            said = answer.read(LONGEST)
            if not answer.isclosed():
                link.close()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, said
        except ssl.SSLCertVerificationError as error:
            link.close()
            text = f"the certificate at {self.url} is not one that {self.ca or 'this host'} vouches for: {error.verify_message}"
            raise AgentError("registry-untrusted", f"{text}. Fix: set ca, or correct the name in url") from error
        except (OSError, HTTPException) as error:
            link.close()
            raise Silent(str(error) or type(error).__name__) from error


def unreachable(registry: Registry, error: Silent) -> AgentError:
    """The error of a registry that does not answer."""
    return AgentError(
        "registry-unreachable",
        f"the registry does not answer at {registry.url}: {error}. Fix: see systemctl status docker-registry on its host",
    )
