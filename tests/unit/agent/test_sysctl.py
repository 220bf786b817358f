# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel parameters, on a /proc/sys of plain files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import sysctl

Make = Callable[..., dict[str, Any]]
PLAN = sysctl.plan_sysctls
FORWARD = "/proc/sys/net/ipv4/ip_forward"
CONF = "/etc/sysctl.d/60-vannah-trial.conf"


def one(name: str, value: str) -> dict[str, Any]:
    return {"sysctls": [{"name": name, "value": value}]}


@pytest.mark.parametrize(
    ("name", "normal", "path"),
    [
        ("net.ipv4.ip_forward", "net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/1.forwarding", "net.ipv4.conf.eth0/1.forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"),
        ("net/ipv4/conf/eth0.1/forwarding", "net.ipv4.conf.eth0/1.forwarding", "/proc/sys/net/ipv4/conf/eth0.1/forwarding"),
    ],
)
def test_names(name: str, normal: str, path: str) -> None:
    assert sysctl.normal_name(name) == normal
    assert sysctl.proc_path(normal) == path


@pytest.mark.parametrize("name", ["", "vm", "net..x", ".net.x", "net.ipv4.*", "net.a b", "../../etc/passwd", "net.x\n"])
def test_what_is_no_parameter(host: Any, component: Make, name: str) -> None:
    if name == "net.x\n":  # space around a name is nothing
        assert sysctl.normal_name(name) == "net.x"
        return
    with pytest.raises(AgentError) as caught:
        host.plan(PLAN, component(**one(name, "1")))
    assert caught.value.code == "bad-sysctl"


def test_set_now_and_for_the_next_boot_and_given_back(host: Any, component: Make) -> None:
    host.write(FORWARD, "0\n")
    wanted = component(**one("net.ipv4.ip_forward", "1"))
    steps = host.apply(PLAN, wanted)
    assert [(step.target, step.action) for step in steps] == [("net.ipv4.ip_forward", "set"), (CONF, "create")]
    assert (host.read(FORWARD), str(host.read(CONF)).splitlines()[1:]) == ("1\n", ["net.ipv4.ip_forward = 1"])
    assert host.plan(PLAN, wanted) == []
    host.write(FORWARD, "0\n")  # another program sets it
    assert [step.action for step in host.apply(PLAN, wanted)] == ["set"]
    steps = host.apply(PLAN, component())
    assert [step.action for step in steps] == ["remove", "restore"]
    assert (host.read(FORWARD), host.read(CONF), host.entry["sysctls"]) == ("0\n", None, {})


def test_a_value_that_somebody_else_changed_is_not_given_back(host: Any, component: Make) -> None:
    host.write(FORWARD, "0\n")
    host.apply(PLAN, component(**one("net.ipv4.ip_forward", "1")))
    host.write(FORWARD, "2\n")
    assert [step.action for step in host.apply(PLAN, component(state="absent"))] == ["remove", "forget"]
    assert host.read(FORWARD) == "2\n"


def test_tabs_are_spaces(host: Any, component: Make) -> None:
    host.write("/proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n")
    steps = host.apply(PLAN, component(**one("net.ipv4.tcp_rmem", "4096 131072  6291456")))
    assert [step.target for step in steps] == [CONF]


def test_a_parameter_that_is_not_there_waits_for_its_module(host: Any, component: Make) -> None:
    wanted = component(**one("net.bridge.bridge-nf-call-iptables", "1"))
    host.apply(PLAN, wanted)
    assert "no parameter" in host.ctx.warnings[0]
    assert host.plan(PLAN, wanted) == []


@pytest.mark.parametrize("container", [True, False])
def test_the_machine_around_a_container_is_left_alone(host: Any, component: Make, container: bool) -> None:
    host.write("/proc/sys/vm/swappiness", "60\n")
    if container:
        host.write("/run/systemd/container", "docker")
    steps = host.plan(PLAN, component(**one("vm.swappiness", "10")))
    assert bool(steps) is not container
    assert bool(host.ctx.warnings) is container


def test_several_lines_are_refused(host: Any, component: Make) -> None:
    with pytest.raises(AgentError):
        host.plan(PLAN, component(**one("net.ipv4.ip_forward", "1\nkernel.panic = 1")))


def test_killed_before_the_value_was_set(host: Any, component: Make) -> None:
    """The claim is in the ledger, the value is not: leaving the definition forgets it and touches nothing."""
    host.write(FORWARD, "0\n")
    host.entry = {"sysctls": {"net.ipv4.ip_forward": {}}}
    host.apply(PLAN, component())
    assert host.read(FORWARD) == "0\n"


@pytest.mark.parametrize("left", [False, True])
def test_a_value_that_the_kernel_refuses_is_not_set_at_the_next_boot(
    host: Any, component: Make, monkeypatch: pytest.MonkeyPatch, left: bool
) -> None:
    """Nor does one stay that an older release has written before it asked the kernel."""
    host.write(FORWARD, "0\n")
    host.write("/proc/sys/net/ipv4/tcp_syncookies", "0\n")
    given = [{"name": "net.ipv4.tcp_syncookies", "value": "1"}, {"name": "net.ipv4.ip_forward", "value": "maybe"}]
    if left:
        host.write(CONF, "# own\nnet.ipv4.tcp_syncookies = 1\nnet.ipv4.ip_forward = maybe\n")

    def refuse(*_words: Any) -> str:
        raise AgentError("sysctl-failed", "the kernel rejects it")

    write = sysctl._write
    monkeypatch.setattr(sysctl, "_write", lambda name, *words: (refuse if name.endswith("forward") else write)(name, *words))
    for _run in range(2):
        with pytest.raises(AgentError):
            host.apply(PLAN, component(sysctls=given))
        assert host.read(CONF) == ("# own\nnet.ipv4.tcp_syncookies = 1\n" if left else None)
    monkeypatch.undo()
    given[1]["value"] = "1"
    host.apply(PLAN, component(sysctls=given))
    assert "net.ipv4.ip_forward = 1" in str(host.read(CONF)) and host.read(FORWARD) == "1\n"
