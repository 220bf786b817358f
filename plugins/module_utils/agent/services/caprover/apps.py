# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apps: what is there, its owner, and a step for each thing that is to be made, changed or removed."""

from __future__ import annotations

from ...core.model import AgentError, Step
from . import fields, residue, wanted
from .api import APPS
from .change import Changer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ...core.model import Context, Diff
    from .api import Api
    from .change import Apply
    from .notes import Notes
    from .types import App, Definition, Node


class World:
    """What is there.

    :ivar answers: whether a server was asked; False in check mode where none answers yet
    :ivar apps: all apps by their names
    :ivar root: the root domain; "" for none
    """

    def __init__(self) -> None:
        self.answers = False
        self.apps: dict[str, Definition] = {}
        self.root = ""
        self.nodes: list[Node] | None = None
        self.projects: dict[str, list[str]] | None = None


def read(api: Api, listed: list[App]) -> World:
    """Ask the server: once for all apps, once more where an app names a node, and where one names a project.

    :raises Silent: there is no answer
    :raises AgentError: ``caprover-refused``, ``caprover-login``
    """
    world = World()
    found = api.get(APPS, "appDefinitions")
    world.answers = True
    world.apps = {app["appName"]: app for app in found["appDefinitions"]}
    world.root = found.get("rootDomain") or ""
    if any(app["node"] for app in listed):
        world.nodes = api.get("/user/system/nodes", "nodes")["nodes"]
    if any(app["project"] for app in listed):
        world.projects = {}
        for project in api.get("/user/projects", "projects")["projects"]:
            world.projects.setdefault(project["name"], []).append(project["id"])
    return world


def purged(world: World, listed: list[App], owner: str, limit: int) -> list[str]:
    """Apps that carry the owner's tag and are not listed.

    :param limit: so many may go at once
    :raises AgentError: ``purge-unguarded``, ``purge-limit``
    """
    if not owner:
        raise AgentError(
            "purge-unguarded", "purge without owner would remove apps of other teams. Fix: set owner: the tag of the apps of this list"
        )
    if not listed:
        raise AgentError(
            "purge-unguarded", "purge with an empty list would remove all apps of the owner. Fix: set state: absent for each of them"
        )
    names = {app["name"] for app in listed}
    found = sorted(name for name, now in world.apps.items() if name not in names and _is_owned(now, owner))
    if len(found) > limit:
        text = f"purge would remove {len(found)} apps ({', '.join(found)}), and purge_limit allows {limit}: nothing was changed"
        raise AgentError("purge-limit", f"{text}. Fix: set purge_limit: {len(found)} if that is meant, or list the apps")
    return found


def _is_owned(now: Definition, owner: str) -> bool:
    return any(tag["tagName"] == owner for tag in fields.value(now, "tags"))


# --- what cannot be, told before anything is changed --------------------------------------------------------------------------


def refuse(listed: list[App], world: World, owner: str, gone: set[str], notes: Notes) -> None:
    """Everything that cannot be.

    :param gone: apps that go
    :raises AgentError: ``app-not-managed``, ``bad-app``, ``bad-domain``, ``domain-taken``, ``port-taken``
    """
    for app in listed:
        now = world.apps.get(app["name"])
        known = now is None or app["adopt"] or _is_owned(now, owner) or notes.get("owned", app["name"]) == owner
        # One that a run has created and not tagged is taken over; only one that is known to be ours is removed.
        managed = known or (app["state"] == "present" and now is not None and fields.is_fresh(now))
        if owner and not managed:
            text = f"app {app['name']} exists and does not have the tag {owner}: it may be another team's. Nothing was changed"
            cure = "use another name, or set adopt: true for this app to take it over"
            if app["state"] == "absent":
                cure = "remove its entry, or set adopt: true if it is to be removed all the same"
            raise AgentError("app-not-managed", f"{text}. Fix: {cure}")
        if app["state"] == "present":
            _refuse_kind(app, now)
            _refuse_domains(app, now or fields.definition(app["name"], False), world)
    _refuse_taken(listed, world, gone)


