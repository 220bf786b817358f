# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes and goes along with packages, what starts at the next boot, and what check mode says of all that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import brought, dpkg, packages

from .host_of_apt import installing, lists, status

Make = Callable[..., dict[str, Any]]


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
    """A package of base_packages that brings a service is the site's wish, and no one would know of it before the next boot."""
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
