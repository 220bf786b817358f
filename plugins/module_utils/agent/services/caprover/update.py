# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another version of CapRover, and the way back to the previous one with its data.

CapRover's own update pulls an image and gives it to its service (src/user/system/VersionManager.ts of version 1.15.3). The new version then
changes the data in /captain/data as it starts, which an older one may not read. So CapRover is stopped, its data are copied, and only then
does the new version start. If it does not answer with all of its apps, the copy and the previous image are put back. Apps and CapRover's
nginx run all the time; CapRover updates its nginx and certbot as it starts, which interrupts the sites for some seconds.

What is done is noted before it begins (:func:`.captain.note`), so that a run that was killed is completed or reverted by the next one.
"""

from __future__ import annotations

from ...core import waiting
from ...core.model import AgentError, Step
from ...lib.plural import counted
from . import captain, kept, versions
from .api import Api
from .refusals import Refused, refusal
from .wire import Silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json as Item


#: Seconds between two looks at tasks of the service.
INTERVAL = 1.0
#: Seconds within which a stopped CapRover has to be gone. It gets 10 to end by itself.
STOPS = 60


def update(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Have a version of CapRover on this host, or with ``back`` the one before the last update.

    :param params: as the module ``caprover_update`` documents them
    :return: steps, and ``version``: what is there before the call; ``way_back``: the version that ``back`` would restore, or empty
    :raises AgentError: ``caprover-missing``, ``caprover-elsewhere``, ``caprover-older``, ``caprover-docker``, ``caprover-busy``,
        ``caprover-half-updated``, ``no-way-back``, ``caprover-login``, ``caprover-unreachable``, ``docker-silent``
    """
    own = captain.own_node(ctx)
    there = captain.service(ctx) if own else None
    if there is None:
        raise AgentError(
            "caprover-missing", "CapRover is not installed in the Swarm of this host. Fix: run playbooks/caprover/converge.yml"
        )
    captain.refuse_elsewhere(there, own)
    note = captain.note(ctx)
    now = there["image"].partition("@")[0]
    api = _api(params, ctx)
    kept_of = captain.version_of(note["before"]) if note and note["phase"] != "copying" else ""
    result = {"version": captain.version_of(now), "way_back": kept_of}
    if params["back"] or note.get("phase") == "restoring":
        return [_back(api, note, now)], result
    wanted = f"{params['image']}:{params['version']}"
    unfinished = note.get("phase") in captain.UNFINISHED
    if unfinished and wanted != note["after"]:
        text = f"an update of CapRover to {captain.version_of(note['after'])} was interrupted, and {params['version']} is requested"
        raise AgentError("caprover-half-updated", f"{text}. Fix: set version: {captain.version_of(note['after'])}, or back: true")
    if now == wanted and not unfinished:
        return [], result
    if not unfinished:
        _refuse_older(result["version"], params["version"], kept_of)
    _refuse_docker(ctx, params["version"])
    if not unfinished:
        _apps(api)
    before = captain.version_of(note["before"] if unfinished else now)
    detail = f"version {params['version']}, from {before}{', continued' if unfinished else ''}"

    def apply(ctx: Context) -> None:
        _update(api, note if unfinished else {"before": now, "after": wanted, "since": ctx.today()}, ctx)

    return [Step("server", "CapRover", "update", detail, apply=apply)], result


# --- what is refused ------------------------------------------------------------------------------------------------------------


def _refuse_older(now: str, wanted: str, kept_of: str) -> None:
    """:raises AgentError: ``caprover-older``"""
    old, new = versions.parse(now), versions.parse(wanted)
    if old and new and new < old:
        fix = "set back: true, which restores it with its data of that time" if kept_of == wanted else f"set version: {now}"
        text = f"CapRover {now} runs, and {wanted} is older: it may not read the data that the newer one has changed"
        raise AgentError("caprover-older", f"{text}. Fix: {fix}")


def _refuse_docker(ctx: Context, wanted: str) -> None:
    """CapRover speaks to the engine of its own node; the others may become that one, and run the containers that it defines.

    :raises AgentError: ``caprover-docker``, ``docker-silent``
    """
    import json

    listed = ctx.run(["docker", "node", "ls", "--format", "{{json .}}"], env=captain.DOCKER, check=False)
    if listed.rc:
        raise AgentError("docker-silent", f"Docker does not list its nodes: {' '.join(listed.err.split())[-300:]}")
    nodes = [json.loads(line) for line in listed.out.splitlines() if line.strip()]
    for node in nodes:
        engine = versions.of_engine(str(node.get("EngineVersion") or ""))
        why = versions.with_docker(engine, versions.parse(wanted)) if engine else ""
        if why:
            text = f"{why}, and {node['Hostname']} has Docker {node['EngineVersion']}"
            raise AgentError("caprover-docker", f"{text}. Fix: update Docker there first, or request a version that works with it")


