# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd: how many members, and their timing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...preflight.findings import Code, Finding, Level
from ...preflight.model import Host, Site
from ...preflight.rules import Area
from ...preflight.rules.directories import directory_problem
from ...preflight.rules.places import finding
from ...preflight.rules.settings import whole
from . import member_settings

CODES = (
    Code(
        "etcd-members-even",
        "An even number of etcd members survives the loss of no more members than one fewer would, and splits in halves.",
        "Put one or three or five hosts in the group etcd.",
    ),
    Code(
        "etcd-single-with-databases",
        "Several database servers depend on one etcd member: when it is lost, none of them can become leader.",
        "Put three hosts in the group etcd.",
    ),
    Code(
        "etcd-single-member",
        "One etcd member: when its host is lost, the database turns read-only.",
        "Put three hosts in the group etcd, where the site has three.",
        Level.WARNING,
    ),
    Code(
        "etcd-many-members",
        "More than seven etcd members make every write slower and do not improve availability.",
        "Put three or five hosts in the group etcd.",
        Level.WARNING,
    ),
    Code(
        "etcd-timing",
        "The election timeout is less than five heartbeats, or longer than etcd allows: members "
        "would hold elections all the time, or never.",
        "Set etcd_election_timeout: at least five times etcd_heartbeat_interval, at most 50000.",
    ),
    Code(
        "etcd-data-directory",
        "etcd's directory is relative, one that others share (/, /home, /var/lib), or is not on persistent storage.",
        "Set etcd_data_directory: an absolute path of its own, such as /var/lib/etcd/vannah.",
    ),
)


def check_members(site: Site) -> Iterator[Finding]:
    """How many members there are."""
    count = len(site.members("etcd"))
    databases = len(site.members("postgresql"))
    if count and count % 2 == 0:
        yield Finding(
            "etcd-members-even",
            "etcd",
            "-",
            f"a cluster of {count} members tolerates the loss of as many as one of {count - 1}.",
            f"put {count - 1} or {count + 1} hosts in the group etcd",
        )
    if count == 1 and databases > 1:
        yield Finding(
            "etcd-single-with-databases",
            "etcd",
            "-",
            f"{databases} database servers depend on one etcd member.",
            "put three hosts in the group etcd",
        )
    elif count == 1:
        yield Finding(
            "etcd-single-member",
            "etcd",
            "-",
            "one member: when its host is lost, the database turns read-only.",
            "put three hosts in the group etcd, where the site has three",
        )
    if count > 7:
        yield Finding(
            "etcd-many-members", "etcd", "-", f"{count} members make every write slower.", "put three or five hosts in the group etcd"
        )


#: What etcd has where the site takes the role's own away.
_TIMING = {"heartbeat-interval": 100, "election-timeout": 1000}


def check_timing(site: Site) -> Iterator[Finding]:
    """Heartbeat and election timeout, as etcd's own start-up check and tuning guide want them."""
    for host in site.members("etcd"):
        heartbeat, its = _timing(host, "heartbeat-interval")
        election, elections = _timing(host, "election-timeout")
        if heartbeat is not None and election is not None and (election < 5 * heartbeat or election > 50000):
            problem = f"{election} ms without a heartbeat start an election, with a heartbeat each {heartbeat} ms."
            fix = f"set etcd_election_timeout: from {5 * heartbeat} to 50000"
            if "etcd_settings" in (its, elections):
                fix += ", and neither of the two in etcd_settings"
            yield finding(site, host, dict.fromkeys((elections, its)), "etcd", "etcd-timing", problem, fix)


def _timing(host: Host, flag: str) -> tuple[int | None, str]:
    """What etcd is started with in milliseconds, and the variable that says so; None where it is unknown."""
    settings = host.known("etcd_settings")
    for name, value in settings.items() if isinstance(settings, Mapping) else ():
        if str(name).lower().replace("_", "-") == flag:
            return (_TIMING[flag] if value is None else whole(value)), "etcd_settings"
    variable = "etcd_" + flag.replace("-", "_")
    return host.number(variable), variable


def check_data_directory(site: Site) -> Iterator[Finding]:
    """Where the member's data lies."""
    for host in site.members("etcd"):
        text = host.known("etcd_data_directory")
        problem = directory_problem(text, "etcd's", homes_hidden=True) if isinstance(text, str) else None
        if problem:
            fix = "set etcd_data_directory: an absolute path of its own, such as /var/lib/etcd/vannah"
            yield finding(site, host, ("etcd_data_directory",), "etcd", "etcd-data-directory", problem, fix)


RULES = (check_members, check_timing, check_data_directory, *member_settings.RULES)

AREA = Area("Coordination (etcd)", (*CODES, *member_settings.CODES), RULES)
