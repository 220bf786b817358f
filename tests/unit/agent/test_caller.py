# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the controller comes from."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import main
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.host.caller import DEPTH, caller


def process(host: Any, pid: int, parent: int, **environment: str) -> None:
    """A process as /proc shows it."""
    host.write(f"/proc/{pid}/status", f"Name:\tx\nPid:\t{pid}\nPPid:\t{parent}\n")
    host.write(f"/proc/{pid}/environ", "".join(f"{name}={value}\0" for name, value in environment.items()))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("192.0.2.9 50000 192.0.2.11 22", {"address": "192.0.2.9", "port": 22}),
        ("::ffff:192.0.2.9 50000 ::ffff:192.0.2.11 2222", {"address": "192.0.2.9", "port": 2222}),
        ("fe80::1%eth0 50000 fe80::2%eth0 22", {"address": "fe80::1", "port": 22}),
        ("UNKNOWN", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("above", [0, 1, 3])
def test_where_it_comes_from(host: Any, said: str, found: dict[str, Any] | None, above: int) -> None:
    """sudo takes the variable away: the shell above it has it."""
    for number in range(above):
        process(host, 100 - number, 99 - number, PATH="/usr/bin")
    process(host, 100 - above, 1, SSH_CONNECTION=said, PATH="/usr/bin")
    assert caller(host.ctx, 100) == found


def test_nobody_above_knows(host: Any) -> None:
    """A host that converges itself; a tree that is deeper than any login."""
    process(host, 100, 0)
    assert caller(host.ctx, 100) is None and caller(host.ctx, 99) is None
    for number in range(DEPTH + 1):
        process(host, 200 - number, 199 - number)
    process(host, 199 - DEPTH, 1, SSH_CONNECTION="192.0.2.9 1 192.0.2.11 22")
    assert caller(host.ctx, 200) is None


@pytest.mark.parametrize("firewall", [True, False])
def test_it_is_asked_where_the_host_shall_have_a_firewall(host: Any, firewall: bool) -> None:
    payload = {"protocol": main.PROTOCOL, "op": "facts", "mode": "apply", "lease": {"action": "none"}, "firewall": firewall}
    assert ("caller" in main.main(payload, root=str(host.root), runner=host.programs)["facts"]) is firewall
