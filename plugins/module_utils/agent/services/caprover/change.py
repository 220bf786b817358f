# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of apps: each is done so that a second run finds what a first one left, and what is half done is said or taken back.

CapRover saves a definition before it applies it. Where Docker refuses it (HTTP 500), the definition stays, and a second run would find
nothing to do: the old one is put back. ``notes`` keeps what was begun, for the run that comes after one that was cut off.
"""

from __future__ import annotations

from ...core.model import AgentError
from . import fields, swarm_secrets, wanted_deploy
from .api import APPS, PAUSE
from .refusals import EXISTS, PARTLY, Refused, reason, refusal
from .wire import Broken, Silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from ...core.model import Context
    from ...definition import Json
    from .api import Api
    from .notes import Notes
    from .types import Build, Definition

    Changes = dict[str, tuple[Any, Any]]
    T = TypeVar("T")
    Apply = Callable[[Context], None]

#: Seconds for a build that another client has started.
BUILDS = 900.0
#: Seconds between the end of a build, as CapRover says it, and the end of its service's update.
SETTLE = 3.0
#: Seconds for a new service to have a node.
PLACED = 90.0
#: Fields that only Docker, or JavaScript, judges: CapRover gives no reason where they are refused.
SUSPECTS = ("ports", "serviceUpdateOverride", "preDeployFunction", "volumes", "envVars", "instanceCount")
_AGAIN = "Try again in a minute"
_BUILDING = "Build in-progress"
_NO_IMAGE = "ImageName for deployed version is not available"
_GONE = "could not be found"


class Changer:
    """What changes the apps of one server.

    :param apps: all apps as they were read; those that are made here come to it
    :param owner: the tag of managed apps; "" for none
    """

    def __init__(self, api: Api, notes: Notes, apps: dict[str, Definition], owner: str = "") -> None:
        self.api = api
        self.notes = notes
        self.apps = dict(apps)
        self.owner = owner

    # --- apps -----------------------------------------------------------------------------------------------------------

    def register(self, name: str, persistent: bool) -> Apply:
        """Make an app. CapRover deploys a placeholder, detached: who waits for a queued build keeps all others from writing."""

        def apply(ctx: Context) -> None:
            self.idle()
            try:
                self.api.post(f"{APPS}/register?detached=1", {"appName": name, "hasPersistentData": persistent, "projectId": ""})
                if self.owner:  # its tag comes with the update, after its domains; where one of those is refused, it is ours all the same
                    self.notes.put("owned", name, self.owner)
            except Refused as error:
                if error.status != EXISTS:  # another client, or a request that broke off, was faster
                    raise refusal(f"make app {name}", error) from error
            except Silent as error:
                raise self.api.unreachable(error, f"make app {name}") from error
            self.idle()
            self.pause(f"the service of app {name}", SETTLE)
            build = self.read(f"see the placeholder of app {name} deployed", lambda: self.api.build(name))
            if build["isBuildFailed"]:
                ctx.warn(f"app {name}: CapRover could not deploy its placeholder, so nothing runs before the first deploy: {_last(build)}")
            self.apps = self.read("list the apps", self.api.apps)

        return apply

    def update(self, name: str, changes: Changes, first: str) -> Apply:
        """Change fields of an app; with no changes its definition is applied again.

        :param first: an override to send before, which takes away what Docker would keep; "" for none
        """

        def apply(ctx: Context) -> None:
            what = f"change app {name}"
            known = dict(changes)
            now = self._there(name)
            body = {field: after for field, (_before, after) in changes.items()}
            if first and "serviceUpdateOverride" not in known:
                there = fields.value(now, "serviceUpdateOverride")
                known["serviceUpdateOverride"] = (there, there)
            self.idle(name)
            self.notes.put("unsure", name, ctx.today())
            try:
                if first:
                    self._send(ctx, name, {**body, "serviceUpdateOverride": first})
                    body = {**body, "serviceUpdateOverride": known["serviceUpdateOverride"][1]}
                self._send(ctx, name, body)
            except Refused as error:
                if _GONE in error.said:
                    raise self.gone(name) from error
                raise self._put_back(what, name, known, error) from error
            except Silent as error:
                raise self.api.unreachable(error, what) from error
            self.notes.drop("unsure", name)
            if self.owner:
                self.notes.put("owned", name, self.owner)
            runs = wanted_deploy.deployed(now)
            if runs and not self.notes.get("unproven", name):  # caprover_deploy sees it healthy as it is now
                mark = runs.get("gitHash") or f"image {runs['deployedImageName']}"
                self.notes.put("unproven", name, {"mark": mark, "previous": None, "since": ctx.today()})

        return apply

    def _send(self, ctx: Context, name: str, body: Json) -> None:
        """One update, sent again where it was not done yet.

        :raises Refused: the app cannot be like this
        :raises Silent: the connection broke off twice
        """
        import time

        body = swarm_secrets.filled(ctx, body)
        begun, broken, failed = time.monotonic(), False, False
        while True:
            try:
                self.api.change_app(self.apps[name], body)
                return
            except Refused as error:
                if _NO_IMAGE in error.said:
                    ctx.warn(f"app {name}: it has no image yet: what was set takes effect with the first deploy.")
                    return
                again = _AGAIN in error.said or _BUILDING in error.said or (error.http == 500 and not failed)
                if not again or time.monotonic() - begun > PLACED:
                    raise
                # Docker takes no update while another one of the same service is under way; it is no fault of the definition.
                failed = error.http == 500
            except Broken:
                # It may be saved and not applied. Sent again it is done once more, which restarts the app and changes nothing else.
                if broken:
                    raise
                broken = True
            self.pause(f"app {name}, which cannot be changed yet", PAUSE, begun, PLACED)
            self.idle(name)

    def _put_back(self, what: str, name: str, changes: Changes, error: Refused) -> AgentError:
        """The error of an update, with what became of the definition."""
        made = refusal(what, error, [fields.names([field]) for field in SUSPECTS if field in changes])
        try:
            found = self.api.apps()[name]
            saved = {field: pair[0] for field, pair in changes.items() if not fields.same(field, fields.value(found, field), pair[0])}
            if saved:
                self.api.change_app(self.apps[name], saved)
        except (Refused, Silent, KeyError) as second:
            why = reason(second) if isinstance(second, Refused) else str(second)
            text = f"Incomplete: CapRover has saved the new definition, and the old one could not be restored ({why}). Run again"
            return AgentError(made.code, f"{made.msg}. {text}")
        self.notes.drop("unsure", name)
        text = "CapRover had saved it: the old definition was restored" if saved else "The app was not changed"
        return AgentError(made.code, f"{made.msg}. {text}")

    def remove(self, name: str, volumes: list[str]) -> Apply:
        """Remove an app with these volumes."""

        def apply(ctx: Context) -> None:
            what = f"remove app {name}"
            self.idle(name)
            try:
                said = self.api.post(f"{APPS}/delete", {"appName": name, "volumes": volumes})
            except Refused as error:
                if _GONE not in error.said:
                    raise refusal(what, error) from error
                said = {}
            except Broken as error:
                if name in self.read("list the apps", self.api.apps):
                    raise self.api.unreachable(error, what) from error
                said = {"status": PARTLY, "volumesFailedToDelete": volumes} if volumes else {}
            except Silent as error:
                raise self.api.unreachable(error, what) from error
            left = said.get("volumesFailedToDelete") or ()
            if said.get("status") == PARTLY and left:
                why = "a container was slow to stop, or they are on a worker"
                text = f"app {name} is removed, but its volumes {', '.join(left)} are left: {why}. CapRover can no longer remove them"
                ctx.warn(f"{text}: docker volume rm {' '.join(left)} on the app's node.")
            self.notes.forget(name)
            self.apps.pop(name, None)

        return apply

    # --- domains --------------------------------------------------------------------------------------------------------

    def add(self, name: str, domain: str, tls: bool) -> Apply:
        """Give an app a domain."""

        def apply(_ctx: Context) -> None:
            self._attach(name, domain)
            if tls:
                self._domain("enablecustomdomainssl", name, domain, "enable TLS for domain")

        return apply

    def enable_domain_tls(self, name: str, domain: str) -> Apply:
        """TLS for a domain that an app has."""

        def apply(_ctx: Context) -> None:
            self._domain("enablecustomdomainssl", name, domain, "enable TLS for domain")

        return apply

    def without_tls(self, name: str, domain: str) -> Apply:
        """Take TLS from a domain: CapRover has no call for it, so the domain goes and comes."""

        def apply(_ctx: Context) -> None:
            self._domain("removecustomdomain", name, domain, "remove domain", "does not exist")
            self._attach(name, domain)

        return apply

    def remove_domain(self, name: str, domain: str) -> Apply:
        """Take a domain from an app."""

        def apply(_ctx: Context) -> None:
            self._domain("removecustomdomain", name, domain, "remove domain", "does not exist")

        return apply

    def enable_tls(self, name: str, domain: str) -> Apply:
        """TLS for the app's own domain below the root domain."""

        def apply(_ctx: Context) -> None:
            what = f"enable TLS for app {name} at {domain} (tls)"
            try:
                self.api.post(f"{APPS}/enablebasedomainssl", {"appName": name})
            except Refused as error:
                raise self.refusal(what, name, error) from error
            except Silent as error:
                raise self.api.unreachable(error, what) from error

        return apply

    def _attach(self, name: str, domain: str) -> None:
        self._domain("customdomain", name, domain, "add domain", "already has customDomain")

    def _domain(self, call: str, name: str, domain: str, verb: str, done: str = "") -> None:
        what = f"{verb} {domain} {'from' if verb.startswith('remove') else 'to' if verb.startswith('add') else 'of'} app {name} (domains)"
        try:
            self.api.post(f"{APPS}/{call}", {"appName": name, "customDomain": domain})
        except Refused as error:
            if not done or done not in error.said:
                raise self.refusal(what, name, error) from error
        except Silent as error:
            raise self.api.unreachable(error, what) from error

    # --- apps that others remove ----------------------------------------------------------------------------------------

    def gone(self, name: str) -> AgentError:
        """An app that was there when the run began; what is noted of it is not true any more."""
        self.notes.forget(name)
        text = f"app {name} does not exist any more: it was removed during the run, by another client of CapRover"
        return AgentError("app-missing", f"{text}. Fix: run again, which creates it, or remove it from the list")

    def _there(self, name: str) -> Definition:
        if name not in self.apps:
            raise self.gone(name)
        return self.apps[name]

    def refusal(self, what: str, name: str, error: Refused) -> AgentError:
        """What was refused of an app, which may not be there any more."""
        return self.gone(name) if _GONE in error.said else refusal(what, error)

    # --- waiting --------------------------------------------------------------------------------------------------------

    def idle(self, name: str = "") -> None:
        """Wait until an app, or any, is not being built. A build that is queued and fails ends the whole server.

        :raises AgentError: ``caprover-builds``
        """
        import time

        begun = time.monotonic()
        while True:
            apps = self.read("list the apps", self.api.apps)
            building = sorted(app for app, now in apps.items() if now.get("isAppBuilding") and name in ("", app))
            if not building:
                return
            if time.monotonic() - begun >= BUILDS:
                text = f"CapRover was building {', '.join(building)} for {BUILDS:.0f} s"
                raise AgentError("caprover-builds", f"{text}: nothing was changed. Fix: see the build log of the app, then run again")
            self.pause(f"the build of {', '.join(building)}", PAUSE, begun, BUILDS)

    def pause(self, what: str, seconds: float, begun: float | None = None, limit: float | None = None, reason: str = "") -> None:
        """Wait for something, and say so where it takes long.

        :param begun: when the first wait for it began; now where there is only one
        :param limit: seconds for all of them
        """
        import time

        from ...core import waiting

        waiting.tell(self.api.ctx, what, time.monotonic() if begun is None else begun, limit or seconds, reason)
        time.sleep(self.api.ctx.pause(seconds))

    def read(self, what: str, read: Callable[[], T]) -> T:
        """Read with errors for a person.

        :raises AgentError: ``caprover-refused``, ``caprover-unreachable``
        """
        try:
            return read()
        except Refused as error:
            raise refusal(what, error) from error
        except Silent as error:
            raise self.api.unreachable(error, what) from error


def _last(build: Build) -> str:
    return next((line for line in reversed(build["logs"]["lines"]) if line.strip()), "it gives no reason")
