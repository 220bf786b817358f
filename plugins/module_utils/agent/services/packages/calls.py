# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Minor updates of packages. No service is restarted: each keeps running until its rolling restart."""

from __future__ import annotations

from ...core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...contract import Package
    from ...core.model import Context
    from .types import Newer, UpdateParams, Updates


def update(params: UpdateParams, ctx: Context) -> tuple[list[Step], Updates]:
    """Bring installed packages to what the host's sources offer.

    :param params: ``refresh``: fetch the package lists first, ``names``: packages, or patterns with ``*`` for the installed ones, ``held``:
        also those on hold, which stay so
    :return: one step where something is newer; ``packages`` ``[{name, installed, available}]``
    :raises AgentError: see :mod:`..apt_errors`, ``major-update``, see :func:`refuse_major`
    """
    from ...resources import apt
    from ...resources.dpkg import find

    names = params["names"]
    if any("*" in name for name in names):
        names = installed(ctx.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${binary:Package}\n"]).out, names)
    names = [name for name in names if find(ctx, name).whole and (params.get("held") or not find(ctx, name).held)]
    if params["refresh"] and not ctx.check:
        from ...host.facts import os_release
        from ...host.text import read
        from ...resources.apt_sources import refresh

        # Only the sources of what is updated have to be read: one of a package that is not installed or held does not count.
        refresh(ctx, names, os_release(read(ctx, "/etc/os-release")).get("VERSION_CODENAME", ""))
    newer = candidates(ctx.run(["apt-cache", "policy", "--", *names]).out) if names else []
    refuse_major(newer)
    result_packages: list[Newer] = [{"name": name, "installed": now, "available": then} for name, now, then in newer]
    if not newer:
        return [], {"packages": result_packages}
    items: list[Package] = [{"name": name, "state": "present", "version": then, "hold": False} for name, _now, then in newer]

    def apply(ctx: Context) -> None:
        apt.Transaction(items, names if params.get("held") else ()).run(ctx)

    detail = ", ".join(f"{name} {now} -> {then}" for name, now, then in newer)
    return [Step("packages", "installed ones", "update", detail, None, apply, packages=[name for name, _now, _then in newer])], {
        "packages": result_packages
    }


def installed(listing: str, patterns: list[str]) -> list[str]:
    r"""Names of the installed packages that a pattern fits, from ``dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\n'``."""
    from fnmatch import fnmatchcase

    found = []
    for line in listing.splitlines():
        status, _space, name = line.partition(" ")
        name = name.strip().partition(":")[0]
        if status[1:2] == "i" and any(fnmatchcase(name, pattern) for pattern in patterns):
            found.append(name)
    return sorted(set(found))


def candidates(policy: str) -> list[tuple[str, str, str]]:
    """``(name, installed, candidate)`` of what is not up to date, from ``apt-cache policy``."""
    found: list[tuple[str, str, str]] = []
    name = now = ""
    for line in policy.splitlines():
        if line and not line.startswith(" "):
            name = line.rstrip(":")
        key, _colon, value = line.strip().partition(": ")
        if key == "Installed":
            now = value
        elif key == "Candidate" and value not in (now, "(none)"):
            found.append((name, now, value))
    return found


def refuse_major(packages: list[tuple[str, str, str]]) -> None:
    """Where a name carries a major version (``postgresql-17``), another one needs a migration, not an update.

    :raises AgentError: ``major-update``
    """
    for name, now, then in packages:
        if now.partition(".")[0] != then.partition(".")[0] and any(part.isdigit() for part in name.split("-")[1:]):
            raise AgentError("major-update", f"{name} would go from {now} to {then}: that is not a minor update")


CALLS = {"update": update}
