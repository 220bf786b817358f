# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves of the site: which hosts a play is for, and which roles have something to do in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import planning, waves

REPOSITORY = Path(__file__).resolve().parents[3]
#: A site with a cluster (c) of every kind, one (d) that waits for another one (e) of the first wave, and a role of every host.
MAP = site_map.SiteMap(
    ("first", "second"),
    (
        site_map.Entry("r", "first", ("all",)),
        site_map.Entry("e", "first", ("e",)),
        site_map.Entry("d", "second", ("d",)),
        site_map.Entry("c", "second", ("c1", "c2")),
    ),
)
EXPORTS: dict[str, dict[str, Any]] = {
    "r": {"rolling": {"name": "R", "update": {}}},
    "e": {"rolling": {"name": "E", "policy": "rolling", "formed": {}}},
    "d": {"rolling": {"name": "D", "policy": "rolling"}, "wave": {"prepared": "first", "objects": "early"}},
    "c": {
        "rolling": {"name": "C", "policy": "manual"},
        "wave": {"before": "disks", "objects": "late", "ready": "healthy"},
    },
}
SITE: dict[str, list[str]] = {"all": ["1", "2", "3"], "e": ["1"], "d": ["2"], "c1": ["2"], "c2": ["3"]}


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def exported(role: str, kind: str) -> Mapping[str, Any]:
        return EXPORTS.get(role, {}).get(kind, {})  # type: ignore[no-any-return]

    with monkeypatch.context() as patch:
        patch.setattr(site_map, "load", lambda: MAP)
        patch.setattr(waves, "exported", exported)
        yield


def known(forming: tuple[str, ...] = (), planned: tuple[str, ...] | None = None, without: str = "") -> dict[str, list[str]]:
    """``groups`` of a run that forms clusters of these roles, or one that has found work in these waves."""
    found = {name: hosts for name, hosts in SITE.items() if name != without}
    if forming:
        found |= {planning.FORMING: ["1"], **{f"{planning.FORMING}_{role}": ["1"] for role in forming}}
    if planned is not None:
        found |= {planning.PLANNED: ["1", "2", "3"], **{planning.GROUP + wave: ["2"] for wave in planned}}
    return found


@pytest.mark.parametrize(
    ("groups", "wave", "part", "expected"),
    [
        # a run without changes
        (known(planned=()), "first", "components", "all:!all"),
        (known(planned=()), "second", "late", "all:!all"),
        (known(planned=()), "release", "components", "all:!all"),
        # only hosts with work, where no order across hosts lies in the wave
        (known(planned=("first",)), "first", "components", "all:&planned_first"),
        (known(planned=("first",), forming=("c",)), "first", "components", "all"),
        (known(planned=("second",)), "second", "components", "d:c1:c2"),
        (known(planned=("second",), without="c2"), "second", "components", "d:c1"),
        # what comes before components, and what clusters hold: only of those that have any
        (known(planned=("second",)), "second", "before", "c1:c2"),
        (known(planned=("first",)), "first", "before", "all:!all"),
        (known(planned=("first",)), "first", "early", "all:!all"),
        (known(planned=("second",)), "second", "early", "d"),
        (known(planned=("second_objects",)), "second", "early", "d"),
        (known(planned=("second_objects",)), "second", "components", "all:!all"),
        (known(planned=("second_objects",)), "second", "late", "c1:c2"),
        (known(planned=("second_objects",)), "release", "components", "all"),
        # no cluster is formed
        (known(), "first", "prepare", "all:!all"),
        (known(), "first", "formed", "all:!all"),
        # one of the wave, one that is prepared in it, one of a later wave
        (known(forming=("e",)), "first", "prepare", "all"),
        (known(forming=("d",)), "first", "prepare", "all"),
        (known(forming=("d",)), "first", "formed", "e"),
        (known(forming=("c",)), "first", "prepare", "all:!all"),
        (known(forming=("c",)), "first", "formed", "all:!all"),
        (known(forming=("d",)), "second", "prepare", "all:!all"),
        (known(forming=("c",)), "second", "prepare", "d:c1:c2"),
    ],
)
def test_hosts(groups: dict[str, list[str]], wave: str, part: str, expected: str) -> None:
    assert waves.hosts(groups, wave, part) == expected


def test_without_a_plan_all_hosts_take_part() -> None:
    assert waves.hosts(known(), "second", planned=False) == "d:c1:c2"
    assert waves.hosts(known(planned=()), "second", "late", planned=False) == "c1:c2"


@pytest.mark.parametrize(
    ("groups", "role", "part_of_site", "expected"),
    [
        (known(planned=()), "", False, "all:!all"),
        (known(planned=()), "", True, "all:!all"),
        (known(planned=()), "c", False, "c1:c2"),
        (known(without="e"), "e", False, "all:!all"),
        (known(planned=()), "c", True, "all:!all"),
        (known(planned=("first",)), "e", True, "e:&planned_first"),
        (known(planned=("first",)), "c", True, "c1:c2"),
        # its settings are among what it holds
        (known(planned=("second_objects",)), "d", True, "d"),
        (known(planned=("second_objects",)), "c", True, "all:!all"),
    ],
)
def test_who_is_looked_at(groups: dict[str, list[str]], role: str, part_of_site: bool, expected: str) -> None:
    assert waves.rolling_hosts(groups, role, part_of_site, planned=True) == expected


