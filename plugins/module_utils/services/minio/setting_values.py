# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of ``minio_settings`` that the server cannot read.

Of most of them it writes an error to its log and continues with its own default; with some it does not start. Names and kinds are those of
MinIO's source, internal/config/{api,scanner,heal,compress,drive}/*.go at RELEASE.2025-10-15.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...preflight.findings import Code, Finding
from ...preflight.model import Site
from ...preflight.rules.places import place
from .endpoint import GROUP, servers

CODES = (
    Code(
        "object-store-setting-invalid",
        "MinIO cannot read a value of minio_settings: it would run with its own default, and report it in its log only, or not start.",
        "Write a valid value, such as 1500 for MINIO_API_REQUESTS_MAX or 24h for a duration.",
    ),
)

#: Kind -> pattern of its values (those of Go's ParseDuration and Atoi, and of MinIO's ParseBool), and what to write.
KINDS: dict[str, tuple[str, str]] = {
    "number": (r"[+-]?\d+", "a whole number"),
    "duration": (r"[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", "a duration such as 30s, 10m or 24h"),
    "switch": (r"1|t|T|true|TRUE|True|on|ON|On|0|f|F|false|FALSE|False|off|OFF|Off|(?i:enabled|disabled)", '"on" or "off"'),
    "on_off": (r"on|off|", '"on" or "off"'),
    "speed": ("fastest|fast|default|slow|slowest", "fastest, fast, default, slow or slowest"),
    "list_quorum": ("strict|optimal|reduced|disk|auto", "strict, optimal, reduced, disk or auto"),
    "priority": ("slow|fast|auto", "slow, fast or auto"),
    "bitrot": (r"1|t|T|true|TRUE|True|on|ON|On|0|f|F|false|FALSE|False|off|OFF|Off|[1-9]\d*m", '"on", "off" or months such as 6m'),
}
OF: dict[str, str] = {
    **dict.fromkeys(
        (
            "MINIO_API_REQUESTS_MAX",
            "MINIO_API_REPLICATION_MAX_WORKERS",
            "MINIO_API_REPLICATION_MAX_LRG_WORKERS",
            "MINIO_API_TRANSITION_WORKERS",
            "MINIO_API_OBJECT_MAX_VERSIONS",
            "MINIO_SCANNER_ALERT_EXCESS_VERSIONS",
            "MINIO_SCANNER_ALERT_EXCESS_FOLDERS",
            "MINIO_HEAL_MAX_IO",
            "MINIO_HEAL_DRIVE_WORKERS",
        ),
        "number",
    ),
    **dict.fromkeys(
        (
            "MINIO_API_CLUSTER_DEADLINE",
            "MINIO_API_REMOTE_TRANSPORT_DEADLINE",
            "MINIO_API_DELETE_CLEANUP_INTERVAL",
            "MINIO_API_STALE_UPLOADS_CLEANUP_INTERVAL",
            "MINIO_API_STALE_UPLOADS_EXPIRY",
            "MINIO_SCANNER_MAX_WAIT",
            "MINIO_SCANNER_CYCLE",
            "MINIO_HEAL_MAX_SLEEP",
            "MINIO_DRIVE_MAX_TIMEOUT",
        ),
        "duration",
    ),
    **dict.fromkeys(("MINIO_BROWSER", "MINIO_COMPRESSION_ENABLE", "MINIO_COMPRESSION_ALLOW_ENCRYPTION"), "switch"),
    # Compared with the word itself: true is off.
    **dict.fromkeys(
        (
            "MINIO_API_ODIRECT",
            "MINIO_API_DISABLE_ODIRECT",
            "MINIO_API_GZIP_OBJECTS",
            "MINIO_API_ROOT_ACCESS",
            "MINIO_API_SYNC_EVENTS",
            "MINIO_SCANNER_IDLE_SPEED",
        ),
        "on_off",
    ),
    "MINIO_SCANNER_SPEED": "speed",
    "MINIO_API_LIST_QUORUM": "list_quorum",
    "MINIO_API_REPLICATION_PRIORITY": "priority",
    "MINIO_HEAL_BITROTSCAN": "bitrot",
}


def wanted(name: str, value: Any) -> str:
    """What to write in place of a value that the server cannot read; empty where it can, or where nothing is known of the name.

    :param value: as the inventory has it; true and false are written as the role writes them
    """
    kind = OF.get(name)
    if kind is None or value is None or not isinstance(value, bool | int | float | str):
        return ""
    text = ("on" if value else "off") if isinstance(value, bool) else str(value)
    pattern, example = KINDS[kind]
    return "" if re.fullmatch(pattern, text) else example


def check_values(site: Site) -> Iterator[Finding]:
    """Each value of ``minio_settings``."""
    for host in servers(site):
        settings = host.known("minio_settings")
        for name, value in settings.items() if isinstance(settings, Mapping) else ():
            example = wanted(str(name), value)
            if example:
                where, _name, source = place(site, host, ("minio_settings",), GROUP)
                path, problem = f"minio_settings.{name}", "MinIO cannot read this value, and would run with its own default or not start."
                yield Finding("object-store-setting-invalid", where, path, problem, f"set {name}: {example}", source)


RULES = (check_values,)