def _apps(api: Api) -> list[str]:
    """Names of all apps, none of which is being built: a build would end with CapRover.

    :raises AgentError: ``caprover-busy``, ``caprover-login``, ``caprover-unreachable``
    """
    try:
        apps = api.apps()
    except Silent as error:
        if api.ctx.check:
            api.ctx.warn(f"CapRover does not answer at {api.url} ({error}): whether an app is being built is not known.")
            return []
        raise api.unreachable(error) from error
    except Refused as error:
        raise refusal("list the apps", error) from error
    building = sorted(name for name, app in apps.items() if app.get("isAppBuilding"))
    if building:
        text = f"CapRover builds {', '.join(building)}, and an update would end that"
        raise AgentError("caprover-busy", f"{text}. Fix: run again when it is done")
    return sorted(apps)


def _back(api: Api, note: Item, now: str) -> Step:
    """The step that restores the version before the last update.

    :raises AgentError: ``no-way-back``
    """
    if note.get("phase") == "copying":
        detail = f"version {captain.version_of(note['before'])}, whose data were not changed"
        return Step("server", "CapRover", "start", detail, apply=lambda ctx: _resume(api, note, ctx))
    why = ""
    if not note:
        why = "no copy of CapRover's data from before an update is on this host"
    elif note["phase"] == "restored":
        why = f"version {captain.version_of(note['before'])} was restored already"
    elif now not in (note["before"], note["after"]):
        why = f"CapRover {captain.version_of(now)} runs, and the copy is from before the update to {captain.version_of(note['after'])}"
    elif not kept.there(api.ctx, note["copy"]):
        why = f"the copy {note['copy']} is gone"
    if why:
        raise AgentError("no-way-back", f"{why}. Fix: restore /captain from a backup of the site")
    detail = f"version {captain.version_of(note['before'])}, with its data of {note['since']}"
    return Step("server", "CapRover", "restore", detail, apply=lambda ctx: _restore(api, note, ctx))


# --- what is done ---------------------------------------------------------------------------------------------------------------


def _update(api: Api, note: Item, ctx: Context) -> None:
    """:raises AgentError: ``image-missing``; ``update-failed``, where the previous version runs again; ``restore-failed``"""
    continued = "phase" in note
    if not continued:
        _pull(ctx, note["after"], api.wait)
        note = {**note, "apps": _apps(api), "copy": f"{captain.FOLDER}/{captain.version_of(note['before'])}.tar"}
    if note.get("phase") != "updating":
        note = _noted(ctx, note, "copying")
        _stop(ctx)
        try:
            kept.copy(ctx, note["copy"])
        except AgentError:
            _start(ctx, note["before"])  # nothing was changed: it runs on
            kept.forget(ctx)
            raise
        note = _noted(ctx, note, "updating")
    _start(ctx, note["after"])
    why = _unhealthy(api, note, note["after"], ctx)
    if why:
        _restore(api, note, ctx)
        text = (
            f"CapRover {captain.version_of(note['after'])} {why}: version {captain.version_of(note['before'])} was restored with its data"
        )
        raise AgentError("update-failed", f"{text}. Fix: see its release notes, and docker service ps --no-trunc {captain.SERVICE}")
    _noted(ctx, note, "done")
    kept.remove_others(ctx, note["copy"])


def _restore(api: Api, note: Item, ctx: Context) -> None:
    """:raises AgentError: ``restore-failed``"""
    note = _noted(ctx, note, "restoring")
    _stop(ctx)
    kept.restore(ctx, note["copy"])
    _start(ctx, note["before"])
    why = _unhealthy(api, note, note["before"], ctx)
    if why:
        text = f"CapRover {captain.version_of(note['before'])} was put back with its data of {note['since']} and {why}"
        raise AgentError("restore-failed", f"{text}. Fix: see docker service ps --no-trunc {captain.SERVICE}, and run this again")
    _noted(ctx, note, "restored")