def _refuse_kind(app: App, now: Definition | None) -> None:
    if now is None:
        return
    persistent = bool(now.get("hasPersistentData"))
    fix = "use another name; or save its data and set state: absent for one run, and the next run creates it again"
    if app["persistent"] is not None and app["persistent"] != persistent:
        there = "with" if persistent else "without"
        raise wanted.bad(app["name"], "persistent", f"fixed when an app is created, and this one was created {there} it", fix)
    if app["fields"].get("volumes") and not persistent:
        raise wanted.bad(app["name"], "volumes", "not possible, because the app was created without persistent: true", fix)


def _refuse_domains(app: App, now: Definition, world: World) -> None:
    name, root = app["name"], world.root
    own = f"{name}.{root}" if root else ""
    for domain in app["domains"] or ():
        at = domain["name"]
        if root and (at == root or at.endswith(f".{root}")) and not at.endswith(f".{own}"):
            text = f"app {name}: domains: CapRover refuses {at}, because it is below the root domain {root}"
            raise AgentError("bad-domain", f"{text}. Fix: use a name below {own}, or outside of {root}; {own} itself is always there")
    if app["tls"] is False and now.get("hasDefaultSubDomainSsl"):
        fix = "leave it out, or change the root domain with force_root_domain, which ends the TLS of all apps"
        raise wanted.bad(name, "tls", f"on for {own}, and CapRover has no way to turn it off", fix)
    ends = _domains_at_end(app, now)
    forced = app["fields"].get("forceSsl", fields.value(now, "forceSsl"))
    if forced and not (app["tls"] or now.get("hasDefaultSubDomainSsl") or any(ends.values())):
        raise wanted.bad(
            name, "force_tls", "on, but none of its domains has TLS", "set tls: true for the app or a domain, or force_tls: false"
        )
    redirect = app["fields"].get("redirectDomain")
    if redirect and redirect not in ends and redirect != own and world.answers:
        known = ", ".join([*([own] if own else []), *sorted(ends)]) or "none yet"
        raise wanted.bad(name, f"redirect {redirect}", "none of the app's domains", f"use one of them: {known}")


def _domains_at_end(app: App | None, now: Definition | None) -> dict[str, bool]:
    """Domain -> whether it has TLS, when all is done."""
    if app is not None and app["domains"] is not None:
        return {domain["name"]: domain["tls"] for domain in app["domains"]}
    return {domain["publicDomain"]: domain["hasSsl"] for domain in (now or {}).get("customDomain") or ()}


def _ports(app: App | None, now: Definition | None) -> set[int]:
    found = app["fields"].get("ports") if app is not None else None
    if found is None:
        found = fields.value(now, "ports") if now is not None else []
    return {port["hostPort"] for port in found}


def _refuse_taken(listed: list[App], world: World, gone: set[str]) -> None:
    """CapRover takes a domain twice (nginx serves one of them) and keeps a definition with a port that Docker refuses."""
    by_name = {app["name"]: app for app in listed if app["state"] == "present"}
    domains: dict[str, str] = {}
    ports: dict[int, str] = {}
    others = [name for name in world.apps if name not in by_name and name not in gone]
    for name in [*others, *by_name]:
        app, now = by_name.get(name), world.apps.get(name)
        for domain in _domains_at_end(app, now):
            if domain in domains and app is not None and app["domains"] is not None:
                text = f"app {name}: domains: app {domains[domain]} has {domain} already"
                raise AgentError("domain-taken", f"{text}. Fix: use another domain, or take it from that app")
            domains[domain] = name
        for port in _ports(app, now):
            if port in ports and app is not None and "ports" in app["fields"]:
                text = f"app {name}: ports: app {ports[port]} publishes host port {port} already"
                raise AgentError("port-taken", f"{text}. Fix: use another host port, or take it from that app")
            ports[port] = name


