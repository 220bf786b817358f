# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of apps, checked and in the form in which CapRover keeps it. Nothing here asks a server."""

from __future__ import annotations

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ...definition import Json as Item
    from .types import App, Named, Pair, Port, Volume


#: Option -> the field of an app's definition, where the value is sent as it is.
PLAIN = {
    "description": "description",
    "definition_path": "captainDefinitionRelativeFilePath",
    "instances": "instanceCount",
    "http_port": "containerHttpPort",
    "websocket": "websocketSupport",
    "force_tls": "forceSsl",
    "redirect": "redirectDomain",
    "nginx_config": "customNginxConfig",
    "pre_deploy": "preDeployFunction",
}
#: Field of a definition -> the option that sets it.
OPTIONS = {field: option for option, field in PLAIN.items()} | {
    "notExposeAsWebApp": "expose",
    "ports": "ports",
    "volumes": "volumes",
    "envVars": "environment",
    "nodeId": "node",
    "projectId": "project",
    "httpAuth": "basic_auth",
    "tags": "tags",
    "serviceUpdateOverride": "service_override",
    "appDeployTokenConfig": "deploy_token",
    "appPushWebhook": "repository",
}
#: Options that ``reset_unset`` resets where a task does not set them, with what a new app has. The role ``apps`` sets all others. Not here:
#: projects and tags, which only sort CapRover's pages, and what cannot be turned off (the certificate of ``<name>.<root domain>``).
RESET: Item = {
    "redirect": "",
    "basic_auth": {"user": None, "password": None},
    "nginx_config": "",
    "pre_deploy": "",
    "node": "",  # an app with volumes keeps it, because its data are there
    "definition_path": "./captain-definition",
    "deploy_token": {"enabled": False, "token": None},
    "repository": dict.fromkeys(("repo", "branch", "user", "password", "private_key")),
}
_LOW = "abcdefghijklmnopqrstuvwxyz0123456789"
_RESERVED = ("captain", "registry")
#: Bytes of a request that CapRover reads (``bodyParser.json`` of its src/app.ts); of a larger one it says HTTP 500 and no reason.
LARGEST = 2 << 20


def app(item: Item, reset: bool = False) -> App:
    """An app as it is to be; fields that are not asked for are not in it.

    :param item: as the module ``caprover_apps`` documents it, every option present
    :param reset: whether those of :data:`RESET` that are not set are to be as a new app has them
    :raises AgentError: ``bad-app-name``, ``bad-app``
    """
    name = app_name(item["name"])
    present = item["state"] == "present"
    unset = [option for option in RESET if item[option] is None] if reset and present else []
    item = {**item, **{option: RESET[option] for option in unset}}
    return {
        "name": name,
        "state": item["state"],
        "adopt": item["adopt"],
        "drop_volumes": item["drop_volumes"],
        "persistent": item["persistent"],
        "fields": _fields(name, item) if present else {},
        "environment": _environment(name, item["environment"]) if present else None,
        "merge_environment": item["merge_env"],
        "auth": _auth(name, item["basic_auth"]) if present else None,
        "node": item["node"],
        "project": item["project"],
        "tags": _tags(name, item["tags"]) if present else None,
        "token": item["deploy_token"],
        "domains": _domains(name, item["domains"]) if present else None,
        "tls": item["tls"],
        "unset": [field for field, option in OPTIONS.items() if option in unset],
    }


def _fields(name: str, item: Item) -> Item:
    """The fields of a definition that need no look at the server."""
    fields = {field: item[option] for option, field in PLAIN.items() if item[option] is not None}
    for option, low, high in (("instances", 0, 1000), ("http_port", 1, 65535)):
        value = item[option]
        if value is not None and not low <= value <= high:
            raise bad(name, option, str(value), f"use a number from {low} to {high}")
    if item["expose"] is not None:
        fields["notExposeAsWebApp"] = not item["expose"]
    if item["ports"] is not None:
        fields["ports"] = _ports(name, item["ports"])
    if item["volumes"] is not None:
        fields["volumes"] = _volumes(name, item["volumes"])
        if item["persistent"] is False and item["volumes"]:
            raise bad(name, "persistent", "false, but it has volumes", "write true, or remove the volumes")
    if item["repository"] is not None:
        fields["appPushWebhook"] = _repository(name, item["repository"])
    if item["service_override"] is not None:
        fields["serviceUpdateOverride"] = override(name, item["service_override"])
    if item["redirect"]:
        fields["redirectDomain"] = domain_name(f"app {name}: redirect", item["redirect"])
    return fields


