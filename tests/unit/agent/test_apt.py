# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""apt-get and dpkg: what they are told, when lists are fetched, what becomes of policy-rc.d, what errors say."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import apt, apt_errors, dpkg, packages

from .host_of_apt import STANZA, installing, lists, status

Make = Callable[..., dict[str, Any]]

# apt 3.0.3 of Debian 13
NOWHERE = """\
Err:1 http://deb.debian.org/debian trixie InRelease
  Could not connect to 127.0.0.1:1 (127.0.0.1). - connect (111: Connection refused)
Err:2 http://deb.debian.org/debian trixie-updates InRelease
  Unable to connect to 127.0.0.1:1:
Reading package lists...
"""
NOWHERE_ERR = "E: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Could not connect to 127.0.0.1:1\n"
ERRORS = [
    (Result(100, "", "E: Unable to locate package no-such-thing\n"), "package-unknown", "E: Unable to locate package no-such-thing"),
    (Result(100, "", "E: Package 'mail-transport-agent' has no installation candidate\n"), "package-unknown", "no installation candidate"),
    (Result(100, "", "E: Version '9.9*' for 'nginx-light' was not found\n"), "package-unknown", "9.9*"),
    (Result(100, NOWHERE, NOWHERE_ERR), "packages-unreachable", "Err:1 http://deb.debian.org/debian trixie InRelease (Could not connect"),
    (Result(100, "", "E: You don't have enough free space in /var/cache/apt/archives/.\n"), "no-space", "/var/cache/apt/archives"),
    (
        Result(100, " cannot copy extracted data: failed to write (No space left on device)\n", "E: Sub-process\n"),
        "no-space",
        "No space left",
    ),
    (
        Result(100, "", "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 42 (apt-get)\n"),
        "packages-locked",
        "process 42",
    ),
    (Result(2, "", "dpkg: error: dpkg frontend lock was locked by another process with pid 42\n"), "packages-locked", "pid 42"),
    (Result(100, "", "W: GPG error: http://x trixie InRelease: NO_PUBKEY 0E98404D386FA1D9\n"), "packages-untrusted", "0E98404D386FA1D9"),
    (Result(100, "", "E: Release file for http://x is not valid yet (invalid for another 2h)\n"), "packages-untrusted", "clock"),
    (Result(100, "", "E: Held packages were changed and -y was used without --allow-change-held-packages.\n"), "package-held", "showhold"),
    (
        Result(
            100,
            "The following held packages will be changed:\n  etcd-server patroni\n0 upgraded\n",
            "E: Held packages were changed and -y was used without --allow-change-held-packages.\n",
        ),
        "package-held",
        "etcd-server, patroni would have to change and are on hold. Fix: run apt-mark unhold etcd-server patroni on the host,",
    ),
    (
        Result(
            100,
            "Setting up acme-agent (1.0) ...\n",
            "dpkg: error processing package acme-agent (--configure):\n"
            " installed acme-agent package post-installation script subprocess returned error exit status 3\n"
            "Errors were encountered while processing:\n acme-agent\nE: Sub-process /usr/bin/dpkg returned an error code (1)\n",
        ),
        "package-broken",
        "dpkg cannot configure acme-agent (installed acme-agent package post-installation script subprocess returned error exit status 3)."
        " Fix: run dpkg --configure acme-agent on the host, which shows why",
    ),
    (Result(100, "", "E: Unable to correct problems, you have held broken packages.\n"), "package-conflict", "held broken"),
    (Result(100, "", "E: Packages need to be removed but remove is disabled.\n"), "package-conflict", "remove is disabled"),
    (
        Result(100, "x\nErrors were encountered while processing:\n foo\n", "E: Sub-process dpkg returned an error\n"),
        "package-failed",
        "foo",
    ),
    (Result(127), "program-missing", "Debian"),
    (Result(124), "program-timeout", "in time"),
]


@pytest.mark.parametrize(("result", "code", "part"), ERRORS)
def test_errors_have_a_code_and_name_what_is_wrong(result: Result, code: str, part: str) -> None:
    error = apt_errors.explain(result, "install foo")
    assert error.code == code
    assert part in error.msg


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (["nginx", {"name": "redis", "state": "absent"}], ["nginx", "redis-"]),
        ([{"name": "etcd-server", "version": "3.5.16-4"}], ["etcd-server=3.5.16-4"]),
        ([{"name": "postgresql-17", "version": "17.*"}], ["postgresql-17=17.*"]),
        (["g++", "libc6:i386"], ["g++", "libc6:i386"]),
    ],
)
def test_arguments(component: Make, items: list[Any], words: list[str]) -> None:
    transaction = apt.Transaction(component(packages=items)["packages"])
    arguments = transaction.arguments()
    assert arguments[arguments.index("--") + 1 :] == words
    assert ("--allow-downgrades" in arguments) == any("=" in word for word in words)


