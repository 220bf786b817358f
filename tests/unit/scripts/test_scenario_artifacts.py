# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Artifacts are there before the scenarios that need them start."""

from __future__ import annotations

from pathlib import Path

import pytest
import run_tests
import scenario_artifacts
from parallel_jobs import Output


def test_scenarios_with_artifacts() -> None:
    """Those with servers of a role that has a lock file, in the order of the run."""
    assert scenario_artifacts.scenarios_with(run_tests.ROOT, ["postgresql", "minio_single", "minio"]) == [
        "minio_single",
        "minio",
    ]
    assert scenario_artifacts.scenarios_with(run_tests.ROOT, ["engine"]) == []


def test_checkouts_share_a_cache(tmp_path: Path) -> None:
    """One that has a cache keeps it."""
    shared, own, fresh = tmp_path / "shared", tmp_path / "own" / "artifacts", tmp_path / "fresh" / "artifacts"
    own.mkdir(parents=True)
    for cache in (own, fresh, fresh):
        scenario_artifacts.share(cache, shared)
    assert not own.is_symlink()
    assert fresh.resolve() == shared


def test_without_a_place_to_share_it_stays_as_it_is(tmp_path: Path) -> None:
    """The run makes a cache of the checkout then."""
    (tmp_path / "file").touch()
    scenario_artifacts.share(tmp_path / "cache", tmp_path / "file" / "shared")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("status", "counted"), [(0, (2, 0)), (2, (0, 2))])
def test_each_scenario_is_a_check(monkeypatch: pytest.MonkeyPatch, status: int, counted: tuple[int, int]) -> None:
    """A build that failed is a failure of the run before a scenario says it in another way."""
    ran: list[list[str]] = []

    def run(self: Output, argv: list[str], **given: object) -> int:
        ran.append(argv)
        return status

    monkeypatch.setattr(Output, "run", run)
    monkeypatch.setattr(scenario_artifacts, "share", lambda cache: None)
    (outcome,) = run_tests.run_artifacts(["engine", "minio", "minio_single"])
    assert (outcome.passed, outcome.failed) == counted
    assert [argv[2] for argv in ran] == ["molecule/minio/inventory", "molecule/minio_single/inventory"]


def test_nothing_to_build_is_no_part() -> None:
    """Scenarios without artifacts start at once."""
    assert run_tests.run_artifacts(["engine"]) == []
