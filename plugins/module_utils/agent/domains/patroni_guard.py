# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host already carries a PostgreSQL or a Patroni that is not ours: asked before anything is changed."""

from __future__ import annotations

import os

from ..model import AgentError, Step
from .patroni_rest import CONFIG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model import Context

#: First line of the configuration that the role writes.
OURS = "# Written by vannah.healthcloud"
LISTEN = "0A"  # TCP_LISTEN in /proc/net/tcp, include/net/tcp_states.h
#: What may lie in a data directory that nobody uses: an own file system has it.
EMPTY = frozenset(["lost+found"])


def guard(params: dict[str, Any], ctx: Context) -> tuple[list[Step], dict[str, Any]]:
    """Refuse a host on which the role would take over what is somebody else's.

    :param params: ``data_directory``, ``ports`` (numbers), ``adopt``
    :return: no steps; ``ours``: the role has been here before
    :raises AgentError: ``foreign-patroni``, ``foreign-data``, ``port-taken``
    """
    text = _read(ctx, CONFIG)
    ours = text.startswith(OURS)
    if params["adopt"]:
        return [], {"ours": ours}
    hint = "postgresql_adopt: true takes it over"
    if text and not ours:
        raise AgentError(
            "foreign-patroni", f"{CONFIG} was not written by this role: a Patroni of somebody else is set up here. {hint}; or move it away"
        )
    directory = params["data_directory"]
    if not (ours and data_directory(text) == directory) and content(ctx, directory):
        raise AgentError(
            "foreign-data",
            f"{directory} holds data that this role did not make. Write another postgresql_data_directory, or move the data away; {hint}",
        )
    if not ours:
        listening = listeners(_read(ctx, "/proc/net/tcp") + _read(ctx, "/proc/net/tcp6"))
        taken = [port for port in params["ports"] if port in listening]
        if taken:
            ports = ", ".join(str(port) for port in taken)
            raise AgentError(
                "port-taken",
                f"somebody listens on port {ports} already (ss -ltnp). Stop it, or change postgresql_port or postgresql_rest_port; {hint}",
            )
    return [], {"ours": ours}


def data_directory(text: str) -> str:
    """``data_dir`` of the configuration that the role wrote; empty where there is none."""
    for line in text.splitlines():
        key, colon, value = line.strip().partition(":")
        if colon and key == "data_dir":
            return value.strip().strip("'\"")
    return ""


def content(ctx: Context, directory: str) -> list[str]:
    """What lies in a directory, besides what a fresh file system has."""
    try:
        return sorted(set(os.listdir(ctx.path(directory))) - EMPTY)
    except (FileNotFoundError, NotADirectoryError):
        return []


def listeners(table: str) -> set[int]:
    """Ports that somebody listens on, from the text of /proc/net/tcp and tcp6 (proc(5): local address and state in hexadecimal)."""
    found = set()
    for line in table.splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[3] == LISTEN:
            found.add(int(fields[1].rpartition(":")[2], 16))
    return found


def _read(ctx: Context, path: str) -> str:
    try:
        with open(ctx.path(path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
