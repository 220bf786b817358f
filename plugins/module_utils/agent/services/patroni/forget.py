# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Patroni keeps in etcd of members and leader: deleted after a restore, while all members are stopped."""

from __future__ import annotations

import os

from ...core.model import AgentError, Step
from ..etcd import api
from .markers import FIRST, RESTORING
from .rest import PKI

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...core.model import Context
    from ...definition import Json, Result
    from .types import ForgetParams

#: The cluster's settings, whatever data it has: https://patroni.readthedocs.io/en/latest/dynamic_configuration.html.
KEPT = "config"


def forget(params: ForgetParams, _ctx: Context) -> tuple[list[Step], Result]:
    """Delete the keys, and name this member as the one with the newest data.

    :param params: as the module ``patroni_forget`` documents them, every option present
    :return: one step; no further results
    :raises AgentError: by the step ``etcd-silent``, ``cluster-runs``
    """
    prefix = "/".join(["", params["namespace"].strip("/"), params["scope"], ""])

    def apply(ctx: Context) -> None:
        keys = _keys(ctx, params["hosts"], prefix)
        if f"{prefix}leader" in keys:
            fix = "stop Patroni on all members, and wait until the lock of the leader has expired; then run the verb again"
            raise AgentError("cluster-runs", f"cluster {params['scope']} has a leader in etcd. Fix: {fix}")
        for key in keys:
            if key != prefix + KEPT:
                _ask(ctx, params["hosts"], "/v3/kv/deleterange", {"key": _coded(key)})
        ctx.run(["touch", "--", FIRST])
        if os.path.exists(ctx.path(RESTORING)):
            os.unlink(ctx.path(RESTORING))

    return [Step("cluster", params["scope"], "reset", "etcd forgets who led", apply=apply)], {}


def _keys(ctx: Context, hosts: list[str], prefix: str) -> list[str]:
    import base64

    body = {"key": _coded(prefix), "range_end": _coded(prefix[:-1] + chr(ord(prefix[-1]) + 1)), "keys_only": True}
    found = _ask(ctx, hosts, "/v3/kv/range", body).get("kvs") or []
    return [base64.b64decode(one["key"]).decode() for one in found]


def _coded(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode("ascii")


def _ask(ctx: Context, hosts: list[str], path: str, body: Mapping[str, object]) -> Json:
    """Ask one member after the other.

    :raises AgentError: ``etcd-silent``
    """
    why = "no member is named"
    files = {name: f"{PKI}/{file}" for name, file in (("ca", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem"))}
    for host in hosts:
        try:
            return api.post(ctx, {"endpoint": f"https://{host}", **files}, path, body)
        except (OSError, ValueError) as error:
            why = f"{host}: {error}"
    raise AgentError("etcd-silent", f"no member of etcd answers ({why}). Fix: see systemctl status etcd there")
