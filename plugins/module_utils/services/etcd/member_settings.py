# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of ``etcd_settings`` with which etcd starts, or restarts, and then no longer does its work for the site."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...preflight.findings import Code, Finding
from ...preflight.model import Host, Site
from ...preflight.rules.places import finding
from ...preflight.rules.settings import whole

MIB = 1048576

CODES = (
    Code(
        "etcd-setting-range",
        "A value in etcd_settings is so small or so large that etcd refuses writes, cannot keep a leader, or does not start: a quota below"
        " 16 MiB raises an alarm that stops all writes of the whole cluster.",
        "Write a value in the range that the message names, or remove the setting.",
    ),
    Code(
        "etcd-setting-unsafe",
        "A setting in etcd_settings loses data or the cluster on a running site, or removes what Patroni needs of etcd.",
        "Remove the setting from etcd_settings.",
    ),
    Code(
        "etcd-compaction",
        "etcd would keep its whole history and grow until it reaches its quota and refuses writes, or does not start with this retention.",
        "Set etcd_compaction_retention: a duration, such as 1h.",
    ),
)


@dataclass(frozen=True)
class Range:
    """What a flag's number has to be.

    :ivar free: values outside of it that etcd takes for its default or for no limit
    """

    low: int
    high: int
    free: tuple[int, ...] = ()
    unit: str = ""
    negative: bool = False  # any negative value is one of these

    def problem(self, value: int) -> str:
        """What is wrong with a value; empty where nothing is."""
        if value in self.free or (self.negative and value < 0) or self.low <= value <= self.high:
            return ""
        unit = f" {self.unit}" if self.unit else ""
        return f"{value}{unit} is {'less' if value < self.low else 'more'} than {self.low if value < self.low else self.high}{unit}"


#: https://etcd.io/docs/v3.5/op-guide/configuration/, .../tuning/, .../dev-guide/limit/. A quota above 8 GiB only slows a start down.
RANGES: Mapping[str, Range] = {
    "quota-backend-bytes": Range(16 * MIB, 1 << 62, free=(0,), unit="bytes", negative=True),
    # Patroni's largest value is the cluster's configuration; etcd's default is 1.5 MiB, and above 10 MiB it warns of its own latency.
    "max-request-bytes": Range(MIB, 10 * MIB, unit="bytes"),
    "max-txn-ops": Range(16, 10240),
    # More often than this a member does little else than write snapshots; less often its memory fills with the log.
    "snapshot-count": Range(1000, 1000000, free=(0,)),
    "heartbeat-interval": Range(10, 5000, unit="ms"),
}
#: Flag -> the value that must not be, and why.
UNSAFE: Mapping[str, tuple[bool, str]] = {
    "force-new-cluster": (True, "a member that restarts would forget the others and form a cluster of its own"),
    "unsafe-no-fsync": (True, "a member that loses power would forget what it has agreed to"),
    "enable-grpc-gateway": (False, "Patroni talks to etcd through it, so no database server could lead"),
    "strict-reconfig-check": (False, "a new member could cost the cluster its quorum"),
}
_RETENTION, _MODE = "auto-compaction-retention", "auto-compaction-mode"


def check_ranges(site: Site) -> Iterator[Finding]:
    """Numbers of ``etcd_settings``."""
    for host in site.members("etcd"):
        for flag, value in given(host).items():
            number = whole(value)
            problem = RANGES[flag].problem(number) if flag in RANGES and number is not None else ""
            if problem:
                fix = f"set etcd_settings.{flag}: from {RANGES[flag].low} to {RANGES[flag].high}, or leave it out"
                if flag == "quota-backend-bytes":
                    fix = f"leave etcd_settings.{flag} out and set etcd_quota_mb: 2048, or write {RANGES[flag].low} or more"
                yield _finding(site, host, flag, "etcd-setting-range", f"{problem}.", fix)


def check_unsafe(site: Site) -> Iterator[Finding]:
    """Switches of ``etcd_settings``."""
    for host in site.members("etcd"):
        for flag, value in given(host).items():
            refused, why = UNSAFE.get(flag, (None, ""))
            if refused is not None and switch(value) is refused:
                shown = str(refused).lower()
                yield _finding(site, host, flag, "etcd-setting-unsafe", f"{shown}: {why}.", f"leave etcd_settings.{flag} out")


def check_compaction(site: Site) -> Iterator[Finding]:
    """etcd discards its history, and can read the settings for that."""
    for host in site.members("etcd"):
        settings = given(host)
        mode, variable = settings.get(_MODE, "periodic"), "etcd_compaction_retention"
        retention = host.known(variable)
        if _RETENTION in settings:
            retention, variable = settings[_RETENTION], "etcd_settings"
        elif retention is None:
            continue  # unknown; the reader of the inventory reports why
        problem = compaction_problem(mode, retention)
        if problem:
            fix = "set etcd_compaction_retention: 1h, and neither of the two settings of auto-compaction in etcd_settings"
            names = dict.fromkeys((variable, "etcd_settings" if _MODE in settings else variable))
            yield finding(site, host, names, "etcd", "etcd-compaction", problem, fix)


def compaction_problem(mode: Any, retention: Any) -> str:
    """What is wrong with the compaction of the history; empty where nothing is, or where it is unknown.

    :param mode: ``periodic`` (etcd's default too, so null is), or ``revision``
    :param retention: a duration or hours; of mode ``revision`` a number of revisions
    """
    if mode not in (None, "periodic", "revision"):
        return f"etcd knows no auto-compaction-mode {mode}, and would not start."
    if retention is not None and not isinstance(retention, str | int | float):
        return ""
    text = str(retention if retention is not None else 0).strip().strip("'\"")
    if mode == "revision" and not text.isdigit():
        return f"with auto-compaction-mode revision the retention is a number of revisions, and {text} is none: etcd would not start."
    if not re.search(r"[1-9]", text):
        return "the retention is 0: etcd would discard no history, and grow until it refuses writes."
    return ""


def given(host: Host) -> dict[str, object]:
    """``etcd_settings`` of a host by the names of etcd's flags."""
    settings = host.known("etcd_settings")
    return {str(name).lower().replace("_", "-"): value for name, value in settings.items()} if isinstance(settings, Mapping) else {}


def switch(value: Any) -> bool | None:
    """A value as etcd reads it of its environment; None where it is none."""
    text = str(value).strip().lower()
    return {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}.get(text)


def quota(settings: Any, quota_mb: Any) -> int | None:
    """The quota in bytes that a member should have: 0 for none, None where it is unknown.

    :param settings: ``etcd_settings``
    :param quota_mb: ``etcd_quota_mb``
    """
    default = 2048 * MIB
    for name, value in settings.items() if isinstance(settings, Mapping) else ():
        if str(name).lower().replace("_", "-") == "quota-backend-bytes":
            number = 0 if value is None else whole(value)
            return None if number is None else default if number == 0 else max(0, number)
    megabytes = whole(quota_mb)
    return None if megabytes is None else megabytes * MIB


def _finding(site: Site, host: Host, flag: str, code: str, problem: str, fix: str) -> Finding:
    return finding(site, host, ("etcd_settings",), "etcd", code, f"{flag}: {problem}", fix)


RULES = (check_ranges, check_unsafe, check_compaction)
