# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups and users, with shadow's programs played on the files of a temporary /etc."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import users

Make = Callable[..., dict[str, Any]]
PASSWD = "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nada:x:1000:1000:Ada:/home/ada:/bin/bash\n"
GROUP = "root:x:0:\nsudo:x:27:ada\nwww-data:x:33:\nada:x:1000:\nssl-cert:x:109:\n"


def PLAN(component: dict[str, Any], ctx: Context) -> list[Step]:
    return [*users.plan_groups(component, ctx), *users.plan_users(component, ctx)]


class Shadow:
    """useradd, usermod, userdel, groupadd, groupdel as far as the plans use them."""

    def __init__(self, host: Any) -> None:
        self.host = host
        for program in ("useradd", "usermod", "userdel", "groupadd", "groupdel"):
            host.programs.on(program, do=getattr(self, program))

    def table(self, name: str) -> dict[str, list[str]]:
        return {line.split(":")[0]: line.split(":") for line in str(self.host.read(f"/etc/{name}")).splitlines()}

    def save(self, name: str, table: dict[str, list[str]]) -> Result:
        self.host.write(f"/etc/{name}", "".join(":".join(fields) + "\n" for fields in table.values()))
        return Result(0)

    @staticmethod
    def option(argv: list[str], name: str, default: str = "") -> str:
        return argv[argv.index(name) + 1] if name in argv else default

    def groupadd(self, argv: list[str]) -> Result:
        groups = self.table("group")
        groups[argv[-1]] = [argv[-1], "x", self.option(argv, "--gid", "990"), ""]
        return self.save("group", groups)

    def groupdel(self, argv: list[str]) -> Result:
        groups = self.table("group")
        del groups[argv[-1]]
        return self.save("group", groups)

    def join(self, name: str, wanted: str) -> None:
        groups = self.table("group")
        for group in filter(None, wanted.split(",")):
            groups[group][3] = ",".join(filter(None, [*groups[group][3].split(","), name]))
        self.save("group", groups)

    def useradd(self, argv: list[str]) -> Result:
        name, uid = argv[-1], self.option(argv, "--uid", "991")
        if "--user-group" in argv:
            self.groupadd(["groupadd", "--gid", uid, name])
        gid = self.table("group")[self.option(argv, "--gid", name)][2]
        home = self.option(argv, "--home-dir", f"/home/{name}")
        table = self.table("passwd")
        table[name] = [name, "x", uid, gid, self.option(argv, "--comment"), home, self.option(argv, "--shell")]
        self.save("passwd", table)
        self.join(name, self.option(argv, "--groups"))
        return Result(0)

    def usermod(self, argv: list[str]) -> Result:
        table = self.table("passwd")
        fields = table[argv[-1]]
        for option, at in (("--comment", 4), ("--home", 5), ("--shell", 6)):
            fields[at] = self.option(argv, option, fields[at])
        if "--gid" in argv:
            fields[3] = self.table("group")[self.option(argv, "--gid")][2]
        self.save("passwd", table)
        self.join(argv[-1], self.option(argv, "--groups"))
        return Result(0)

    def userdel(self, argv: list[str]) -> Result:
        table = self.table("passwd")
        del table[argv[-1]]
        groups = self.table("group")
        groups.pop(argv[-1], None)
        self.save("group", groups)
        return self.save("passwd", table)


@pytest.fixture
def shadow(host: Any) -> Any:
    host.write("/etc/passwd", PASSWD)
    host.write("/etc/group", GROUP)
    Shadow(host)
    return host


