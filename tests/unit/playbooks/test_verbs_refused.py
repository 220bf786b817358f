# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs: a member of etcd that leaves, and that nothing is done while a clock is off."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import REPOSITORY, Run
from .test_verbs import AWAY, DATABASE, GOOD, HELD

PLAYBOOKS = REPOSITORY / "playbooks"

# --- a member of etcd that leaves -----------------------------------------------------------------------------------------------

ETCD = {"etcd": ["db1", "db2", "db3"]}
ANSWERS: dict[str, Any] = {"etcd_health": {"answers": True}, "etcd_remove": {"member": "db3", "members": ["db1", "db2"]}}


@pytest.mark.parametrize(
    ("member", "said", "speaker"),
    [
        ("db1", {}, "db2"),  # never itself
        ("db3", {}, "db1"),
        ("db3", {"db3": AWAY}, "db1"),
        ("db3", {"db1": {**ANSWERS, "etcd_health": {"answers": False}}}, "db2"),
        ("db9", {}, "db1"),  # out of the inventory already
    ],
)
def test_another_member_of_etcd_takes_it_out(run: Run, member: str, said: dict[str, Any], speaker: str) -> None:
    # What is not the collection's would be done on this machine.
    answers = {host: said.get(host, ANSWERS) for host in ETCD["etcd"]}
    done = run("etcd/remove.yml", ETCD, answers, "--skip-tags", "service", etcd_member=member)
    assert done.code == 0, done.printed
    assert [call for call in done.calls if call.startswith("etcd_remove")] == [f"etcd_remove (check) {speaker}", f"etcd_remove {speaker}"]
    assert "lease released" in " ".join(done.calls)
    assert ("systemctl disable --now etcd" in done.printed) == (member == "db9")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"db1": HELD}, "Nothing is done without db1"),
        ({host: {"etcd_health": {"answers": False}} for host in ("db1", "db2")}, "No other member of etcd answers (db1, db2)"),
        ({host: {**ANSWERS, "etcd_remove": {"failed": True, "msg": "would lose"}} for host in ("db1", "db2", "db3")}, "would lose"),
    ],
)
def test_no_member_of_etcd_is_taken_out(run: Run, said: dict[str, Any], reason: str) -> None:
    done = run("etcd/remove.yml", ETCD, {host: said.get(host, ANSWERS) for host in ETCD["etcd"]}, etcd_member="db3")
    assert done.code != 0 and reason in done.printed
    assert not [call for call in done.calls if call.startswith("etcd_remove ") and "(check)" not in call]
    assert {"db2", "db3"} <= set(done.of("lease released"))


def test_the_member_of_etcd_is_named(run: Run) -> None:
    done = run("etcd/remove.yml", ETCD, dict.fromkeys(ETCD["etcd"], ANSWERS))
    assert done.code != 0 and "Write -e etcd_member=" in done.printed and done.calls == []


# --- the clocks -----------------------------------------------------------------------------------------------------------------

OFF: dict[str, Any] = {"failed": True, "msg": "contact-clock db2 -: the clock is 34560000 s behind the others."}
#: What changes something; each in its service's folder.
VERBS = sorted(
    str(path.relative_to(PLAYBOOKS))
    for path in PLAYBOOKS.glob("*/*.yml")
    if path.parent.name not in ("tasks", "vars", "collections") and path.stem != "info"
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
    text = path.read_text(encoding="utf-8")
    if "tasks/clocks.yml" in text or path.name == "host_checks.yml":
        return True
    imported = re.findall(r"import_(?:playbook|tasks): (\S+\.yml)", text)
    return any(looks_at_clocks((path.parent / name).resolve()) for name in imported)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_looks_at_the_clocks(verb: str) -> None:
    assert looks_at_clocks(PLAYBOOKS / verb)