def ordered(listed: list[App], world: World) -> list[App]:
    """Apps in their order, but one that gives a port or a domain up comes before the one that gets it.

    :raises AgentError: ``bad-app``: some exchange them
    """
    left = [app for app in listed if app["state"] == "present"]
    freed = {app["name"]: _freed(app, world.apps.get(app["name"])) for app in left}
    needed = {app["name"]: {*_ports(app, None), *(domain["name"] for domain in app["domains"] or ())} for app in left}
    made: list[App] = []
    while left:
        free = [app for app in left if not any(needed[app["name"]] & freed[other["name"]] for other in left if other is not app)]
        if not free:
            names = ", ".join(app["name"] for app in left)
            text = f"apps {names} exchange ports or domains, for which there is no order"
            raise AgentError("bad-app", f"{text}. Fix: remove them in one run, and add them in the next")
        made.append(free[0])
        left.remove(free[0])
    return made


def _freed(app: App, now: Definition | None) -> set[int | str]:
    before: set[int | str] = {*_ports(None, now), *_domains_at_end(None, now)}
    after: set[int | str] = {*_ports(app, now), *_domains_at_end(app, now)}
    return before - after


# --- the steps ----------------------------------------------------------------------------------------------------------------


def plan(api: Api, listed: list[App], world: World, owner: str, gone: list[str], notes: Notes, reset: str = "none") -> Iterator[Step]:
    """The steps: apps that go first, as they give ports and domains free.

    :param reset: ``reset_unset`` of the module
    """
    changer = Changer(api, notes, world.apps, owner)
    known = fields.Known(world.nodes, world.projects, owner)
    by_name = {app["name"]: app for app in listed}
    for name in gone:
        yield _remove(api.ctx, changer, name, by_name.get(name), world)
    for app in ordered(listed, world):
        kept = [] if reset != "known" else _kept(api.ctx, app, world, known, notes)
        yield from _present(api.ctx, changer, app, world, known, notes, kept)
        if reset != "none" and not kept and not notes.get("whole", app["name"]):
            yield Step("app", f"app {app['name']}", "", apply=_whole(notes, app["name"]))
    # While an app is not managed, a person may protect it; it is one from before when it is listed again.
    for name in notes.names("whole") if reset != "none" and world.answers else ():
        if name not in by_name and (name not in world.apps or (owner and _is_owned(world.apps[name], owner))):
            yield Step("app", f"app {name}", "", apply=_not_whole(notes, name))


def _whole(notes: Notes, name: str) -> Apply:
    """Note that an app is managed whole from now on."""
    return lambda ctx: notes.put("whole", name, ctx.today())


def _not_whole(notes: Notes, name: str) -> Apply:
    """Note that an app is not managed any more."""
    return lambda _ctx: notes.drop("whole", name)


def _kept(ctx: Context, app: App, world: World, known: fields.Known, notes: Notes) -> list[str]:
    """Fields that are not reset, because they were set before the app was managed whole: they may be what protects it."""
    name = app["name"]
    if name not in world.apps or notes.get("whole", name):
        return []
    found = fields.changes(app, world.apps[name], known)
    kept = [field for field in app["unset"] if field in found]
    if kept:
        text = f"app {name}: {fields.names(kept)}: set in CapRover's pages before the app was managed whole, and kept"
        ctx.warn(f"{text}. Fix: remove it there or set it for the app, or set apps_manage_whole: true (reset_unset: all) to remove it.")
    return kept


def _present(ctx: Context, changer: Changer, app: App, world: World, known: fields.Known, notes: Notes, kept: list[str]) -> Iterator[Step]:
    name, target = app["name"], f"app {app['name']}"
    now = world.apps.get(name)
    if now is None:
        persistent = app["persistent"] if app["persistent"] is not None else bool(app["fields"].get("volumes"))
        now = fields.definition(name, persistent)
        diff = _diff(ctx, target, "", "state: present\n")
        yield Step("app", target, "create", "persistent" if persistent else "", diff, changer.register(name, persistent))
    there = _domains_at_end(None, now)
    ends = _domains_at_end(app, now)
    for domain, tls in ends.items():
        if domain not in there:
            yield _domain(ctx, app, domain, "add", "with TLS" if tls else "", changer.add(name, domain, tls))
        elif tls and not there[domain]:
            yield _domain(ctx, app, domain, "enable TLS", "", changer.enable_domain_tls(name, domain))
    if app["tls"] and not now.get("hasDefaultSubDomainSsl"):
        diff = _diff(ctx, target, "tls: false\n", "tls: true\n")
        yield Step("app", target, "enable TLS", f"{name}.{world.root}", diff, changer.enable_tls(name, f"{name}.{world.root}"))
    yield from _update(ctx, changer, app, now, known, notes, kept)
    for domain, tls in there.items():
        if domain not in ends:
            yield _domain(ctx, app, domain, "remove", "", changer.remove_domain(name, domain))
        elif tls and not ends[domain]:
            yield _domain(ctx, app, domain, "disable TLS", "removed and added", changer.without_tls(name, domain))


