# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode asks the validators, too: they see the new files at their real paths, and no other process does.

Each runs in a mount namespace of its own (unshare(1)), in which the folders of the files are overlays: what is written there lies in memory
and ends with the validator. Where that is not possible, or a validator is not installed yet, the answer reports that it was not run.
"""

from __future__ import annotations

import os

from ..resources.file_items import mode_number, wanted_bytes
from ..resources.file_steps import judge_validator
from .model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .component import Plan
    from .model import Component, Context

#: The script's exit status where the files cannot be put in place.
NO_OVERLAY = 96
UNSHARE = ("unshare", "--mount", "--propagation", "private", "/bin/sh")


def judge(plan: Plan, component: Component, ctx: Context) -> None:
    """Ask a component's validators about the files that would change.

    :raises AgentError: ``validation-failed``, as applying would
    """
    changing: dict[str, str | None] = {}
    for step in [*plan.before, *plan.files]:
        if step.action:
            changing.update(step.writes)
    asked = _validators(component, changing)
    if not asked or not changing:
        return
    if any(step.action for step in [*plan.people, *plan.packages]):
        _skipped(ctx, "its packages or users do not exist yet")
        return
    import shutil
    import tempfile

    try:
        folder = tempfile.mkdtemp(prefix="vannah-check-", dir=ctx.path("/run"))
    except OSError as error:
        _skipped(ctx, str(error.strerror))
        return
    try:
        lines = _stage(component, changing, folder, ctx)
        if lines is None:
            _skipped(ctx, "no folder of its files can be overlaid")
            return
        with open(f"{folder}/script", "w", encoding="utf-8") as file:
            file.write(script(lines))
        sensitive = any(item["sensitive"] for item in component["files"])
        for argv, what in asked:
            result = ctx.run([*UNSHARE, f"{folder}/script", *argv], check=False, timeout=120)
            if result.rc == NO_OVERLAY or (result.rc == 127 and not result.err):
                _skipped(ctx, "this host does not allow overlay mounts, like a container without that capability")
                return
            if result.rc in (126, 127):
                _skipped(ctx, f"{argv[0]} is not installed yet")
            else:
                judge_validator(result, argv, what, sensitive)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def script(setup: list[str]) -> str:
    """A shell script that makes an overlay with the new files, and becomes the validator that its arguments are."""
    return "{ " + " &&\n".join(setup) + f"\n}} > /dev/null 2>&1 || exit {NO_OVERLAY}\n" + 'exec "$@"\n'


def overlaid(folders: list[str]) -> list[str]:
    """The folders without those that lie in another one of them."""
    found: list[str] = []
    for folder in sorted(set(folders)):
        if not any(folder == other or folder.startswith(other + "/") for other in found):
            found.append(folder)
    return found


def _skipped(ctx: Context, why: str) -> None:
    ctx.warn(f"check mode could not validate its new files: {why}. A converge validates them before any service uses them")


def _validators(component: Component, changing: dict[str, str | None]) -> list[tuple[list[str], str]]:
    """The commands, each with the files that it checks: those of files that change, then the component's that name one.

    One that names none of them judges the host, and may get it ready (load a kernel module).
    """
    found = []
    for item in component["files"]:
        argv = item.get("validate")
        if argv and changing.get(item["path"]):
            found.append(([str(word).replace("%s", item["path"]) for word in argv], item["path"]))
    for argv in component["validate"]:
        words = [str(word) for word in argv]
        if any(changing.get(word) for word in words[1:]):
            found.append((words, f"component {component['name']}"))
    return found


def _stage(component: Component, changing: dict[str, str | None], folder: str, ctx: Context) -> list[str] | None:
    """Lay the new contents into ``folder``; the commands that put them in place, None where that cannot be done."""
    from ..lib.unit_files import unit_items
    from ..lib.write import ids
    from .revert import quote

    commands, places = [], []
    for number, item in enumerate([*component["files"], *unit_items(component)]):
        path = item["path"]
        if path not in changing:
            continue
        there = quote(ctx.path(path))
        data = wanted_bytes(item) if changing[path] else None
        if data is None and changing[path]:
            continue  # an artifact, which only a run that applies brings
        places.append(_existing(ctx.path(os.path.dirname(path))))
        commands.append(f"rm -f -- {there}")
        if data is None:
            continue
        with open(os.open(f"{folder}/{number}", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(data)
        try:
            uid, gid = ids(ctx, item["owner"], item["group"])
        except AgentError:
            uid, gid = os.geteuid(), os.getegid()
        commands += [
            f"mkdir -p -- {quote(os.path.dirname(ctx.path(path)))}",
            f"cp -- {quote(f'{folder}/{number}')} {there}",
            f"chown {uid}:{gid} {there}",
            f"chmod {mode_number(item):04o} {there}",
        ]
    roots = overlaid(places)
    if not roots or any(root == "/" or set(root) & set(":,\\") for root in roots):
        return None
    memory = f"{folder}/memory"
    setup = [f"mkdir {quote(memory)}", f"mount -t tmpfs -o mode=0700 tmpfs {quote(memory)}"]
    for number, root in enumerate(roots):
        upper, work = f"{memory}/{number}", f"{memory}/{number}.work"
        # With the mode of what it covers: a validator may run a program as another user.
        setup += [
            f"mkdir {quote(upper)} {quote(work)}",
            f"chmod --reference={quote(root)} {quote(upper)}",
            f"chown --reference={quote(root)} {quote(upper)}",
            f"mount -t overlay overlay -o lowerdir={quote(root)},upperdir={quote(upper)},workdir={quote(work)} {quote(root)}",
        ]
    return setup + commands


def _existing(folder: str) -> str:
    """The folder, or the nearest one above it that is there."""
    while not os.path.isdir(folder) and folder != "/":
        folder = os.path.dirname(folder)
    return os.path.realpath(folder)
