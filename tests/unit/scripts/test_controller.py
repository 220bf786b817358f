# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers of another release: who needs one, when its image is made again, what a program in it is told."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import run_tests
from parallel_jobs import Job, Output
from testbed import controller, controller_images

LOCK = "ansible-core==2.21.5\n"


def test_an_older_python_needs_another_controller() -> None:
    """The lock has two sets (requirements/python.in)."""
    assert controller.is_needed((3, 11))
    assert not controller.is_needed((3, 12))
    assert not controller.is_needed((3, 13))
    text = (run_tests.ROOT / "requirements" / "python.txt").read_text(encoding="utf-8")
    assert 'ansible-core==2.19.14 ; python_version < "3.12"' in text


@pytest.mark.parametrize(
    ("kind", "lock"),
    [
        (dataclasses.replace(controller.CURRENT, debian=("python3-venv",)), LOCK),
        (dataclasses.replace(controller.CURRENT, python=("ansible-core",)), LOCK),
        (dataclasses.replace(controller.CURRENT, image="bookworm"), LOCK),
        (controller.CURRENT, LOCK + "x==1\n"),
    ],
)
def test_an_image_is_made_anew_when_what_it_is_made_of_changes(kind: controller.Kind, lock: str) -> None:
    """And only then."""
    assert controller_images.recipe(controller.CURRENT, LOCK) == controller_images.recipe(controller.CURRENT, LOCK)
    assert controller_images.recipe(kind, lock) != controller_images.recipe(controller.CURRENT, LOCK)


def test_what_a_program_in_it_is_told(tmp_path: Path) -> None:
    """What steers tests and Ansible; not this machine's PATH and home, nor anything that is the person's own."""
    environ = {
        "PATH": "/x",
        "HOME": "/root",
        "VANNAH_SOAK": "1",
        "MOLECULE_GLOB": "m/*",
        "LC_ALL": "C.UTF-8",
        "SECRET": "s",
        "NO_COLOR": "1",
    }
    argv = controller.Controller("c", tmp_path).argv(["molecule", "test"], environ)
    assert argv == [
        *("docker", "exec", "--workdir", str(tmp_path), "--env", "VANNAH_SOAK=1", "--env", "MOLECULE_GLOB=m/*", "--env", "LC_ALL=C.UTF-8"),
        *("--env", "NO_COLOR=1", "c", "molecule", "test"),
    ]


def test_scenarios_run_there_but_that_of_the_older_controller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Debian 12 site is converged by this machine itself."""
    ran: dict[str, bool] = {}

    def run(self: Output, argv: list[str], **given: object) -> int:
        ran[argv[-1]] = argv[0] == "docker"
        return 0

    monkeypatch.setattr(Output, "run", run)
    monkeypatch.setattr(run_tests, "REPORTS", tmp_path)
    jobs: list[Job] = run_tests.plan(["molecule"], [], current=controller.Controller("c", tmp_path))[1]
    for job in jobs:
        job.work(Output())
    assert ran.pop("bookworm") is False
    assert ran
    assert all(ran.values())
