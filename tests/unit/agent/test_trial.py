# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode asks the validators about the files that would change, and leaves the host as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import trial
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.component import Plan
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Result, Step

from .demo import config, demo, ok, one
from .fake_host import FakeHost, component

PROBE = "mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w && mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc"
CHECK = [["/bin/grep", "-q", "good", "/etc/demo.conf"]]


def overlays() -> bool:
    """Whether this machine lets the tests mount overlays."""
    try:
        return (
            subprocess.run(
                ["unshare", "--mount", "--propagation", "private", "sh", "-c", PROBE], capture_output=True, check=False
            ).returncode
            == 0
        )
    except OSError:
        return False


class Trying(FakeHost):
    """A host on which the trial is real, below its root; or says what a test wants it to."""

    said: Result | None = None

    def run(self, argv: list[str], **options: Any) -> Result:
        if argv[0] in ("unshare", "/bin/grep"):
            if self.said is not None:
                return self.said
            below = [f"{self.root}{word}" if word.startswith("/etc/") else word for word in argv]
            done = subprocess.run(below, capture_output=True, text=True, check=False)
            return Result(done.returncode, done.stdout, done.stderr)
        return super().run(argv, **options)


@pytest.fixture
def host(tmp_path: Path) -> Trying:
    made = Trying(tmp_path)
    for folder in ("run", "etc"):
        made.file(f"/{folder}").mkdir(exist_ok=True)
    return made


def planned(host: Trying, *components: dict[str, Any]) -> list[dict[str, Any]]:
    """What check mode says; nothing on the host may be another thing afterwards."""
    before = (host.state(), sorted(os.listdir(host.root / "run")))
    answer = host.call(*components, mode="check")
    assert answer["error"] is None
    assert (host.state(), sorted(os.listdir(host.root / "run"))) == before
    found: list[dict[str, Any]] = answer["components"]
    return found


@pytest.mark.skipif(not overlays(), reason="this machine mounts no overlay")
def test_check_mode_refuses_what_converging_would(host: Trying) -> None:
    ok(host.call(demo(validate=CHECK)))
    (said,) = planned(host, demo("good 2\n", validate=CHECK))
    assert said["error"] is None and said["changed"] and said["warnings"] == []
    (said,) = planned(host, demo("900GB\n", validate=CHECK))
    assert said["error"]["code"] == "validation-failed" and "nothing was changed" in said["error"]["msg"]
    assert one(host.call(demo("900GB\n", validate=CHECK)))["error"]["code"] == "validation-failed"


@pytest.mark.skipif(not overlays(), reason="this machine mounts no overlay")
def test_the_validator_sees_new_folders_removed_files_modes_and_its_own_new_self(host: Trying) -> None:
    host.write("/etc/old.conf", "old\n")
    program = "#!/bin/sh\ncd ${1%/*}/.. && test -x deep/check && test ! -e old.conf && test $(stat -c %a deep/new.conf) = 640\n"
    files = [
        {"path": "/etc/deep/check", "content": program, "mode": "0755"},
        {"path": "/etc/deep/new.conf", "content": "x\n", "mode": "0640"},
        {"path": "/etc/old.conf", "state": "absent"},
    ]
    ok(host.call(component(files=[{"path": "/etc/old.conf", "content": "own\n"}])))
    (said,) = planned(host, component(files=files, validate=[["/etc/deep/check", "/etc/deep/new.conf"]]))
    assert said["error"] is None and said["warnings"] == [], said
    files[1]["mode"] = "0600"
    (said,) = planned(host, component(files=files, validate=[["/etc/deep/check", "/etc/deep/new.conf"]]))
    assert said["error"]["code"] == "validation-failed"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Result(96), "does not allow overlay mounts"),
        (Result(127), "does not allow overlay mounts"),
        (Result(127, "", "exec: /bin/grep: not found"), "/bin/grep is not installed yet"),
    ],
)
def test_what_cannot_be_asked_is_said(host: Trying, result: Result, said: str) -> None:
    host.said = result
    (found,) = planned(host, demo(validate=CHECK))
    assert found["error"] is None and found["changed"]
    (warning,) = found["warnings"]
    assert "check mode could not validate its new files" in warning and said in warning


def test_packages_come_first(host: Trying) -> None:
    ctx = host.context("check")
    ctx.start_component(demo(), {})
    plan = Plan()
    plan.packages = [Step("package", "demo", "install")]
    plan.files = [Step("file", "/etc/demo.conf", "create", writes={"/etc/demo.conf": "x"})]
    trial.judge(plan, demo(validate=CHECK), ctx)
    assert "its packages or users do not exist yet" in ctx.warnings[0]


def test_what_comes_before_may_help(host: Trying) -> None:
    """A file of an earlier component that is not there yet may be why: that is no refusal."""
    host.said = Result(1, "", "no such file")
    first = {**component(files=[{"path": "/etc/first.conf", "content": "x"}]), "name": "first"}
    found = planned(host, first, demo(validate=CHECK))
    assert [item["error"] for item in found] == [None, None]
    assert "would be refused, unless an earlier step corrects it" in found[1]["warnings"][0]


def test_only_what_judges_a_file_that_changes_is_asked(host: Trying) -> None:
    """Another one judges the host, and may load a kernel module."""
    host.said = Result(1, "", "asked")
    (found,) = planned(host, demo(validate=[["/bin/grep", "whatever"]]))
    assert found["error"] is None
    host.said = Result(0)
    ok(host.call(demo(validate=CHECK)))
    host.said = Result(1, "", "asked")
    (found,) = planned(host, demo(validate=CHECK))
    assert found["error"] is None, "nothing changes"
    (found,) = planned(host, component(files=[config("x", validate=["/bin/grep", "%s"])]))
    assert found["error"]["code"] == "validation-failed"


def test_a_planning_call_asks_nothing(host: Trying) -> None:
    host.said = Result(1, "", "asked")
    answer = host.call(demo(validate=CHECK), mode="check", op="plan", expected={}, calls=[])
    assert "validation-failed" not in str(answer)


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        (["/etc/a", "/etc/a"], ["/etc/a"]),
        (["/etc/a", "/etc/ab", "/etc"], ["/etc"]),
        (["/etc/a", "/etc/ab"], ["/etc/a", "/etc/ab"]),
        (["/usr/local/lib", "/etc"], ["/etc", "/usr/local/lib"]),
        ([], []),
    ],
)
def test_folders_within_each_other_are_overlaid_once(folders: list[str], found: list[str]) -> None:
    assert trial.overlaid(folders) == found