def test_together() -> None:
    """For a verb, or where the run has found that it may; then all members."""
    assert waves.together_hosts(known(), "c") == planning.NONE
    assert waves.together_hosts(known(), "c", asked_for=True) == "c1:c2"
    assert waves.together_hosts({**known(), "rolling_together_c": ["2"]}, "c") == "c1:c2"
    assert waves.together_hosts({**known(), "rolling_together_c": ["2"]}, "d") == planning.NONE
    assert waves.together_hosts(known(), "", asked_for=True) == planning.NONE


def test_clusters_by_number() -> None:
    """Only those whose members may wait for a restart."""
    assert [waves.rolling_role("second", number) for number in range(3)] == ["d", "c", ""]
    assert waves.rolling_role("first", 0) == "e"


def test_gate() -> None:
    """A wave of every host misses the hosts that have failed in it; another one asks for its own members."""
    clusters = [{"role": role} for role in ("e", "d", "c")]
    assert waves.judged("first", clusters) == clusters
    assert waves.judged("second", clusters) == clusters[1:]


CHANGED, QUIET = {"changed": True}, {"changed": False}
WAIT = [{"role": "c", "tasks": "healthy"}]


@pytest.mark.parametrize(
    ("phase", "converged", "looked", "expected"),
    [
        ("early", [CHANGED], [], ([], ["d"])),
        ("late", [QUIET, QUIET], [], ([], ["c"])),
        ("late", [QUIET, CHANGED], [], (WAIT, ["c"])),
        # all wait for the verb: it is as it was
        ("late", [CHANGED], [{"role": "c", "together": True, "differs": ["version"]}], ([], ["c"])),
        # what waits for a restart leaves nothing out without a message
        ("late", [QUIET], [{"role": "c", "differs": ["ROOT"]}], ([], ["c"])),
    ],
)
def test_objects(phase: str, converged: list[dict[str, Any]], looked: list[dict[str, Any]], expected: object) -> None:
    assert waves.objects("second", phase, converged, looked) == expected


# --- the real site --------------------------------------------------------------------------------------------------------

REAL = site_map.parse(yaml.safe_load(site_map.PATH.read_text()))
SHARED = ["site.yml", "wave.yml", "rolling.yml", "together.yml", "tasks/objects.yml"]


def exports(role: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((REPOSITORY / "roles" / role / "meta" / "exports.yml").read_text())
    return found


def test_site_imports_each_wave_once_in_order() -> None:
    plays = yaml.safe_load((REPOSITORY / "playbooks" / "site.yml").read_text())
    imported = [play["vars"]["site_wave"] for play in plays if play.get("ansible.builtin.import_playbook") == "wave.yml"]
    assert tuple(imported) == REAL.waves


def test_a_wave_has_room_for_its_clusters() -> None:
    text = (REPOSITORY / "playbooks" / "wave.yml").read_text()
    numbers = {int(found) for found in re.findall(r"rolling_role\((\d+)\)", text)}
    assert numbers == set(range(waves.SLOTS))
    for wave in REAL.waves:
        clusters = [entry.role for entry in REAL.roles if entry.wave == wave and "policy" in (exports(entry.role).get("rolling") or {})]
        assert len(clusters) <= waves.SLOTS, f"wave.yml restarts {waves.SLOTS} clusters of a wave, and {wave} has {clusters}"


@pytest.mark.parametrize("role", [entry.role for entry in REAL.roles])
def test_what_roles_say_of_their_wave(role: str) -> None:
    """With keys that are read, files that are there, and a wave that is there."""
    said = exports(role).get("wave") or {}
    assert set(said) <= set(waves.KEYS)
    tasks = REPOSITORY / "roles" / role / "tasks"
    assert all((tasks / f"{said[key]}.yml").is_file() for key in ("before", "ready") if key in said)
    assert said.get("objects") in (None, "early", "late") and ("objects" in said) == (tasks / "objects.yml").is_file()
    assert said.get("prepared") in (None, *REAL.waves)


@pytest.mark.parametrize("name", [f"playbooks/{name}" for name in SHARED])
def test_no_service_is_named(name: str) -> None:
    """A further service changes none of these files."""
    assert not re.findall(names(), (REPOSITORY / name).read_text(), re.IGNORECASE)


@pytest.mark.parametrize("name", ["rolling", "rolling_action", "role_calls", "together", "waves"])
def test_no_service_is_named_in_code(name: str) -> None:
    text = (REPOSITORY / "plugins" / "module_utils" / "controller" / f"{name}.py").read_text()
    code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)  # an example may name one
    assert not re.findall(names(), code, re.IGNORECASE)


def names() -> str:
    """Roles and groups of single services."""
    every = {entry.role for entry in REAL.roles if site_map.ALL not in entry.groups}
    return r"\b(" + "|".join(sorted(every | REAL.groups_served() | {"patroni"})) + r")(_\w+)?\b"
