# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make test ONLY=<service>` runs."""

from __future__ import annotations

from pathlib import Path

import only_service
import pytest
import run_tests
from parallel_jobs import Job

REPOSITORY = run_tests.ROOT


def test_tests_and_scenarios_of_a_service() -> None:
    """The scenarios in which a host is in a group that gets the role."""
    found = only_service.find(REPOSITORY, "minio")
    assert found == only_service.Service(["tests/unit/services/minio", "tests/unit/roles"], ["object_store", "object_store_single"])
    assert only_service.find(REPOSITORY, "haproxy").scenarios == ["bookworm", "pki", "postgresql"]


def test_a_role_of_every_host_is_tested_on_single_servers() -> None:
    """Every scenario has it; those that take least prove as much of it."""
    assert only_service.find(REPOSITORY, "base").scenarios == ["bookworm", "engine", "object_store_single"]


@pytest.mark.parametrize("role", sorted(path.name for path in (REPOSITORY / "roles").iterdir()))
def test_every_role_has_tests_of_its_own(role: str) -> None:
    """Or nothing would be run for it."""
    found = only_service.find(REPOSITORY, role)
    assert found.unit_tests[0] == f"tests/unit/services/{role}"
    assert found.scenarios


def test_hosts_of_groups_below_count(tmp_path: Path) -> None:
    """A group may have its hosts through others, or none."""
    (tmp_path / "playbooks" / "vars").mkdir(parents=True)
    (tmp_path / "playbooks" / "vars" / "site_map.yml").write_text("roles: [{role: x, wave: base, groups: [xs]}]\n")
    for name, hosts in {
        "below": "{children: {xs: {children: {some: {hosts: {a: }}}}}}",
        "empty": "{children: {xs: , y: {hosts: {a: }}}}",
    }.items():
        (tmp_path / "molecule" / name / "inventory").mkdir(parents=True)
        (tmp_path / "molecule" / name / "molecule.yml").write_text("")
        (tmp_path / "molecule" / name / "inventory" / "hosts.yml").write_text(f"all: {hosts}\n")
    assert only_service.find(tmp_path, "x") == only_service.Service([], ["below"])


def test_there_is_no_such_service(capsys: pytest.CaptureFixture[str]) -> None:
    """What there is is named."""
    with pytest.raises(SystemExit):
        run_tests.main(["--only", "object_store"])
    assert "unknown service object_store: the services are acme, apps, base, caprover, docker, edge, etcd, " in capsys.readouterr().err


def test_parts_of_a_run_for_one_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its scenarios, its unit tests, lint; not the newcomer's demo."""
    jobs: list[Job] = []
    monkeypatch.setattr(run_tests, "REPORTS", tmp_path)
    monkeypatch.setattr(run_tests, "surroundings", lambda: None)
    monkeypatch.setattr(run_tests.parallel_jobs, "run", lambda given, logs, width: jobs.extend(given))
    run_tests.main(["--only", "etcd"])
    assert sorted(job.name for job in jobs) == [
        "lint",
        "scenario backup",
        "scenario bookworm",
        "scenario first_run",
        "scenario pki",
        "scenario postgresql",
        "unit",
    ]
