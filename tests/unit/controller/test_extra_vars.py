# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of -e that a verb would not read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import action, commands, extra_vars

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("given", "own", "meant"),
    [
        (["postgresql_canditate"], [], "postgresql_candidate"),
        (["minio_hots"], [], "minio_host"),
        (["Postgresql-Candidate"], [], "postgresql_candidate"),
        (["component_retri"], [], "component_retry"),
        (["postgresql_prot"], [], "postgresql_port"),
        (["postgresql_candidate", "minio_force", "component_retry", "site_takeover"], [], ""),
        (["postgresql_canditate"], ["postgresql_cand*"], ""),
        (["clinic_colour", "ansible_user", "x"], [], ""),
        ([], [], ""),
    ],
)
def test_names(given: list[str], own: list[str], meant: str) -> None:
    said = extra_vars.problem(given, own)
    assert (f"Did you mean {meant}?" in said) if meant else said == ""


@pytest.mark.parametrize("own", [[], ["object_store_*"]])
def test_old_names_are_refused(own: list[str]) -> None:
    """They have no effect, and a verb would do its work without them."""
    said = extra_vars.problem(["object_store_wait", "minio_host"], own)
    assert said.startswith("extra vars object_store_wait: ") and "Fix: write minio_wait in place of object_store_wait;" in said
    assert "minio_host" not in said
    assert extra_vars.problem(["object_store_access_key", "object_store_backend"]) == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("restore_member", ""),
        ("restore_leader", ""),
        ("restore_targte", "restore_target"),
        ("rebuild_lost", ""),
        ("pgbackrest_found", ""),
        ("__pgbackrest_restore_state", ""),
        ("postgresql_asked", ""),
    ],
)
def test_what_a_verb_finds_out_by_itself(name: str, meant: str) -> None:
    """-e would override it: another member, or an answer that no host gave."""
    said = extra_vars.problem([name, "restore_target"])
    assert said.startswith(f"extra vars {name}: a playbook finds this out by itself") and "Nothing is done. Fix: " in said
    assert (f"Did you mean {meant}?" in said) if meant else f"Fix: leave {name} out" in said
    assert "restore_target in place" in said or "restore_target:" not in said


def test_a_confirmation_in_the_inventory() -> None:
    """It would confirm each restore to come."""
    assert extra_vars.untyped(["restore_in_place", "restore_target", "postgresql_port"], ["restore_target"]).startswith(
        "the inventory sets restore_in_place, which is given with -e for one run. Nothing is done. Fix: "
    )
    assert extra_vars.untyped(["restore_in_place", "restore_member"], ["restore_in_place"]) == ""


def test_old_names_have_new_ones() -> None:
    """The new name is one that a playbook or a role reads."""
    assert len(extra_vars.renamed()) >= 8
    assert all(name not in extra_vars.known() and new in extra_vars.known() for name, new in extra_vars.renamed().items())


def test_what_the_documents_name_is_known() -> None:
    """Each -e of a guide, a playbook and a message."""
    places = [
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("*.md"),
        *ROOT.glob("playbooks/**/*.yml"),
        *ROOT.glob("roles/*/README.md"),
        ROOT / "Makefile",
    ]
    named = {name for file in places for name in re.findall(r"-e '?([a-z_]+)=", file.read_text(encoding="utf-8"))}
    assert len(named) > 15
    assert extra_vars.problem(sorted(named)) == ""


@pytest.mark.parametrize(
    ("playbook", "refused"), [("switchover.yml", False), (str(commands.PLAYBOOKS / "postgresql/switchover.yml"), True)]
)
def test_verbs_of_the_collection_refuse_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, playbook: str, refused: bool) -> None:
    """What a person's own playbook does with a variable is theirs to know."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(action.context, "CLIARGS", {"args": (playbook,)})
    monkeypatch.setattr(commands.load_extra_vars, "extra_vars", {"postgresql_canditate": "db2"}, raising=False)
    one: Any = object.__new__(action.AgentAction)
    one.vars = {}
    if not refused:
        one._refuse_misspelt()
        return
    with pytest.raises(AnsibleError, match=r"Did you mean postgresql_candidate\?"):
        one._refuse_misspelt()
