# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verb that replaces certificates tells the hosts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import reissue

NOW = 1796119200.0  # 2026-12-01T10:00:00Z


@pytest.mark.parametrize(
    ("before", "only", "told"),
    [
        ("2026-12-01T10:00:00Z", None, {"reissue": NOW, "reissue_of": []}),
        ("2026-12-01T11:00:00+01:00", "", {"reissue": NOW, "reissue_of": []}),
        ("2026-12-01T10:00:00", "etcd, postgresql,etcd", {"reissue": NOW, "reissue_of": ["etcd", "postgresql"]}),
        ("2026-11-30", ["etcd"], {"reissue": NOW - 34 * 3600, "reissue_of": ["etcd"]}),
    ],
)
def test_policy(before: str, only: Any, told: dict[str, Any]) -> None:
    assert reissue.policy(before, only, NOW) == told


@pytest.mark.parametrize(("before", "part"), [("yesterday", "is not a time"), ("2026-12-01T10:00:01Z", "has not come yet")])
def test_what_is_no_time_of_the_past_is_refused(before: str, part: str) -> None:
    with pytest.raises(AnsibleError, match=part):
        reissue.policy(before, None, NOW)
