# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CapRover on a manager of a Swarm, behind a password of the site from its first second.

Of its installer (src/utils/CaptainInstaller.ts of version 1.15.3, and tried on a server):

- it ends with status 0 also where it has failed, so only the service ``captain-captain`` tells
- it ties CapRover to the leader of the Swarm, whatever host it runs on
- ``DEFAULT_PASSWORD`` counts until a password is set, and stays in the environment of the service
- ``useExistingSwarm`` in config-override.json has it take the Swarm that is there
"""

from __future__ import annotations

from ...core.model import AgentError, Step
from . import captain
from .api import Api
from .notes import Notes
from .refusals import Refused, refusal
from .server import check_password
from .wire import Silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ...core.model import Context
    from ...definition import Json as Item

    Apply = Callable[[Context], None]

#: The installer's container, so that one of a run that was cut off is found.
CONTAINER = "vannah-caprover-install"
#: Settings that CapRover reads when it starts (its src/utils/CaptainConstants.ts).
SETTINGS = "/captain/data/config-override.json"
_PORTS = {"http_port": "CAPTAIN_HOST_HTTP_PORT", "https_port": "CAPTAIN_HOST_HTTPS_PORT", "admin_port": "CAPTAIN_HOST_ADMIN_PORT"}
_ONCE = "DEFAULT_PASSWORD"


def install(params: Item, ctx: Context) -> tuple[list[Step], Item]:
    """Have CapRover on this host, with its password.

    :param params: as the module ``caprover_install`` documents them
    :return: steps, and ``installed``, ``version``: what was there before
    :raises AgentError: ``bad-password``, ``bad-install``, ``swarm-role``, ``caprover-elsewhere``, ``caprover-ports``, ``caprover-login``,
        ``caprover-unreachable``, ``docker-silent``
    """
    check_password(params["password"], "password")
    if not params["accept_terms"]:
        text = "CapRover's installer needs the terms of service of its makers accepted, which only you can do"
        raise AgentError("bad-install", f"{text}. Fix: read TERMS_AND_CONDITIONS.md of its repository, then accept_terms: true")
    own = captain.own_node(ctx)
    there = captain.service(ctx) if own else None
    settings = {"useExistingSwarm": True, **params["settings"]}
    steps = []
    if there is None:
        steps.append(Step("file", SETTINGS, "update", "", apply=_settings(settings)))
        steps.append(Step("server", "CapRover", "install", f"version {params['version']}", apply=_install(params)))
        return steps, {"installed": False, "version": ""}
    _refuse(params, there, own)
    _refuse_unfinished(ctx)
    version = captain.version_of(there["image"])
    if version != params["version"]:
        text = f"CapRover {version} runs, and version {params['version']} is requested: it is not changed"
        ctx.warn(f"{text}. Fix: run playbooks/caprover/update.yml, or version: {version}.")
    if _differ(ctx, settings):
        steps.append(Step("file", SETTINGS, "update", "", apply=_settings(settings)))
        ctx.warn(
            f"{SETTINGS} changes: CapRover reads it when it starts (docker service update --force {captain.SERVICE}, which takes 45 s)."
        )
    steps += _password(params, ctx, there)
    return steps, {"installed": True, "version": version}


# --- what is there --------------------------------------------------------------------------------------------------------------


def _refuse(params: Item, there: Item, own: str) -> None:
    """A CapRover that is there keeps its node and its ports.

    :raises AgentError: ``caprover-elsewhere``, ``caprover-ports``
    """
    captain.refuse_elsewhere(there, own)
    for option, name in _PORTS.items():
        now = there["env"].get(name)
        if now and now != str(params[option]):
            text = f"{option} is {params[option]}, and CapRover was installed with {now}, which cannot be changed while it runs"
            raise AgentError("caprover-ports", f"{text}. Fix: set {option}: {now}")


def _refuse_unfinished(ctx: Context) -> None:
    """Between two versions there is no server to work with.

    :raises AgentError: ``caprover-half-updated``
    """
    note = captain.note(ctx)
    if note.get("phase") in captain.UNFINISHED:
        text = f"an update of CapRover to {captain.version_of(note['after'])} that began on {note['since']} was interrupted"
        raise AgentError("caprover-half-updated", f"{text}. Fix: run playbooks/caprover/update.yml, which completes or reverts it")


def _differ(ctx: Context, settings: Item) -> bool:
    from ...lib import disk

    return bool(disk.read_json(ctx.path(SETTINGS)) != settings)


def _password(params: Item, ctx: Context, there: Item) -> list[Step]:
    """The step that takes the one-time password away, where it or the previous one is still in force.

    That it is gone is noted: each question is a login, and CapRover counts the wrong ones of all clients together.

    :raises AgentError: ``caprover-login``, ``caprover-locked``, ``caprover-unreachable``
    """
    api = _api(params, ctx, there)
    notes, mark = Notes(ctx, api.url), _mark(there)
    if notes.get("replaced", _ONCE) == mark:
        return []
    try:
        api.login()
    except Silent as error:
        if ctx.check:
            ctx.warn(f"CapRover does not answer at {api.url} ({error}).")
            return []
        raise api.unreachable(error) from error
    except Refused as error:
        raise refusal("log in", error) from error
    if api.password != params["password"]:
        return [Step("server", "password", "update", "", apply=_replace(api, params["password"], notes, mark))]
    if not ctx.check:
        notes.put("replaced", _ONCE, mark)
    return []


def _mark(there: Item) -> str:
    """What tells the one-time password of an installation from that of another one."""
    import hashlib

    return hashlib.sha256(str(there["env"].get(_ONCE) or "").encode()).hexdigest()[:16]


def _api(params: Item, ctx: Context, there: Item) -> Api:
    given = (params["password"], params["previous_password"], there["env"].get(_ONCE))
    passwords = list(dict.fromkeys(one for one in given if one))
    return Api(ctx, f"http://127.0.0.1:{params['admin_port']}", passwords, wait=params["wait"])


def _replace(api: Api, password: str, notes: Notes, mark: str) -> Apply:
    def apply(_ctx: Context) -> None:
        api.insist("change the password", "/user/changepassword", {"oldPassword": api.password, "newPassword": password})
        api.renew(password)
        notes.put("replaced", _ONCE, mark)

    return apply


# --- what the steps do ----------------------------------------------------------------------------------------------------------


def _settings(settings: Item) -> Apply:
    def apply(ctx: Context) -> None:
        import json
        import os

        from ...lib.write import write_file

        os.makedirs(os.path.dirname(ctx.path(SETTINGS)), exist_ok=True)
        write_file(ctx, SETTINGS, f"{json.dumps(settings, indent=2, sort_keys=True)}\n".encode(), 0o644)

    return apply


def _install(params: Item) -> Apply:
    def apply(ctx: Context) -> None:
        import secrets

        from ...core import waiting

        if not captain.leads(ctx):
            text = "CapRover ties itself to the leader of the Swarm, and this host is not it"
            raise AgentError("caprover-elsewhere", f"{text}. Fix: install it before other managers join, or on the leader (docker node ls)")
        variables = {
            "ACCEPTED_TERMS": "true",
            "MAIN_NODE_IP_ADDRESS": params["address"],
            # It would be asked over the network, through a firewall that opens the ports for others than this host.
            "BY_PASS_PROXY_CHECK": "true",
            _ONCE: secrets.token_hex(12),
            **{name: str(params[option]) for option, name in _PORTS.items()},
        }
        ctx.run(["docker", "rm", "--force", CONTAINER], env=captain.DOCKER, check=False)
        waiting.doing(ctx, "CapRover's installer", params["wait"])
        mounts = ["--volume", "/var/run/docker.sock:/var/run/docker.sock", "--volume", "/captain:/captain"]
        argv = ["docker", "run", "--rm", "--name", CONTAINER, "--env-file", "/dev/stdin", *mounts, f"{params['image']}:{params['version']}"]
        given = "".join(f"{name}={value}\n" for name, value in variables.items())
        said = ctx.run(argv, input=given, env=captain.DOCKER, timeout=params["wait"], check=False)
        there = captain.service(ctx)
        if there is None:
            output = (said.out + said.err).replace(variables[_ONCE], "********")
            why = next((line.strip() for line in output.splitlines() if "rror" in line), f"it ended with status {said.rc}")
            text = f"CapRover's installer has created no service: {why[:300]}"
            raise AgentError("install-failed", f"{text}. Fix: see its output; this host has to be able to pull its images", output[-4000:])
        for step in _password(params, ctx, there):
            if step.apply is not None:
                step.apply(ctx)

    return apply
