#!/usr/bin/env python3
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the parts of the test suite, count what passed, and end with the line `N passed, N failed`.

    scripts/run_tests.py [lint] [unit] [molecule] [newcomer] [--scenario NAME]... [--only SERVICE]

Without a part: all of them; with --only: what concerns this service, see only_service.py. Parts and scenarios run in parallel, one more
than the machine has cores; the output of each is in a file. Artifacts that the scenarios' servers get are built before.
What was not run says SKIPPED and why. Exits 1 when anything failed, also when a part ran nothing at all.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import only_service
import parallel_jobs
import scenario_artifacts
from parallel_jobs import Job, Output
from testbed import controller, environment
from testbed.controller import Controller

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / ".test" / "reports"
LOGS = ROOT / ".test" / "logs"
#: Of why a check failed the end repeats no more lines than this; the whole stands where it happened.
WHY_LINES = 12
#: So many of the tests that took longest are named at the end.
SLOWEST = 25

COLLECTION = "ansible_collections.vannah.healthcloud"
#: Each is one check of `make lint`: name -> command.
LINT: dict[str, list[str]] = {
    "ruff check": ["ruff", "check", "--quiet", "--output-format", "concise", "."],
    "ruff format": ["ruff", "format", "--quiet", "--check", "--diff", "."],
    "ruff programs of roles": ["ruff", "check", "--quiet", "--output-format", "concise"],
    "mypy plugins": ["mypy", "--package", f"{COLLECTION}.plugins"],
    "mypy scripts": ["mypy", "scripts"],
    "mypy tests": ["mypy", "tests/live", "tests/benchmarks", "tests/servers/filter_plugins", "tests/standins", "tests/contract"],
    "mypy helpers of unit tests": ["mypy"],
    # Each is a program of its own, as python3 runs it on a host: no packages.
    "mypy programs of roles": ["mypy", "--scripts-are-modules", "--no-namespace-packages", "--no-explicit-package-bases"],
    "yamllint": ["yamllint", "--strict"],
    "ansible-lint": ["ansible-lint", "-q", "--nocolor"],
    "codespell": ["codespell"],
    "ansible-test": ["python", "scripts/ansible_sanity.py"],
}


#: What roles install on hosts; of these the ones whose first line names Python.
PROGRAMS = ("roles/*/files/*",)
#: Checks that get files of the project. Looking for them itself, yamllint would go through the virtual environment.
BY_FILE: dict[str, tuple[str, ...]] = {
    "yamllint": ("*.yml", "*.yaml"),
    "mypy helpers of unit tests": (":(glob)tests/unit/**/[!t]*.py",),
    "ruff programs of roles": PROGRAMS,
    "mypy programs of roles": PROGRAMS,
}
#: How Ansible begins the lines that say why a run failed, and pytest those of an exception.
ERROR_LINE = re.compile(r"^(E\s+)?\s*(\[ERROR\]|fatal:|FAILED|failed:|\S*Error:|msg:|Fix:)")


def reasons(why: str) -> list[str]:
    """The lines of a failure that say why: its first one, then those of errors; of a text without any, its beginning.

    A failed playbook says it somewhere in the middle of what it prints.
    """
    lines = [line for line in why.strip().splitlines() if line.strip()]
    said = [line for line in lines[1:] if ERROR_LINE.match(line)]
    return [*lines[:1], *(said or lines[1:])][:WHY_LINES]


