# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARGS of `make` that ansible-playbook would answer with all of its help."""

from __future__ import annotations

import playbook_args
import pytest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--limit", "db2", "-K", "-vv", "--check"], ""),
        (["-e", "a=1", "--lim=db2"], ""),
        (["--limt", "db2"], "ARGS: ansible-playbook has no option --limt. Did you mean --limit? Fix: --limit in place of --limt"),
        (["--limt=db2"], "no option --limt=db2. Did you mean --limit? Fix: --limit in place of --limt"),
        (["--tgas=x", "--cehck"], "no option --tgas=x, --cehck. Did you mean --tags? Did you mean --check? Fix: "),
        (["--nothing-like-it"], "Fix: options as ansible-playbook --help has them"),
        (["-f", "many"], "ARGS: argument -f/--forks: invalid value: 'many'. Fix: "),
    ],
)
def test_what_is_said(arguments: list[str], said: str) -> None:
    found = playbook_args.problem(arguments)
    assert said in found if said else found == ""


def test_a_line_and_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert playbook_args.main(["--limt", "db2"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert playbook_args.main([]) == 0
