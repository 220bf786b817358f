# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CI keeps of a run, and what a run may leave in the checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import run_tests
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]


def uploads() -> list[dict[str, Any]]:
    """The arguments of each step that keeps files."""
    steps = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))["jobs"]["test"]["steps"]
    return [step["with"] for step in steps if step.get("uses", "").startswith("actions/upload-artifact@")]


def test_ci_keeps_the_output_of_the_parts() -> None:
    """Where the tests write it. upload-artifact leaves folders whose names begin with a dot out, unless it is told otherwise."""
    kept = [Path(path) for one in uploads() for path in one["path"].split()]
    assert {REPOSITORY / path for path in kept} == {run_tests.LOGS, run_tests.REPORTS}
    for one in uploads():
        hidden = any(part.startswith(".") for path in one["path"].split() for part in Path(path).parts)
        assert not hidden or one.get("include-hidden-files") is True


@pytest.mark.parametrize(
    "path", [".test/logs/unit.log", "molecule/.second-bookworm/inventory/hosts.yml", "molecule/bookworm/inventory/pki/ca.crt"]
)
def test_what_a_run_makes_is_ignored(path: str) -> None:
    """Git would show it as a change of the checkout."""
    done = subprocess.run(["git", "check-ignore", "-q", "--no-index", path], cwd=REPOSITORY, check=False)
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no checkout of Git")
    assert done.returncode == 0