@dataclass
class Outcome:
    """What one part counted. Printed at the end: names by the reason why they were skipped, and what failed."""

    part: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    skips: dict[str, list[str]] = field(default_factory=dict)
    measured: list[str] = field(default_factory=list)
    times: list[tuple[float, str]] = field(default_factory=list)

    def check(self, name: str, succeeded: bool, why: str = "") -> None:
        """Count one check; the first lines of ``why`` it failed are told again at the end."""
        if succeeded:
            self.passed += 1
        else:
            self.failed += 1
            told = [f"         {line[:400]}" for line in reasons(why)]
            self.failures.append("\n".join([f"FAILED   {self.part}: {name}", *told]))

    def skip(self, name: str, reason: str) -> None:
        """Count one check that was not run."""
        self.skipped += 1
        self.skips.setdefault(reason, []).append(name)

    def add_junit(self, report: Path) -> None:
        """Add the counts of a JUnit report as pytest writes it.

        A report that is missing or broken is a failure: pytest writes one even when it collects nothing.
        """
        try:
            suites = list(ET.parse(report).getroot().iter("testsuite"))
        except (OSError, ET.ParseError) as error:
            self.check(f"no readable report {report.name} ({error})", False)
            return
        for case in (case for suite in suites for case in suite.iter("testcase")):
            name = f"{case.get('classname')}::{case.get('name')}"
            figures = (item.get("value") for item in case.iter("property") if item.get("name") == "measured")
            self.measured += [f"{case.get('name')}: {figure}" for figure in figures]
            self.times.append((float(case.get("time") or 0), name))
            skipped = case.find("skipped")
            broken = [found for found in (case.find("failure"), case.find("error")) if found is not None]
            if broken:
                self.check(name, False, broken[0].get("message") or broken[0].text or "")
            elif skipped is not None:
                self.skip(name, skipped.get("message") or "no reason given")
            else:
                self.check(name, True)


def surroundings() -> None:
    """The same environment for every test, whatever the caller has. No wish for Ansible output is kept either: tests read it."""
    environment.apply()
    for name in [name for name in os.environ if name.startswith("ANSIBLE_") and name != "ANSIBLE_CONFIG"]:
        del os.environ[name]
    os.environ.pop("PYTHONUNBUFFERED", None)  # users have it not, and with it no test sees output that is printed too late
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nor this, and with it each of some thousand runs compiles all modules again
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def run_lint(outcome: Outcome, output: Output) -> None:
    """The checks one after another; a check that passes is one line."""
    for name, argv in LINT.items():
        start = time.monotonic()
        patterns = BY_FILE.get(name, ())
        files = project_files(patterns)
        command = [*argv, *(filter(is_python_program, files) if patterns is PROGRAMS else files)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        verdict = "ok" if done.returncode == 0 else "FAILED"
        output.line(f"{name:<14} {verdict} ({time.monotonic() - start:.1f} s)")
        if done.returncode != 0:
            output.line(done.stdout.rstrip())
        outcome.check(name, done.returncode == 0)


def project_files(patterns: Sequence[str]) -> list[str]:
    """The files of the project that match, by the word of git: also new ones, not those that are ignored or gone."""
    if not patterns:
        return []
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *patterns]
    listed = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def is_python_program(name: str) -> bool:
    """Whether a file without .py is a program in Python."""
    with (ROOT / name).open("rb") as file:
        first = file.readline(200)
    return first.startswith(b"#!") and b"python" in first


def run_pytest(outcome: Outcome, output: Output, arguments: Sequence[str], report: Path, environ: Mapping[str, str] | None = None) -> None:
    """Run pytest and take over its counts; that it exits otherwise than its counts say is a failure of its own."""
    report.unlink(missing_ok=True)
    status = output.run(
        [sys.executable, "-m", "pytest", f"--junitxml={report}", "-q", *arguments], cwd=ROOT, env={**os.environ, **(environ or {})}
    )
    before = outcome.failed
    outcome.add_junit(report)
    if status != 0 and outcome.failed == before:
        outcome.check(f"pytest exited {status}", False)


#: A worker for each core; a file's tests stay together, because they share what is costly to make.
PARALLEL = ["-n", str(parallel_jobs.cores()), "--dist", "loadfile"]
#: The cheap way to measure; Python has it since 3.12.
CORE = {"COVERAGE_CORE": "sysmon"} if sys.version_info >= (3, 12) else {}


def run_unit(outcome: Outcome, output: Output, folders: Sequence[str] = ()) -> None:
    """All of the unit tests with their coverage, or those in ``folders``, of which coverage would say nothing."""
    if folders:
        run_pytest(outcome, output, [*PARALLEL, *folders], REPORTS / "unit.xml")
        return
    report = REPORTS / "coverage.json"
    report.unlink(missing_ok=True)
    run_pytest(outcome, output, [*PARALLEL, "--cov", f"--cov-report=json:{report}", "tests/unit"], REPORTS / "unit.xml", CORE)
    if report.is_file():
        covered = coverage(json.loads(report.read_text(encoding="utf-8")))
        for area, percent in covered.items():
            output.line(f"{percent:5.1f} % of the lines of {area} are covered")
        outcome.measured.append(f"{covered['the whole']:.1f} % of the lines of plugins and scripts are covered")