def _resume(api: Api, note: Item, ctx: Context) -> None:
    """Start CapRover again, which was stopped to copy its data.

    :raises AgentError: ``restore-failed``
    """
    _start(ctx, note["before"])
    why = _unhealthy(api, note, note["before"], ctx)
    if why:
        text = f"CapRover {captain.version_of(note['before'])} was started again and {why}"
        raise AgentError("restore-failed", f"{text}. Fix: see docker service ps --no-trunc {captain.SERVICE}, and run this again")
    kept.forget(ctx)


def _noted(ctx: Context, note: Item, phase: str) -> Item:
    """Write down what begins now."""
    found = {**note, "phase": phase}
    kept.write_note(ctx, found)
    return found


def _pull(ctx: Context, image: str, seconds: float) -> None:
    """Have the image on this host before anything is stopped.

    :raises AgentError: ``image-missing``
    """
    waiting.doing(ctx, f"pulling {image}", seconds)
    said = ctx.run(["docker", "pull", "--quiet", image], env=captain.DOCKER, timeout=max(seconds, 60), check=False)
    if said.rc and ctx.run(["docker", "image", "inspect", image], env=captain.DOCKER, check=False).rc:
        why = " ".join(said.err.split())[-300:] or "the registry did not answer in time"
        raise AgentError(
            "image-missing", f"{image} cannot be pulled: {why}. Fix: use a version that exists, or load the image on this host"
        )


def _stop(ctx: Context) -> None:
    """:raises AgentError: ``docker-failed``, ``not-in-time``"""
    import time

    _docker(ctx, "service", "update", "--detach", "--replicas", "0", captain.SERVICE)
    begun = time.monotonic()
    mine = ["docker", "ps", "--quiet", "--filter", f"label=com.docker.swarm.service.name={captain.SERVICE}"]
    while ctx.run(mine, env=captain.DOCKER, check=False).out.strip():
        if time.monotonic() - begun >= STOPS:
            _docker(ctx, "service", "update", "--detach", "--replicas", "1", captain.SERVICE)
            text = f"CapRover's container still runs {STOPS} s after it was stopped"
            raise AgentError("not-in-time", f"{text}. Fix: see docker ps and journalctl -u docker, and run again")
        waiting.tell(ctx, "CapRover to end", begun, STOPS)
        time.sleep(ctx.pause(INTERVAL))


def _start(ctx: Context, image: str) -> None:
    """Run an image as it is on this host: what a registry has under its name now does not count."""
    _docker(ctx, "service", "update", "--detach", "--no-resolve-image", "--image", image, "--replicas", "1", captain.SERVICE)


def _docker(ctx: Context, *words: str) -> None:
    """:raises AgentError: ``docker-failed``"""
    said = ctx.run(["docker", *words], env=captain.DOCKER, check=False)
    if said.rc:
        raise AgentError("docker-failed", f"docker {' '.join(words[:2])}: {' '.join(said.err.split())[-500:]}")


def _unhealthy(api: Api, note: Item, image: str, ctx: Context) -> str:
    """Why CapRover does not work with an image, once it should; empty where it does: it answers, with all apps from before."""
    api.forget_logins()
    try:
        apps = api.apps()
    except Silent as error:
        return f"did not answer within {api.wait} s ({error}{_last(ctx)})"
    except Refused as error:
        return f"refused to list its apps ({error.said})"
    except AgentError as error:
        return f"did not accept the login ({error.msg.partition('. Fix:')[0]})"
    lost = [name for name in note.get("apps") or () if name not in apps]
    if lost:
        return f"no longer knows {counted(len(lost), 'app')}: {', '.join(lost)}"
    there = captain.service(ctx)
    runs = there["image"].partition("@")[0] if there else ""
    return "" if runs == image else f"runs as {runs or 'no service'}"


def _last(ctx: Context) -> str:
    """What the Swarm says of its last task."""
    argv = ["docker", "service", "ps", "--no-trunc", "--format", "{{.CurrentState}} {{.Error}}", captain.SERVICE]
    lines = ctx.run(argv, env=captain.DOCKER, check=False).out.splitlines()
    return f"; its last task: {' '.join(lines[0].split())[:200]}" if lines else ""


def _api(params: Item, ctx: Context) -> Api:
    previous = params["previous_password"]
    passwords = [params["password"], *([previous] if previous and previous != params["password"] else [])]
    return Api(ctx, f"http://127.0.0.1:{params['admin_port']}", passwords, wait=params["wait"])
