# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make` takes from a person."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


def make(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What make would run.

    :param variables: of the environment
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))} | variables
    return subprocess.run(["make", "-n", *words], cwd=REPOSITORY, env=own, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("site=clinic", "make knows no variable site. Did you mean SITE? Fix: use SITE instead"),
        ("Args=-v", "make knows no variable Args. Did you mean ARGS? Fix: use ARGS instead"),
        ("STIE=clinic", "make knows no variable STIE. Fix: use one of ARGS BENCH "),
        ("LIMIT=db9", "make knows no variable LIMIT. Fix: write ARGS='--limit db9' instead"),
        ("TAGS=postgresql", "make knows no variable TAGS. Fix: write ARGS='--tags postgresql' instead"),
        ("CHECK=1", "make knows no variable CHECK. Fix: write ARGS='--check' instead"),
        ("EXTRA_VARS=a=b", "make knows no variable EXTRA_VARS. Fix: write ARGS='-e a=b' instead"),
        ("SITE=clinic", ""),
        ("ARGS=--limit a -e b=c", ""),
    ],
)
def test_a_variable_that_it_does_not_know(word: str, said: str) -> None:
    """It would be ignored, and the demo converged in place of the site that is meant."""
    done = make("converge", word)
    assert (done.returncode == 2) is bool(said)
    assert said in done.stderr


def test_a_limit_in_the_environment() -> None:
    """It would be ignored, and all hosts changed."""
    done = make("converge", "SITE=clinic", LIMIT="db9")
    assert done.returncode == 2 and "Fix: unset LIMIT; to limit the run, write ARGS='--limit db9'" in done.stderr
    assert make("lint", LIMIT="db9").returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chekc"], "make knows no target chekc. Fix: use one of the targets that `make help` lists"),
        (["converge", "clinic"], "make knows no target clinic. Fix: write SITE=clinic"),
        (["converge", "clinci"], "make knows no target clinci. Fix: use one of"),
        (["check", "plan", "SITE=clinic"], ""),
    ],
)
def test_a_target_that_it_does_not_know(words: list[str], said: str) -> None:
    """Before anything runs: the first of two targets would work on the demo."""
    done = make(*words)
    assert (done.returncode == 2) is bool(said) and said in done.stderr
    assert done.stdout == "" or not said


def test_the_demo_is_asked_whether_it_runs() -> None:
    """Where its containers are gone, or belong to another user."""
    for target in ("plan", "converge", "verify"):
        said = make(target).stdout
        assert (
            "-m testbed runs" in said
            and "test ! -d .demo || test -x .demo || { echo 'The demo belongs to another user. Fix: run it as root (sudo make " in said
        )
        assert "testbed runs" not in make(target, "SITE=clinic").stdout
    assert "testbed runs" not in make("check").stdout, "no server is contacted"


def test_the_file_of_a_recovery_kit_is_asked_for_first() -> None:
    """Before the tools are installed, which takes minutes."""
    printed = make("recovery-kit", "SITE=clinic").stdout
    assert printed.index("KIT is not set") < printed.index("testbed venv")


def test_each_variable_is_known() -> None:
    """Those that the Makefile takes and does not set itself."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"(?m)^override KNOWN := (.*)$", text)[0].split())
    used = set(re.findall(r"(?<!\$)\$\(([A-Z_]+)\)", text)) - set(
        re.findall(r"(?m)^(?:[a-z -]+: )?(?:override )?(?:export )?([A-Z_]+) *:?=", text)
    )
    refused = {"LIMIT"}
    assert {name for name in used if not name.startswith(("ANSIBLE_", "MAKE")) and name not in ("CURDIR",)} - known - refused == set()


@pytest.mark.parametrize("given", ["clinic", "inventories/clinic", "inventories/clinic/", "./inventories/clinic"])
def test_a_site_may_be_named_by_its_folder(given: str) -> None:
    done = make("plan", f"SITE={given}")
    assert "ansible-playbook -i inventories/clinic --ask-vault-pass" in done.stdout
