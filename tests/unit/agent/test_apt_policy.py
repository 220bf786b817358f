# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""policy-rc.d while packages are installed, and names that apt does not know."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import apt, dpkg, packages

from .host_of_apt import lists, status

Make = Callable[..., dict[str, Any]]


# --- policy-rc.d --------------------------------------------------------------------------------------------------------


def test_foreign_policy_comes_back(host: Any) -> None:
    host.write(dpkg.POLICY, "#!/bin/sh\nexit 104\n", 0o755)
    with apt.Policy(host.ctx):
        assert dpkg.MARKER.decode() in str(host.read(dpkg.POLICY))
    assert host.read(dpkg.POLICY) == "#!/bin/sh\nexit 104\n"
    assert host.read(dpkg.RENAMED_POLICY) is None


@pytest.mark.parametrize("managed", [True, False])
@pytest.mark.parametrize("renamed", [True, False])
def test_what_a_killed_run_left_is_repaired_once(host: Any, component: Make, managed: bool, renamed: bool) -> None:
    if managed:
        host.write(dpkg.POLICY, apt.SCRIPT, 0o755)
    if renamed:
        host.write(dpkg.RENAMED_POLICY, "foreign", 0o755)
    steps = host.apply(packages.plan_packages, component())
    assert [step.action for step in steps] == (["repair"] if managed or renamed else [])
    assert host.read(dpkg.POLICY) == ("foreign" if renamed else None)
    assert host.read(dpkg.RENAMED_POLICY) is None
    assert host.plan(packages.plan_packages, component()) == []


def test_policy_goes_when_apt_fails(host: Any, component: Make) -> None:
    lists(host)
    host.programs.on("apt-get", "install", rc=100, err="E: Sub-process /usr/bin/dpkg returned an error code (1)\n")
    with pytest.raises(AgentError):
        host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert host.read(dpkg.POLICY) is None


@pytest.mark.parametrize(
    ("script", "arguments", "action", "rc"),
    [
        ("x.prerm", ["remove"], "stop", 0),
        ("x.prerm", ["upgrade", "2.0"], "stop", 101),
        ("x.prerm", ["remove"], "start", 101),
        ("x.postinst", ["configure", "1.0"], "start", 101),
        ("x.postinst", ["configure", "1.0"], "restart", 101),
    ],
)
def test_policy_lets_only_a_removal_stop(tmp_path: Path, script: str, arguments: list[str], action: str, rc: int) -> None:
    """Through two shells, as dpkg's maintainer script and invoke-rc.d are."""
    policy = tmp_path / "policy-rc.d"
    policy.write_bytes(apt.SCRIPT)
    invoke = tmp_path / "invoke-rc.d"
    invoke.write_text(f"sh {policy} nginx {action}\nexit $?\n")
    maintainer = tmp_path / script
    maintainer.write_text(f"sh {invoke}\nexit $?\n")
    assert subprocess.run(["sh", str(maintainer), *arguments], check=False).returncode == rc


NO_SUCH = "E: Unable to locate package no-such-package\n"


@pytest.mark.parametrize(
    ("there", "age", "answer", "found", "asked"),
    [
        ({"htop": "installed"}, 60, (100, NO_SUCH), "", False),
        ({}, 60, (100, NO_SUCH), NO_SUCH.strip(), True),
        ({}, 60, (0, ""), "", True),
        # What else is in the way is the run's to say, and lists that are too old say nothing.
        ({}, 60, (100, "E: Unable to correct problems, you have held broken packages."), "", True),
        ({}, 2 * apt.LISTS_AGE, (100, NO_SUCH), "", False),
        ({}, None, (100, NO_SUCH), "", False),
    ],
)
def test_names_are_judged_before_anything_is_changed(
    host: Any, there: dict[str, str], age: float | None, answer: tuple[int, str], found: str, asked: bool
) -> None:
    status(host, **there)
    if age is not None:
        lists(host, age)
    host.programs.on("apt-get", "-s", "install", rc=answer[0], err=answer[1])
    assert apt.unknown(host.ctx, ["htop"]) == found
    assert bool(host.programs.calls) == asked
    assert all("-s" in call and "Debug::NoLocking=true" in call for call in host.programs.calls)


def test_name_that_is_none_is_not_given_to_apt(host: Any) -> None:
    lists(host)
    assert "is not a name or version of a Debian package" in apt.unknown(host.ctx, ["--purge"])
    assert host.programs.calls == []
