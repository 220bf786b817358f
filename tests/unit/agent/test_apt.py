# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""apt-get and dpkg: what they are told, when lists are fetched, what becomes of policy-rc.d, what errors say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import apt, apt_errors, brought, dpkg, packages

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


STANZA = "Package: {name}\nStatus: {status}\nArchitecture: amd64\nVersion: {version}\n\n"


def status(host: Any, **found: str) -> None:
    """dpkg's database: name (with _ for -) = ``state version``."""
    text = ""
    for name, said in found.items():
        state, _space, version = said.partition(" ")
        text += STANZA.format(name=name.replace("_", "-"), status=f"install ok {state}", version=version or "1.0")
    host.write(dpkg.STATUS, text)


def lists(host: Any, age: float = 60) -> None:
    """Package lists that were fetched ``age`` seconds ago."""
    host.write(apt.LISTS + "/deb.debian.org_debian_dists_trixie_main_binary-amd64_Packages.lz4")
    when = (host.now - age, host.now - age)
    os.utime(host.root / apt.LISTS.lstrip("/"), when)


def installing(host: Any, **found: str) -> Callable[[list[str]], Result]:
    def do(argv: list[str]) -> Result:
        status(host, **found)
        return Result(0)

    return do


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
    with pytest.raises(AgentError, match="no name or version") as caught:
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


def test_repair_goes_on_with_fix_broken_but_removes_nothing(host: Any, component: Make) -> None:
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
    """A monotonic clock that naps move on, and whoever adds to it."""
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


def test_what_was_removed_along_is_said(host: Any, component: Make) -> None:
    lists(host)

    def install(argv: list[str]) -> Result:
        status(host, chrony="installed")
        return Result(
            0, "(Reading database ... 9999 files)\nRemoving systemd-timesyncd (257.9-1~deb13u1) ...\nSetting up chrony (4.6.1-3) ...\n"
        )

    host.programs.on("apt-get", "install", do=install)
    host.apply(packages.plan_packages, component(packages=["chrony"]))
    assert "systemd-timesyncd" in host.ctx.warnings[0]


# apt 3.0 of Debian 13; nginx-light pulls nginx in
NGINX = """\
Inst nginx-common (1.26.3-3+deb13u1 Debian:13.1/stable [all])
Inst nginx (1.26.3-3+deb13u1 Debian:13.1/stable [amd64])
Inst libc6 [2.41-11] (2.41-12 Debian:13.1/stable [amd64])
Inst nginx-light (1.26.3-3+deb13u1 Debian:13.1/stable [all])
"""
WANTS = "/etc/systemd/system/multi-user.target.wants/"


@pytest.mark.parametrize(
    ("more", "role", "links", "parts"),
    [
        ({}, "base", ["nginx.service"], ["nginx.service (of nginx)", "next boot", "systemctl disable nginx.service", "base_packages"]),
        ({}, "", ["nginx.service"], ["nginx.service (of nginx)"]),
        ({}, "base", [], []),  # its preset disables it: a role of the host owns the service
        ({}, "base", ["libc.service"], []),  # it was there before
        ({"units": [{"name": "other.service", "state": "present"}]}, "base", ["nginx.service"], []),
    ],
)
def test_a_service_that_starts_at_the_next_boot_is_named(
    host: Any, component: Make, more: dict[str, Any], role: str, links: list[str], parts: list[str]
) -> None:
    """A package of base_packages that brings a service is the site's wish, and nobody would know of it before the next boot."""
    lists(host)
    status(host, libc6="installed")
    host.programs.on("apt-get", "-s", out=NGINX)

    def install(argv: list[str]) -> Result:
        files = "/.\n/usr/lib/systemd/system/nginx.service\n/usr/lib/systemd/system/nginx@.service\n/usr/lib/nginx.service\n"
        host.write("/var/lib/dpkg/info/nginx.list", files)
        host.write("/var/lib/dpkg/info/libc6:amd64.list", "/usr/lib/systemd/system/libc.service\n")
        for name in links:
            host.write(WANTS + name)
        status(host, libc6="installed", nginx="installed", nginx_common="installed", nginx_light="installed")
        return Result(0)

    host.programs.on("apt-get", "install", do=install)
    wanted = {
        **component(packages=["nginx-light"]),
        "name": "packages",
        "role": role,
        **({"packages_from": "base_packages"} if role else {}),
        **more,
    }
    host.apply(packages.plan_packages, wanted)
    said = " ".join(host.ctx.warnings)
    assert all(part in said for part in parts) if parts else said == ""
    assert "base_packages" not in said or role == "base"


