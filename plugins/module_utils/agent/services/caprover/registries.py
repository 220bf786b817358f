# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries: those that are listed, each once, and the one that builds are pushed to.

CapRover inserts a registry as often as it is asked to, and makes the very first one the default for pushes. Domain and image prefix
together say which one is meant, as they begin the names of its images.
"""

from __future__ import annotations

from ...core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ...core.model import Context, Diff
    from ...definition import Json as Item
    from .api import Api
    from .types import Registry

    Key = tuple[str, str]
    Apply = Callable[[Context], None]

LOCAL = "LOCAL_REG"
_KEYS = {"user": "registryUser", "password": "registryPassword"}


class Registries:
    """What is there: ``items``, and the ID of the default for pushes."""

    def __init__(self, found: Item | None = None) -> None:
        found = found or {}
        self.items: list[Registry] = found.get("registries") or []
        self.default = str(found.get("defaultPushRegistryId") or "")

    @property
    def local(self) -> Registry | None:
        """CapRover's own registry."""
        return next((item for item in self.items if item["registryType"] == LOCAL), None)


def registry(item: Item) -> Item:
    """A registry as it is to be: the domain without http(s):// and in lower case.

    :raises AgentError: ``bad-registry``
    """
    domain = item["domain"].strip().lower()
    for scheme in ("https://", "http://"):
        domain = domain.removeprefix(scheme)
    domain, prefix = domain.rstrip("/"), (item["image_prefix"] or "").strip().strip("/")
    if not domain or "/" in domain or any(char.isspace() for char in domain):
        text = f"registry {item['domain']!r}: domain is not the name of a host"
        raise AgentError("bad-registry", f"{text}. Fix: write registry.example.org:5000, and a path as image_prefix")
    made = {
        "domain": domain,
        "image_prefix": prefix,
        "state": item["state"],
        "user": item["user"] or "",
        "password": item["password"] or "",
    }
    if item["state"] == "present" and not (made["user"] and made["password"]):
        raise AgentError(
            "bad-registry", f"registry {name_of(domain, prefix)}: user or password is missing. Fix: set both; CapRover requires them"
        )
    return made


def name_of(domain: str, prefix: str) -> str:
    """What a person calls a registry: the beginning of its images' names."""
    return f"{domain}/{prefix}" if prefix else domain


def _key(item: Registry) -> Key:
    return item["registryDomain"], item["registryImagePrefix"] or ""


def _name(item: Registry) -> str:
    return name_of(*_key(item))


def check(listed: list[Item], default: str | None, there: Registries, answers: bool, coming: Key | None) -> None:
    """Everything that cannot be.

    :param coming: CapRover's own registry, where it is to be made
    :raises AgentError: ``listed-twice``, ``bad-registry``
    """
    keys = [(item["domain"], item["image_prefix"]) for item in listed]
    twice = sorted({name_of(*key) for key in keys if keys.count(key) > 1})
    if twice:
        raise AgentError("listed-twice", f"registry {', '.join(twice)} is listed twice. Fix: keep one entry of it")
    gone = {key for key, item in zip(keys, listed, strict=True) if item["state"] == "absent"}
    current = next((_key(item) for item in there.items if item["id"] == there.default), None)
    if default is None and current in gone:
        text = f"registry {name_of(*current)} is the default for pushes and is to be removed"
        raise AgentError("bad-registry", f"{text}. Fix: set default_push_registry: another registry, or an empty text for none")
    if default:
        own = {coming} if coming else set()
        known = {name_of(*key) for key in {*keys, *own, *map(_key, there.items)} - gone}
        fitting = [name for name in known if default in (name, name.partition("/")[0])]
        if len(fitting) != 1 and answers:
            what = "none of the registries" if not fitting else "several registries"
            names = ", ".join(sorted(known)) or "none"
            raise AgentError("bad-registry", f"default_push_registry {default}: {what}. Fix: use one of these, with its prefix: {names}")
        # CapRover names the image domain/prefix/name, also where the prefix is empty (its src/user/DockerRegistryHelper.ts).
        if fitting and not fitting[0].partition("/")[2]:
            text = f"default_push_registry {default}: it has no image_prefix, and Docker refuses its images' names {default}//..."
            raise AgentError("bad-registry", f"{text}. Fix: add an entry of registries with an image_prefix, such as {default}/caprover")


