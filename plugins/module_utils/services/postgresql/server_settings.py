# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of PostgreSQL that Patroni gives the server itself: where it does not take a value, it takes its own and says so nowhere.

``ConfigHandler.CMDLINE_OPTIONS`` of patroni/postgresql/config.py, of Patroni 4.0. Those that are never the site's are refused by
:mod:`.connections`; of all others the role's ``postgresql-settings`` asks PostgreSQL on the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...preflight.findings import Code, Finding
from ...preflight.model import UNKNOWN, Site
from ...preflight.rules.places import finding
from ...preflight.rules.settings import whole
from .databases import GROUP

CODES = (
    Code(
        "database-setting-ignored",
        "postgresql_settings has a value that Patroni does not take: it would start the server with its own default, without a message.",
        "Use a value that the message names, or remove the setting.",
    ),
)

#: Least whole numbers.
MINIMA = {
    "max_connections": 25,
    "max_wal_senders": 3,
    "max_prepared_transactions": 0,
    "max_locks_per_transaction": 32,
    "max_replication_slots": 4,
    "max_worker_processes": 2,
}
#: Mebibytes.
WAL_KEEP_SIZE = 16
_MEBIBYTES = {"B": 1 / 1048576, "kB": 1 / 1024, "MB": 1, "GB": 1024, "TB": 1048576}
SWITCHES = ("track_commit_timestamp", "wal_log_hints")
_SWITCHED = ("on", "off", "true", "false", "yes", "no", "1", "0")


def check_settings(site: Site) -> Iterator[Finding]:
    """Each setting that would not be what the site says."""
    for host in site.members(GROUP):
        given = host.known("postgresql_settings")
        for name, value in given.items() if isinstance(given, Mapping) else ():
            if value is None or value is UNKNOWN or (isinstance(value, str) and "{{" in value):
                continue
            said = _ignored(str(name).lower(), value)
            if said:
                problem = f"{name}: {said[0]}."
                yield finding(site, host, ("postgresql_settings",), GROUP, "database-setting-ignored", problem, said[1])


def _ignored(name: str, value: Any) -> tuple[str, str] | None:
    """Why a value is not taken, and what to write."""
    text = str(value).strip()
    if name in MINIMA and ((number := whole(value)) is None or number < MINIMA[name]):
        return f"Patroni takes its own default in place of {text!r}", f"set {name}: a whole number of at least {MINIMA[name]}, or remove it"
    if name == "wal_keep_size" and not _is_size(text):
        return f"Patroni takes its own default in place of {text!r}", f"set wal_keep_size: at least {WAL_KEEP_SIZE}MB, or remove it"
    if name in SWITCHES and text.lower() not in _SWITCHED:
        return f"Patroni takes its own default in place of {text!r}", f"set {name}: on or off, or remove it"
    return None


def _is_size(text: str) -> bool:
    """Whether a size is large enough; without a unit it is in mebibytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?", text)
    return match is not None and float(match[1]) * _MEBIBYTES[match[2] or "MB"] >= WAL_KEEP_SIZE


RULES = (check_settings,)
