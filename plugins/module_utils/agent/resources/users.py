# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups and users: read from /etc/group and /etc/passwd, changed by the programs of Debian's package passwd.

Foreign users and groups stay unchanged: of a user that is not in the ledger neither number, home, primary group nor shell
is changed, and a definition that wants them otherwise is refused. Only supplementary groups are added. Numbers are never
changed, not even of managed users: their files would have no owner.
"""

from __future__ import annotations

from ..core.ledger import next_owner
from ..core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..contract import Group, User
    from ..core.model import Component, Context
    from ..records import NameSection

    Entry = list[str]  # the fields of a line
    Database = dict[str, Entry]

DEFAULT_SHELL = "/usr/sbin/nologin"
LOCKED = "cannot lock"  # the message of shadow's programs while another one is running; seconds later they succeed


def plan_groups(component: Component, ctx: Context) -> list[Step]:
    """Steps for the groups that are missing. Groups to be removed are in :func:`plan_users`: members go first.

    :raises AgentError: ``gid-clash``
    """
    steps = []
    if component["state"] == "present":
        groups = database(ctx, "group")
        for group in component["groups"]:
            if group["state"] == "present":
                steps += _group(group, groups, ctx)
    return steps


def plan_users(component: Component, ctx: Context) -> list[Step]:
    """Steps for users and, after them, for groups that go away.

    A component that is absent takes users and groups along only with ``purge``, and only those that it made.

    :raises AgentError: ``uid-clash``, ``user-clash``, ``unknown-group``
    """
    if not component["users"] and not component["groups"] and component["state"] == "present":
        return []
    steps: list[Step] = []
    users, groups = database(ctx, "passwd"), database(ctx, "group")
    if component["state"] == "present":
        for user in component["users"]:
            if user["state"] == "present":
                steps += _user(user, component, users, groups, ctx)
        gone_users = [user["name"] for user in component["users"] if user["state"] == "absent"]
        gone_groups = [group["name"] for group in component["groups"] if group["state"] == "absent"]
    else:
        keep = not component["purge"]
        gone_users, gone_groups = (
            [] if keep else [name for name in sorted(ctx.section(section)) if next_owner(ctx, section, name) is None]
            for section in ("users", "groups")
        )
    steps += [_remove_user(name, users[name]) for name in gone_users if name in users]
    steps += [_remove_group(name, gone_users, users, groups, component) for name in gone_groups if name in groups]
    return [step for step in steps if step.action]


# --- current state ------------------------------------------------------------------------------------------------------


def database(ctx: Context, name: str) -> Database:
    """/etc/passwd or /etc/group: name -> fields. Read once per run and again after a step."""
    read = ctx.read.users
    if name not in read:
        found: Database = {}
        try:
            with open(ctx.path(f"/etc/{name}"), encoding="utf-8", errors="surrogateescape") as lines:
                for line in lines:
                    fields = line.rstrip("\n").split(":")
                    if len(fields) >= 4 and fields[0] not in found:
                        found[fields[0]] = fields
        except FileNotFoundError:
            pass
        read[name] = found
    return read[name]


def _elsewhere(name: str, ctx: Context) -> Entry | None:
    """A user that comes from a directory service (LDAP, sssd) and not from /etc/passwd."""
    if ctx.root:
        return None
    import pwd

    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return [found.pw_name, "x", str(found.pw_uid), str(found.pw_gid), found.pw_gecos, found.pw_dir, found.pw_shell]


def _group_elsewhere(name: str, ctx: Context) -> Entry | None:
    if ctx.root:
        return None
    import grp

    try:
        found = grp.getgrnam(name)
    except KeyError:
        return None
    return [found.gr_name, "x", str(found.gr_gid), ",".join(found.gr_mem)]


def _holder(number: int, entries: Database) -> str:
    """The name that has a number; empty where it is free."""
    return next((name for name, fields in entries.items() if fields[2] == str(number)), "")


# --- groups -------------------------------------------------------------------------------------------------------------


def _group(group: Group, groups: Database, ctx: Context) -> list[Step]:
    name, gid = group["name"], group["gid"]
    found = groups.get(name) or _group_elsewhere(name, ctx)
    if found:
        if gid is not None and found[2] != str(gid):
            raise AgentError(
                "gid-clash",
                f"group {name} exists with gid {found[2]}, gid {gid} is wanted: its files would have no owner;"
                f" write gid: {found[2]} or leave gid out",
            )
        return []
    if gid is not None and _holder(gid, groups):
        raise AgentError("gid-clash", f"gid {gid} of group {name} belongs to group {_holder(gid, groups)}; choose another or leave gid out")
    argv = ["groupadd"]
    if group["system"]:
        argv.append("--system")
    if gid is not None:
        argv += ["--gid", str(gid)]
    detail = f"gid {gid}" if gid is not None else ""
    return [Step("group", name, "create", detail, apply=_act([*argv, name]), claims=[("groups", name)])]


# --- users --------------------------------------------------------------------------------------------------------------


def _user(user: User, component: Component, users: Database, groups: Database, ctx: Context) -> list[Step]:
    name = user["name"]
    planned = {group["name"] for group in component["groups"] if group["state"] == "present"}
    for group in [*user["groups"], *([user["group"]] if user["group"] else [])]:
        if group not in groups and group not in planned and not _group_elsewhere(group, ctx):
            missing = f"user {name} should be in group {group}, which does not exist; add it to the component's groups"
            if not ctx.check:
                raise AgentError("unknown-group", missing)
            ctx.warn(missing)  # on a bare host a component before this one may be about to bring it
    found = users.get(name)
    if found is None or len(found) < 7:
        found = _elsewhere(name, ctx)
    if found is not None:
        return _existing(user, found, groups, ctx)
    return [_create(user, planned, users, groups)]


def _create(user: User, planned: set[str], users: Database, groups: Database) -> Step:
    name, uid = user["name"], user["uid"]
    if uid is not None and _holder(uid, users):
        raise AgentError("uid-clash", f"uid {uid} of user {name} belongs to user {_holder(uid, users)}; choose another or leave uid out")
    argv = ["useradd"]
    if user["system"]:
        argv.append("--system")
    if uid is not None:
        argv += ["--uid", str(uid)]
    if user["group"]:
        argv += ["--gid", user["group"]]
    elif name in groups or name in planned:
        argv += ["--gid", name]  # useradd refuses to create a group that exists
    else:
        argv.append("--user-group")
    if user["groups"]:
        argv += ["--groups", ",".join(user["groups"])]
    if user["comment"]:
        argv += ["--comment", user["comment"]]
    if user["home"]:
        argv += ["--home-dir", user["home"]]
    argv += ["--shell", user["shell"], "--create-home" if user["create_home"] else "--no-create-home"]
    detail = f"uid {uid}" if uid is not None else ""
    return Step("user", name, "create", detail, apply=_act([*argv, name]), claims=[("users", name)])


def _existing(user: User, found: Entry, groups: Database, ctx: Context) -> list[Step]:
    name = user["name"]
    managed = name in ctx.section("users")
    if user["uid"] is not None and found[2] != str(user["uid"]):
        raise AgentError(
            "uid-clash",
            f"user {name} exists with uid {found[2]}, uid {user['uid']} is wanted: its files would have no owner;"
            f" write uid: {found[2]} or leave uid out",
        )
    steps: list[Step] = []
    primary = next((group for group, fields in groups.items() if fields[2] == found[3]), "")
    if not primary and managed and not user["group"]:
        # A useradd that was killed writes /etc/passwd before /etc/group.
        primary = name
        steps.append(
            Step(
                "group",
                name,
                "create",
                f"primary group of user {name}",
                apply=_act(["groupadd", "--gid", found[3], name]),
                claims=[("groups", name)],
            )
        )
    change: list[str] = []
    said: list[str] = []

    def differs(option: str, what: str, now: str, wanted: str) -> None:
        if not managed:
            raise AgentError(
                "user-clash",
                f"user {name} exists and is not managed by this collection: its {what} is {now or '(none)'}, {wanted} is required;"
                f" leave {what} out to use the existing user, or choose another name",
            )
        change.extend([option, wanted])
        said.append(f"{what} {wanted}")

    if user["group"] and primary != user["group"]:
        differs("--gid", "group", primary or found[3], user["group"])
    if user["home"] and found[5] != user["home"]:
        differs("--home", "home", found[5], user["home"])  # without --move-home: data stay where they are
    if found[6] != user["shell"] and (managed or user["shell"] != DEFAULT_SHELL):
        differs("--shell", "shell", found[6], user["shell"])
    if managed and user["comment"] and found[4] != user["comment"]:
        differs("--comment", "comment", found[4], user["comment"])
    missing = [group for group in user["groups"] if group != primary and name not in _members(group, groups, ctx)]
    if missing:
        change += ["--append", "--groups", ",".join(missing)]
        said.append("groups " + ", ".join(missing))
    if change:
        steps.append(Step("user", name, "update", "; ".join(said), apply=_act(["usermod", *change, name])))
    return steps


def _members(group: str, groups: Database, ctx: Context) -> list[str]:
    found = groups.get(group) or _group_elsewhere(group, ctx)
    return found[3].split(",") if found else []


# --- away ---------------------------------------------------------------------------------------------------------------


def _remove_user(name: str, found: Entry) -> Step:
    if found[2] == "0":
        raise AgentError("user-clash", f"user {name} is the superuser and is not removed")
    # userdel without --remove: home and mail are data
    return Step("user", name, "remove", "its files stay", apply=_act(["userdel", name], _forget("users", name)))


def _remove_group(name: str, gone_users: list[str], users: Database, groups: Database, component: Component) -> Step:
    gid = groups[name][2]
    if gid == "0":
        raise AgentError("user-clash", f"group {name} is the superuser's and is not removed")
    left = sorted(user for user, fields in users.items() if fields[3] == gid and user not in gone_users)
    if left and component["state"] == "present":
        raise AgentError("group-in-use", f"group {name} cannot be removed: it is the primary group of {', '.join(left)}")
    if left:
        return Step("group", name, "")
    return Step("group", name, "remove", apply=_groupdel(name))


def _forget(section: NameSection, name: str) -> Callable[[Context], None]:
    def forget(ctx: Context) -> None:
        ctx.section(section).pop(name, None)

    return forget


def _groupdel(name: str) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        if name in database(ctx, "group"):  # userdel takes the user's own group along
            _act(["groupdel", name])(ctx)
        ctx.section("groups").pop(name, None)

    return apply


def _act(argv: list[str], after: Callable[[Context], None] | None = None) -> Callable[[Context], None]:
    """Run one of shadow's programs, and again where another one had the files locked for a moment."""

    def apply(ctx: Context) -> None:
        begun = 0.0
        for attempt in range(10):
            result = ctx.run(argv, check=False)
            ctx.read.users = {}
            if result.rc == 0:
                if after:
                    after(ctx)
                return
            if LOCKED not in result.err or attempt == 9:
                break
            import time

            from ..core import waiting

            begun = begun or time.monotonic()
            waiting.tell(ctx, "the lock of the user database", begun, 5, result.err)
            time.sleep(0.5)
        raise AgentError("user-failed", f"{' '.join(argv)} ended with {result.rc}: {result.err.strip()[-500:]}")

    return apply