def coverage(report: Mapping[str, Any]) -> dict[str, float]:
    """Percent of the lines that the unit tests run in this process: by folder of the third level, and of the whole."""
    counts: dict[str, list[int]] = {}
    for name, file in report["files"].items():
        for area in ("/".join(Path(name).parts[:-1][:3]), "the whole"):
            found = counts.setdefault(area, [0, 0])
            found[0] += file["summary"]["covered_lines"]
            found[1] += file["summary"]["num_statements"]
    return {area: 100.0 * covered / lines for area, (covered, lines) in sorted(counts.items()) if lines}


def run_newcomer(outcome: Outcome, output: Output) -> None:
    """`make demo` of a copy of this checkout, killed and run again."""
    run_pytest(outcome, output, ["-p", "no:cacheprovider", "tests/live/newcomer"], REPORTS / "newcomer.xml")


def scenarios() -> list[str]:
    """Molecule's scenarios, those with most servers first because they take longest. Folders with an underscore are shared by them."""

    def servers(name: str) -> int:
        return (ROOT / "molecule" / name / "inventory" / "hosts.yml").read_text(encoding="utf-8").count("ansible_host:")

    found = sorted(file.parent.name for file in ROOT.glob("molecule/[!_]*/molecule.yml"))
    return sorted(found, key=servers, reverse=True)


def molecule_environment(name: str, reports: Path) -> dict[str, str]:
    """What molecule needs for a scenario; each pytest below it writes a report of its own into ``reports``."""
    own = {
        # With a star, molecule also looks for a scenario named default, and reports as critical that there is none.
        "MOLECULE_GLOB": f"molecule/{name}/molecule.yml",
        "MOLECULE_COMMAND_BORDERS": "false",  # they break long lines of output
        "ANSIBLE_FORCE_COLOR": "false",
        "NO_COLOR": "1",
        "VANNAH_TEST_REPORTS": str(reports),
    }
    return {**os.environ, **own}


def run_scenario(name: str, outcome: Outcome, output: Output, *, by: Controller | None = None) -> None:
    """The scenario's whole sequence counts as one, its behaviour tests one each.

    :param by: the controller that runs it; None: this machine
    """
    reports = REPORTS / f"molecule-{name}"
    reports.mkdir(parents=True, exist_ok=True)
    for old in reports.glob("*.xml"):
        old.unlink()
    argv, environ = ["molecule", "test", "--scenario-name", name], molecule_environment(name, reports)
    status = output.run(by.argv(argv, environ) if by else argv, cwd=ROOT, env=environ)
    outcome.check("the sequence of the scenario", status == 0)
    for report in sorted(reports.glob("*.xml")):
        outcome.add_junit(report)


def run_artifacts(scenarios: Sequence[str]) -> list[Outcome]:
    """Build what servers of these scenarios get, before any of them starts; one check for each scenario that needs something."""
    needed = scenario_artifacts.scenarios_with(ROOT, scenarios)
    if not needed:
        return []
    outcome, start = Outcome("artifacts"), time.monotonic()
    print(f"==> Fetching or building the artifacts of {' and '.join(needed)} (minutes the first time on a machine)", flush=True)
    failed = scenario_artifacts.build(ROOT, needed, Output())
    for scenario in needed:
        outcome.check(f"the artifacts of {scenario}", scenario not in failed)
    outcome.seconds = time.monotonic() - start
    return [outcome]


