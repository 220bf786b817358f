# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a run of the whole site may restart the members of clusters."""

from __future__ import annotations

from collections.abc import Iterator

from ...maintenance import window
from ..findings import Code, Finding
from ..model import UNKNOWN, Site
from .places import finding

WINDOWS = "site_maintenance_windows"
CODES = (
    Code(
        "maintenance-window-unreadable",
        "An entry of site_maintenance_windows is not a time of the week, or has an unknown day or time zone.",
        "Write [days] HH:MM-HH:MM [time zone], such as Sat,Sun 01:00-05:00 or Mon-Fri 22:00-05:00 Europe/Berlin.",
    ),
    Code(
        "maintenance-window-missing",
        "Restarts are to wait for a maintenance window, and none is defined: they would wait forever.",
        "Set site_maintenance_windows to at least one; or use another policy.",
    ),
    Code(
        "restart-policy-differs",
        "Members of one cluster have different policies for their restarts.",
        "Set one policy, in the file of the cluster's group.",
    ),
)


def check_windows(site: Site) -> Iterator[Finding]:
    """Each entry, on each host that has it."""
    for host in site.hosts.values():
        windows = host.known(WINDOWS)
        for index, text in enumerate(windows if isinstance(windows, list | tuple) else []):
            if not isinstance(text, str):
                continue  # the type check's
            try:
                window(text)
            except ValueError as problem:
                said = finding(site, host, (WINDOWS,), "all", "maintenance-window-unreadable", f"{problem}.", "write Sun 02:00-04:00")
                yield Finding(said.code, said.where, f"{WINDOWS}[{index}]", said.problem, said.fix, said.source)


def check_policies(site: Site) -> Iterator[Finding]:
    """One for a cluster, and windows for those that wait for one."""
    for item in site.schema.exported("restart_policy"):
        name, group = str(item["variable"]), str(item["group"])
        members = site.members(group)
        policies = {value for host in members if isinstance(value := host.get(name), str)}
        if len(policies) > 1:
            problem = f"members of one cluster have different policies: {', '.join(sorted(policies))}."
            yield Finding("restart-policy-differs", group, name, problem, f"set {name} once, in group_vars/{group}.yml")
        for host in members:
            if host.get(name) == "window" and host.get(WINDOWS) is not UNKNOWN and not host.get(WINDOWS):
                problem = "restarts are to wait for a maintenance window, and none is defined."
                fix = f'set {WINDOWS}: ["Sun 02:00-04:00"]'
                yield finding(site, host, (name,), group, "maintenance-window-missing", problem, fix)


RULES = (check_windows, check_policies)
