# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dpkg's database is read right, and plans follow from it. What apt-get then does: test_apt.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import dpkg, packages

Make = Callable[..., dict[str, Any]]
PLAN = packages.plan_packages

# From a Debian 13 host, descriptions shortened.
STATUS = """\
Package: nginx-light
Status: install ok installed
Priority: optional
Architecture: all
Version: 1.26.3-3+deb13u11
Depends: libnginx-mod-http-echo, nginx (>= 1.26.3-3+deb13u11)
Description: nginx web/proxy server (basic version)
 Package: nginx-full
 Status: install ok installed

Package: nginx
Status: install ok installed
Architecture: amd64
Version: 1.26.3-3+deb13u11
Provides: httpd, httpd-cgi, nginx-abi-1.26.3-1

Package: redis-server
Status: deinstall ok config-files
Architecture: amd64
Version: 5:8.0.2-3+deb13u3

Package: etcd-server
Status: hold ok installed
Architecture: amd64
Version: 3.5.16-4

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-12

Package: libc6
Status: deinstall ok config-files
Architecture: i386
Version: 2.36-9

Package: patroni
Status: install ok half-configured
Architecture: all
Version: 4.0.4-7

Package: haproxy
Status: install reinstreq half-installed
Architecture: amd64
Version: 3.0.11-1

Package: man-db
Status: install ok triggers-pending
Architecture: amd64
Version: 2.13.1-1

Package: postfix
Status: deinstall ok config-files
Architecture: amd64
Version: 3.10
Provides: mail-transport-agent
"""


@pytest.fixture
def debian(host: Any) -> Any:
    host.write(dpkg.STATUS, STATUS)
    return host


@pytest.mark.parametrize(
    ("name", "state", "version", "whole", "broken", "held"),
    [
        ("nginx-light", "installed", "1.26.3-3+deb13u11", True, False, False),
        ("nginx-full", "", "", False, False, False),
        ("nginx-l", "", "", False, False, False),
        ("redis-server", "config-files", "5:8.0.2-3+deb13u3", False, False, False),
        ("etcd-server", "installed", "3.5.16-4", True, False, True),
        ("libc6", "installed", "2.41-12", True, False, False),
        ("libc6:i386", "config-files", "2.36-9", False, False, False),
        ("patroni", "half-configured", "4.0.4-7", False, True, False),
        ("haproxy", "half-installed", "3.0.11-1", False, True, False),
        ("man-db", "triggers-pending", "2.13.1-1", True, False, False),
    ],
)
def test_what_dpkg_knows(debian: Any, name: str, state: str, version: str, whole: bool, broken: bool, held: bool) -> None:
    found = dpkg.find(debian.ctx, name)
    assert (found.state, found.version, found.whole, found.broken, found.held) == (state, version, whole, broken, held)


def test_versions(debian: Any) -> None:
    found = dpkg.versions(debian.ctx, ["nginx", "redis-server", "patroni", "nothing"])
    assert found == {"nginx": "1.26.3-3+deb13u11", "redis-server": "", "patroni": "", "nothing": ""}


@pytest.mark.parametrize(
    ("name", "provided"), [("httpd", True), ("httpd-cgi", True), ("http", False), ("mail-transport-agent", False), ("nginx", False)]
)
def test_virtual_packages(debian: Any, name: str, provided: bool) -> None:
    assert dpkg.provided(dpkg._status(debian.ctx), name) is provided


@pytest.mark.parametrize(
    ("version", "pin", "fits"),
    [("1.2-3", None, True), ("1.2-3", "1.2-3", True), ("1.2-3", "1.2", False), ("1.2-3", "1.2*", True), ("17.6-1", "15.*", False)],
)
def test_pins(version: str, pin: str | None, fits: bool) -> None:
    assert dpkg.matches(version, pin) is fits


