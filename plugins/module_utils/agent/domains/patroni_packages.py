# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Minor updates of a host's data tier. Its services are not touched: what runs goes on until it is restarted in its turn."""

from __future__ import annotations

from ..model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model import Context

#: What belongs to the members of the cluster; of these the installed ones are meant. etcd has its own turn.
PREFIXES = ("postgresql-", "patroni", "python3-etcd", "libpq5", "python3-psycopg2", "pgbackrest")


def update(params: dict[str, Any], ctx: Context) -> tuple[list[Step], dict[str, Any]]:
    """Bring the data tier's packages to what the host's sources offer.

    :param params: ``refresh``: fetch the package lists first, ``names``: packages instead of :data:`PREFIXES`
    :return: one step where something is newer; ``packages`` ``[{name, installed, available}]``
    :raises AgentError: see :mod:`..apt_errors`, ``major-update`` where a package would change PostgreSQL's major version
    """
    from .. import apt
    from ..packages import find

    names = params["names"] or installed(ctx.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${binary:Package}\n"]).out)
    if params["refresh"] and not ctx.check:
        from ..apt_sources import refresh
        from ..facts import os_release, read

        refresh(ctx, names, os_release(read(ctx, "/etc/os-release")).get("VERSION_CODENAME", ""))
    names = [name for name in names if find(ctx, name).whole and not find(ctx, name).held]
    newer = candidates(ctx.run(["apt-cache", "policy", "--", *names]).out) if names else []
    refuse_major(newer)
    result_packages = [{"name": name, "installed": now, "available": then} for name, now, then in newer]
    if not newer:
        return [], {"packages": result_packages}
    items = [{"name": name, "state": "present", "version": then, "hold": False} for name, _now, then in newer]

    def apply(ctx: Context) -> None:
        apt.Transaction(items).run(ctx)

    detail = ", ".join(f"{name} {now} -> {then}" for name, now, then in newer)
    return [Step("package", "data tier", "update", detail, None, apply, packages=[name for name, _now, _then in newer])], {
        "packages": result_packages
    }


def installed(listing: str) -> list[str]:
    """Names of the data tier's packages that are installed, from ``dpkg-query -W -f '${db:Status-Abbrev} ${binary:Package}\\n'``."""
    found = []
    for line in listing.splitlines():
        status, _space, name = line.partition(" ")
        name = name.strip().partition(":")[0]
        if status[1:2] == "i" and name.startswith(PREFIXES):
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
    """:raises AgentError: ``major-update``: such a step needs pg_upgrade, which this verb does not do"""
    for name, now, then in packages:
        if name.startswith("postgresql-") and now.partition(".")[0] != then.partition(".")[0] and name.split("-")[1].isdigit():
            raise AgentError("major-update", f"{name} would go from {now} to {then}: that is no minor update")
