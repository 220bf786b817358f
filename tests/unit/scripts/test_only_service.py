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


def site(root: Path, roles: str, scenarios: dict[str, str]) -> None:
    """A site map with these roles, and the inventories of these scenarios (``all``)."""
    (root / "playbooks" / "vars").mkdir(parents=True)
    (root / "playbooks" / "vars" / "site_map.yml").write_text(f"roles: {roles}\n")
    for name, hosts in scenarios.items():
        (root / "molecule" / name / "inventory").mkdir(parents=True)
        (root / "molecule" / name / "molecule.yml").write_text("")
        (root / "molecule" / name / "inventory" / "hosts.yml").write_text(f"all: {hosts}\n")


def test_tests_and_scenarios_of_a_service() -> None:
    """The scenarios in which a host is in a group that gets the role."""
    found = only_service.find(REPOSITORY, "minio")
    assert found.unit_tests == ["tests/unit/services/minio", *only_service.OF_EVERY_ROLE]
    assert {"minio", "minio_single"} <= set(found.scenarios)
    assert {"bookworm", "postgresql"} <= set(only_service.find(REPOSITORY, "haproxy").scenarios)


def test_a_role_of_every_host_is_tested_on_single_servers() -> None:
    """Every scenario has it; those that take least prove as much of it. One that a new service brings adds nothing to that."""
    found = set(only_service.find(REPOSITORY, "base").scenarios)
    assert {"bookworm", "engine"} <= found
    assert not found & {path.name for path in (REPOSITORY / "roles").iterdir()}


def test_which_scenarios_concern_a_service(tmp_path: Path) -> None:
    """By its groups; of a role of every host those with one server, without the services' own."""
    roles = "[{role: base, groups: [all]}, {role: x, groups: [xs, x]}, {role: y, groups: [ys]}]"
    site(
        tmp_path,
        roles,
        {"engine": "{hosts: {a: }}", "x": "{children: {x: {hosts: {a: }}}}", "two": "{children: {xs: {hosts: {a: , b: }}}}"},
    )
    assert only_service.find(tmp_path, "base").scenarios == ["engine"]
    assert only_service.find(tmp_path, "x").scenarios == ["two", "x"]
    assert only_service.find(tmp_path, "y").scenarios == []


def test_a_role_in_the_group_of_another_service(tmp_path: Path) -> None:
    """Only its own scenario: those of the other service take long, and prove little of it."""
    site(
        tmp_path,
        "[{role: y, groups: [ys]}, {role: x, groups: [ys, x]}]",
        {"y": "{children: {ys: {hosts: {a: }}}}", "x": "{children: {x: {hosts: {a: }}}}"},
    )
    assert only_service.find(tmp_path, "x").scenarios == ["x"]
    assert only_service.find(tmp_path, "y").scenarios == ["y"]


#: Roles whose scenario is still to come, and what with.
LATER: dict[str, str] = {}


@pytest.mark.parametrize("role", sorted(path.name for path in (REPOSITORY / "roles").iterdir()))
def test_every_role_has_tests_of_its_own(role: str) -> None:
    """Or nothing would be run for it."""
    found = only_service.find(REPOSITORY, role)
    assert found.unit_tests[0] == f"tests/unit/services/{role}"
    assert found.scenarios


def test_hosts_of_groups_below_count(tmp_path: Path) -> None:
    """A group may have its hosts through others, or none."""
    below, empty = "{children: {xs: {children: {some: {hosts: {a: }}}}}}", "{children: {xs: , y: {hosts: {a: }}}}"
    site(tmp_path, "[{role: x, groups: [xs]}]", {"below": below, "empty": empty})
    assert only_service.find(tmp_path, "x") == only_service.Service([], ["below"])


def test_there_is_no_such_service(capsys: pytest.CaptureFixture[str]) -> None:
    """What there is is named."""
    with pytest.raises(SystemExit):
        run_tests.main(["--only", "object_store"])
    services = ", ".join(sorted(path.name for path in (REPOSITORY / "roles").iterdir()))
    assert f"unknown service object_store: the services are {services}" in " ".join(capsys.readouterr().err.split())


def test_parts_of_a_run_for_one_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its scenarios, its unit tests, lint; not the newcomer's demo."""
    jobs: list[Job] = []
    monkeypatch.setattr(run_tests, "REPORTS", tmp_path)
    monkeypatch.setattr(run_tests, "surroundings", lambda: None)
    monkeypatch.setattr(run_tests.parallel_jobs, "run", lambda given, logs, width: jobs.extend(given))
    run_tests.main(["--only", "etcd"])
    its = only_service.find(REPOSITORY, "etcd").scenarios
    assert {"bookworm", "first_run", "postgresql"} <= set(its)
    assert sorted(job.name for job in jobs) == sorted(["lint", "unit", *(f"scenario {name}" for name in its)])