@pytest.mark.parametrize(
    ("item", "steps"),
    [
        ("nginx", []),
        ("httpd", []),
        ({"name": "httpd", "version": "1*"}, [("create", "version pins"), ("install", "1*")]),
        ("man-db", []),
        ("redis-server", [("install", "")]),
        ({"name": "redis-server", "state": "absent"}, []),
        ({"name": "nginx", "state": "absent"}, [("remove", "1.26.3-3+deb13u11")]),
        ("patroni", [("repair", "half-configured 4.0.4-7")]),
        ("haproxy", [("repair", "half-installed 3.0.11-1")]),
        ({"name": "nginx", "hold": True}, [("hold", "")]),
        ({"name": "etcd-server", "hold": True}, []),
        ({"name": "etcd-server", "version": "3.5.*"}, [("create", "version pins")]),
        ({"name": "nginx", "version": "1.27*"}, [("create", "version pins"), ("update", "1.26.3-3+deb13u11 -> 1.27*")]),
        ({"name": "redis-server", "version": "5:7*", "hold": True}, [("create", "version pins"), ("install", "5:7*"), ("hold", "")]),
    ],
)
def test_plan(debian: Any, component: Make, item: Any, steps: list[tuple[str, str]]) -> None:
    found = debian.plan(PLAN, component(packages=[item]), "check")
    assert [(step.action, step.detail) for step in found] == steps


@pytest.mark.parametrize("change", [{"version": "3.6*"}, {"state": "absent"}])
def test_hold_of_somebody_else_is_respected(debian: Any, component: Make, change: dict[str, str]) -> None:
    with pytest.raises(AgentError, match="apt-mark unhold etcd-server") as caught:
        debian.plan(PLAN, component(packages=[{"name": "etcd-server", **change}]), "check")
    assert caught.value.code == "package-held"
    debian.entry = {"holds": {"etcd-server": {}}}
    assert debian.plan(PLAN, component(packages=[{"name": "etcd-server", **change}]), "check")


def test_hold_that_is_not_wanted_any_more_is_released_only_if_it_is_managed(debian: Any, component: Make) -> None:
    assert debian.plan(PLAN, component(packages=["etcd-server"])) == []
    debian.entry = {"holds": {"etcd-server": {}}}
    for wanted in (component(packages=["etcd-server"]), component(), component(state="absent")):
        assert [step.action for step in debian.plan(PLAN, wanted)] == ["unhold"]


def test_pins_of_a_component_are_one_file_that_goes_with_them(debian: Any, component: Make) -> None:
    pinned = component(packages=[{"name": "nginx", "version": "1.26*"}, {"name": "libc6", "version": "2.41-12"}, "man-db"])
    debian.apply(PLAN, pinned)
    text = str(debian.read("/etc/apt/preferences.d/vannah-trial.pref"))
    assert text.count("Pin-Priority: 1001") == 2
    assert "Package: nginx\nPin: version 1.26*\n" in text
    assert debian.plan(PLAN, pinned) == []
    assert [step.action for step in debian.apply(PLAN, component(packages=["nginx"]))] == ["remove"]
    assert debian.read("/etc/apt/preferences.d/vannah-trial.pref") is None


@pytest.mark.parametrize(("purge", "targets"), [(False, []), (True, ["nginx"])])
def test_absent_component_takes_only_what_it_installed_and_only_with_purge(
    debian: Any, component: Make, purge: bool, targets: list[str]
) -> None:
    debian.entry = {"packages": {"nginx": {}, "gone-before": {}}}
    steps = debian.plan(PLAN, component(state="absent", purge=purge, packages=["nginx", "man-db"]), "check")
    assert [step.target for step in steps] == targets


def test_certificates_bring_openssl_before_everything(debian: Any, component: Make) -> None:
    wanted = component(packages=["nginx"], certificates=[{"name": "x"}])
    (step,) = debian.plan(PLAN, wanted, "check")
    assert (step.target, step.request, step.claims) == ("openssl", True, ())
    debian.write("/usr/bin/openssl")
    assert debian.plan(PLAN, wanted, "check") == []


def test_no_change_runs_nothing(debian: Any, component: Make) -> None:
    assert debian.plan(PLAN, component(packages=["nginx", "libc6", "httpd"])) == []
    assert debian.programs.calls == []