def test_a_service_of_another_component_is_not_named(host: Any) -> None:
    host.write("/var/lib/dpkg/info/nginx.list", "/lib/systemd/system/nginx.service\n/lib/systemd/system/nginx.socket\n")
    host.write("/var/lib/dpkg/info/postgresql-common.list", "/lib/systemd/system/postgresql.service\n")
    for name in ("nginx.service", "nginx.socket", "postgresql.service"):
        host.write(WANTS + name)
    host.ctx.component = {"name": "packages", "units": []}
    main = "/etc/postgresql-common/createcluster.d/vannah.conf"
    host.ctx.call.claims = {
        ("units", "nginx.service"): ("web", "units"),
        ("path", main): ("postgresql-package-defaults", "files"),
    }
    brought.tell(host.ctx, ["nginx", "postgresql-common"])
    (said,) = host.ctx.warnings
    assert "nginx.socket" in said and "nginx.service" not in said and "postgresql.service" not in said


# apt 2.6 of Debian 12 for chrony where ntpsec keeps the time
NTPSEC = """\
The following packages will be REMOVED:
  ntpsec
The following NEW packages will be installed:
  chrony
Remv ntpsec [1.2.2+dfsg1-1+deb12u1]
Inst chrony (4.3-2+deb12u1 Debian:12.12/oldstable [amd64])
Conf chrony (4.3-2+deb12u1 Debian:12.12/oldstable [amd64])
"""


@pytest.mark.parametrize(
    ("items", "simulated", "words"),
    [
        (["chrony"], NTPSEC, ("would remove ntpsec,", "base_time_sync: false", "apt-get remove ntpsec by hand")),
        (["redis"], "Remv b:i386 [1]\nRemv a [1]\nInst redis (8)\n", ("would remove a, b:i386,", "leave that out", "remove a b:i386")),
        (["redis", {"name": "b", "state": "absent"}], "Remv a [1] [b ]\nRemv b [1]\n", ("installing redis would remove a,",)),
        (["chrony"], NTPSEC.replace("ntpsec", "systemd-timesyncd"), None),
        (["redis", {"name": "valkey", "state": "absent"}], "Remv valkey:i386 [1]\nRemv valkey [1]\nInst redis (8)\n", None),
        ([{"name": "valkey", "state": "absent"}], "Remv tools-of-valkey [1]\nRemv valkey [1]\n", None),
    ],
)
def test_nothing_goes_that_nobody_has_named(
    host: Any, component: Make, items: list[Any], simulated: str, words: tuple[str, ...] | None
) -> None:
    """Of what is removed on purpose everything that needs it goes along, as ever."""
    lists(host)
    status(host, valkey="installed", b="installed")
    host.programs.on("apt-get", "-s", out=simulated)
    host.programs.on("apt-get", "install", do=installing(host, chrony="installed", redis="installed"))
    wanted = component(packages=items)
    if words is None:
        host.apply(packages.plan_packages, wanted)
        assert host.programs.ran("apt-get", "install") == 1
        return
    with pytest.raises(AgentError) as caught:
        host.apply(packages.plan_packages, wanted)
    assert caught.value.code == "package-conflict"
    assert [word for word in words if word not in caught.value.msg] == []
    assert host.programs.ran("apt-get", "install") == 0 and host.read(dpkg.POLICY) is None
    host.plan(packages.plan_packages, wanted, "check")
    assert [text for text in host.ctx.warnings if caught.value.msg in text]  # check mode says it, too