def plan(api: Api, listed: list[Item], default: str | None, there: Registries) -> Iterator[Step]:
    """The steps: what is added or changed, then the default, then what goes."""
    ctx = api.ctx
    left = list(there.items)
    going: list[tuple[Registry, str]] = []
    added = False
    for item in listed:
        key = (item["domain"], item["image_prefix"])
        fitting = [one for one in left if _key(one) == key and one["registryType"] != LOCAL]
        fitting.sort(key=lambda one: one["id"] != there.default)  # the default cannot be removed
        target = f"registry {name_of(*key)}"
        if item["state"] == "absent":
            going += [(one, "") for one in fitting]
        elif fitting:
            going += [(one, "twice") for one in fitting[1:]]
            yield from _update(ctx, api, item, fitting[0], target)
        else:
            added = True
            yield Step("registry", target, "create", item["user"], _diff(ctx, target, "", f"user: {item['user']}\n"), _insert(api, item))
    yield from _default(ctx, api, default, there, listed if added else [])
    for one, detail in going:
        target = f"registry {_name(one)}"
        yield Step("registry", target, "remove", detail, _diff(ctx, target, f"user: {one['registryUser']}\n", ""), _delete(api, one))


def _update(ctx: Context, api: Api, item: Item, there: Registry, target: str) -> Iterator[Step]:
    found = [option for option, key in _KEYS.items() if item[option] != there[key]]  # type: ignore[literal-required]  # keys of a registry
    if found:
        before = f"user: {there['registryUser']}\n" + ("password: (hidden)\n" if "password" in found else "")
        after = f"user: {item['user']}\n" + ("password: (hidden, new)\n" if "password" in found else "")
        yield Step("registry", target, "update", ", ".join(found), _diff(ctx, target, before, after), _change(api, item, there))


def _default(ctx: Context, api: Api, default: str | None, there: Registries, added: list[Item]) -> Iterator[Step]:
    target = "default push registry"
    if default is None:
        # The very first one becomes the default by itself. Without a prefix, every push to it would fail.
        first_one = next((item for item in added if item["state"] == "present"), None)
        if there.items or first_one is None or first_one["image_prefix"]:
            return
        default = ""
    now = next((_name(item) for item in there.items if item["id"] == there.default), "")
    if not now and not there.items and added:
        first = next(item for item in added if item["state"] == "present")
        now_then = name_of(first["domain"], first["image_prefix"])  # the very first one becomes the default by itself
    else:
        now_then = now
    if default in (now_then, now_then.partition("/")[0]):
        return
    diff = _diff(ctx, target, f"{now or 'none'}\n", f"{default or 'none'}\n")
    yield Step("registry", target, "update", default or "none", diff, _set_default(api, default))


# --- what the steps do ----------------------------------------------------------------------------------------------------------


def _body(item: Item) -> Item:
    # A key that is left out would be stored as the text "undefined".
    return {
        "registryUser": item["user"],
        "registryPassword": item["password"],
        "registryDomain": item["domain"],
        "registryImagePrefix": item["image_prefix"],
    }


def _insert(api: Api, item: Item) -> Apply:
    what = f"add registry {name_of(item['domain'], item['image_prefix'])}"
    return lambda _ctx: _do(api, what, "/user/registries/insert", _body(item))


def _change(api: Api, item: Item, there: Registry) -> Apply:
    what = f"change registry {_name(there)}"
    return lambda _ctx: _do(api, what, "/user/registries/update", {"id": there["id"], **_body(item)})


def _delete(api: Api, there: Registry) -> Apply:
    return lambda _ctx: _do(api, f"remove registry {_name(there)}", "/user/registries/delete", {"registryId": there["id"]})


def _set_default(api: Api, default: str) -> Apply:
    def apply(_ctx: Context) -> None:
        # A registry that was just added has an ID only now.
        items = Registries(api.insist("list the registries", "/user/registries", needed=("registries",))).items
        found = [item["id"] for item in items if default in (_name(item), item["registryDomain"])] if default else [""]
        if not found:
            raise AgentError("bad-registry", f"default_push_registry {default}: it does not exist any more. Fix: run again")
        _do(api, "set the default push registry", "/user/registries/setpush", {"registryId": found[0]})

    return apply


def _do(api: Api, what: str, path: str, body: Item) -> None:
    api.insist(what, path, body)


def _diff(ctx: Context, header: str, before: str, after: str) -> Diff | None:
    if not ctx.diff:
        return None
    return {"before_header": header, "after_header": header, "before": before, "after": after}
