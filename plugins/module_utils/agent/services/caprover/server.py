# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server itself: password, root domain, TLS, registries, disk clean-up, netdata, nginx.

Calls that enable something may be repeated and are slow, but for ``enableregistry``, which breaks the registry when it is done twice. So
everything is looked at first, and only a difference is sent.
"""

from __future__ import annotations

from ...core.model import AgentError, Step
from ...lib.plural import counted
from . import registries
from .wanted import domain_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...core.model import Context, Diff
    from ...definition import Json as Item
    from .api import Api
    from .types import Info

    Apply = Callable[[Context], None]

#: Characters of a password: fewer are refused when it is changed, more when it is used.
SHORTEST, LONGEST = 8, 29
#: What stands in check mode for a secret that a run would make: longer than a password may be, and never sent.
_PLACEHOLDER = "vannah-check-mode-placeholder-"
_CLEANUP = {"keep": "mostRecentLimit", "schedule": "cronSchedule", "timezone": "timezone"}
_NGINX = {"base": "baseConfig", "captain": "captainConfig"}
SYSTEM = "/user/system"
#: Port and image prefix of CapRover's own registry.
_OWN_PORT, _OWN_PREFIX = 996, "captain"


class There:
    """What is there, as far as it was asked for. A server that does not answer yet is a fresh one."""

    def __init__(self) -> None:
        self.answers = False
        self.info: Info = {"forceSsl": False, "rootDomain": ""}
        self.registries = registries.Registries()
        self.cleanup: Item = {"mostRecentLimit": 1, "cronSchedule": "", "timezone": "UTC"}
        self.netdata: Item = {"isEnabled": False, "data": {}}
        self.nginx: Item = {}


def check_password(password: str, option: str) -> None:
    """A password that CapRover takes, when it is set and when it is used.

    :raises AgentError: ``bad-password``
    """
    if not SHORTEST <= len(password) <= LONGEST and not password.startswith(_PLACEHOLDER):
        text = f"{option} has {counted(len(password), 'character')}"
        raise AgentError(
            "bad-password",
            f"{text}. Fix: use {SHORTEST} to {LONGEST} characters: CapRover accepts a longer one and then refuses every login with it",
        )


def wanted(params: Item) -> Item:
    """What is asked for, checked.

    :raises AgentError: ``bad-password``, ``bad-domain``, ``bad-server``, ``bad-registry``
    """
    check_password(params["password"], "password")
    made = dict(params)
    if params["root_domain"] is not None:
        root = params["root_domain"].strip()
        for scheme in ("https://", "http://"):
            root = root.removeprefix(scheme)
        made["root_domain"] = domain_name("root_domain", root)
    if params["root_tls"] and not (params["email"] and "@" in params["email"]):
        raise AgentError("bad-server", "root_tls needs an address that the certificate authority may write to. Fix: set email")
    if params["force_tls"] and params["root_tls"] is False:
        raise AgentError("bad-server", "force_tls is on and root_tls is off. Fix: set root_tls: true, or force_tls: false")
    if params["disk_cleanup"] is not None and params["disk_cleanup"]["keep"] < 0:
        raise AgentError("bad-server", "disk_cleanup: keep is below zero. Fix: set how many images of each app stay, 0 or more")
    made["registries"] = [registries.registry(item) for item in params["registries"]]
    return made


def read(api: Api, want: Item) -> There:
    """Ask the server for what is asked about.

    :raises Silent: there is no answer
    :raises Refused: it does not say
    """
    there = There()
    there.info = api.get(f"{SYSTEM}/info", "rootDomain")  # type: ignore[assignment]  # as recorded
    there.answers = True
    if (
        want["registries"]
        or want["default_push_registry"] is not None
        or want["self_hosted_registry"] is not None
        or _new_root(want, there)
    ):
        there.registries = registries.Registries(api.get("/user/registries", "registries"))
    if want["disk_cleanup"] is not None:
        there.cleanup = api.get(f"{SYSTEM}/diskcleanup", *_CLEANUP.values())
    if want["netdata"] is not None:
        there.netdata = api.get(f"{SYSTEM}/netdata", "isEnabled")
    if want["nginx"] is not None:
        there.nginx = api.get(f"{SYSTEM}/nginxconfig", *_NGINX.values())
    return there


def _new_root(want: Item, there: There) -> bool:
    return bool(want["root_domain"]) and want["root_domain"] != (there.info.get("rootDomain") or "")


def refuse(want: Item, there: There) -> None:
    """Everything that cannot be, told before anything is changed.

    :raises AgentError: ``bad-server``, ``listed-twice``, ``bad-registry``
    """
    has_tls = bool(there.info.get("hasRootSsl"))
    new, forced = _new_root(want, there), want["force_root_domain"]
    if new and has_tls and not forced:
        text = f"root_domain is {there.info.get('rootDomain')}, which has TLS: another one ends the TLS of CapRover and of all apps"
        raise AgentError("bad-server", f"{text}. Fix: set force_root_domain: true for this run, if that is meant")
    if want["root_tls"] is False and has_tls and not forced:
        text = "root_tls is on, and CapRover has no call that turns it off"
        raise AgentError("bad-server", f"{text}. Fix: leave it out, or force_root_domain: true, which ends the TLS of all apps too")
    if new and there.registries.local and want["self_hosted_registry"] is not False:
        text = "root_domain cannot change while the self-hosted registry is there, whose name is below it"
        raise AgentError("bad-server", f"{text}. Fix: set self_hosted_registry: false and another default_push_registry first")
    ends = want["root_tls"] or (has_tls and not _loses_tls(want, there))
    root = want["root_domain"] or there.info.get("rootDomain")
    for option in ("root_tls", "force_tls", "self_hosted_registry"):
        if want[option] and not root and there.answers:
            raise AgentError("bad-server", f"{option} needs a root domain, and none is set. Fix: set root_domain")
        if want[option] and not ends and option != "root_tls":
            raise AgentError("bad-server", f"{option} needs TLS for the root domain. Fix: set root_tls: true and email")
    local = there.registries.local
    coming = (f"registry.{root}:{_OWN_PORT}", _OWN_PREFIX) if want["self_hosted_registry"] and not local else None
    registries.check(want["registries"], want["default_push_registry"], there.registries, there.answers, coming)
    if (
        want["self_hosted_registry"] is False
        and local
        and there.registries.default == local["id"]
        and want["default_push_registry"] is None
    ):
        text = "self_hosted_registry is to be removed, and is the default for pushes"
        raise AgentError("bad-server", f"{text}. Fix: set default_push_registry: another registry, or an empty text for none")


def _loses_tls(want: Item, there: There) -> bool:
    """Whether the root domain is set by force, which ends TLS everywhere."""
    return bool(want["force_root_domain"] and there.info.get("hasRootSsl") and (_new_root(want, there) or want["root_tls"] is False))


# --- the steps ------------------------------------------------------------------------------------------------------------------


def plan(api: Api, want: Item, there: There) -> Iterator[Step]:
    """The steps, in the order in which one needs the other."""
    ctx = api.ctx
    if there.answers and api.password != want["password"]:
        diff = _diff(ctx, "password", "(hidden)\n", "(hidden, new)\n")
        yield Step("server", "password", "update", "", diff, _password(api, want["password"]))
    if want["self_hosted_registry"] is False and there.registries.local:
        # Only what is not the default goes; a default that is to change is changed before.
        yield from registries.plan(api, want["registries"], want["default_push_registry"], there.registries)
        yield _step(ctx, api, "self-hosted registry", "remove", "present", "absent", f"{SYSTEM}/selfhostregistry/disableregistry", {})
    yield from _domain(ctx, api, want, there)
    if want["self_hosted_registry"] and not there.registries.local:
        yield _step(ctx, api, "self-hosted registry", "create", "absent", "present", f"{SYSTEM}/selfhostregistry/enableregistry", {})
    if not (want["self_hosted_registry"] is False and there.registries.local):
        yield from registries.plan(api, want["registries"], want["default_push_registry"], there.registries)
    yield from _rest(ctx, api, want, there)


def _domain(ctx: Context, api: Api, want: Item, there: There) -> Iterator[Step]:
    now = there.info.get("rootDomain") or ""
    loses = _loses_tls(want, there)
    if _new_root(want, there) or loses:
        root = want["root_domain"] or now
        body = {"rootDomain": root, **({"force": True} if loses else {})}
        detail = "ends the TLS of CapRover and of all apps" if loses else None
        yield _step(ctx, api, "root domain", "update", now or "none", root, f"{SYSTEM}/changerootdomain", body, detail)
    has_tls = bool(there.info.get("hasRootSsl")) and not loses
    if want["root_tls"] and not has_tls:
        yield _step(ctx, api, "root TLS", "enable", "off", "on", f"{SYSTEM}/enablessl", {"emailAddress": want["email"]})
    forced = bool(there.info.get("forceSsl")) and not loses
    if want["force_tls"] is not None and want["force_tls"] != forced:
        verb = "enable" if want["force_tls"] else "disable"
        words = ("on", "off") if forced else ("off", "on")
        yield _step(ctx, api, "forced TLS", verb, *words, f"{SYSTEM}/forcessl", {"isEnabled": want["force_tls"]})


def _rest(ctx: Context, api: Api, want: Item, there: There) -> Iterator[Step]:
    if want["disk_cleanup"] is not None:
        after = {key: want["disk_cleanup"][option] for option, key in _CLEANUP.items()}
        before = {key: there.cleanup.get(key) for key in after}
        if before != after:
            shown = [", ".join(f"{option}: {side[key]}" for option, key in _CLEANUP.items()) for side in (before, after)]
            yield _step(ctx, api, "disk clean-up", "update", shown[0], shown[1], f"{SYSTEM}/diskcleanup", after)
    enabled = bool(there.netdata.get("isEnabled"))
    if want["netdata"] is not None and want["netdata"] != enabled:
        body = {"netDataInfo": {"isEnabled": want["netdata"], "data": there.netdata.get("data") or {}}}
        verb, words = ("disable", ("on", "off")) if enabled else ("enable", ("off", "on"))
        yield _step(ctx, api, "netdata", verb, *words, f"{SYSTEM}/netdata", body)
    if want["nginx"] is not None:
        before = {part: str((there.nginx.get(key) or {}).get("customValue") or "") for part, key in _NGINX.items()}
        after = {part: before[part] if want["nginx"][part] is None else want["nginx"][part] for part in _NGINX}
        if before != after:
            shown = ["".join(f"{part}:\n{text or '(default)'}\n" for part, text in side.items()) for side in (before, after)]
            body = {key: {"customValue": after[part]} for part, key in _NGINX.items()}
            parts = ", ".join(part for part in _NGINX if before[part] != after[part])
            yield _step(ctx, api, "nginx", "update", shown[0], shown[1], f"{SYSTEM}/nginxconfig", body, parts)


def _step(
    ctx: Context, api: Api, target: str, action: str, before: str, after: str, path: str, body: Item, detail: str | None = None
) -> Step:
    said = after if detail is None else detail
    short = said if "\n" not in said else ""

    def apply(_ctx: Context) -> None:
        api.insist(f"{action} {target}", path, body)

    return Step("server", target, action, short, _diff(ctx, target, f"{before.rstrip()}\n", f"{after.rstrip()}\n"), apply)


def _password(api: Api, password: str) -> Apply:
    def apply(_ctx: Context) -> None:
        old = api.password
        api.insist("change the password", "/user/changepassword", {"oldPassword": old, "newPassword": password})
        api.renew(password)  # a change ends all tokens

    return apply


def _diff(ctx: Context, header: str, before: str, after: str) -> Diff | None:
    if not ctx.diff:
        return None
    return {"before_header": header, "after_header": header, "before": before, "after": after}
