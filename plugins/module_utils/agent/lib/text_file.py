# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small text files that the agent writes whole for a resource: version pins, sysctls, cron entries."""

from __future__ import annotations

import os

from ..core.model import AgentError, Step
from . import disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.model import Context, Diff
    from ..records import TextSection

#: Every such file begins with this, so that one whose ledger entry was lost is still known to be managed.
HEADER = "# Made by vannah.healthcloud"


def header(component: str) -> str:
    """The first line of a file that is made for ``component``."""
    return f"{HEADER} for the component {component}; changes are overwritten.\n"


def read_text(ctx: Context, path: str) -> str:
    """The text of a file; empty where there is none."""
    found = disk.read(ctx.path(path))
    return "" if found is None else found.decode("utf-8", "replace")


def text_step(
    ctx: Context,
    kind: str,
    path: str,
    before: str,
    after: str,
    detail: str = "",
    *,
    target: str = "",
    section: TextSection | None = None,
    name: str = "",
) -> Step:
    """The step from ``before`` to ``after``; an empty ``after`` removes the file. Mode 0644, root's.

    :param target: what is reported, else the path
    :param section: part of the ledger's entry in which ``name`` (else the path) records the hash
    """
    key = name or path
    claims = [(section, key)] if section and after else []
    known = ctx.section(section).get(key, {}).get("sha256") if section else None
    if before and known and disk.digest(before.encode()) != known:
        ctx.drifted(path)
    action = "remove" if not after else "update" if before else "create"
    writes = {path: disk.digest(after.encode()) if after else None}
    return Step(
        kind,
        target or path,
        action,
        detail,
        _diff(ctx, path, before, after),
        _write(path, after, section, key),
        writes=writes,
        claims=claims,
    )


def refuse_foreign(path: str, before: str, known: bool, what: str) -> None:
    """Refuse to overwrite a foreign file.

    :raises AgentError: ``foreign-file``
    """
    if before and not known and not before.startswith(HEADER):
        raise AgentError(
            "foreign-file", f"{path} exists and is not managed by this collection: move it away, or give the {what} another name"
        )


def _diff(ctx: Context, path: str, before: str, after: str) -> Diff | None:
    if not ctx.diff:
        return None
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _write(path: str, text: str, section: TextSection | None, key: str) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        from . import write

        if text:
            directory = os.path.dirname(path)
            if not os.path.isdir(ctx.path(directory)):
                write.make_directory(ctx, directory, 0o755, *write.ids(ctx, "root", "root"))
            write.write_file(ctx, path, text.encode(), 0o644, *write.ids(ctx, "root", "root"))
        else:
            write.remove(ctx, path)
        if section and text:
            ctx.section(section).setdefault(key, {})["sha256"] = disk.digest(text.encode())
        elif section:
            ctx.section(section).pop(key, None)

    return apply
