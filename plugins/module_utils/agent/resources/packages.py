# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages: present, absent, pinned, held.

What is there is read by :mod:`.dpkg`, without a program. What has to be changed is done by :mod:`.apt`, all packages of a component in
one transaction.
"""

from __future__ import annotations

import os

from ..core.ledger import next_owner
from ..core.model import AgentError, Step
from .dpkg import MARKER, POLICY, RENAMED_POLICY, Package, find, satisfied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..contract import Package as Item
    from ..core.model import Component, Context
    from ..records import Section
    from .apt import Transaction


def plan_packages(component: Component, ctx: Context) -> list[Step]:
    """Steps that give a component its packages, pins and holds.

    An absent component loses pins and holds, and with ``purge`` the packages that it had installed.

    :raises AgentError: ``package-held``: a package that would have to change was put on hold by hand
    """
    steps: list[Step] = []
    # Said once and not by each component; the one that said it does so again when it is planned again.
    if _left_behind(ctx) and ctx.kept(Repair).by(component["name"]):
        steps.append(Step("package", "dpkg", "repair", "an installation was interrupted", apply=_repair))
    wanted = {item["name"]: item for item in component["packages"]}
    if component["state"] == "absent":
        purged = [name for name in ctx.section("packages") if next_owner(ctx, "packages", name) is None] if component["purge"] else []
        wanted = {name: {"name": name, "state": "absent", "version": None, "hold": False} for name in sorted(purged)}
    elif component["certificates"] and not os.path.exists(ctx.path("/usr/bin/openssl")):
        # Certificates are asked for before everything else of a component, and that needs openssl.
        wanted.pop("openssl", None)
        steps += _transaction([({"name": "openssl", "state": "present", "version": None, "hold": False}, Package())], ctx, request=True)
    steps += _pins(component, wanted, ctx)
    changes = []
    for name, item in wanted.items():
        package = find(ctx, name)
        if not satisfied(ctx, item, package):
            _refuse_foreign_hold(item, package, ctx)
            changes.append((item, package))
    if changes:
        steps += _transaction(changes, ctx)
    return steps + _holds(wanted, ctx)


# --- dpkg's database ----------------------------------------------------------------------------------------------------


# --- steps --------------------------------------------------------------------------------------------------------------


def _transaction(changes: list[tuple[Item, Package]], ctx: Context, request: bool = False) -> list[Step]:
    """One step for each package; the first that is applied does them all, each checks that its own is done."""
    from .apt import Transaction, preview

    managed = set(ctx.section("holds"))
    transaction = Transaction([item for item, _package in changes], managed)
    if ctx.check:
        preview(ctx, transaction)
    steps = []
    for item, package in changes:
        name, pin = item["name"], item["version"] or ""
        if item["state"] == "absent":
            action, detail = "remove", package.version
        elif package.broken:
            action, detail = "repair", f"{package.state} {package.version}".strip()
        elif package.whole:
            action, detail = "update", f"{package.version} -> {pin}"
        else:
            action, detail = "install", pin
        claims: list[tuple[Section, str]] = [("packages", name)] if action == "install" and not request else []
        steps.append(
            Step("package", name, action, detail, apply=_change(transaction, item), packages=[name], claims=claims, request=request)
        )
    return steps


def _change(transaction: Transaction, item: Item) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        transaction.run(ctx)
        if item["state"] == "absent":
            ctx.section("packages").pop(item["name"], None)
            ctx.section("holds").pop(item["name"], None)

    return apply


def _refuse_foreign_hold(item: Item, package: Package, ctx: Context) -> None:
    name = item["name"]
    if package.held and package.whole and name not in ctx.section("holds"):
        wanted = "removed" if item["state"] == "absent" else f"version {item['version']}"
        raise AgentError(
            "package-held",
            f"package {name} {package.version} was put on hold outside of this collection and should be {wanted}:"
            f" release it on the host (apt-mark unhold {name}), or leave the version out",
        )


def _holds(wanted: dict[str, Item], ctx: Context) -> list[Step]:
    """Holds that are missing, and managed ones that are no longer wanted."""
    steps = []
    managed = ctx.section("holds")
    for name, item in wanted.items():
        if item["hold"] and item["state"] == "present" and not find(ctx, name).held:
            steps.append(Step("package", name, "hold", apply=_select(name, "hold"), claims=[("holds", name)]))
    for name in sorted(managed):
        item = wanted.get(name, {"name": name, "version": None, "hold": False, "state": "present"})
        if not item["hold"] and item["state"] == "present" and find(ctx, name).held:
            steps.append(Step("package", name, "unhold", apply=_select(name, "install")))
    return steps


def _select(name: str, selection: str) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        from .apt import select

        select(ctx, name, selection)
        if selection == "install":
            ctx.section("holds").pop(name, None)

    return apply


# --- pins ---------------------------------------------------------------------------------------------------------------


def pin_path(component: str) -> str:
    """The file that holds a component's pins."""
    return f"/etc/apt/preferences.d/vannah-{component}.pref"


def pin_text(component: str, wanted: Iterable[Item]) -> str:
    """The text of a component's preferences file (apt_preferences(5)); empty without pins.

    Priority 1001 is what it takes to bring a package back to a version that is older than the installed one.
    """
    stanzas = [
        f"Package: {item['name']}\nPin: version {item['version']}\nPin-Priority: 1001\n"
        for item in wanted
        if item["version"] and item["state"] == "present"
    ]
    if not stanzas:
        return ""
    from ..lib.text_file import header

    return header(component) + "\n".join(stanzas)


def _pins(component: Component, wanted: dict[str, Item], ctx: Context) -> list[Step]:
    path = pin_path(component["name"])
    text = pin_text(component["name"], wanted.values())
    from ..lib import disk

    found = disk.read(ctx.path(path))
    before = "" if found is None else found.decode("utf-8", "replace")
    if before == text:
        return []
    from ..lib.text_file import text_step

    return [text_step(ctx, "file", path, before, text, "version pins", section="pins")]


# --- what a killed run leaves -------------------------------------------------------------------------------------------


class Repair:
    """The component that says of an interrupted installation that it is repaired."""

    __slots__ = ("component",)

    def __init__(self) -> None:
        self.component = ""

    def by(self, name: str) -> bool:
        """Whether it is this one: the first that asks."""
        self.component = self.component or name
        return self.component == name


def _left_behind(ctx: Context) -> bool:
    """Whether our policy-rc.d, or a foreign one that a run had renamed, is there although nothing is being installed."""
    if os.path.lexists(ctx.path(RENAMED_POLICY)):
        return True
    try:
        with open(ctx.path(POLICY), "rb") as file:
            return MARKER in file.read(512)
    except OSError:
        return False


def _repair(ctx: Context) -> None:
    from .apt import repair

    repair(ctx)
