# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose name does not resolve."""

from __future__ import annotations

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller.unresolved import explain

SSH = "Failed to connect to the host via ssh: ssh: Could not resolve hostname {}: Name or service not known\r\n"
WHY = "(Name or service not known)"


@pytest.mark.parametrize(
    ("message", "host", "said"),
    [
        (
            SSH.format("db22"),
            "db22",
            f"host db22: no address is known of it, and its name does not resolve here {WHY}. Did you mean db2?"
            " Fix: correct the name in the inventory if db2 is meant; else set ansible_host: the server's address",
        ),
        (
            SSH.format("imaging"),
            "imaging",
            f"host imaging: no address is known of it, and its name does not resolve here {WHY}."
            " Fix: set ansible_host: the server's address",
        ),
        (
            SSH.format("db2.wrong.org"),
            "db2",
            f"host db2: ansible_host db2.wrong.org does not resolve here {WHY}."
            " Fix: set ansible_host: the server's address, or a name that resolves",
        ),
        ("Connection timed out", "db2", "Connection timed out"),
    ],
)
def test_what_is_said(message: str, host: str, said: str) -> None:
    assert explain(message, host, ["db1", "db2", "app1", host]) == said