PARTS = ("lint", "unit", "molecule", "newcomer")
#: The scenario of a Debian 12 site. A controller with the older set of the lock runs this one itself, and keeps working by that.
OF_OLDER_CONTROLLER = "bookworm"


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """The table, the notes, and last the line that CI reads."""
    lines = [f"MEASURED {outcome.part}: {figure}" for outcome in outcomes for figure in outcome.measured]
    slowest = sorted(((seconds, outcome.part, name) for outcome in outcomes for seconds, name in outcome.times), reverse=True)[:SLOWEST]
    lines += [f"SLOW     {part}: {seconds:.0f} s {name}" for seconds, part, name in slowest if seconds >= 10]
    for outcome in outcomes:
        for reason, names in outcome.skips.items():
            lines.append(f"SKIPPED  {outcome.part}: {reason}: {', '.join(names)}")
    lines += [failure for outcome in outcomes for failure in outcome.failures]
    lines.append(f"{'part':<30}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    lines += [f"{o.part:<30}{o.passed:>8}{o.failed:>8}{o.skipped:>9}{o.seconds:>9.0f}" for o in outcomes]
    lines.append(f"{sum(o.passed for o in outcomes)} passed, {sum(o.failed for o in outcomes)} failed")
    return lines


def counted(outcome: Outcome, work: Callable[[Outcome, Output], None]) -> Job:
    """A part as a job, whose result and time are counted. One that breaks, or that runs nothing, has failed."""

    def timed(output: Output) -> None:
        start = time.monotonic()
        try:
            work(outcome, output)
        except Exception as error:
            output.line(f"{type(error).__name__}: {error}")
            outcome.check("the part could not be run", False, f"{type(error).__name__}: {error}")
        outcome.seconds = time.monotonic() - start
        if not (outcome.passed or outcome.failed):
            outcome.check("nothing was run", False)

    def verdict() -> tuple[str, bool]:
        return f"{outcome.passed} passed, {outcome.failed} failed", not outcome.failed

    return Job(outcome.part, timed, verdict)


def plan(
    parts: Sequence[str], chosen: Sequence[str], folders: Sequence[str] = (), current: Controller | None = None
) -> tuple[list[Outcome], list[Job]]:
    """What is run, in the order in which it is started, and where it is counted.

    :param parts: of :data:`PARTS`
    :param chosen: scenarios; none: all of them
    :param folders: of unit tests; none: all of them
    :param current: the controller with the current ansible-core, where this machine has not that one
    """
    outcomes: list[Outcome] = []
    jobs: list[Job] = []

    def add(name: str, work: Callable[[Outcome, Output], None]) -> None:
        outcomes.append(Outcome(name))
        jobs.append(counted(outcomes[-1], work))

    if "molecule" in parts:
        there = scenarios()
        for name in chosen or there:
            if name in there:
                add(f"scenario {name}", partial(run_scenario, name, by=None if name == OF_OLDER_CONTROLLER else current))
            else:
                outcomes.append(Outcome(f"scenario {name}"))
                outcomes[-1].check(f"unknown scenario {name}: the scenarios are {', '.join(there)}", False)
    # After those that take long: they fill what is left.
    if "newcomer" in parts:
        add("newcomer", run_newcomer)
    if "unit" in parts:
        add("unit", partial(run_unit, folders=folders) if folders else run_unit)
    if "lint" in parts:
        add("lint", run_lint)
    return outcomes, jobs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=" ".join(PARTS))
    parser.add_argument("--scenario", action="append", default=[], help="only this Molecule scenario (may be repeated)")
    parser.add_argument("--only", metavar="SERVICE", help="only what concerns this service: lint, its unit tests, its scenarios")
    chosen = parser.parse_args(arguments)
    for part in chosen.parts:
        if part not in PARTS:
            parser.error(f"unknown part {part}; the parts are {', '.join(PARTS)}")
    surroundings()
    REPORTS.mkdir(parents=True, exist_ok=True)
    parts, scenarios_chosen, folders = chosen.parts or PARTS, chosen.scenario, []
    if chosen.only:
        try:
            service = only_service.find(ROOT, chosen.only)
        except only_service.UnknownServiceError as error:
            parser.error(str(error))
        parts = [part for part in parts if part != "newcomer"]
        scenarios_chosen, folders = chosen.scenario or service.scenarios, service.unit_tests
    there = [name for name in scenarios_chosen or scenarios() if name in scenarios()] if "molecule" in parts else []
    built = run_artifacts(there)
    with ExitStack() as stack:
        elsewhere = set(there) - {OF_OLDER_CONTROLLER} if controller.is_needed(sys.version_info[:2]) else ()
        current = stack.enter_context(controller.of_scenarios(ROOT, folders=[scenario_artifacts.SHARED])) if elsewhere else None
        outcomes, jobs = plan(parts, scenarios_chosen, folders, current)
        parallel_jobs.run(jobs, LOGS, width=parallel_jobs.lanes())
    outcomes = built + outcomes
    print()
    print("\n".join(summary(outcomes)), flush=True)
    return 1 if any(outcome.failed for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