@pytest.mark.parametrize(
    ("given", "actions"),
    [
        ({"users": ["etcd"]}, ["create"]),
        ({"groups": ["etcd"], "users": ["etcd"]}, ["create", "create"]),
        ({"groups": [{"name": "pki", "gid": 800}]}, ["create"]),
        (
            {"users": [{"name": "etcd", "uid": 700, "group": "www-data", "groups": ["ssl-cert", "sudo"], "comment": "etcd", "home": "/x"}]},
            ["create"],
        ),
        ({"users": ["www-data"]}, []),
        ({"users": [{"name": "www-data", "uid": 33}]}, []),
        ({"users": ["ada"]}, []),
        ({"users": [{"name": "ada", "groups": ["sudo"]}]}, []),
        ({"users": [{"name": "ada", "groups": ["sudo", "ssl-cert"]}]}, ["update"]),
        ({"users": [{"name": "www-data", "groups": ["www-data"]}]}, []),
        ({"users": [{"name": "nobody-here", "state": "absent"}]}, []),
        ({"users": [{"name": "ada", "state": "absent"}]}, ["remove"]),
        ({"groups": [{"name": "ssl-cert", "state": "absent"}]}, ["remove"]),
    ],
)
def test_applied_and_then_nothing(shadow: Any, component: Make, given: dict[str, Any], actions: list[str]) -> None:
    wanted = component(**given)
    assert [step.action for step in shadow.apply(PLAN, wanted)] == actions
    assert shadow.plan(PLAN, wanted) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"groups": [{"name": "sudo", "gid": 28}]}, "gid-clash"),
        ({"groups": [{"name": "new", "gid": 27}]}, "gid-clash"),
        ({"users": [{"name": "ada", "uid": 1001}]}, "uid-clash"),
        ({"users": [{"name": "new", "uid": 1000}]}, "uid-clash"),
        ({"users": [{"name": "ada", "home": "/srv/ada"}]}, "user-clash"),
        ({"users": [{"name": "ada", "shell": "/bin/sh"}]}, "user-clash"),
        ({"users": [{"name": "ada", "group": "sudo"}]}, "user-clash"),
        ({"users": [{"name": "new", "group": "nowhere"}]}, "unknown-group"),
        ({"users": [{"name": "new", "groups": ["nowhere"]}]}, "unknown-group"),
        ({"users": [{"name": "root", "state": "absent"}]}, "user-clash"),
        ({"groups": [{"name": "root", "state": "absent"}]}, "user-clash"),
        ({"groups": [{"name": "www-data", "state": "absent"}]}, "group-in-use"),
    ],
)
def test_what_would_hurt_somebody_is_refused(shadow: Any, component: Make, given: dict[str, Any], code: str) -> None:
    with pytest.raises(AgentError) as caught:
        shadow.plan(PLAN, component(**given))
    assert caught.value.code == code
    assert shadow.programs.calls == []


def test_our_own_user_is_changed(shadow: Any, component: Make) -> None:
    shadow.apply(PLAN, component(users=["etcd"]))
    changed = component(users=[{"name": "etcd", "home": "/var/lib/etcd", "shell": "/bin/sh", "comment": "etcd", "group": "ssl-cert"}])
    (step,) = shadow.apply(PLAN, changed)
    assert step.detail == "group ssl-cert; home /var/lib/etcd; shell /bin/sh; comment etcd"
    assert shadow.plan(PLAN, changed) == []


def test_a_group_that_may_come_is_a_warning_in_check_mode(shadow: Any, component: Make) -> None:
    (step,) = shadow.plan(PLAN, component(users=[{"name": "new", "groups": ["docker"]}]), "check")
    assert step.action == "create" and "docker" in shadow.ctx.warnings[0]


def test_useradd_that_was_killed_between_passwd_and_group(shadow: Any, component: Make) -> None:
    shadow.write("/etc/passwd", PASSWD + "etcd:x:991:991::/home/etcd:/usr/sbin/nologin\n")
    shadow.entry = {"users": {"etcd": {}}}
    steps = shadow.apply(PLAN, component(users=["etcd"]))
    assert [(step.kind, step.action) for step in steps] == [("group", "create")]
    assert "etcd:x:991:" in str(shadow.read("/etc/group"))
    assert shadow.plan(PLAN, component(users=["etcd"])) == []


def test_leaving_the_definition_takes_nobody_away(shadow: Any, component: Make) -> None:
    shadow.apply(PLAN, component(users=["etcd"], groups=["pki"]))
    assert shadow.plan(PLAN, component()) == []
    assert shadow.plan(PLAN, component(state="absent")) == []


def test_purge_takes_what_we_made_and_leaves_the_rest(shadow: Any, component: Make) -> None:
    given = {"users": ["etcd", "ada"], "groups": ["etcd", "sudo"]}
    shadow.apply(PLAN, component(**given))
    gone = component(state="absent", purge=True, **given)
    steps = shadow.apply(PLAN, gone)
    assert [(step.kind, step.target, step.action) for step in steps] == [("user", "etcd", "remove"), ("group", "etcd", "remove")]
    assert (shadow.read("/etc/passwd"), shadow.read("/etc/group")) == (PASSWD, GROUP)
    assert (shadow.entry["users"], shadow.entry["groups"]) == ({}, {})
    assert shadow.plan(PLAN, gone) == []


def test_locked_files_are_waited_for(shadow: Any, component: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr("time.sleep", naps.append)
    shadow.programs.on("useradd", rc=1, err="useradd: cannot lock /etc/passwd; try again later.\n")
    with pytest.raises(AgentError, match="try again later") as caught:
        shadow.apply(PLAN, component(users=["etcd"]))
    assert caught.value.code == "user-failed"
    assert len(naps) == 9


def test_other_failures_are_said_at_once(shadow: Any, component: Make) -> None:
    shadow.programs.on("useradd", rc=3, err="useradd: invalid shell 'x'\n")
    with pytest.raises(AgentError, match="invalid shell"):
        shadow.apply(PLAN, component(users=["etcd"]))
    assert shadow.programs.ran("useradd") == 1