def test_a_simulation_that_finds_no_package_fetches_the_lists(host: Any, component: Make) -> None:
    lists(host)
    host.programs.on("apt-get", "-s", rc=100, err="E: Unable to locate package nginx\n")
    host.programs.on("apt-get", "install", do=installing(host, nginx="installed"))

    def update(argv: list[str]) -> Result:
        host.programs.on("apt-get", "-s")
        return Result(0)

    host.programs.on("apt-get", "update", do=update)
    host.apply(packages.plan_packages, component(packages=["nginx"]))
    assert (host.programs.ran("apt-get", "-s"), host.programs.ran("apt-get", "install")) == (2, 1)


def test_a_host_with_nothing_to_install_simulates_nothing(host: Any, component: Make) -> None:
    status(host, nginx="installed")
    assert host.apply(packages.plan_packages, component(packages=["nginx"])) == []
    assert host.programs.calls == []


# --- check mode ---------------------------------------------------------------------------------------------------------


def test_check_mode_without_lists_runs_nothing(host: Any, component: Make) -> None:
    steps = host.plan(packages.plan_packages, component(packages=["nginx"]), "check")
    assert [step.action for step in steps] == ["install"]
    assert host.programs.calls == []
    host.plan(packages.plan_packages, component(packages=["redis"]), "check")
    assert host.ctx.warnings == [] and [text.partition(":")[0] for text in host.ctx.call.warnings] == ["the host has no package lists yet"]


def test_check_mode_tells_what_comes_and_goes_along(host: Any, component: Make) -> None:
    lists(host)
    out = "Inst redis-server (5:8.0.2-3 Debian:13.8/stable [amd64])\nInst redis (5:8 [all])\nRemv valkey [1]\nConf redis (5:8)\n"
    host.programs.on("apt-get", "-s", out=out)
    host.plan(packages.plan_packages, component(packages=["redis"]), "check")
    also, refused = host.ctx.warnings
    assert also == "apt-get would also install redis-server" and "installing redis would remove valkey" in refused
    assert host.programs.ran("-s", "Dir::Cache::pkgcache=") == 1  # apt-get -s of root rebuilds its cache on disk otherwise


def test_check_mode_takes_an_unknown_package_for_a_warning(host: Any, component: Make) -> None:
    lists(host)
    host.programs.on("apt-get", "-s", rc=100, err="E: Unable to locate package nginx\n")
    assert host.plan(packages.plan_packages, component(packages=["nginx"]), "check")
    assert "Unable to locate" in host.ctx.warnings[0]


# --- policy-rc.d --------------------------------------------------------------------------------------------------------


def test_foreign_policy_comes_back(host: Any) -> None:
    host.write(dpkg.POLICY, "#!/bin/sh\nexit 104\n", 0o755)
    with apt.Policy(host.ctx):
        assert dpkg.MARKER.decode() in str(host.read(dpkg.POLICY))
    assert host.read(dpkg.POLICY) == "#!/bin/sh\nexit 104\n"
    assert host.read(dpkg.RENAMED_POLICY) is None


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("renamed", [True, False])
def test_what_a_killed_run_left_is_repaired_once(host: Any, component: Make, ours: bool, renamed: bool) -> None:
    if ours:
        host.write(dpkg.POLICY, apt.SCRIPT, 0o755)
    if renamed:
        host.write(dpkg.RENAMED_POLICY, "foreign", 0o755)
    steps = host.apply(packages.plan_packages, component())
    assert [step.action for step in steps] == (["repair"] if ours or renamed else [])
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
    assert "is no name or version of a Debian package" in apt.unknown(host.ctx, ["--purge"])
    assert host.programs.calls == []
