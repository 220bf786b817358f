# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent is packed once, before Ansible forks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    bundle.modules.cache_clear()
    yield
    bundle.modules.cache_clear()


def test_a_call_packs_nothing_but_its_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fork would pack 150 modules again, which costs more than its own work."""
    packed: list[bytes] = []
    original = bundle.pack
    monkeypatch.setattr(bundle, "pack", lambda data: packed.append(data) or original(data))
    bundle.preload()
    assert len(packed) > 50
    packed.clear()
    bundle.build({"op": "facts"}, bundle.new_nonce())
    assert len(packed) == 1
