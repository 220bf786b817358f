# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner's arithmetic: what was not run is no success, and the last line says so."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import parallel_jobs
import pytest
import run_tests
from parallel_jobs import Job, Output

SUITE = """<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="assert 1 == 2&#10;because">def test</failure></testcase>
<testcase classname="a" name="broken"><error>E   no</error></testcase>
<testcase classname="a" name="left"><skipped message="no docker"/></testcase>
<testcase classname="a" name="also"><skipped message="no docker"/></testcase>
</testsuite></testsuites>"""


def test_counts_of_a_report(tmp_path: Path) -> None:
    report = tmp_path / "r.xml"
    report.write_text(SUITE, encoding="utf-8")
    outcome = run_tests.Outcome("unit")
    outcome.add_junit(report)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, 2, 2)
    assert run_tests.summary([outcome])[:3] == [
        "SKIPPED  unit: no docker: a::left, a::also",
        "FAILED   unit: a::bad\n         assert 1 == 2\n         because",
        "FAILED   unit: a::broken\n         E   no",
    ]


def test_what_took_longest_is_named(tmp_path: Path) -> None:
    report = tmp_path / "r.xml"
    cases = "".join(f'<testcase classname="a" name="t{number}" time="{number}.4"/>' for number in range(60))
    report.write_text(f"<testsuite>{cases}</testsuite>", encoding="utf-8")
    outcome = run_tests.Outcome("unit")
    outcome.add_junit(report)
    slow = [line for line in run_tests.summary([outcome]) if line.startswith("SLOW")]
    assert slow[0] == "SLOW     unit: 59 s a::t59"
    assert len(slow) == run_tests.SLOWEST


def test_only_the_first_lines_of_a_failure_are_repeated() -> None:
    outcome = run_tests.Outcome("unit")
    outcome.check("long", False, "\n".join("x" * 500 for _ in range(100)))
    assert len(outcome.failures[0].splitlines()) == 1 + run_tests.WHY_LINES
    assert max(len(line) for line in outcome.failures[0].splitlines()) < 450


def test_the_end_repeats_the_error_of_a_playbook_not_what_came_before() -> None:
    printed = ["tests.live.lib.waiting.FaultError: site.yml exited 2:", *["ok: [one]"] * 40, "PLAY [Converge]"]
    printed += ["[ERROR]: Task failed: patroni.service has failed. Fix: read its journal", "ok: [two]", "fatal: [one]: FAILED! => {}"]
    assert run_tests.reasons("\n".join(printed)) == [printed[0], printed[-3], printed[-1]]
    assert run_tests.reasons("AssertionError: a\nb\nc") == ["AssertionError: a", "b", "c"]


def test_yamllint_gets_the_files_of_the_project_only() -> None:
    found = run_tests.project_files(run_tests.BY_FILE["yamllint"])
    assert "playbooks/site.yml" in found and "molecule/_shared/pytest.yml" in found
    assert not [name for name in found if name.startswith((".venv", ".cache", ".demo"))]
    assert run_tests.project_files(()) == []


@pytest.mark.parametrize("text", [None, "", "<testsuites>"])
def test_a_report_that_is_missing_or_broken_is_a_failure(tmp_path: Path, text: str | None) -> None:
    report = tmp_path / "r.xml"
    if text is not None:
        report.write_text(text, encoding="utf-8")
    outcome = run_tests.Outcome("unit")
    outcome.add_junit(report)
    assert (outcome.passed, outcome.failed) == (0, 1)


def test_the_last_line_counts_everything() -> None:
    outcomes = [run_tests.Outcome("lint", passed=6), run_tests.Outcome("unit", passed=100, failed=2, skipped=1)]
    assert run_tests.summary(outcomes)[-1] == "106 passed, 2 failed"


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    monkeypatch.setattr(run_tests, "REPORTS", tmp_path)
    monkeypatch.setattr(run_tests, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(run_tests, "surroundings", lambda: None)  # they are this process's too
    return monkeypatch


def test_tests_run_in_the_same_surroundings_everywhere() -> None:
    """In a process of its own: nothing of the caller's Ansible, pytest or locale stays, and this Python's tools come first."""
    given = {"PATH": "/usr/bin:/bin", "HOME": "/root", "LC_ALL": "xx"}
    given |= {"ANSIBLE_STDOUT_CALLBACK": "x", "ANSIBLE_NOCOLOR": "1", "PYTEST_ADDOPTS": "-x", "PYTHONPATH": str(run_tests.ROOT / "scripts")}
    program = "import run_tests, os; run_tests.surroundings(); print(dict(os.environ))"
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, cwd=run_tests.ROOT, env=given, capture_output=True, text=True, check=True)
    found = ast.literal_eval(done.stdout)
    assert not {"ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_NOCOLOR", "PYTEST_ADDOPTS", "PYTHONPATH"} & set(found)
    assert (found["LC_ALL"], found["ANSIBLE_CONFIG"]) == ("C.UTF-8", str(run_tests.ROOT / "ansible.cfg"))
    assert found["PATH"].startswith(f"{Path(sys.executable).parent}:")


