# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report of what the fault tests measured: ceilings are asserted, the figures are for the reader.

Each figure is in the test's own report and in pytest's JUnit file, where scripts/run_tests.py finds it. It says how busy the machine was,
because other scenarios run at the same time.

A conftest.py takes both names in: pytest finds fixtures and hooks there.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

_measured: list[tuple[str, str]] = []


@pytest.fixture(name="measured")
def recorder(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Record a duration or count for the table printed at the end."""

    def record(text: str) -> None:
        figure = f"{text} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)"
        _measured.append((request.node.name, figure))
        request.node.user_properties.append(("measured", figure))

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    if _measured:
        terminalreporter.section("measured")
        for name, text in _measured:
            terminalreporter.write_line(f"{name:<44} {text}")