@pytest.mark.parametrize("name", ["-o", "nginx;reboot", "nginx^2", "a b", "nginx\n", "ngïnx"])
def test_what_is_no_package_name_is_refused(component: Make, name: str) -> None:
    with pytest.raises(AgentError, match="not a name or version") as caught:
        apt.Transaction(component(packages=[name])["packages"]).arguments()
    assert caught.value.code == "bad-package"


def test_one_transaction_for_all_under_our_policy(host: Any, component: Make) -> None:
    lists(host)
    seen: list[str] = []

    def do(argv: list[str]) -> Result:
        seen.append((host.root / dpkg.POLICY.lstrip("/")).read_text())
        return installing(host, nginx="installed 1.26", redis="installed 8.0")(argv)

    host.programs.on("apt-get", "install", do=do)
    steps = host.apply(packages.plan_packages, component(packages=["nginx", "redis"]))
    assert [(step.target, step.action) for step in steps] == [("nginx", "install"), ("redis", "install")]
    assert host.programs.ran("apt-get") == 1
    assert dpkg.MARKER.decode() in seen[0]
    assert not (host.root / dpkg.POLICY.lstrip("/")).exists()
    assert host.plan(packages.plan_packages, component(packages=["nginx", "redis"])) == []
    assert host.programs.ran("apt-get") == 1
    assert host.programs.environments[0]["DEBIAN_FRONTEND"] == "noninteractive"
    assert "--no-install-recommends" in host.programs.calls[0]


def test_apt_that_is_content_but_did_nothing_is_an_error(host: Any, component: Make) -> None:
    lists(host)
    status(host)
    with pytest.raises(AgentError) as caught:
        host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert caught.value.code == "package-failed"


@pytest.mark.parametrize(
    ("have_lists", "age", "sources", "updates"),
    [(True, 60, None, 0), (True, 90000, None, 1), (True, -7200, None, 1), (False, 0, None, 1), (True, 600, 300, 1), (True, 600, 900, 0)],
)
def test_lists_are_fetched_when_needed(
    host: Any, component: Make, have_lists: bool, age: float, sources: float | None, updates: int
) -> None:
    if have_lists:
        lists(host, age)
    if sources is not None:
        path = host.write("/etc/apt/sources.list.d/extra.sources")
        os.utime(path, (host.now - sources, host.now - sources))
    host.programs.on("apt-get", "install", do=installing(host, nginx="installed"))
    host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert host.programs.ran("apt-get", "update") == updates
    if updates:
        assert os.stat(host.root / apt.STAMP.lstrip("/")).st_mtime == host.now


@pytest.mark.parametrize(("stamp", "updates"), [(apt.STAMP, 1), (apt.STAMPS[1], 1), (None, 0)])
def test_a_failed_update_does_not_make_lists_new(host: Any, component: Make, stamp: str | None, updates: int) -> None:
    lists(host, 60)
    if stamp:
        os.utime(host.write(stamp), (host.now - 90000, host.now - 90000))
    host.programs.on("apt-get", "install", do=installing(host, nginx="installed"))
    host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert host.programs.ran("apt-get", "update") == updates


def test_unknown_package_fetches_lists_once_and_is_said(host: Any, component: Make) -> None:
    lists(host)
    status(host)
    host.programs.on("apt-get", "install", rc=100, err="E: Unable to locate package nginx\n")
    with pytest.raises(AgentError) as caught:
        host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert caught.value.code == "package-unknown"
    assert (host.programs.ran("apt-get", "update"), host.programs.ran("apt-get", "install")) == (1, 2)


def test_found_after_the_lists_are_new(host: Any, component: Make) -> None:
    lists(host)
    host.programs.on("apt-get", "install", rc=100, err="E: Unable to locate package nginx\n")

    def update(argv: list[str]) -> Result:
        host.programs.on("apt-get", "install", do=installing(host, nginx="installed"))
        return Result(0)

    host.programs.on("apt-get", "update", do=update)
    host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert host.ctx.warnings == []


