# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of /etc/cron.d, one file each (crontab(5), cron(8) of Debian)."""

from __future__ import annotations

import os

from ..core.ledger import next_owner, transfer_ownership
from ..core.model import AgentError, Step
from ..lib.text_file import header, read_text, refuse_foreign, text_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..contract import Cron
    from ..core.model import Component, Context

DIRECTORY = "/etc/cron.d"
NICKNAMES = ("@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: The five fields: name, lowest, highest, names and the number of the first of them.
FIELDS = (
    ("minute", 0, 59, (), 0),
    ("hour", 0, 23, (), 0),
    ("day of month", 1, 31, (), 0),
    ("month", 1, 12, MONTHS, 1),
    ("day of week", 0, 7, DAYS, 0),
)


def plan_cron(component: Component, ctx: Context) -> list[Step]:
    """Steps for a component's cron entries; those that left the definition are removed.

    :raises AgentError: ``bad-cron``, ``foreign-file``
    """
    managed = ctx.section("cron")
    wanted = {item["name"]: item for item in component["cron"]} if component["state"] == "present" else {}
    if not wanted and not managed:
        return []
    steps = []
    for name, item in wanted.items():
        path = cron_path(name)
        after = text(component["name"], item) if item["state"] == "present" else ""
        before = read_text(ctx, path)
        if before != after:
            refuse_foreign(path, before, name in managed, "cron entry")
        if before != after or not _attributes(path, after, ctx):
            detail = item["schedule"] if after else ""
            steps.append(text_step(ctx, "cron", path, before, after, detail, target=name, section="cron", name=name))
    for name in sorted(set(managed) - set(wanted)):
        path, to = cron_path(name), next_owner(ctx, "cron", name)
        if to is not None:
            steps.append(Step("cron", name, "", apply=lambda ctx, name=name, to=to: transfer_ownership(ctx, "cron", name, to)))  # type: ignore[misc]
            continue
        steps.append(text_step(ctx, "cron", path, read_text(ctx, path), "", target=name, section="cron", name=name))
    if any(item["state"] == "present" for item in wanted.values()):
        _warn_without_cron(component, ctx)
    return steps


def cron_path(name: str) -> str:
    """The file of an entry.

    :raises AgentError: ``bad-cron``: cron passes over files whose names have anything but letters, digits, - and _
    """
    if not name or not name.isascii() or not all(sign.isalnum() or sign in "-_" for sign in name):
        raise AgentError(
            "bad-cron", f"cron entry {name!r}: cron reads only files whose names are letters, digits, - and _; choose such a name"
        )
    return f"{DIRECTORY}/{name}"


def text(component: str, item: Cron) -> str:
    """The file's text.

    cron turns a ``%`` of the command into a line end unless a backslash stands before it. A command here means what it
    says, so each ``%`` gets its backslash; one that already has it is left as it is.

    :raises AgentError: ``bad-cron``
    """
    name, command, user = item["name"], item["command"].strip(), item["user"]
    schedule = " ".join(item["schedule"].split())
    problem = schedule_problem(schedule)
    if problem:
        raise AgentError("bad-cron", f"cron entry {name}: {problem}")
    if not command or "\n" in command:
        raise AgentError("bad-cron", f"cron entry {name}: the command has to be one line")
    if not user or not all(sign.isalnum() or sign in "._-" for sign in user):
        raise AgentError("bad-cron", f"cron entry {name}: {user!r} is not a user name")
    lines = [_assignment(name, variable, str(value)) for variable, value in sorted(item["environment"].items())]
    lines.append(f"{schedule} {user} {escape(command)}\n")
    return header(component) + "".join(lines)


def escape(command: str) -> str:
    """``%`` with a backslash before each that has none."""
    escaped = ""
    for at, sign in enumerate(command):
        if sign == "%" and (at == 0 or command[at - 1] != "\\"):
            escaped += "\\"
        escaped += sign
    return escaped


def _assignment(entry: str, variable: str, value: str) -> str:
    """``NAME="value"``: cron takes one pair of quotes off and knows no escapes within."""
    if not variable.isidentifier() or not variable.isascii():
        raise AgentError("bad-cron", f"cron entry {entry}: {variable!r} is not the name of an environment variable")
    if "\n" in value:
        raise AgentError("bad-cron", f"cron entry {entry}: the value of {variable} has more than one line")
    for quote in '"', "'":
        if quote not in value:
            return f"{variable}={quote}{value}{quote}\n"
    if value.strip() == value and value[0] not in "\"'":
        return f"{variable}={value}\n"
    raise AgentError(
        "bad-cron", f"cron entry {entry}: cron cannot take the value of {variable}, which begins with a quote and has both kinds"
    )


def schedule_problem(schedule: str) -> str:
    """What is wrong with a schedule; empty where cron takes it."""
    if schedule.startswith("@"):
        if schedule in NICKNAMES:
            return ""
        return f"schedule {schedule!r} is unknown: write five fields or one of {', '.join(NICKNAMES)}"
    fields = schedule.split()
    if len(fields) != len(FIELDS):
        wanted = "write five (minute, hour, day of month, month, day of week) or @daily and the like"
        return f"schedule {schedule!r} has {len(fields)} fields: {wanted}"
    for field, (what, low, high, names, first) in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            if not _part_fits(part, low, high, names, first):
                return f"schedule {schedule!r}: {part!r} is no {what} ({low}-{high})"
    return ""


def _part_fits(part: str, low: int, high: int, names: tuple[str, ...], first: int) -> bool:
    """Whether ``*``, ``n``, ``n-m``, each with ``/step``, or a name lies within the bounds."""
    span, slash, step = part.partition("/")
    if slash and (not _digits(step) or not 0 < int(step) <= high):
        return False
    if span == "*":
        return True
    begin, dash, end = span.partition("-")
    if slash and not dash:
        return False  # cron wants a range or * before a step
    numbers = [_number(word, names, first) for word in ((begin, end) if dash else (begin,))]
    if any(number is None or not low <= number <= high for number in numbers):
        return False
    return not dash or (numbers[0] or 0) <= (numbers[1] or 0)


def _number(word: str, names: tuple[str, ...], first: int) -> int | None:
    if _digits(word):
        return int(word)
    return names.index(word.lower()) + first if word.lower() in names else None


def _digits(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _attributes(path: str, text: str, ctx: Context) -> bool:
    """cron passes over a file that is not root's or that others may write."""
    try:
        found = os.lstat(ctx.path(path))
    except FileNotFoundError:
        return not text
    return found.st_uid == (ctx.uid("root") or 0) and found.st_mode & 0o777 == 0o644


def _warn_without_cron(component: Component, ctx: Context) -> None:
    if os.path.exists(ctx.path("/usr/sbin/cron")) or any("cron" in package["name"] for package in component["packages"]):
        return
    ctx.warn("cron is not installed: entries of /etc/cron.d are not run; add the package cron")
