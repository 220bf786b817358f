# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog device is Patroni's before Patroni is told to use it: a leader that cannot write to it demotes itself."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import collect

PASSWORDS = dict.fromkeys(("superuser", "replication", "rewind"), "x" * 32)
PROGRAM = "/usr/local/lib/vannah/postgresql-watchdog"


@pytest.fixture
def watchdog(program: Callable[[str, str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program, on a host where nothing can be loaded and that has ``given``, what was given away."""
    module: Any = program("postgresql", "postgresql-watchdog")
    module.given = []
    monkeypatch.setattr(subprocess, "run", lambda argv, **more: None)
    monkeypatch.setattr(module.shutil, "chown", lambda path, user: module.given.append((path, user)))
    monkeypatch.setattr(module.os.path, "exists", lambda path: False)
    return module


def there(module: Any, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    monkeypatch.setattr(module.os.path, "exists", lambda path: True)
    monkeypatch.setattr(os, "stat", lambda path: os.stat_result((mode, *[0] * 9)))


def test_a_device_is_given_to_patroni(watchdog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there(watchdog, monkeypatch, stat.S_IFCHR | 0o600)
    assert watchdog.main("required") == watchdog.main("automatic") == 0
    assert watchdog.given == [("/dev/watchdog", "postgres")] * 2


@pytest.mark.parametrize("mode", [None, stat.S_IFREG])
def test_one_that_is_required_and_missing(
    watchdog: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: int | None
) -> None:
    if mode is not None:
        there(watchdog, monkeypatch, mode)
    assert watchdog.main("automatic") == 0 and not capsys.readouterr().err
    assert watchdog.main("required") == 1 and watchdog.given == []
    said = capsys.readouterr().err
    assert "postgresql_watchdog: required" in said and "postgresql_watchdog: automatic" in said and said.count("\n") == 1


def test_one_that_cannot_be_given_away(watchdog: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def chown(path: str, user: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    there(watchdog, monkeypatch, stat.S_IFCHR)
    monkeypatch.setattr(watchdog.shutil, "chown", chown)
    assert watchdog.main("required") == 1 and "cannot be given to postgres" in capsys.readouterr().err


@pytest.fixture
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are a lookup into an encrypted file, which these tests do not have."""
    original = collect.Role.variables
    monkeypatch.setattr(collect.Role, "variables", lambda self, given: {**original(self, given), "__postgresql_passwords": PASSWORDS})


@pytest.mark.usefixtures("_passwords")
@pytest.mark.parametrize(("mode", "asked"), [("off", False), ("automatic", True), ("required", True)])
def test_patroni_is_told_after_the_device_was_looked_at(render: Callable[..., Any], mode: str, asked: bool) -> None:
    hosts = {"hosts": {"db1": {"ansible_host": "192.0.2.11", "postgresql_watchdog": mode}}}
    site = {"all": {"children": {"etcd": hosts, "postgresql": hosts}}}
    definition = render("postgresql", "postgresql", site, "db1")["definition"]
    assert definition["validate"][1:] == ([[PROGRAM, mode]] if asked else [])
    assert (PROGRAM in {item["path"] for item in definition["files"]}) is asked
