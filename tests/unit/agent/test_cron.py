# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of /etc/cron.d."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import cron

Make = Callable[..., dict[str, Any]]
PLAN = cron.plan_cron
ENTRY: dict[str, Any] = {"name": "backup", "schedule": "0 3 * * *", "command": "/usr/bin/backup"}


@pytest.mark.parametrize(
    "schedule",
    ["0 3 * * *", "*/5 * * * *", "0-30/10 8-18 1,15 jan-mar mon-fri", "59 23 31 12 7", "@daily", "@reboot", "0 0 * * sun", "1,2,3 * * * *"],
)
def test_good_schedules(schedule: str) -> None:
    assert cron.schedule_problem(schedule) == ""


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "0 3 * *", "0 3 * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "@often", "5/10 * * * *"),
        *("*/0 * * * *", "30-10 * * * *", "- * * * *", "1, * * * *", "² * * * *", "* * * foo *", "*/70 * * * *", "-1 * * * *"),
    ],
)
def test_bad_schedules(schedule: str) -> None:
    assert cron.schedule_problem(schedule)


@pytest.mark.parametrize(
    ("command", "line"), [("date +%F", "date +\\%F"), ("date +\\%F", "date +\\%F"), ("%%", "\\%\\%"), ("true", "true")]
)
def test_percent_signs_mean_themselves(command: str, line: str) -> None:
    assert cron.escape(command) == line


def test_text() -> None:
    item = {**ENTRY, "user": "postgres", "environment": {"PATH": "/usr/bin", "MAILTO": "", "QUOTED": 'a "b"'}}
    lines = cron.text("trial", item).splitlines()
    assert lines[1:] == ['MAILTO=""', 'PATH="/usr/bin"', "QUOTED='a \"b\"'", "0 3 * * * postgres /usr/bin/backup"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "backup.sh"},
        {"name": "../passwd"},
        {"name": ""},
        {"command": "a\nb"},
        {"command": " "},
        {"user": "a b"},
        {"user": ""},
        {"schedule": "x"},
        {"environment": {"A-B": "x"}},
        {"environment": {"A": "x\ny"}},
        {"environment": {"A": "\"x' "}},
    ],
)
def test_what_cron_would_not_take_is_refused(host: Any, component: Make, change: dict[str, Any]) -> None:
    with pytest.raises(AgentError) as caught:
        host.plan(PLAN, component(cron=[{**ENTRY, **change}]))
    assert caught.value.code == "bad-cron"


def test_made_changed_and_taken_away(host: Any, component: Make) -> None:
    (step,) = host.apply(PLAN, component(cron=[ENTRY]))
    assert (step.target, step.action, step.detail) == ("backup", "create", "0 3 * * *")
    assert host.plan(PLAN, component(cron=[ENTRY])) == []
    changed = component(cron=[{**ENTRY, "schedule": "@daily"}])
    (step,) = host.apply(PLAN, changed)
    assert step.action == "update" and step.diff is not None and "@daily" in step.diff["after"]
    assert host.plan(PLAN, changed) == []
    (step,) = host.apply(PLAN, component(cron=[]))
    assert step.action == "remove"
    assert host.read("/etc/cron.d/backup") is None
    assert host.entry["cron"] == {}
    assert host.plan(PLAN, component(cron=[])) == []


@pytest.mark.parametrize("gone", [{"cron": [{**ENTRY, "state": "absent"}]}, {"cron": [ENTRY], "state": "absent"}])
def test_absent(host: Any, component: Make, gone: dict[str, Any]) -> None:
    host.apply(PLAN, component(cron=[ENTRY]))
    host.apply(PLAN, component(**gone))
    assert host.read("/etc/cron.d/backup") is None
    assert host.plan(PLAN, component(**gone)) == []


def test_files_that_cron_would_pass_over_are_made_right(host: Any, component: Make) -> None:
    host.apply(PLAN, component(cron=[ENTRY]))
    (host.root / "etc/cron.d/backup").chmod(0o666)
    assert [step.action for step in host.apply(PLAN, component(cron=[ENTRY]))] == ["update"]
    assert host.plan(PLAN, component(cron=[ENTRY])) == []


def test_drift_is_told_and_overwritten(host: Any, component: Make) -> None:
    host.apply(PLAN, component(cron=[ENTRY]))
    host.write("/etc/cron.d/backup", "# mine now\n")
    host.apply(PLAN, component(cron=[ENTRY]))
    assert host.ctx.drift == ["/etc/cron.d/backup"]


def test_a_packages_entry_is_not_overwritten(host: Any, component: Make) -> None:
    host.write("/etc/cron.d/backup", "0 0 * * * root true\n")
    with pytest.raises(AgentError) as caught:
        host.plan(PLAN, component(cron=[ENTRY]))
    assert caught.value.code == "foreign-file"


def test_a_managed_file_is_known_though_the_ledger_is_lost(host: Any, component: Make) -> None:
    host.apply(PLAN, component(cron=[ENTRY]))
    host.entry.clear()
    assert host.plan(PLAN, component(cron=[ENTRY])) == []
    assert host.plan(PLAN, component(cron=[{**ENTRY, "command": "x"}]))[0].action == "update"


@pytest.mark.parametrize(("packages", "installed", "warned"), [([], False, True), (["cron"], False, False), ([], True, False)])
def test_warned_where_nothing_would_run_it(host: Any, component: Make, packages: list[str], installed: bool, warned: bool) -> None:
    if installed:
        host.write("/usr/sbin/cron")
    host.plan(PLAN, component(cron=[ENTRY], packages=packages))
    assert bool(host.ctx.warnings) is warned
