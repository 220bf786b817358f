# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What etcdctl reports of the members: their names, health, leader and alarms."""

from __future__ import annotations

from ...core.model import AgentError
from .alarms import ALARM, raised
from .present import address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from .types import Access, Member, State


class Etcdctl:
    """``etcdctl`` with the host's certificate. Version 3 of the interface is the default from etcd 3.4 on; Debian 12 has 3.4."""

    def __init__(self, ctx: Context, params: Access) -> None:
        self.ctx = ctx
        self.endpoint = params["endpoint"]
        self.tls = ["--cacert", params["ca"], "--cert", params["cert"], "--key", params["key"]]

    def members(self) -> list[Member]:
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

    def status(self, endpoints: list[str]) -> str:
        """The answer to ``endpoint status`` of each endpoint."""
        return self._run(",".join(endpoints), "endpoint", "status")[1]

    def remove(self, member: int) -> None:
        """``member remove``.

        :raises AgentError: ``etcd-refused``
        """
        result = self._run(self.endpoint, "member", "remove", f"{member:x}")
        if result[0] != 0:
            raise AgentError("etcd-refused", f"etcd refused to remove the member {member:x}: {result[2].strip()[-500:]}")

    def _run(self, endpoints: str, *words: str) -> tuple[int, str, str]:
        argv = ["etcdctl", "--endpoints", endpoints, *self.tls, "--command-timeout", "4s", "--dial-timeout", "2s", *words, "-w", "json"]
        result = self.ctx.run(argv, env={"ETCDCTL_API": "3"}, timeout=30, check=False)
        if result.rc == 127:
            raise AgentError("etcd-silent", "etcdctl is not installed on this host: use a host of the group etcd")
        return result.rc, result.out, result.err


def parse_members(text: str) -> list[Member]:
    """``etcdctl member list -w json``."""
    import json

    return [
        {
            "id": member.get("ID", 0),
            "name": member.get("name", ""),
            "endpoints": member.get("clientURLs") or [],
            "addresses": [address(url) for url in member.get("peerURLs") or ()],
            "learner": bool(member.get("isLearner")),
        }
        for member in json.loads(text or "{}").get("members") or []
    ]


def parse_health(text: str) -> dict[str, bool]:
    """``etcdctl endpoint health -w json``; empty where nothing was printed.

    While any alarm is raised it calls every member unhealthy that answers and has a quorum.
    """
    import json

    try:
        return {item["endpoint"]: bool(item.get("health")) or ALARM in str(item.get("error")) for item in json.loads(text)}
    except ValueError:
        return {}


def parse_alarms(text: str) -> list[tuple[int, str]]:
    """The alarms in ``etcdctl endpoint status -w json``: the ID of the member that raised one, and its kind."""
    import json

    try:
        said = [item.get("Status", {}).get("errors") or [] for item in json.loads(text)]
    except ValueError:
        return []
    return list(dict.fromkeys(alarm for errors in said for alarm in raised(errors)))


def parse_leaders(text: str) -> set[int]:
    """``etcdctl endpoint status -w json``: what each member that answers takes for the leader."""
    import json

    try:
        return {item["Status"]["leader"] for item in json.loads(text) if item.get("Status", {}).get("leader")}
    except ValueError:
        return set()


def states(etcdctl: Etcdctl) -> list[State]:
    """All members, and how each is.

    :raises AgentError: ``etcd-silent``
    """
    listed = etcdctl.members()
    endpoints = [member["endpoints"][0] for member in listed if member["endpoints"]]
    healthy = etcdctl.healthy(endpoints)
    status = etcdctl.status([endpoint for endpoint in endpoints if healthy.get(endpoint)] or endpoints)
    leaders, alarmed = parse_leaders(status), parse_alarms(status)
    return [
        {
            **member,
            "endpoint": (member["endpoints"] or [""])[0],
            "healthy": healthy.get((member["endpoints"] or [""])[0], False),
            "leader": member["id"] in leaders,
            "alarms": [kind for number, kind in alarmed if number == member["id"]],
        }
        for member in listed
    ]
