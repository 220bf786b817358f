# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup and the action, by themselves and through a playbook."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vannah.healthcloud.plugins.action import artifacts
from ansible_collections.vannah.healthcloud.plugins.lookup.artifact import LookupModule
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import lock, resolve
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.cache import Cache
from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts.lock import ArtifactError

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAM = b"#!/bin/sh\n"
DIGEST = hashlib.sha256(PROGRAM).hexdigest()


@pytest.fixture
def site(tmp_path: Path) -> dict[str, Any]:
    """Variables of a site that brings silo."""
    (tmp_path / "silo").write_bytes(PROGRAM)
    own = {"silo": {"version": "1.2", "url": f"file://{tmp_path}/silo", "sha256": DIGEST}}
    return {"site_artifacts": own, "site_artifact_cache": "cache", "inventory_dir": str(tmp_path)}


def look_up(variables: dict[str, Any], *names: str) -> list[dict[str, str]]:
    loader = DataLoader()
    return LookupModule(loader=loader, templar=Templar(loader=loader, variables=variables)).run(list(names), variables)


def test_lookup(site: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(
        ArtifactError,
        match=r"artifact silo: the cache .*/cache does not have it, and 1.2 is required: run `make "
        r"artifacts`",
    ):
        look_up(site, "silo")
    resolve.ensure(["silo"], lock.load(site["site_artifacts"]), Cache(tmp_path / "cache"), lambda _: None)
    assert look_up(site, "silo") == [{"src": str(tmp_path / "cache/silo/1.2-amd64/silo"), "sha256": DIGEST}]


def test_lookup_in_check_mode(site: dict[str, Any]) -> None:
    assert look_up({**site, "ansible_check_mode": True}, "silo") == [{"src": "", "sha256": "0" * 64}]


@pytest.mark.parametrize(("name", "code"), [("minioo", "artifact-unknown"), ("silo", "artifact-unpinned"), ("minio", "artifact-missing")])
def test_lookup_errors(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        look_up({"inventory_dir": str(tmp_path), "site_artifact_cache": "cache"}, name)
    assert caught.value.code == code


class Hosts:
    """As much of hostvars as is looked at where nothing is exported."""

    @property
    def _inventory(self) -> Any:
        raise AssertionError("no host need be looked at")


def test_nothing_exported_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "_exports_any", lambda role: False)
    assert artifacts.exported(Hosts()) == []


@pytest.mark.parametrize(("role", "any_there"), [("minio", True), ("postgresql", False), ("absent", False)])
def test_exports_any(role: str, any_there: bool) -> None:
    assert artifacts._exports_any(role) is any_there


def play(site: dict[str, Any], tmp_path: Path, *arguments: str, group: str = "object_store") -> tuple[int, str]:
    """Run the playbook for an inventory with three hosts of a group, and one of none; its code and words."""
    members = {f"s{number}": None for number in (1, 2, 3)}
    hosts = {"all": {"vars": site, "hosts": {"other": None}, "children": {group: {"hosts": members}}}}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    argv = ["-i", str(tmp_path / "hosts.json"), str(REPOSITORY / "playbooks" / "artifacts.yml"), *arguments]
    done = subprocess.run(
        [sys.executable, str(Path(sys.executable).parent / "ansible-playbook"), *argv],
        env={**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "4000"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_playbook(site: dict[str, Any], tmp_path: Path) -> None:
    site = {**site, "minio_distribution": "silo"}
    code, said = play(site, tmp_path, "--check")
    assert (code, "changed=1" in said, (tmp_path / "cache").exists()) == (0, True, False), said
    code, said = play(site, tmp_path)
    assert (code, "changed=1" in said) == (0, True), said
    assert "artifact silo: 1.2 is there" in said
    code, said = play(site, tmp_path)
    assert (code, "changed=0" in said) == (0, True), said


def test_a_run_limited_to_hosts_without_programs_makes_none(site: dict[str, Any], tmp_path: Path) -> None:
    """The demo's databases are converged while the object store's programs are still built."""
    site = {**site, "minio_distribution": "silo"}
    code, said = play(site, tmp_path, "--limit", "other")
    assert (code, "artifact silo" in said) == (0, False), said
    code, said = play(site, tmp_path, "--limit", "s2")
    assert (code, "artifact silo: 1.2 is there" in said) == (0, True), said


def test_playbook_refuses(site: dict[str, Any], tmp_path: Path) -> None:
    site = {**site, "minio_distribution": "silo"}
    site["site_artifacts"]["silo"]["sha256"] = "ab" * 32
    code, said = play(site, tmp_path)
    assert code != 0
    assert "is refused before anything is installed" in " ".join(said.split())
    assert "Traceback" not in said
    assert not (tmp_path / "cache" / "manifest.json").exists()