def bad(name: str, option: str, what: str, fix: str) -> AgentError:
    """An option of an app that cannot be."""
    return AgentError("bad-app", f"app {name}: {option} is {what}. Fix: {fix}")


def refuse_large(name: str, options: Mapping[str, object]) -> None:
    """A request that CapRover would not read.

    :param options: option -> what is sent of it
    :raises AgentError: ``bad-app``
    """
    import json

    sizes = {option: len(json.dumps(value)) for option, value in options.items()}
    # Field names and the app's name are sent too; JSON needs a few bytes for each.
    if sum(sizes.values()) > LARGEST - 4096:
        largest = max(sizes, key=lambda option: sizes[option])
        what = f"{sizes[largest] >> 10} KiB large, and CapRover reads requests of at most {LARGEST >> 20} MiB"
        raise bad(name, largest, what, "set less, and keep large contents in the image or in a volume")


def app_name(given: object) -> str:
    """A name that CapRover takes (``isNameAllowed`` of its src/datastore/AppsDataStore.ts).

    :raises AgentError: ``bad-app-name``
    """
    name = given if isinstance(given, str) else ""
    why = ""
    if not 1 <= len(name) < 50:
        why = "a name has 1 to 49 characters"
    elif not set(name) <= {*_LOW, "-"}:
        why = "a name is made of lower-case letters, digits and hyphens"
    elif "--" in name or name[0] == "-" or name[-1] == "-":
        why = "hyphens have to be single, between letters and digits"
    elif name in _RESERVED or name.startswith("captain-"):
        why = "CapRover reserves such names"
    if why:
        text = f"app {given!r}: CapRover refuses this name: {why}"
        raise AgentError("bad-app-name", f"{text}. Fix: lower-case letters, digits and single hyphens, such as vhc-web")
    return name


def domain_name(where: str, given: str) -> str:
    """A domain that CapRover takes (``checkCustomDomain`` of its src/utils/Utils.ts), in lower case.

    :param where: its owner, for the error: ``app web1: domains``
    :raises AgentError: ``bad-domain``
    """
    name = given.strip().lower()
    if not name or len(name) > 80 or ".." in name or not set(name) <= {*_LOW, "-", "."} or name[0] in "-." or name[-1] in "-.":
        text = f"{where}: {given!r} is not a domain that CapRover accepts"
        raise AgentError("bad-domain", f"{text}. Fix: lower-case letters, digits, hyphens and single dots, at most 80 characters")
    return name


def override(name: str, given: Any) -> str:
    """Docker's service specification as CapRover keeps it: JSON of a mapping; a text stays as it is.

    :raises AgentError: ``bad-app``
    """
    import json

    fix = (
        "write a mapping as Docker's service specification has it, such as {TaskTemplate: {Resources: {Limits: {MemoryBytes: 268435456}}}}"
    )
    if isinstance(given, dict):
        return json.dumps(given, sort_keys=True) if given else ""
    if not isinstance(given, str):
        raise bad(name, "service_override", "neither a mapping nor a text", fix)
    text = given.strip()
    if text.startswith("{"):
        try:
            json.loads(text)
        except ValueError:
            raise bad(name, "service_override", "neither JSON nor YAML", fix) from None
    elif text and ":" not in text:  # CapRover takes a bare word, and overrides nothing
        raise bad(name, "service_override", "no mapping", fix)
    return text


# --- options ----------------------------------------------------------------------------------------------------------------


def _ports(name: str, given: list[Item]) -> list[Port]:
    made: list[Port] = []
    for item in given:
        for side in ("host", "container"):
            if not 1 <= item[side] <= 65535:
                raise bad(name, f"ports: {side}", str(item[side]), "use a port from 1 to 65535")
        made.append({"hostPort": item["host"], "containerPort": item["container"]})
    _once(name, "ports: host port", [str(port["hostPort"]) for port in made])
    return made


