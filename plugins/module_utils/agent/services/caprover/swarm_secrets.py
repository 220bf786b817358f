# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with secrets in the containers of apps: secrets of the Swarm, which reach a service through its override.

CapRover has no word for them. A secret of the Swarm cannot be changed (docs.docker.com, "Manage sensitive data with Docker secrets"), so
another value is another secret, with another name. No API gives the value back. The previous one is removed once no app has it.
"""

from __future__ import annotations

from ...core.model import AgentError, Step
from ..docker import engine
from .wanted import bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ...core.model import Context
    from ...definition import Json as Item


#: Says which app a secret was made for.
LABEL = "health.vannah.app"
#: Where the containers find them.
FOLDER = "/run/secrets"
#: Stands in an override for the ID of a secret that is made by an earlier step. No ID has a colon.
_COMING = "new:"


class Made:
    """IDs of the secrets that this call has made, by their names."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}


class Prepared:
    """What becomes of the secrets of some apps.

    :param known: secrets that are there: name -> ID and app
    :ivar items: the apps, whose overrides have their secrets
    :ivar wanted: names of secrets that the apps have
    :ivar making: steps that make those that are missing
    """

    def __init__(self, items: list[Item], known: dict[str, tuple[str, str]]) -> None:
        self.items = items
        self.making: list[Step] = []
        self._known = known
        self.wanted: set[str] = set()

    def removing(self, gone: Iterable[str]) -> list[Step]:
        """Steps that remove those that no app has any more.

        :param gone: apps that go, also such that are not listed
        """
        apps = {*gone, *(item["name"] for item in self.items if item["secret_files"] is not None)}
        left = sorted(name for name, (_identity, app) in self._known.items() if app in apps and name not in self.wanted)
        return [Step("secret", name, "remove", "no app has it", apply=_remove(self._known[name][0])) for name in left]


def prepare(ctx: Context, items: list[Item]) -> Prepared:
    """What becomes of the secrets of some apps.

    :param items: ``apps`` of the module ``caprover_apps``. One without ``secret_files`` stays as it is; Docker is asked if one has them
    :raises AgentError: ``bad-app``, ``swarm-secrets``
    """
    if all(item["secret_files"] is None for item in items):
        return Prepared(items, {})
    known = _known(ctx)
    ids = {name: identity for name, (identity, _app) in known.items()}
    prepared = Prepared([], known)
    for item in items:
        if item["secret_files"] is None or item["state"] == "absent":
            prepared.items.append(item)
            continue
        check_files(item["name"], item["secret_files"])
        listed = []
        for file, given in sorted(item["secret_files"].items()):
            value = str(given)
            name = name_of(item["name"], file, value)
            prepared.wanted.add(name)
            if name not in ids:
                prepared.making.append(
                    Step("secret", f"{FOLDER}/{file}", "create", f"of app {item['name']}", apply=_create(name, item["name"], value))
                )
            listed.append(_reference(ids.get(name) or f"{_COMING}{name}", name, file))
        prepared.items.append({**item, "service_override": _with(item, listed)})
    return prepared


def filled(ctx: Context, body: Item) -> Item:
    """A definition to be sent, with the IDs of secrets that were made meanwhile."""
    text = body.get("serviceUpdateOverride")
    if isinstance(text, str) and _COMING in text:
        for name, identity in ctx.kept(Made).ids.items():
            text = text.replace(f'"{_COMING}{name}"', f'"{identity}"')
        return {**body, "serviceUpdateOverride": text}
    return body


def name_of(app: str, file: str, value: str) -> str:
    """The name of a secret, at most 64 characters; it is another one for another value."""
    import hashlib

    return f"{app[:40]}.{hashlib.sha256(chr(0).join((app, file, value)).encode()).hexdigest()[:20]}"


def _with(item: Item, listed: list[Item]) -> Item | None:
    given = item["service_override"]
    if given is not None and not isinstance(given, dict):
        raise bad(item["name"], "service_override", "a text, and secret_files are added to it", "write a mapping")
    if not listed:
        return given
    task = dict((given or {}).get("TaskTemplate") or {})
    container = dict(task.get("ContainerSpec") or {})
    container["Secrets"] = [*(container.get("Secrets") or ()), *listed]
    return {**(given or {}), "TaskTemplate": {**task, "ContainerSpec": container}}


def _reference(identity: str, name: str, file: str) -> Item:
    return {"SecretID": identity, "SecretName": name, "File": {"Name": file, "UID": "0", "GID": "0", "Mode": 0o444}}


def _known(ctx: Context) -> dict[str, tuple[str, str]]:
    """Secrets that were made here: name -> ID and app.

    :raises AgentError: ``swarm-secrets``
    """
    import json

    try:
        status, text = engine.ask(ctx, "GET", f'/secrets?filters={{"label":["{LABEL}"]}}'.replace('"', "%22"), timeout=30)
        if status != 200:
            raise OSError(text.strip()[:300])
        return {one["Spec"]["Name"]: (one["ID"], (one["Spec"].get("Labels") or {}).get(LABEL, "")) for one in json.loads(text)}
    except (OSError, ValueError) as error:
        if ctx.check:
            return {}
        text = f"Docker on this host does not list the secrets of its Swarm ({error}), and secret_files need them"
        raise AgentError("swarm-secrets", f"{text}. Fix: run the task on a manager of the Swarm") from error


def _create(name: str, app: str, value: str) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        import base64
        import json

        body = {"Name": name, "Labels": {LABEL: app}, "Data": base64.b64encode(value.encode()).decode()}
        ctx.kept(Made).ids[name] = str(json.loads(_insist(ctx, "POST", "/secrets/create", body))["ID"])

    return apply


def _remove(identity: str) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        try:
            _insist(ctx, "DELETE", f"/secrets/{identity}")
        except AgentError as error:
            ctx.warn(f"A secret of the Swarm that no app of the list has was not removed: {error.msg}.")

    return apply


def _insist(ctx: Context, method: str, path: str, body: Any = None) -> str:
    """:raises AgentError: ``swarm-secrets``"""
    try:
        status, text = engine.ask(ctx, method, path, body)
    except OSError as error:
        status, text = 0, str(error)
    if not 200 <= status < 300:
        said = " ".join(text.split())[:300]
        raise AgentError("swarm-secrets", f"Docker refused {method} {path.split('/')[1]}: {said}. Fix: see journalctl -u docker")
    return text


def check_files(name: str, files: Iterable[str]) -> None:
    """Names of files below :data:`FOLDER`.

    :raises AgentError: ``bad-app``
    """
    for file in files:
        if not file or file.startswith(".") or not all(letter.isalnum() or letter in "._-" for letter in file):
            raise bad(name, f"secret_files: {file!r}", "not the name of a file", "use letters, digits, dots, hyphens and underscores")
