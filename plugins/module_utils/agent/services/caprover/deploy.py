# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys: one at a time, watched until the app is healthy, and taken back where it does not become so.

An app is deployed only while those that it comes after are healthy and run what they must: see :meth:`Deployer._gate`.

A deploy is sent detached and polled: who waits for a queued build keeps all others from writing, and a queued build that fails ends
the whole server for 45 s. So none is sent while any app builds.
"""

from __future__ import annotations

from ...core.model import AgentError, Step
from . import fields, wanted_deploy
from .api import PAUSE
from .change import SETTLE, Changer
from .health import Health
from .refusals import Refused, reason
from .wire import Broken, Silent, Upload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...core.model import Context
    from ...definition import Json
    from .api import Api
    from .notes import Notes
    from .types import Build, Definition, Deploy, Version

    Apply = Callable[[Context], None]

#: Lines of an app's own output that are shown.
SHOWN = 30
#: Shorter values are no secrets worth the name, and hiding "on" would hide what is wrong.
SHORTEST = 6
#: Words in a build's log -> what to do. What Docker says of a service comes after a build that went well.
FIXES = (
    ("invalid reference format", "set default_push_registry of caprover_server to a registry with an image_prefix"),
    ("Push failed", "check that default_push_registry of caprover_server answers and that its user may push"),
    ("Build has finished successfully", "correct service_override, ports or volumes of caprover_apps, which Docker refused"),
    (
        "Pulling this image",
        "use an image that this server can pull; its registry with user and password belongs to registries of caprover_server",
    ),
)


def plan(api: Api, listed: list[Deploy], apps: dict[str, Definition], notes: Notes, build_timeout: float) -> tuple[list[Step], list[str]]:
    """A step for each app that does not run what it must. What was taken back before, and what comes after that, fails at the end.

    :return: the steps, and the apps that run it already
    :raises AgentError: ``app-missing``
    """
    ctx = api.ctx
    runner = Deployer(api, notes, listed, apps, build_timeout)
    steps: list[Step] = []
    unchanged: list[str] = []
    held: dict[str, AgentError] = {}
    for wanted in listed:
        name, target = wanted["name"], f"app {wanted['name']}"
        now = apps.get(name)
        if now is None:
            if not ctx.check:
                raise AgentError("app-missing", f"app {name} does not exist. Fix: create it with caprover_apps first, or correct the name")
            ctx.warn(f"app {name} does not exist yet: this is refused unless an earlier task creates it.")
            now = fields.definition(name, False)
        unproven = notes.get("unproven", name)
        note = notes.get("held", name)
        same = wanted_deploy.is_deployed(wanted, now) and not wanted["force"]
        if same and not (unproven and unproven["mark"] == wanted["mark"]):
            unchanged.append(name)
            continue
        if same:
            detail = f"deployed on {unproven['since']}, not confirmed healthy yet"
            steps.append(Step("app", target, "watch", detail, None, runner.watch(wanted, unproven.get("previous"))))
        elif note and note["mark"] == wanted["mark"] and not wanted["force"] and not ctx.policy.get("retry"):
            held[name] = _held(name, note)
        elif any(other in held for other in wanted["after"]):
            held[name] = _gated(name, [other for other in wanted["after"] if other in held])
        else:
            runner.left.append(name)
            diff = _diff(ctx, target, now, wanted)
            steps.append(Step("app", target, "deploy", wanted["image"] or _kind(wanted), diff, runner.deploy(wanted)))
    # A step, so that a run that only plans finds that there is something to do, and fails there.
    for name, error in held.items():
        if ctx.check:
            ctx.warn(error.msg)
        steps.append(Step("app", f"app {name}", "hold back", "", None, _fail(list(held.values()))))
    return steps, unchanged


def _held(name: str, note: Json) -> AgentError:
    text = f"app {name}: this deploy was reverted on {note['since']} ({note['reason']}), and is held back until it changes"
    return AgentError(
        "held-back", f"{text}. Fix: use another image, or set force: true for the app (-e component_retry=true) to try it again"
    )


def _gated(name: str, others: list[str]) -> AgentError:
    text = f"app {name} is held back too, because it comes after app {', app '.join(others)}: it was not deployed"
    return AgentError("held-back", f"{text}. Fix: use another image of {', '.join(others)} first, or remove it from after of app {name}")


def _fail(held: list[AgentError]) -> Apply:
    def apply(_ctx: Context) -> None:
        raise AgentError(held[0].code, "; ".join(error.msg for error in held))

    return apply


def _kind(wanted: Deploy) -> str:
    return f"tarball {wanted['tarball']}" if wanted["tarball"] else "captain_definition"


def _diff(ctx: Context, target: str, now: Definition, wanted: Deploy) -> Any:
    if not ctx.diff:
        return None
    there = wanted_deploy.deployed(now)
    before = f"{there.get('deployedImageName')}\n" if there else ""
    after = f"{wanted['image'] or wanted['mark']}\n"
    return {"before_header": target, "after_header": target, "before": before, "after": after}


class Deployer:
    """What deploys apps of one server.

    :param limit: seconds for a build
    :ivar left: apps that are still to be deployed
    """

    def __init__(self, api: Api, notes: Notes, listed: list[Deploy], apps: dict[str, Definition], limit: float) -> None:
        self.api = api
        self.notes = notes
        self.listed = {wanted["name"]: wanted for wanted in listed}
        self.left: list[str] = []
        self._healthy: set[str] = set()
        self.changer = Changer(api, notes, apps)
        self.limit = limit

    def deploy(self, wanted: Deploy) -> Apply:
        """Deploy an app and see it healthy."""

        def apply(ctx: Context) -> None:
            self.left.remove(wanted["name"])
            try:
                self._gate(ctx, wanted)
                deployed(ctx)
            except AgentError as error:
                raise self._stopped(wanted["name"], error) from error

        def deployed(ctx: Context) -> None:
            name = wanted["name"]
            self.changer.idle()
            now = self._definition(name)
            health = self._health(ctx, wanted, now)
            note = self.notes.get("unproven", name)
            if note and note["mark"] == wanted["mark"] and wanted_deploy.is_deployed(wanted, now) and not wanted["force"]:
                # A run that was cut off had begun it, and it was built meanwhile.
                self._prove(ctx, wanted, note.get("previous"), health)
                return
            # What an earlier run has deployed and not seen healthy is no version to go back to.
            previous = (note or {}).get("previous") or wanted_deploy.deployed(now)
            self.notes.put("unproven", name, {"mark": wanted["mark"], "previous": previous, "since": ctx.today()})
            body: Json | Upload = {"captainDefinitionContent": wanted["definition"], "gitHash": _git_hash(wanted)}
            if wanted["tarball"]:
                body = Upload(ctx.path(wanted["tarball"]), {"gitHash": wanted["mark"]})
            try:
                self._build(name, body, now)
            except AgentError as error:
                raise self._after_failed_build(wanted, previous, now, error) from error
            self._prove(ctx, wanted, previous, health)

        return apply

    def watch(self, wanted: Deploy, previous: Version | None) -> Apply:
        """See an app healthy that an earlier run deployed, and did not see so."""

        def apply(ctx: Context) -> None:
            now = self._definition(wanted["name"])
            try:
                self._prove(ctx, wanted, previous, self._health(ctx, wanted, now))
            except AgentError as error:
                raise self._stopped(wanted["name"], error) from error

        return apply

    # --- the order ------------------------------------------------------------------------------------------------------

    def _gate(self, ctx: Context, wanted: Deploy) -> None:
        """See those healthy that an app comes after. Each runs what it must: otherwise it was deployed before, or held both back.

        :raises AgentError: ``held-back``
        """
        name = wanted["name"]
        for other in wanted["after"]:
            if other in self._healthy:
                continue
            now = self._definition(other)
            health = self._health(ctx, self.listed[other], now)
            runs = wanted_deploy.deployed(now)
            why = health.wait(runs.get("deployedImageName", "") if runs else "", deployed=False) if health.asked else ""
            if why:
                text = f"app {name} is not deployed, because it comes after app {other}, which is not healthy: {_hide(why, now)}"
                cure = f"repair app {other} (docker service ps --no-trunc {health.service} on a manager of the Swarm) and run again"
                raise AgentError("held-back", f"{text}. Fix: {cure}, or remove {other} from after of app {name}", self._output(other, now))
            self._healthy.add(other)

    def _stopped(self, name: str, error: AgentError) -> AgentError:
        """A failure, which ends the run, with the apps that are not deployed for that reason."""
        if not self.left:
            return error
        shown = [f"{one} (after {name})" if name in self.listed[one]["after"] else one for one in self.left]
        head, fix, tail = error.msg.partition(". Fix: ")
        return AgentError(error.code, f"{head}. Not deployed in this run: {', '.join(shown)}{fix}{tail}", error.journal)

    # --- a build --------------------------------------------------------------------------------------------------------

    def _build(self, name: str, body: Json | Upload, now: Definition) -> None:
        """Send a deploy and see it end.

        :raises AgentError: ``caprover-refused``, ``build-failed``, ``caprover-unreachable``
        """
        try:
            self.api.post(f"/user/apps/appData/{name}?detached=1", body)
        except Refused as error:
            raise self.changer.refusal(f"deploy app {name}", name, error) from error
        except Broken:
            pass  # whether it has begun is seen below
        except Silent as error:
            raise self.api.unreachable(error, f"deploy app {name}") from error
        build = self._await(name, now)
        after = self._definition(name)
        log = _hide(_log(build), now)
        if build["isBuildFailed"]:
            text = f"app {name}: CapRover could not deploy it: {_why(log)}"
            raise AgentError("build-failed", f"{text}. Fix: {_fix(log)}. Its log of the build:", log)
        version = wanted_deploy.deployed(after)
        if version is None or version["version"] <= wanted_deploy.newest(now):
            text = f"app {name}: CapRover has no new version of it: it was restarted while it built, which ended the build and its log"
            raise AgentError("build-failed", f"{text}. Fix: run again; see docker service logs captain-captain where it happens again")

    def _await(self, name: str, now: Definition) -> Build:
        """The build at its end. Its flag drops before the service is updated, and a late failure is said after that."""
        import time

        begun = time.monotonic()
        ended = False
        while True:
            build = self.changer.read(f"say how the build of app {name} is", lambda: self.api.build(name))
            if not build["isAppBuilding"]:
                if ended or build["isBuildFailed"]:
                    return build
                ended = True
                self.changer.pause(f"the service of app {name}", SETTLE)
                continue
            if time.monotonic() - begun >= self.limit:
                text = f"app {name}: its build is not complete after {self.limit:g} s"
                raise AgentError(
                    "build-failed", f"{text}. Fix: set a greater build_timeout; the next run checks how it ended", _hide(_log(build), now)
                )
            self.changer.pause(f"the build of app {name}", PAUSE, begun, self.limit, _why(_hide(_log(build), now)))

    def _after_failed_build(self, wanted: Deploy, previous: Version | None, before: Definition, error: AgentError) -> AgentError:
        """A deploy failed. Where CapRover says all the same that the new version is deployed, its service was refused by Docker."""
        name = wanted["name"]
        if error.code == "caprover-unreachable":
            return error  # the note stays, and the next run looks
        try:
            now = self._definition(name)
            if now.get("deployedVersion", 0) == before.get("deployedVersion", 0):
                if not now.get("isAppBuilding"):
                    self.notes.drop("unproven", name)
                return error
            if previous is None:
                return error
            self._back(name, previous)
        except AgentError as second:
            return AgentError(
                error.code, f"{error.msg} Incomplete: the previous version could not be restored: {second.msg}", error.journal
            )
        self.notes.drop("unproven", name)
        text = f"app {name}: its new version was built, and Docker refused it: version {previous['version']} was restored. {error.msg}"
        return AgentError(error.code, text, error.journal)

    # --- health ---------------------------------------------------------------------------------------------------------

    def _health(self, ctx: Context, wanted: Deploy, now: Definition) -> Health:
        service = wanted_deploy.service(now, wanted["name"])
        return Health(ctx, wanted["name"], service, int(fields.value(now, "instanceCount")), wanted["health"])

    def _prove(self, ctx: Context, wanted: Deploy, previous: Version | None, health: Health) -> None:
        """See an app healthy, or bring the version before back.

        :raises AgentError: ``not-healthy``
        """
        name = wanted["name"]
        if not health.asked:
            ctx.warn(f"app {name}: its health is not known: run the task on a manager of the Swarm, or set health: url.")
        why = health.wait(self._image(name)) if health.asked else ""
        if not why:
            self._healthy.add(name)
            self.notes.drop("unproven", name)
            self.notes.drop("held", name)
            return
        now = self._definition(name)
        said = f"app {name}: its new version does not become healthy: {_hide(why, now)}"
        output = self._output(name, now)
        if previous is None:
            text = f"{said}. There is no previous version, so it stays. Fix: use another image, or repair what stops it; run again"
            raise AgentError("not-healthy", text, output)
        try:
            self._back(name, previous)
        except AgentError as error:
            text = f"{said}. Incomplete: the previous version ({previous.get('deployedImageName')}) could not be restored: {error.msg}"
            raise AgentError("not-healthy", text, output) from error
        self.notes.put("held", name, {"mark": wanted["mark"], "since": ctx.today(), "reason": _hide(why, now)[:300]})
        self.notes.drop("unproven", name)
        health.begin()
        worse = health.wait(self._image(name))
        text = f"{said}. Version {previous['version']} ({previous.get('deployedImageName')}) was restored"
        text += f", and is not healthy either: {_hide(worse, now)}" if worse else " and is healthy"
        raise AgentError("not-healthy", f"{text}. Fix: use another image; this one is held back until then", output)

    def _back(self, name: str, version: Version) -> None:
        """Deploy an earlier version's image.

        :raises AgentError: see :meth:`_build`
        """
        self.changer.idle()
        definition, mark = wanted_deploy.back_to(version)
        self._build(name, {"captainDefinitionContent": definition, "gitHash": mark}, self._definition(name))

    def _image(self, name: str) -> str:
        """The image that an app has to run now."""
        version = wanted_deploy.deployed(self._definition(name))
        return version.get("deployedImageName", "") if version else ""

    def _output(self, name: str, now: Definition) -> str:
        """The last lines that an app wrote itself."""
        try:
            text = str(self.api.get(f"/user/apps/appData/{name}/logs?encoding=utf8").get("logs") or "")
        except (Refused, Silent) as error:
            return f"(its output could not be read: {reason(error) if isinstance(error, Refused) else error})"
        # Docker puts eight bytes before each piece: which stream, three zeros, a length.
        plain = ["".join(char for char in line if char.isprintable() or char == "\t") for line in text.splitlines()]
        return _hide("\n".join(line for line in plain[-SHOWN:] if line.strip()), now)

    def _definition(self, name: str) -> Definition:
        found = self.changer.read("list the apps", self.api.apps).get(name)
        if found is None:
            raise self.changer.gone(name)
        return found


def _git_hash(wanted: Deploy) -> str:
    return "" if wanted["image"] else wanted["mark"]


def _log(build: Build) -> str:
    return "\n".join(line.rstrip("\n") for line in build["logs"]["lines"] if line.strip())


def _why(log: str) -> str:
    return log.splitlines()[-1][:300].rstrip(". ") if log else "it gives no reason"


def _fix(log: str) -> str:
    return next((text for words, text in FIXES if words in log), "correct what is built")


def _hide(text: str, now: Definition) -> str:
    """A text without the values of the app's environment: CapRover gives them to builds, and programs print them."""
    values = {pair["value"] for pair in fields.value(now, "envVars") if len(pair["value"]) >= SHORTEST}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "********")
    return text