def test_a_part_that_ran_nothing_fails(quiet: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    quiet.setattr(run_tests, "run_unit", lambda outcome, output: outcome.skip("all", "no time"))
    assert run_tests.main(["unit"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_a_part_that_breaks_fails(quiet: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(outcome: run_tests.Outcome, output: Output) -> None:
        raise OSError("no space left on device")

    quiet.setattr(run_tests, "run_unit", broken)
    assert run_tests.main(["unit"]) == 1
    out = capsys.readouterr().out
    assert "OSError: no space left on device" in out
    assert out.splitlines()[-1] == "0 passed, 1 failed"


def test_success_exits_0(quiet: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    quiet.setattr(run_tests, "run_unit", lambda outcome, output: outcome.check("one", True))
    assert run_tests.main(["unit"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


def test_pytest_that_exits_otherwise_than_it_counts_fails(quiet: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Broken(Output):
        def run(self, argv: object, **_: object) -> int:
            (tmp_path / "unit.xml").write_text(
                '<testsuites><testsuite><testcase classname="a" name="b"/></testsuite></testsuites>', encoding="utf-8"
            )
            return 3

    outcome = run_tests.Outcome("unit")
    run_tests.run_unit(outcome, Broken())
    assert (outcome.passed, outcome.failed) == (1, 1)


def test_unit_tests_of_one_service_measure_no_coverage(tmp_path: Path, quiet: pytest.MonkeyPatch) -> None:
    """It would say nothing of the rest."""
    given: list[list[str]] = []
    quiet.setattr(Output, "run", lambda self, argv, **_: given.append(argv) or 0)
    run_tests.run_unit(run_tests.Outcome("unit"), Output(), ["tests/unit/services/minio"])
    run_tests.run_unit(run_tests.Outcome("unit"), Output())
    assert [("--cov" in argv, argv[-1]) for argv in given] == [(False, "tests/unit/services/minio"), (True, "tests/unit")]


def test_coverage_is_told_by_folder() -> None:
    """Of lines, not of files: a long file counts more."""
    lines = {"plugins/module_utils/agent/core/a.py": (9, 10), "plugins/module_utils/agent/b.py": (0, 30), "scripts/c.py": (5, 5)}
    files = {name: {"summary": {"covered_lines": covered, "num_statements": all_}} for name, (covered, all_) in lines.items()}
    files["plugins/empty.py"] = {"summary": {"covered_lines": 0, "num_statements": 0}}
    assert run_tests.coverage({"files": files}) == {"plugins/module_utils/agent": 22.5, "scripts": 100.0, "the whole": 100 * 14 / 45}


def test_an_unknown_scenario_fails(quiet: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_tests.main(["molecule", "--scenario", "no-such-scenario"]) == 1
    assert "unknown scenario no-such-scenario: the scenarios are " in capsys.readouterr().out


def test_scenarios_are_found_those_with_most_servers_first_and_shared_folders_are_none() -> None:
    found = run_tests.scenarios()
    assert {"bookworm", "engine", "postgresql"} <= set(found)
    assert not [name for name in found if name.startswith("_")]
    assert found.index("postgresql") < found.index("engine")


def test_what_was_measured_is_told(tmp_path: Path) -> None:
    report = tmp_path / "r.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="a" name="failover"><properties><property name="measured" value="1.5 s (load 0.3)"/>'
        '<property name="other" value="x"/></properties></testcase></testsuite></testsuites>',
        encoding="utf-8",
    )
    outcome = run_tests.Outcome("scenario postgresql")
    outcome.add_junit(report)
    assert run_tests.summary([outcome])[0] == "MEASURED scenario postgresql: failover: 1.5 s (load 0.3)"


# --- parallel jobs ------------------------------------------------------------------------------------------------------


def job(name: str, work: Callable[[Output], None], good: bool = True) -> Job:
    return Job(name, work, lambda: ("1 passed, 0 failed" if good else "0 passed, 1 failed", good))


def test_a_job_alone_writes_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parallel_jobs.run([job("one", lambda output: output.line("hello"))], tmp_path, width=2)
    assert capsys.readouterr().out == "hello\n"


@pytest.mark.parametrize(("wanted", "lanes"), [("", 3), ("1", 1), ("7", 7), ("0", 3), ("many", 3), ("-1", 3)])
def test_one_job_more_than_cores(monkeypatch: pytest.MonkeyPatch, wanted: str, lanes: int) -> None:
    monkeypatch.setattr(parallel_jobs, "cores", lambda: 2)
    monkeypatch.setenv("VANNAH_TEST_LANES", wanted)
    assert parallel_jobs.lanes() == lanes


def test_as_many_jobs_as_lanes_run_at_a_time_and_their_output_is_in_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=10)

    def work(output: Output) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        both.wait()
        output.line("inside")
        with lock:
            now -= 1

    parallel_jobs.run([job(name, work) for name in ("a", "b", "c d", "e")], tmp_path, width=2)
    assert most == 2
    assert sorted(file.name for file in tmp_path.glob("*.log")) == ["a.log", "b.log", "c-d.log", "e.log"]
    assert (tmp_path / "c-d.log").read_text() == "inside\n"
    out = capsys.readouterr().out
    assert "inside" not in out
    assert out.count("started") == 4
    assert out.count("1 passed, 0 failed in 0:00") == 4


def test_the_end_of_the_output_of_a_job_that_failed_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work(output: Output) -> None:
        for number in range(500):
            output.line(f"line {number}")

    parallel_jobs.run([job("bad", work, good=False), job("good", lambda output: None)], tmp_path, width=1)
    out = capsys.readouterr().out
    assert "| line 499\n" in out
    assert "| line 3\n" not in out
    assert f"500 lines in {tmp_path / 'bad.log'}" in out


def test_a_program_of_a_job_writes_to_its_file(tmp_path: Path) -> None:
    output = Output(tmp_path / "x.log")
    assert output.run([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(4)"], cwd=tmp_path) == 4
    output.close()
    assert sorted((tmp_path / "x.log").read_text().split()) == ["err", "out"]


def test_molecule_looks_for_the_scenario_alone(tmp_path: Path) -> None:
    """With a star in the pattern it looks for a scenario named default too, and reports that as critical."""
    assert run_tests.molecule_environment("engine", tmp_path)["MOLECULE_GLOB"] == "molecule/engine/molecule.yml"
