# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Patroni could use the host's watchdog device."""

from __future__ import annotations

import os
import stat
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import main
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import watchdog

KERNEL = f"/lib/modules/{os.uname().release}"


def device(host: Any, monkeypatch: pytest.MonkeyPatch, mode: int = stat.S_IFCHR) -> None:
    """The tests may not make one."""
    real = os.stat
    path = str(host.root) + watchdog.DEVICE
    host.write(watchdog.DEVICE, "")
    monkeypatch.setattr(os, "stat", lambda name, **more: os.stat_result((mode, *[0] * 9)) if name == path else real(name, **more))


def test_a_container_has_none_of_its_own(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "is_container", lambda ctx: True)
    host.write(f"{KERNEL}/modules.dep", "kernel/drivers/watchdog/softdog.ko.xz:\n")
    assert "this host is a container" in watchdog.problem(host.ctx)


@pytest.mark.parametrize(
    ("file", "text", "usable"),
    [
        ("modules.dep", "kernel/drivers/watchdog/softdog.ko.xz:\n", True),
        ("modules.builtin", "kernel/drivers/watchdog/softdog.ko\n", True),
        ("modules.dep", "kernel/drivers/watchdog/iTCO_wdt.ko:\n", False),
    ],
)
def test_a_driver_in_software_will_do(host: Any, monkeypatch: pytest.MonkeyPatch, file: str, text: str, usable: bool) -> None:
    monkeypatch.setattr(watchdog, "is_container", lambda ctx: False)
    host.write(f"{KERNEL}/{file}", text)
    assert watchdog.problem(host.ctx) == ("" if usable else "there is no /dev/watchdog, and the kernel has no module softdog")


@pytest.mark.parametrize(
    ("state", "holder", "said"),
    [
        ("inactive\n", "systemd", ""),
        ("active\n", "patroni", ""),
        ("active\n", "systemd", "/dev/watchdog is held by systemd (RuntimeWatchdogSec= of systemd-system.conf)"),
        ("active\n", "watchdog", "/dev/watchdog is held by watchdog"),
        ("active\n", "", ""),
    ],
)
def test_a_device_has_one_user(host: Any, monkeypatch: pytest.MonkeyPatch, state: str, holder: str, said: str) -> None:
    device(host, monkeypatch)
    host.write(watchdog.STATE, state)
    host.write("/proc/1/comm", "init\n")
    host.write("/proc/77/comm", holder + "\n")
    (host.root / "proc/77/fd").mkdir()
    if holder:
        (host.root / "proc/77/fd/4").symlink_to("/dev/watchdog0")
    assert watchdog.problem(host.ctx) == said


def test_a_file_in_its_place(host: Any) -> None:
    host.write(watchdog.DEVICE, "")
    assert watchdog.problem(host.ctx) == "/dev/watchdog is not a device"


@pytest.mark.parametrize("asked", [True, False])
def test_it_is_told_to_who_asks(host: Any, asked: bool) -> None:
    payload = {"protocol": main.PROTOCOL, "op": "facts", "mode": "apply", "lease": {"action": "none"}}
    payload["services"] = {"postgresql": {"watchdog": asked}}
    said = main.main(payload, root=str(host.root), runner=host.programs)["facts"]["services"]["postgresql"]
    assert ("watchdog" in said) is asked