def _volumes(name: str, given: list[Item]) -> list[Volume]:
    made: list[Volume] = []
    for item in given:
        path, volume, host_path = item["path"].strip(), (item["volume"] or "").strip(), (item["host_path"] or "").strip()
        if not path.startswith("/") or path == "/":
            raise bad(name, "volumes: path", repr(item["path"]), "use the directory's whole path in the container")
        if bool(volume) == bool(host_path):
            raise bad(name, f"volumes: {path}", "of both, or of neither, volume and host_path", "use one of them")
        if volume and not _is_volume_name(volume):
            raise bad(name, f"volumes: {path}: volume", repr(volume), "use letters, digits, _, and single hyphens and dots")
        if host_path and not host_path.startswith("/"):
            raise bad(name, f"volumes: {path}: host_path", repr(host_path), "use a whole path; it has to exist on the app's node")
        made.append({"containerPath": path, "volumeName": volume} if volume else {"containerPath": path, "hostPath": host_path})
    _once(name, "volumes: path", [volume["containerPath"] for volume in made])
    return made


def _is_volume_name(name: str) -> bool:
    plain = name.isascii() and name.replace("_", "a").replace(".", "a").replace("-", "a").isalnum()
    return plain and len(name) < 256 and name[0].isalnum() and name[-1].isalnum() and ".." not in name and "--" not in name


def _environment(name: str, given: Item | None) -> dict[str, str | None] | None:
    if given is None:
        return None
    made: dict[str, str | None] = {}
    for key, value in given.items():
        key = str(key)
        if not key or key != key.strip() or "=" in key or "\0" in key:
            raise bad(name, "environment", f"a mapping with the variable {key!r}", "use names without spaces around them and without =")
        made[key] = _text(name, key, value)
    return made


def _text(name: str, key: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise bad(name, f"environment: {key}", "a list or a mapping", "use a text, such as the output of to_json")


def pairs(environment: dict[str, str | None]) -> list[Pair]:
    """An environment as it is sent."""
    return [{"key": key, "value": value} for key, value in environment.items() if value is not None]


def _auth(name: str, given: Item | None) -> dict[str, str] | None:
    if given is None:
        return None
    user, password = given["user"] or "", given["password"] or ""
    if bool(user) != bool(password):
        raise bad(name, "basic_auth", "half of a pair", "write user and password, or {} for none")
    if ":" in user:
        raise bad(name, "basic_auth: user", "a name with a colon, which HTTP does not allow", "write a name without one")
    return {"user": user, "password": password} if user else {}


def _tags(name: str, given: list[str] | None) -> list[str] | None:
    if given is None:
        return None
    tags = [tag.strip() for tag in given]
    if "" in tags:
        raise bad(name, "tags", "a list with an empty tag", "write a word for each tag")
    return list(dict.fromkeys(tags))


def _repository(name: str, given: Item) -> Item:
    """As it is sent, and kept: what is not given is an empty text. ``{}`` is no repository."""
    made = {
        "repo": given["repo"] or "",
        "branch": given["branch"] or "",
        "user": given["user"] or "",
        "password": given["password"] or "",
        "sshKey": given["private_key"] or "",
    }
    if not any(made.values()):
        return {}
    login = bool(made["user"]) and bool(made["password"])
    if not (made["repo"] and made["branch"]) or login == bool(made["sshKey"]) or bool(made["user"]) != bool(made["password"]):
        raise bad(name, "repository", "incomplete", "write repo and branch, with user and password or with private_key")
    if "ENCRYPTED" in made["sshKey"]:
        raise bad(name, "repository: private_key", "encrypted with a passphrase", "use a key without one")
    return {"repoInfo": {key: value.strip() if key in ("repo", "branch", "user") else value for key, value in made.items()}}


def _domains(name: str, given: list[Item] | None) -> list[Named] | None:
    if given is None:
        return None
    made: list[Named] = [{"name": domain_name(f"app {name}: domains", item["name"]), "tls": item["tls"]} for item in given]
    _once(name, "domains:", [domain["name"] for domain in made])
    return made


def _once(name: str, what: str, items: Iterable[str]) -> None:
    seen: set[str] = set()
    for item in items:
        if item in seen:
            raise AgentError("bad-app", f"app {name}: {what} {item} is listed twice. Fix: keep one entry of it")
        seen.add(item)
