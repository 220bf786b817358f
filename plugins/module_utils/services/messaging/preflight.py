# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many members a cluster of RabbitMQ has (https://www.rabbitmq.com/docs/clustering#node-count)."""

from __future__ import annotations

from collections.abc import Iterator

from ...preflight.findings import Code, Finding
from ...preflight.model import Site
from ...preflight.rules import Area

CODES = (
    Code(
        "host-messaging-two",
        "A RabbitMQ cluster of two cannot tell a lost member from a cut network.",
        "Put one host or three into the group messaging.",
    ),
)


def check_members(site: Site) -> Iterator[Finding]:
    """RabbitMQ of two."""
    if len(site.members("messaging")) == 2:
        problem = "two members cannot tell a lost member from a cut network."
        yield Finding("host-messaging-two", "messaging", "-", problem, "put one host or three into the group messaging")


AREA = Area("Messaging", CODES, (check_members,))