def test_unreachable_mirror_is_the_error_rather_than_the_unknown_package(host: Any, component: Make) -> None:
    host.programs.on("apt-get", "install", rc=100, err="E: Unable to locate package nginx\n")
    host.programs.on("apt-get", "update", rc=100, out=NOWHERE, err=NOWHERE_ERR)
    with pytest.raises(AgentError) as caught:
        host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert caught.value.code == "packages-unreachable"
    assert "Connection refused" in caught.value.msg


def test_old_lists_do_when_the_mirror_is_away_but_it_is_said(host: Any, component: Make) -> None:
    lists(host, 90000)
    host.programs.on("apt-get", "install", do=installing(host, nginx="installed"))
    host.programs.on("apt-get", "update", rc=100, out=NOWHERE, err=NOWHERE_ERR)
    host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert "cannot be reached" in host.ctx.warnings[0]


def test_half_configured_package_is_repaired_first(host: Any, component: Make) -> None:
    lists(host)
    status(host, nginx="half-configured 1.26")
    host.programs.on("apt-get", "install", do=installing(host, nginx="installed 1.26"))
    steps = host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert [(step.action, step.detail) for step in steps] == [("repair", "half-configured 1.26")]
    assert host.programs.calls[0] == apt.CONFIGURE


def test_repair_continues_with_fix_broken_but_removes_nothing(host: Any, component: Make) -> None:
    lists(host)
    status(host, nginx="unpacked 1.26")
    host.programs.on("dpkg", "--configure", rc=1, err="dependency problems - leaving unconfigured\n")
    host.programs.on("apt-get", "install", do=installing(host, nginx="installed 1.26"))
    host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert host.programs.ran("--fix-broken", "--no-remove") == 1


def test_interruption_that_only_apt_tells_of_is_repaired_too(host: Any, component: Make) -> None:
    lists(host)
    said = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\n"
    host.programs.on("apt-get", "install", rc=100, err=said)

    def configure(argv: list[str]) -> Result:
        host.programs.on("apt-get", "install", do=installing(host, nginx="installed"))
        return Result(0)

    host.programs.on("dpkg", "--configure", do=configure)
    host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert host.programs.ran("dpkg", "--configure") == 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A monotonic clock that naps move on, and what adds to it."""
    now = [0.0]
    monkeypatch.setattr("time.sleep", lambda seconds: now.append(now[-1] + seconds))
    monkeypatch.setattr("time.monotonic", lambda: now[-1])
    return now


def test_locks_are_waited_for(host: Any, component: Make, clock: list[float]) -> None:
    host.programs.on("apt-get", "update", rc=100, err="E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt)\n")
    with pytest.raises(AgentError) as caught:
        host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert caught.value.code == "packages-locked"
    assert clock[-1] == apt.LOCK_PATIENCE


def test_what_apt_has_waited_itself_counts(host: Any, component: Make, clock: list[float]) -> None:
    lists(host)

    def wait(argv: list[str]) -> Result:
        assert f"DPkg::Lock::Timeout={apt.LOCK_PATIENCE}" in argv
        clock.append(clock[-1] + apt.LOCK_PATIENCE)
        return Result(100, "", "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (unattended-upgr)\n")

    host.programs.on("apt-get", "-s", do=wait)
    with pytest.raises(AgentError) as caught:
        host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert caught.value.code == "packages-locked"
    assert clock[-1] == apt.LOCK_PATIENCE and host.programs.ran("apt-get", "install") == 0


def test_our_hold_is_lifted_for_the_change_and_set_again(host: Any, component: Make) -> None:
    lists(host)
    selections: list[str] = []

    def database(selection: str, version: str) -> None:
        text = STANZA.format(name="etcd", status=f"{selection} ok installed", version=version)
        host.write(dpkg.STATUS, text)

    def select(argv: list[str]) -> Result:
        words = str(host.programs.inputs[-1]).split()
        selections.append(words[1])
        database(words[1], "3.5" if "3.5" in (host.read(dpkg.STATUS) or "") else "3.4")
        return Result(0)

    def install(argv: list[str]) -> Result:
        database("install", "3.5")
        return Result(0)

    database("hold", "3.4")
    host.entry = {"holds": {"etcd": {}}, "packages": {"etcd": {}}}
    host.programs.on("dpkg", "--set-selections", do=select)
    host.programs.on("apt-get", "install", do=install)
    wanted = component(packages=[{"name": "etcd", "version": "3.5", "hold": True}])
    host.apply(packages.plan_packages, wanted)
    assert selections == ["install", "hold"]
    assert host.plan(packages.plan_packages, wanted) == []
