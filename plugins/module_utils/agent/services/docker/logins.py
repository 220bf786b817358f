# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registries that Docker's client of a user is logged in to: entries of its ``config.json``; whatever else stands there stays.

The engine need not be asked: ``docker login`` would write the same after a look at the registry.
"""

from __future__ import annotations

from ...core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context
    from ...definition import Json
    from .types import Logins, LoginsParams

#: Of the user root, which the site works as.
PATH = "/root/.docker/config.json"


def logins(params: LoginsParams, ctx: Context) -> tuple[list[Step], Logins]:
    """Have root's client logged in to registries.

    :param params: ``logins``: list of ``registry`` (host:port), ``user`` and ``password``
    :return: a step for each registry that changes; ``registries``: those that the client is, or in check mode would be, logged in to
    :raises AgentError: ``docker-config``: the file cannot be read
    """
    import base64

    known = read(ctx)
    steps = []
    for item in params["logins"]:
        name = item["registry"]
        auth = base64.b64encode(f"{item['user']}:{item['password']}".encode()).decode("ascii")
        if known.get("credsStore") or name in (known.get("credHelpers") or {}):
            ctx.warn(f"{PATH} keeps passwords in a program of its own: log in to {name} by hand (docker login {name})")
            continue
        now = (known.get("auths") or {}).get(name) or {}
        if now.get("auth") != auth:
            steps.append(Step("docker login", name, "update" if now else "create", f"as {item['user']}", apply=_write(name, auth)))
    return steps, {"registries": [item["registry"] for item in params["logins"]]}


def read(ctx: Context) -> Json:
    """The file; nothing where there is none.

    :raises AgentError: ``docker-config``
    """
    import json

    try:
        with open(ctx.path(PATH), encoding="utf-8") as file:
            found = json.load(file)
        if isinstance(found, dict) and isinstance(found.get("auths") or {}, dict):
            return found
        reason = "it is no JSON object"
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = str(error)
    raise AgentError("docker-config", f"{PATH} cannot be read: {reason}. Fix: repair it, or move it away")


def _write(name: str, auth: str) -> Any:
    def apply(ctx: Context) -> None:
        import json
        import os

        from ...lib.write import write_file

        known = read(ctx)
        known["auths"] = {**(known.get("auths") or {}), name: {"auth": auth}}
        os.makedirs(os.path.dirname(ctx.path(PATH)), mode=0o700, exist_ok=True)
        uid, gid = ctx.uid("root") or 0, ctx.gid("root") or 0
        write_file(ctx, PATH, (json.dumps(known, indent="\t") + "\n").encode(), 0o600, uid, gid)

    return apply
