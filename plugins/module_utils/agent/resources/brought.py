# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that new packages have brought: nothing starts while packages are installed, and what is enabled starts at the next boot.

Loaded only after packages were installed.
"""

from __future__ import annotations

import os

from ..core.values import enabled
from ..host.facts import listed
from ..host.text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..core.model import Context

INFO = "/var/lib/dpkg/info"
FOLDERS = ("/usr/lib/systemd/system", "/lib/systemd/system")
KINDS = (".service", ".socket")
#: How the components end that keep a package's default instance away, behind the role's name.
DEFAULTS = "-package-defaults"


def tell(ctx: Context, packages: Iterable[str]) -> None:
    """Warn of enabled services of new packages that no component manages.

    A component with units of its own knows what its packages bring.
    """
    if ctx.component["units"]:
        return
    known = managed(ctx)
    found = {name: [unit for unit in units(ctx, name) if unit not in known and enabled(ctx, unit)] for name in packages}
    parts = [f"{', '.join(names)} (of {package})" for package, names in found.items() if names]
    if not parts:
        return
    names = " ".join(unit for names in found.values() for unit in names)
    variable = ctx.component.get("packages_from")
    leave_out = f", or leave the package out of {variable}" if variable else ""
    ctx.warn(
        f"on {os.uname().nodename} new packages installed services that no role of this host "
        f"manages: {'; '.join(parts)}. They have not been"
        f" started, and start with Debian's settings at the next boot. To use them, start them now: systemctl start {names}."
        f" If they are not needed: systemctl disable {names}{leave_out}"
    )


def units(ctx: Context, package: str) -> list[str]:
    """Services and sockets among the files of a package (``name`` or ``name:architecture``); templates start nothing by themselves."""
    name = package.partition(":")[0]
    lists = [file for file in listed(ctx.path(INFO)) if file == f"{name}.list" or (file.startswith(name + ":") and file.endswith(".list"))]
    lines = [line for file in lists for line in read(ctx, f"{INFO}/{file}").splitlines()]
    names = [os.path.basename(line) for line in lines if os.path.dirname(line) in FOLDERS and line.endswith(KINDS)]
    return sorted({name for name in names if "@." not in name})


def managed(ctx: Context) -> set[str]:
    """Units of all components of this call, and of those that were made before.

    Also the service that is named like a role of the host with package_defaults: ``postgresql.service`` starts all clusters of Debian's,
    and on a host of the role there are none.
    """
    claims, ledger = ctx.call.claims, ctx.call.ledger
    components = ledger.components if ledger is not None else {}
    found = {key for section, key in claims if section == "units"}
    for entry in components.values():
        found.update(entry.get("units") or ())
    for name in (*components, *(component for component, _section in claims.values())):
        if name.endswith(DEFAULTS):
            found.add(name.removesuffix(DEFAULTS) + ".service")
    return found
