# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's members: who answers, and whether one of them may be interrupted without losing the quorum."""

from __future__ import annotations

from ...core.model import AgentError
from ...lib.plural import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...core.model import Context, Step

#: Seconds between two looks.
INTERVAL = 1.0


class Etcdctl:
    """``etcdctl`` with the host's certificate. Version 3 of the interface is the default from etcd 3.4 on; Debian 12 has 3.4."""

    def __init__(self, ctx: Context, params: dict[str, Any]) -> None:
        self.ctx = ctx
        self.endpoint = params["endpoint"]
        self.tls = ["--cacert", params["ca"], "--cert", params["cert"], "--key", params["key"]]

    def members(self) -> list[dict[str, Any]]:
        """``member list``: name (empty for one that never started), ID, client URLs, learner.

        :raises AgentError: ``etcd-silent``
        """
        result = self._run(self.endpoint, "member", "list")
        if result[0] != 0:
            raise AgentError(
                "etcd-silent", f"etcd does not answer at {self.endpoint}: {result[2].strip()[-500:]}. See systemctl status etcd"
            )
        return parse_members(result[1])

    def healthy(self, endpoints: list[str]) -> dict[str, bool]:
        """``endpoint health`` of each endpoint: it answers, and a proposal of it goes through (so there is a quorum)."""
        return parse_health(self._run(",".join(endpoints), "endpoint", "health")[1])

    def leaders(self, endpoints: list[str]) -> set[int]:
        """IDs of the members that ``endpoint status`` calls leader."""
        return parse_leaders(self._run(",".join(endpoints), "endpoint", "status")[1])

    def _run(self, endpoints: str, *words: str) -> tuple[int, str, str]:
        argv = ["etcdctl", "--endpoints", endpoints, *self.tls, "--command-timeout", "4s", "--dial-timeout", "2s", *words, "-w", "json"]
        result = self.ctx.run(argv, env={"ETCDCTL_API": "3"}, timeout=30, check=False)
        if result.rc == 127:
            raise AgentError("etcd-silent", "etcdctl is not on this host: the group etcd is where it belongs")
        return result.rc, result.out, result.err


def parse_members(text: str) -> list[dict[str, Any]]:
    """``etcdctl member list -w json``."""
    import json

    return [
        {
            "id": member.get("ID", 0),
            "name": member.get("name", ""),
            "endpoints": member.get("clientURLs") or [],
            "learner": bool(member.get("isLearner")),
        }
        for member in json.loads(text or "{}").get("members") or []
    ]


def parse_health(text: str) -> dict[str, bool]:
    """``etcdctl endpoint health -w json``; empty where nothing was printed."""
    import json

    try:
        return {item["endpoint"]: bool(item.get("health")) for item in json.loads(text)}
    except ValueError:
        return {}


def parse_leaders(text: str) -> set[int]:
    """``etcdctl endpoint status -w json``: what each member that answers takes for the leader."""
    import json

    try:
        return {item["Status"]["leader"] for item in json.loads(text) if item.get("Status", {}).get("leader")}
    except ValueError:
        return set()


def problems(members: list[dict[str, Any]], expected: list[str]) -> list[str]:
    """What is not as it should be, a sentence each."""
    found = [f"{name} is no member" for name in expected if name not in [member["name"] for member in members]]
    for member in members:
        if not member["name"]:
            found.append(f"a member at {', '.join(member['endpoints']) or 'an unknown address'} has never started")
        elif not member["healthy"]:
            found.append(f"{member['name']} does not answer")
        elif member["learner"]:
            found.append(f"{member['name']} is still learning and does not vote")
    if not any(member["leader"] for member in members):
        found.append("nobody leads")
    return found


def refuse_interrupt(members: list[dict[str, Any]], name: str) -> None:
    """Whether a member may be interrupted.

    :raises AgentError: ``would-lose-quorum``. Of one or two members none can be spared; where only they are, the site has accepted that.
    """
    voters = [member for member in members if not member["learner"]]
    quorum = len(voters) // 2 + 1
    left = [member["name"] for member in voters if member["healthy"] and member["name"] != name]
    if len(voters) > 2 and len(left) < quorum:
        said = ", ".join(left) or "none"
        raise AgentError(
            "would-lose-quorum",
            f"refused to interrupt {name}: of {counted(len(voters), 'member')} {counted(quorum, 'is', 'are')} needed, only {said} would be"
            " left. Repair the others",
        )


def health(params: dict[str, Any], ctx: Context) -> tuple[list[Step], dict[str, Any]]:
    """All members, asked through this host's one.

    :param params: ``endpoint``, ``ca``, ``cert``, ``key``; ``interrupt``: a name, refused where the quorum would be lost;
        ``members``: names that have to be there; ``wait``: seconds until all are healthy; ``formed``: only wait until all have started once
    :return: no steps; ``answers``, ``error``, ``healthy``, ``quorum``, ``problems``, and ``members``
        ``[{name, endpoint, healthy, leader, learner}]``
    :raises AgentError: ``etcd-silent`` (with ``interrupt`` or ``wait``), ``would-lose-quorum``, ``not-in-time``, ``not-formed``
    """
    etcdctl = Etcdctl(ctx, params)
    if params.get("formed"):
        from .formed import await_formed

        return [], {"version": await_formed(ctx, etcdctl, params, ctx.pause(INTERVAL))}
    wait = 0 if ctx.check else params["wait"]
    import time

    from ...core import waiting

    begun = time.monotonic()
    deadline = begun + wait
    while True:
        error: AgentError | None = None
        members: list[dict[str, Any]] = []
        try:
            members = _members(etcdctl)
            found = problems(members, params["members"])
        except AgentError as caught:
            error, found = caught, [caught.msg]
        if not found or time.monotonic() >= deadline:
            break
        waiting.tell(ctx, "etcd to be complete", begun, wait, "; ".join(found))
        time.sleep(ctx.pause(INTERVAL))
    if wait and found:
        raise AgentError("not-in-time", f"etcd was not healthy within {wait} s: {'; '.join(found)}")
    if params["interrupt"] and not ctx.check:
        if error:
            raise error
        refuse_interrupt(members, params["interrupt"])
    voters = [member for member in members if not member["learner"]]
    return [], {
        "answers": error is None,
        "error": error.msg if error else "",
        "members": members,
        "healthy": len([member for member in voters if member["healthy"]]),
        "quorum": len(voters) // 2 + 1,
        "problems": found,
    }


def _members(etcdctl: Etcdctl) -> list[dict[str, Any]]:
    listed = etcdctl.members()
    endpoints = [member["endpoints"][0] for member in listed if member["endpoints"]]
    healthy = etcdctl.healthy(endpoints)
    leaders = etcdctl.leaders([endpoint for endpoint in endpoints if healthy.get(endpoint)] or endpoints)
    return [
        {
            "name": member["name"],
            "endpoint": (member["endpoints"] or [""])[0],
            "healthy": healthy.get((member["endpoints"] or [""])[0], False),
            "leader": member["id"] in leaders,
            "learner": member["learner"],
        }
        for member in listed
    ]


CALLS = {"health": health}
