# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs look at the clocks before they do anything, as a converge does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.lib.playbook_runs import REPOSITORY, Run

from .test_verbs import DATABASE, GOOD

PLAYBOOKS = REPOSITORY / "playbooks"
OFF: dict[str, Any] = {"failed": True, "msg": "contact-clock db2 -: the clock is 34560000 s behind the others."}
#: What changes something; each in its service's folder.
VERBS = sorted(
    str(path.relative_to(PLAYBOOKS))
    for path in PLAYBOOKS.glob("*/*.yml")
    if path.parent.name not in ("tasks", "vars", "collections") and path.stem not in ("certificate_report", "info", "status")
)


@pytest.mark.parametrize(("verb", "values"), [("switchover", {}), ("reinit", {"postgresql_member": "db2"}), ("rolling_restart", {})])
def test_a_verb_does_nothing_while_a_clock_is_off(run: Run, verb: str, values: dict[str, Any]) -> None:
    """Certificates and leases would not hold; converge refuses it as well."""
    said = {**GOOD, "host_checks": OFF, "lease": {"clock_offset": 0.0}}
    done = run(f"postgresql/{verb}.yml", DATABASE, dict.fromkeys(["db1", "db2", "db3"], said), **values)
    assert done.code != 0 and "contact-clock db2" in done.printed
    assert {call.split()[0] for call in done.calls} <= {"lease", "host_facts", "host_checks"}, done.calls


def looks_at_clocks(path: Path) -> bool:
    """Whether a playbook, with what it imports, compares the clocks."""
    if path.name in ("clocks.yml", "host_checks.yml"):
        return True
    imported = re.findall(r"(?:import_playbook|import_tasks|include_tasks): (\S+\.yml)", path.read_text(encoding="utf-8"))
    return any(looks_at_clocks((path.parent / name).resolve()) for name in imported)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_looks_at_the_clocks(verb: str) -> None:
    assert looks_at_clocks(PLAYBOOKS / verb)