def _update(
    ctx: Context, changer: Changer, app: App, now: Definition, known: fields.Known, notes: Notes, kept: list[str]
) -> Iterator[Step]:
    name, target = app["name"], f"app {app['name']}"
    found = {field: pair for field, pair in fields.changes(app, now, known).items() if field not in kept}
    if not found:
        since = notes.get("unsure", name)
        if since:
            yield Step("app", target, "update", f"sent again: it was not seen done on {since}", None, changer.update(name, {}, ""))
        return
    wanted.refuse_large(name, {wanted.OPTIONS[field]: after for field, (_before, after) in found.items()})
    before, after = found.get("serviceUpdateOverride") or (fields.value(now, "serviceUpdateOverride"),) * 2
    old_node, new_node = found.get("nodeId") or ("", "")
    first, stuck = residue.opposites(before, after, bool(old_node) and not new_node)
    if "preDeployFunction" in found and found["preDeployFunction"][0] and not found["preDeployFunction"][1]:
        stuck.append("what pre_deploy set")
    if stuck:
        text = f"app {name}: Docker keeps {', '.join(stuck)}, because CapRover only adds to a service"
        ctx.warn(f"{text}. Write the opposite value into service_override, or create the app again (state: absent for one run).")
    diff = _diff(ctx, target, fields.lines(found, 0), fields.lines(found, 1))
    yield Step("app", target, "update", fields.names(found), diff, changer.update(name, found, first))


def _domain(ctx: Context, app: App, domain: str, action: str, detail: str, apply: Any) -> Step:
    words = f"app {app['name']}{', ' + detail if detail else ''}"
    sides = {"add": ("", f"{domain}\n"), "remove": (f"{domain}\n", "")}
    before, after = sides.get(action, (f"{domain} tls: {action != 'enable TLS'}\n", f"{domain} tls: {action == 'enable TLS'}\n"))
    return Step("domain", f"domain {domain}", action, words, _diff(ctx, f"app {app['name']}: domains", before, after), apply)


def _remove(ctx: Context, changer: Changer, name: str, app: App | None, world: World) -> Step:
    now = world.apps[name]
    volumes = [item["volumeName"] for item in fields.value(now, "volumes") if item.get("volumeName")]
    if app is None or not app["drop_volumes"]:
        kept, going = volumes, []
    else:
        used = _volumes_of(world.apps, name)
        kept, going = [one for one in volumes if one in used], [one for one in volumes if one not in used]
        if kept:
            ctx.warn(
                f"app {name}: volumes {', '.join(kept)} stay, because other apps use them: {', '.join(sorted(used[one] for one in kept))}."
            )
    words = ["not listed" if app is None else "", f"with volumes {', '.join(going)}" if going else ""]
    words.append(f"volumes {', '.join(kept)} stay" if kept else "")
    diff = _diff(ctx, f"app {name}", "state: present\n", "state: absent\n")
    return Step("app", f"app {name}", "remove", ", ".join(word for word in words if word), diff, changer.remove(name, going))


def _volumes_of(apps: Mapping[str, Definition], but: str) -> dict[str, str]:
    return {
        item["volumeName"]: name
        for name, now in apps.items()
        if name != but
        for item in fields.value(now, "volumes")
        if "volumeName" in item
    }


def _diff(ctx: Context, header: str, before: str, after: str) -> Diff | None:
    if not ctx.diff:
        return None
    return {"before_header": header, "after_header": header, "before": before, "after": after}
