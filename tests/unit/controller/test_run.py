# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity of a run, and what is known of another one's process."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import run

BOOT = "0b1c2d3e-0000-4000-8000-000000000000"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with process 42, which started at tick 4711."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text(f"{BOOT}\n", encoding="ascii")
    (tmp_path / "42").mkdir()
    fields = " ".join(str(number) for number in range(4, 22))
    (tmp_path / "42/stat").write_text(f"42 (ansible (x) y) S {fields} 4711 0 0\n", encoding="ascii")
    return tmp_path


def test_started(proc: Path) -> None:
    assert run.started(42, proc) == "4711"
    assert run.started(43, proc) is None


def test_a_zombie_is_gone(proc: Path) -> None:
    stat = proc / "42/stat"
    stat.write_text(stat.read_text(encoding="ascii").replace(") S ", ") Z "), encoding="ascii")
    assert run.started(42, proc) is None


@pytest.mark.parametrize(
    ("holder", "dead"),
    [
        ({"controller": "here", "pid": 42, "started": f"{BOOT}/4711"}, False),
        ({"controller": "here", "pid": 42, "started": f"{BOOT}/4712"}, True),  # the number was given again
        ({"controller": "here", "pid": 43, "started": f"{BOOT}/4711"}, True),
        ({"controller": "here", "pid": 42, "started": "another-boot/4711"}, True),
        ({"controller": "there", "pid": 43, "started": f"{BOOT}/4711"}, False),
        ({"controller": "here", "pid": "43", "started": f"{BOOT}/4711"}, False),
        ({"controller": "here", "pid": 43, "started": ""}, False),
        ({}, False),
    ],
)
def test_is_dead(holder: dict[str, Any], dead: bool, proc: Path) -> None:
    assert run.is_dead(holder, "here", proc) is dead


def _child(pipe: Any) -> None:
    pipe.send(run.run_info("site.yml"))
    pipe.close()


def test_forks_share_the_identity() -> None:
    own, other = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_child, args=(other,))
    process.start()
    said = own.recv()
    process.join()
    own.close()
    other.close()
    mine = run.run_info("site.yml")
    assert said == mine
    assert mine["pid"] == os.getpid()
    assert not run.is_dead(mine)
    assert not run.orphaned()


def test_machines_with_one_machine_id_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied virtual machines: a run of the other one is not known to be dead because it started in another boot."""
    own = run.run_info("site.yml")
    monkeypatch.setattr(run, "_NODE", "the-copy")
    there = run.controller.__wrapped__()
    assert there != own["controller"] and there.split("/")[0] == own["controller"].split("/")[0]
    assert not run.is_dead({**own, "started": "another-boot/1"}, here=there)
    assert run.is_dead({**own, "started": "another-boot/1"})


def test_a_new_name_of_this_machine_leaves_the_run_its_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """base gives the controller its name where that is one of the hosts; later forks are still of this run."""
    before = run.controller.__wrapped__()
    renamed = os.uname_result(("Linux", "new-name", *os.uname()[2:]))
    monkeypatch.setattr(os, "uname", lambda: renamed)
    assert run.controller.__wrapped__() == before
