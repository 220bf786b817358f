# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what the agent said a run cost each host, as JSON, to the file named by VANNAH_COST_FILE."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_cost
type: aggregate
short_description: record the CPU seconds and memory that the agent reports
description: Sums the C(cost) of every result by host and writes it to the file named by E(VANNAH_COST_FILE).
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core ships no types
    """Collects ``cost`` of the results; see tests/benchmarks/bench.py."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record_cost"

    def __init__(self) -> None:
        super().__init__()
        self._hosts: dict[str, dict[str, float]] = {}

    def v2_runner_on_ok(self, result: Any) -> None:
        """Add what a result says of its cost."""
        cost = result._result.get("cost") if isinstance(result._result, dict) else None
        if not cost:
            return
        host = self._hosts.setdefault(result._host.get_name(), {"self": 0.0, "children": 0.0, "maxrss_kb": 0, "calls": 0})
        host["self"] += cost.get("self", 0.0)
        host["children"] += cost.get("children", 0.0)
        host["maxrss_kb"] = max(host["maxrss_kb"], cost.get("maxrss_kb", 0))
        host["calls"] += cost.get("calls", 1)

    def v2_playbook_on_stats(self, _stats: Any) -> None:
        """Write the sums."""
        target = os.environ.get("VANNAH_COST_FILE")
        if target:
            Path(target).write_text(json.dumps(self._hosts), encoding="utf-8")
