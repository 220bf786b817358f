# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host checks get of the service, as types. Nothing imports this when it runs, and it is not sent to hosts."""

from __future__ import annotations

from typing import TypedDict

from ...facts import Peer


class Facts(TypedDict, total=False):
    """Servers that are up in a backend, by the cluster whose members they are; empty where HAProxy does not run."""

    peers: dict[str, list[Peer]]
