# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an etcd cluster has come up with all its members once.

Its leader decides on the cluster's version once it knows the version of every member, and until then says 3.0.0 (``monitorVersions`` and
``decideClusterVersion`` of etcd's server/etcdserver). Patroni refuses a cluster of that version.
"""

from __future__ import annotations

import time

from ...core import waiting
from ...core.model import AgentError
from .api import get

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from .etcdctl import Etcdctl
    from .types import Access, HealthParams


def await_formed(ctx: Context, etcdctl: Etcdctl, params: HealthParams, interval: float) -> str:
    """Wait until the cluster has decided on its version.

    :return: the version
    :raises AgentError: ``not-formed``, with the members that have never started
    """
    begun = time.monotonic()
    wait = 0 if ctx.check else params["wait"]
    while True:
        version = cluster_version(ctx, params)
        if decided(version):
            return version
        missing = never_started(etcdctl)
        reported = f"it reports the version {version}" if version else "it reports no version"
        reason = f"never started: {', '.join(missing)}" if missing else reported
        if time.monotonic() - begun >= wait:
            raise AgentError(
                "not-formed",
                f"the etcd cluster has not decided on its version within {wait} s ({reason}), and Patroni refuses it until"
                " then: Patroni was not started. A cluster decides once all its members have started: repair them and run again, or take"
                " a host that is permanently lost out of the group etcd, and remove its member with playbooks/etcd/remove.yml",
            )
        waiting.tell(ctx, "all members of etcd to have started once", begun, wait, reason)
        time.sleep(interval)


def decided(version: str) -> bool:
    """Whether a cluster version is one that was decided on with all members: ``3.5.0``, not ``3.0.0`` or ``not_decided``."""
    numbers = version.split(".")
    return len(numbers) == 3 and all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) > (3, 0, 0)


def never_started(etcdctl: Etcdctl) -> list[str]:
    """Names of members that have told no client URL: a member does so as soon as it has started. Empty where no member answers."""
    try:
        return [member["name"] or f"member {member['id']:x}" for member in etcdctl.members() if not member["endpoints"]]
    except AgentError:
        return []


def cluster_version(ctx: Context, params: Access) -> str:
    """What this host's member says of the cluster (``GET /version``); empty where it does not answer."""
    try:
        return str(get(ctx, params, "/version").get("etcdcluster") or "")
    except (OSError, ValueError):
        return ""
