# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CapRover's API (``/api/v2``): one login, a token that stays in memory, retries that end.

Every handled outcome is HTTP 200 with ``{"status", "description", "data"}``, and only 100, 101 and 102 are success. Not so are 429 (another
write is going on), 500 (Docker's errors), 404 and 302 (HTTPS is forced): they come as plain text.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ...core.model import AgentError
from .refusals import (
    BACK_OFF,
    BAD_TOKEN,
    CERTBOT,
    FOREIGN,
    LOCKED,
    NEEDS_OTP,
    NOT_READY,
    OK,
    USER_NOT_READY,
    WRONG_PASSWORD,
    Refused,
    reason,
    refusal,
)
from .wire import LOOPBACK, Broken, Link, Silent, Upload, check_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...core.model import Context
    from ...definition import Json as Data
    from .types import Build, Definition
    from .wire import Heads, Said, Wire


#: Seconds for which another write may keep us waiting: a build that a client waits for holds the lock all the time.
BUSY = 300.0
#: Seconds between two tries.
PAUSE = 2.0
APPS = "/user/apps/appDefinitions"
_BUILD = ("isAppBuilding", "isBuildFailed", "logs")
_STARTING = (NOT_READY, USER_NOT_READY)
#: What a proxy says where CapRover behind it does not answer, or not in time.
_AWAY = (502, 503, 504)


class Kept:
    """What stands between this module and a server; tests set it.

    :ivar wire: url -> what sends; None for the network
    :ivar locked: seconds to wait while no login is possible
    :ivar tokens: url -> password and token of the last login. All questions of a call to a host need one login.
    :ivar refused: url and password of logins that were refused; they are not tried again
    """

    def __init__(self) -> None:
        self.wire: Callable[[str], Wire] | None = None
        self.locked: float = LOCKED + 1
        self.tokens: dict[str, tuple[str, str]] = {}
        self.refused: set[tuple[str, str]] = set()


class Api:
    """One server.

    :param passwords: the one that must be first; the others only where it is refused
    :param wait: seconds for a server that starts; none in check mode
    :ivar password: the one that was accepted
    :ivar calls: how many requests were sent
    :raises AgentError: ``bad-url``, ``bad-ca``
    """

    def __init__(
        self, ctx: Context, url: str, passwords: list[str], ca: str = "", timeout: float = 60, wait: float = 60, plain: bool = False
    ) -> None:
        self.ctx = ctx
        self.url = check_url(url, plain)
        self.passwords = passwords
        self.password = ""
        self.wait = 0 if ctx.check else wait
        self.calls = 0
        self.patches = True
        self._token = ""
        known, token = ctx.kept(Kept).tokens.get(self.url, ("", ""))
        if known and known == passwords[0]:
            self.password, self._token = known, token
        made = ctx.kept(Kept).wire
        self._wire: Wire = made(self.url) if made is not None else Link(ctx, self.url, ca, timeout)
        # CapRover asks this header whether a request came over TLS (its src/app.ts): on the loopback interface it may.
        parts = urlsplit(self.url)
        self._trusted = parts.scheme == "http" and parts.hostname in LOOPBACK

    # --- asking ---------------------------------------------------------------------------------------------------------

    def login(self) -> None:
        """Get a token. Each password is tried once: five wrong ones within 30 s lock all users out.

        :raises Silent: there is no answer
        :raises AgentError: ``caprover-login``, ``caprover-locked``
        """
        waited, kept = False, self.ctx.kept(Kept)
        left = [one for one in ([self.password] if self.password else self.passwords) if (self.url, one) not in kept.refused]
        while left:
            try:
                said = self._ask("POST", "/login", {"password": left[0]}, starting=True)
                self._token = str(self._complete("/login", said, ("token",))["token"])
                self.password = left[0]
                kept.tokens[self.url] = self.password, self._token
                return
            except Refused as error:
                if error.status == BACK_OFF and not waited and not self.ctx.check:
                    self._sleep_out()
                    waited = True
                elif error.status == WRONG_PASSWORD:
                    kept.refused.add((self.url, left.pop(0)))
                else:
                    raise self._login_failed(error) from error
        text = f"CapRover at {self.url} does not take the password"
        text += ", nor the previous one" if len(self.passwords) > 1 else ""
        raise AgentError(
            "caprover-login",
            f"{text}. Each password was tried once, because five wrong ones lock all users out. Fix: set the password that it has",
        )

    def renew(self, password: str) -> None:
        """The password was changed, which ended the token: the next request logs in with it."""
        self.password = password
        self._token = ""
        kept = self.ctx.kept(Kept)
        kept.tokens.pop(self.url, None)
        kept.refused.discard((self.url, password))

    def forget_logins(self) -> None:
        """Another server answers at the URL from now on: tokens and refused passwords of the one before do not count."""
        kept = self.ctx.kept(Kept)
        self._token, self.password = "", ""
        kept.tokens.pop(self.url, None)
        kept.refused -= {(self.url, one) for one in self.passwords}

    def get(self, path: str, *needed: str) -> Data:
        """Read. A server that starts meanwhile is waited for.

        :param needed: what the answer must have
        :raises Silent: there is no answer
        :raises Refused: anything but success
        :raises AgentError: ``caprover-answer``
        """
        return self._complete(path, self._with_token("GET", path, None), needed)

    def post(self, path: str, body: Data | Upload) -> Data:
        """Change something. While another write is going on it is waited for.

        :raises Silent: there is no answer; :class:`Broken`: whether it was done is not known
        :raises Refused: anything but success
        """
        return self._with_token("POST", path, body)

    def insist(self, what: str, path: str, body: Data | Upload | None = None, needed: tuple[str, ...] = ()) -> Data:
        """As :meth:`get`, or :meth:`post` with a body, with errors for a person.

        :param what: what was tried: ``set the root domain``
        :raises AgentError: ``caprover-refused``, ``caprover-unreachable``, ``caprover-broken-off``, ``caprover-answer``
        """
        try:
            return self.get(path, *needed) if body is None else self.post(path, body)
        except Refused as error:
            raise refusal(what, error) from error
        except Silent as error:
            raise self.unreachable(error, what) from error

    def change_app(self, now: Definition, changes: Data) -> None:
        """Change fields of an app and leave the others: PATCH, before version 1.15 the whole definition.

        :param now: the app as it was read
        :raises Silent: there is no answer
        :raises Refused: anything but success
        """
        path = f"{APPS}/update"
        if self.patches:
            try:
                self._with_token("PATCH", path, {"appName": now["appName"], **changes})
                return
            except Refused as error:
                if error.http != 404:
                    raise
                self.patches = False
        whole = {key: value for key, value in now.items() if key not in ("versions", "isAppBuilding")}
        self._with_token("POST", path, {**whole, **changes})

    def apps(self) -> dict[str, Definition]:
        """All apps by their names."""
        return {app["appName"]: app for app in self.get(APPS, "appDefinitions")["appDefinitions"]}

    def build(self, app: str) -> Build:
        """How the last build of an app is."""
        found: Build = self.get(f"/user/apps/appData/{app}", *_BUILD)  # type: ignore[assignment]  # as recorded
        return found

    def unreachable(self, error: Silent, what: str = "") -> AgentError:
        """What to say where no answer comes."""
        if isinstance(error, Broken):
            text = f"CapRover at {self.url} closed the connection during the request to {what or 'do something'} ({error})"
            return AgentError("caprover-broken-off", f"{text}: the result is unknown. Fix: run again; the next run checks it and continues")
        text = f"CapRover does not answer at {self.url}: {error}"
        return AgentError("caprover-unreachable", f"{text}. Fix: see docker service ps captain-captain on its manager, or correct url")

    # --- how ------------------------------------------------------------------------------------------------------------

    def _complete(self, path: str, data: Data, needed: tuple[str, ...]) -> Data:
        missing = [key for key in needed if key not in data]
        if missing:
            text = f"CapRover at {self.url} answers {path} without {', '.join(missing)}, which version 1.15 gives"
            fix = "check that url is that of a CapRover 1.15, and see docker service logs captain-captain on its manager"
            raise AgentError("caprover-answer", f"{text}. Fix: {fix}")
        return data

    def _with_token(self, method: str, path: str, body: Data | Upload | None) -> Data:
        if not self._token:
            self.login()
        try:
            return self._ask(method, path, body, starting=method == "GET")
        except Refused as error:
            if error.status != BAD_TOKEN:
                raise
        # A restart of CapRover and a new password end all tokens.
        self.login()
        return self._ask(method, path, body, starting=method == "GET")

    def _ask(self, method: str, path: str, body: Data | Upload | None, starting: bool) -> Data:
        """One request, again while the server starts or another write is going on.

        :param starting: whether 404, 500 and a connection that breaks off may come from a server that starts; of a write they are its
            outcome
        """
        import time

        from ...core import waiting

        begun = time.monotonic()
        while True:
            limit = self.wait
            try:
                status, headers, data = self._send(method, path, body)
                answer = _answer(status, headers, data, self.url)
                if answer["status"] in OK:
                    found: Data = answer.get("data") or {}
                    return {**found, "status": answer["status"], "description": answer["description"]} if method != "GET" else found
                error = Refused(status, answer["status"], answer["description"])
                if CERTBOT in error.said:
                    limit = BUSY
                elif answer["status"] not in _STARTING:
                    raise error
                failure: Exception = error
            except Refused as error:
                if error.http == 429:
                    limit = BUSY
                else:
                    _refuse_final(error, starting)
                failure = error
            except Silent as error:
                # Docker takes a connection for a container that does not listen yet, and breaks it off.
                if isinstance(error, Broken) and not starting:
                    raise
                failure = error
            if self.ctx.check or time.monotonic() - begun >= limit:
                if isinstance(failure, Refused) and failure.http != 429 and CERTBOT not in failure.said:
                    why = reason(failure) if failure.http in (FOREIGN, *_AWAY) else f"it is starting ({failure.said or failure.http})"
                    raise Silent(why) from failure
                raise failure
            waiting.tell(self.ctx, f"CapRover at {self.url}", begun, limit, str(failure))
            time.sleep(self.ctx.pause(PAUSE))

    def _send(self, method: str, path: str, body: Data | Upload | None) -> Said:
        import json

        headers: Heads = {"x-namespace": "captain"}
        if self._trusted:
            headers["x-forwarded-proto"] = "https"
        if self._token and path != "/login":
            headers["x-captain-auth"] = self._token
        data: bytes | Upload = b""
        if isinstance(body, Upload):
            data = body
        elif body is not None:
            headers["content-type"] = "application/json"
            data = json.dumps(body).encode()
        self.calls += 1
        return self._wire(method, f"/api/v2{path}", headers, data)

    def _sleep_out(self) -> None:
        import time

        from ...core import waiting

        seconds = self.ctx.pause(self.ctx.kept(Kept).locked)
        waiting.doing(self.ctx, f"waiting until CapRover at {self.url} accepts logins again", seconds)
        time.sleep(seconds)

    def _login_failed(self, error: Refused) -> AgentError:
        if error.status == BACK_OFF:
            text = f"CapRover at {self.url} refuses all logins for {LOCKED} s, because it got five wrong passwords"
            return AgentError("caprover-locked", f"{text}. Fix: find the client that sends them (its journal), and run again after that")
        if error.status == NEEDS_OTP:
            text = f"CapRover at {self.url} requires a one-time code, which a run cannot give"
            return AgentError("caprover-login", f"{text}. Fix: turn two-factor authentication off")
        return refusal("log in", error)


def _refuse_final(error: Refused, starting: bool) -> None:
    """What no further try would change.

    :param starting: whether it may come from a server that starts
    :raises Broken: a proxy in front of the server did not see what became of a write
    :raises Refused: it is an outcome
    """
    if error.http in _AWAY and not starting:
        raise Broken(reason(error)) from error
    if not starting or error.http not in (FOREIGN, 404, 500, *_AWAY):
        raise error


def _answer(status: int, headers: Heads, data: bytes, url: str) -> Data:
    """An answer's envelope.

    :raises Refused: it is a plain text
    :raises AgentError: ``caprover-redirects``
    """
    import json

    if status in (301, 302, 307, 308):
        text = f"CapRover at {url} accepts only HTTPS and redirects to {headers.get('location', 'another address')}"
        raise AgentError("caprover-redirects", f"{text}. Fix: set url: https://captain.<root domain>")
    try:
        found = json.loads(data) if status == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("status"), int):
        raise Refused(status if status != 200 else FOREIGN, 0, data[:200].decode("utf-8", "replace").strip())
    return {"description": "", **found}
