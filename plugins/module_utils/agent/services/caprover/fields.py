# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of an app: what is there against what is asked for. Nothing here asks a server.

Each update restarts an app, also one with nothing new, so everything is compared in the form in which CapRover keeps it.
"""

from __future__ import annotations

from . import apr1
from .wanted import OPTIONS, bad, pairs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ...definition import Json
    from ...definition import Json as Item
    from .types import App, Definition, Node

    Changes = dict[str, tuple[Any, Any]]

#: What an absent field means. Most are absent until the first update.
DEFAULTS: Json = {
    "projectId": "",
    "description": "",
    "instanceCount": 1,
    "captainDefinitionRelativeFilePath": "./captain-definition",
    "envVars": [],
    "volumes": [],
    "ports": [],
    "tags": [],
    "nodeId": "",
    "notExposeAsWebApp": False,
    "containerHttpPort": 80,
    "httpAuth": {},
    "forceSsl": False,
    "websocketSupport": False,
    "customNginxConfig": "",
    "redirectDomain": "",
    "preDeployFunction": "",
    "serviceUpdateOverride": "",
    "appDeployTokenConfig": {"enabled": False},
    "appPushWebhook": {},
}
#: Fields whose values no output may show.
_HIDDEN = ("httpAuth", "appDeployTokenConfig", "appPushWebhook")


def value(now: Definition, field: str) -> Any:
    """A field of a definition as it is sent; what CapRover adds to it by itself is left away."""
    found: Any = now.get(field) or DEFAULTS[field]
    if field == "appPushWebhook":
        known = found.get("repoInfo") or {}
        return {"repoInfo": {key: known.get(key) or "" for key in ("repo", "branch", "user", "password", "sshKey")}} if known else {}
    if field == "ports":
        return [{"hostPort": int(port["hostPort"]), "containerPort": int(port["containerPort"])} for port in found]
    if field == "instanceCount":
        return int(now.get(field, DEFAULTS[field]))  # type: ignore[call-overload]  # a number as recorded; 0 is one
    return found


def same(field: str, one: Any, other: Any) -> bool:
    """Whether two values of a field mean the same."""
    if field in ("ports", "volumes", "tags"):
        return _sorted(one) == _sorted(other)
    if field == "serviceUpdateOverride":
        return bool(_override(one) == _override(other))
    if field == "appDeployTokenConfig":
        return _token_of(one) == _token_of(other)
    return bool(one == other)


def _token_of(one: Item) -> tuple[bool, str]:
    return bool(one.get("enabled")), str(one.get("appDeployToken") or "")


def _sorted(items: Iterable[Mapping[str, Any]]) -> list[list[tuple[str, Any]]]:
    return sorted(sorted(item.items()) for item in items)


def _override(text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


class Known:
    """What names in an app's options stand for.

    :ivar nodes: of the Swarm; None where no app names one
    :ivar projects: name -> ids; None where no app names one
    :ivar owner: the tag of managed apps; "" for none
    """

    def __init__(self, nodes: list[Node] | None = None, projects: dict[str, list[str]] | None = None, owner: str = "") -> None:
        self.nodes = nodes
        self.projects = projects
        self.owner = owner


def wanted(app: App, now: Definition, known: Known) -> Item:
    """The fields that an app is to have, with what only a look at it can tell.

    :raises AgentError: ``bad-app``: a node or a project that is not there
    """
    made = dict(app["fields"])
    if app["environment"] is not None:
        made["envVars"] = _environment(app, now)
    if app["auth"] is not None:
        made["httpAuth"] = _auth(app["auth"], value(now, "httpAuth"))
    if app["token"] is not None:
        made["appDeployTokenConfig"] = _token(app["token"], value(now, "appDeployTokenConfig"))
    if app["node"] is not None:
        node = _node(app["name"], app["node"], known.nodes)
        # CapRover gives a persistent app a node at its first update, and it cannot be without one again.
        made["nodeId"] = value(now, "nodeId") if not node and now.get("hasPersistentData") else node
    if app["project"] is not None:
        made["projectId"] = _project(app["name"], app["project"], known.projects)
    if app["tags"] is not None or known.owner:
        there = [tag["tagName"] for tag in value(now, "tags")]
        tags = there if app["tags"] is None else app["tags"]
        own = [known.owner] if known.owner else []
        made["tags"] = [{"tagName": tag} for tag in dict.fromkeys([*tags, *own])]
    return made


def changes(app: App, now: Definition, known: Known) -> Changes:
    """Field -> what it is, what it is to be; only where that differs.

    :raises AgentError: see :func:`wanted`
    """
    found: Changes = {}
    for field, after in wanted(app, now, known).items():
        before = value(now, field)
        if not same(field, before, after):
            found[field] = (before, after)
    return found


def _environment(app: App, now: Definition) -> list[Any]:
    """The variables in the order in which they are sent. Without a difference it is what is there, so that another order is none."""
    given = app["environment"] or {}
    there = value(now, "envVars")
    before = {pair["key"]: pair["value"] for pair in there}
    after = {**before, **given} if app["merge_environment"] else given
    made = pairs(after)
    twice = len(before) != len(there)
    unchanged = not twice and {pair["key"]: pair["value"] for pair in made} == before
    return list(there) if unchanged else list(made)


def _auth(given: dict[str, str], there: dict[str, str]) -> dict[str, str]:
    if not given:
        return {}
    if there.get("user") == given["user"] and apr1.fits(given["password"], there.get("passwordHashed", "")):
        return there
    return given


def _token(given: Item, there: Item) -> Item:
    if not given["enabled"]:
        return {"enabled": False}
    token = given["token"] or there.get("appDeployToken") or ""  # without one CapRover makes a new one each time
    return {"enabled": True, "appDeployToken": token} if token else {"enabled": True}


def _node(name: str, given: str, nodes: list[Node] | None) -> str:
    if not given:
        return ""
    fitting = [node["nodeId"] for node in nodes or () if given in (node["nodeId"], node["hostname"])]
    if len(fitting) != 1:
        there = ", ".join(sorted(f"{node['hostname']} ({node['nodeId']})" for node in nodes or ())) or "none"
        what = "none of the Swarm's nodes" if not fitting else "the name of several nodes"
        raise bad(name, f"node {given}", what, f"use one of these, by its ID where names are alike: {there}")
    return fitting[0]


def _project(name: str, given: str, projects: dict[str, list[str]] | None) -> str:
    if not given:
        return ""
    fitting = (projects or {}).get(given, [])
    if len(fitting) != 1:
        there = ", ".join(sorted(projects or ())) or "none"
        what = "no project of this CapRover" if not fitting else "the name of several projects"
        raise bad(name, f"project {given}", what, f"use a project that is there once: {there}")
    return fitting[0]


# --- what a person sees -------------------------------------------------------------------------------------------------------


def names(fields: Iterable[str]) -> str:
    """The options of some fields, in the order in which they are documented."""
    given = set(fields)
    return ", ".join(option for field, option in OPTIONS.items() if field in given)


def lines(found: Changes, side: int) -> str:
    """One side of a diff. Values of variables, passwords and tokens are not shown, only that they change."""
    import json

    made = []
    for field, option in OPTIONS.items():
        if field not in found:
            continue
        one = found[field][side]
        if field == "envVars":
            made += _environment_lines(found[field], side)
        elif field in _HIDDEN:
            made.append(f"{option}: {_hidden(one, side)}")
        elif field == "notExposeAsWebApp":
            made.append(f"{option}: {str(not one).lower()}")
        elif field == "tags":
            made.append(f"{option}: {', '.join(tag['tagName'] for tag in one) or 'none'}")
        elif isinstance(one, str) and "\n" in one:
            made += [f"{option}:", *(f"  {line}" for line in one.splitlines())]
        else:
            made.append(f"{option}: {(one or 'none') if isinstance(one, str) else json.dumps(one, sort_keys=True)}")
    return "".join(f"{line}\n" for line in made)


def _hidden(one: Item, side: int) -> str:
    if not one or one.get("enabled") is False:
        return "none"
    return "(hidden, new)" if side else "(hidden)"


def _environment_lines(pair: tuple[Any, Any], side: int) -> list[str]:
    before, after = ({item["key"]: item["value"] for item in one} for one in pair)
    shown = (before, after)[side]
    made = []
    for key, text in sorted(shown.items()):
        other = (before, after)[1 - side].get(key)
        if other != text:
            changed = "hidden, new value" if side and other is not None else "hidden"
            made.append(f"environment {key}: ({changed})")
    return made or ["environment: (variables twice)" if not side else "environment: (each once)"] if before == after else made


def definition(name: str, persistent: bool) -> Definition:
    """An app that was just made, as CapRover has it."""
    return {"appName": name, "hasPersistentData": persistent, "instanceCount": 1, "versions": [], "deployedVersion": 0, "customDomain": []}


def is_fresh(now: Definition) -> bool:
    """Whether nothing was ever set or deployed: an app that a run made, and was cut off before it could do more."""
    images = [version for version in now.get("versions", ()) if version["version"]]
    domains = now.get("customDomain") or now.get("hasDefaultSubDomainSsl")
    return not images and not domains and all(value(now, field) == DEFAULTS[field] for field in DEFAULTS if field != "projectId")
