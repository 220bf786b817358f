# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CapRover server and its apps: settings, apps, deploys, and how it is.

What is there is read at once, what is asked for is checked against it, and only then does anything change: the same steps are the
report, the diff and what is done. There is one login for a call; its token stays in memory.
"""

from __future__ import annotations

from ...core.model import AgentError
from .api import Api
from .refusals import Refused, refusal
from .wire import Silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context, Step
    from ...definition import Json as Item


def connect(ctx: Context, params: Item) -> Api:
    """The server that a task names. Before a run has replaced a password the previous one is in force, so a check tries it first."""
    passwords = [params["password"]]
    previous = params.get("previous_password")
    if previous and previous != params["password"]:
        passwords.insert(0 if ctx.check else 1, previous)
    return Api(ctx, params["url"], passwords, params["ca"] or "", params["timeout"], params["wait"], params["allow_http"])


def unseen(api: Api, error: Silent) -> None:
    """The server does not answer: in check mode everything is shown as new.

    :raises AgentError: ``caprover-unreachable``, where this is no check
    """
    if not api.ctx.check:
        raise api.unreachable(error) from error
    api.ctx.warn(f"CapRover does not answer at {api.url} ({error}): everything is shown as new.")


def server(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Make the server be as it is asked for; what is not asked for stays as it is.

    :param params: as the module ``caprover_server`` documents them, every option present
    :return: steps, and ``{answers, requests}``
    :raises AgentError: ``caprover-unreachable``, ``caprover-refused``, ``caprover-login``, or why something cannot be
    """
    from . import server as settings

    want = settings.wanted(params)
    api = connect(ctx, params)
    try:
        there = settings.read(api, want)
    except Silent as error:
        unseen(api, error)
        there = settings.There()
    except Refused as error:
        raise refusal("say how it is set up", error) from error
    settings.refuse(want, there)
    result = {"answers": there.answers, "requests": api.calls}
    return list(settings.plan(api, want, there)), result


def apps(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Make the server have the apps that are listed.

    :param params: as the module ``caprover_apps`` documents them
    :return: steps, and ``{answers, requests, apps}``: the names of all that will be there
    :raises AgentError: ``caprover-unreachable``, ``caprover-refused``, ``caprover-login``, or why something cannot be
    """
    from . import apps as all_apps
    from . import swarm_secrets, wanted
    from .notes import Notes

    secrets = swarm_secrets.prepare(ctx, params["apps"])
    listed = [wanted.app(item, params["reset_unset"] != "none") for item in secrets.items]
    _once([app["name"] for app in listed])
    owner = (params["owner"] or "").strip()
    api = connect(ctx, params)
    try:
        world = all_apps.read(api, listed)
    except Silent as error:
        unseen(api, error)
        world = all_apps.World()
        for app in listed:  # no server can be asked what their names stand for
            app["node"] = app["project"] = None
    except Refused as error:
        raise refusal("list the apps", error) from error
    absent = [app["name"] for app in listed if app["state"] == "absent"]
    gone = [name for name in absent if name in world.apps]
    if params["purge"]:
        gone += all_apps.purged(world, listed, owner, params["purge_limit"])
    notes = Notes(ctx, api.url)
    all_apps.refuse(listed, world, owner, set(gone), notes)
    names = set(world.apps) | {app["name"] for app in listed if app["state"] == "present"}
    result = {"answers": world.answers, "requests": api.calls, "apps": sorted(names - set(gone))}
    steps = all_apps.plan(api, listed, world, owner, gone, notes, params["reset_unset"])
    return [*secrets.making, *steps, *secrets.removing([*gone, *absent])], result


def deploy(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Make the apps that are listed run what they must.

    :param params: as the module ``caprover_deploy`` documents them
    :return: steps, and ``{answers, requests, unchanged}``: names of apps that run it already
    :raises AgentError: ``caprover-unreachable``, ``caprover-refused``, ``caprover-login``, ``app-missing``, or why something cannot be
    """
    from . import deploy as deploys
    from . import wanted_deploy
    from .notes import Notes

    listed = [wanted_deploy.deploy(item, ctx) for item in params["apps"]]
    _once([wanted["name"] for wanted in listed])
    wanted_deploy.check_order(listed)
    api = connect(ctx, params)
    answers = True
    try:
        there = api.apps()
    except Silent as error:
        unseen(api, error)
        there, answers = {}, False
    except Refused as error:
        raise refusal("list the apps", error) from error
    steps, unchanged = deploys.plan(api, listed, there, Notes(ctx, api.url), params["build_timeout"])
    return steps, {"answers": answers, "requests": api.calls, "unchanged": unchanged}


def info(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """How the server is.

    :param params: as the module ``caprover_info`` documents them
    :return: no steps; ``answers``, ``error``, ``requests``, and what :func:`.info.read` gives
    :raises AgentError: ``caprover-login``, ``caprover-refused``; ``caprover-unreachable`` where the task is to wait for it
    """
    from . import info as all_of_it

    api = connect(ctx, params)
    try:
        found = {"answers": True, "error": "", **all_of_it.read(api)}
    except Silent as error:
        if params["required"] and not ctx.check:
            raise api.unreachable(error) from error
        found = {"answers": False, "error": api.unreachable(error).msg, **all_of_it.nothing()}
    except Refused as error:
        raise refusal("say how it is", error) from error
    return [], {**found, "requests": api.calls}


def install(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """CapRover on this host: :func:`.install.install`."""
    from . import install as installer

    return installer.install(params, ctx)


def update(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Another version of CapRover: :func:`.update.update`."""
    from . import update as updater

    return updater.update(params, ctx)


def _once(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AgentError("listed-twice", f"app {', '.join(twice)} is listed twice. Fix: keep one entry of it")


CALLS = {"apps": apps, "deploy": deploy, "info": info, "install": install, "server": server, "update": update}
