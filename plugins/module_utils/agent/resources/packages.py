# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages: present, absent, pinned, held.

dpkg's database (/var/lib/dpkg/status, deb822 stanzas, see dpkg-query(1)) is read as bytes and searched for the wanted
names only: a host with nothing to change runs no program and parses nothing else. What has to be changed is done by
:mod:`.apt`, all packages of a component in one transaction.
"""

from __future__ import annotations

import os

from ..core.ledger import heir
from ..core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ..core.model import Component, Context
    from .apt import Transaction

STATUS = "/var/lib/dpkg/status"
POLICY = "/usr/sbin/policy-rc.d"
ASIDE = "/usr/sbin/policy-rc.d.vannah-aside"
#: The second line of our policy-rc.d. One that is found before we have made any was left by a run that died.
MARKER = b"# vannah: keeps services as they are while packages are installed; removed afterwards\n"

#: States in which a package's files are unpacked and configured. A pending trigger is a matter of seconds.
WHOLE = ("installed", "triggers-awaited", "triggers-pending")
#: States in which there is nothing to remove.
GONE = ("", "not-installed", "config-files")


class Package:
    """What dpkg knows of a package: ``want`` (install, hold, deinstall, ...), ``flag``, ``state``, ``version``."""

    __slots__ = ("flag", "state", "version", "want")

    def __init__(self, want: str = "unknown", flag: str = "ok", state: str = "", version: str = "") -> None:
        self.want = want
        self.flag = flag
        self.state = state
        self.version = version

    @property
    def whole(self) -> bool:
        return self.state in WHOLE and self.flag == "ok"

    @property
    def broken(self) -> bool:
        """Unpacked or configured half: a run was killed, or a package's script failed."""
        return self.state not in GONE and not self.whole

    @property
    def held(self) -> bool:
        return self.want == "hold"


def versions(ctx: Context, names: Iterable[str]) -> dict[str, str]:
    """The installed version of each of ``names``; empty for those that are not installed."""
    found = {}
    for name in names:
        package = find(ctx, name)
        found[name] = package.version if package.whole else ""
    return found


def plan_packages(component: Component, ctx: Context) -> list[Step]:
    """Steps that give a component its packages, pins and holds.

    An absent component loses pins and holds, and with ``purge`` the packages that it had installed.

    :raises AgentError: ``package-held``: somebody else has put a package on hold that would have to change
    """
    steps: list[Step] = []
    # Said once and not by each component; the one that said it does so again when it is planned again.
    if _left_behind(ctx) and ctx.memo.setdefault("packages-repair", component["name"]) == component["name"]:
        steps.append(Step("package", "dpkg", "repair", "an installation was interrupted", apply=_repair))
    wanted = {item["name"]: item for item in component["packages"]}
    if component["state"] == "absent":
        purged = [name for name in ctx.section("packages") if heir(ctx, "packages", name) is None] if component["purge"] else []
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


def satisfied(ctx: Context, item: dict[str, Any], package: Package) -> bool:
    """Whether a package is as the definition wants it (its hold aside)."""
    if item["state"] == "absent":
        return package.state in GONE
    if package.whole:
        return matches(package.version, item["version"])
    return package.state in GONE and not item["version"] and provided(_status(ctx), item["name"])


def matches(version: str, pin: str | None) -> bool:
    """Whether a version meets a pin: none, exact, or a prefix ending in ``*``."""
    if not pin:
        return True
    return version.startswith(pin[:-1]) if pin.endswith("*") else version == pin


# --- dpkg's database ----------------------------------------------------------------------------------------------------


def _status(ctx: Context) -> bytes:
    data: bytes | None = ctx.memo.get("packages")
    if data is None:
        try:
            with open(ctx.path(STATUS), "rb") as file:
                data = b"\n" + file.read()
        except FileNotFoundError:
            data = b""
        ctx.memo["packages"] = data
    return data


def find(ctx: Context, name: str) -> Package:
    """The package ``name`` (``name:architecture`` for a foreign one); of several architectures the one that is installed."""
    return parse(_status(ctx), name)


def parse(data: bytes, name: str) -> Package:
    """Find a package in the text of a status file that begins with an empty line."""
    name, _colon, architecture = name.partition(":")
    needle = b"\nPackage: " + name.encode() + b"\n"
    best = Package()
    at = data.find(needle)
    while at >= 0:
        end = data.find(b"\n\n", at + 1)
        stanza = data[at : end + 1 if end >= 0 else len(data)]
        if not architecture or _field(stanza, b"Architecture") == architecture:
            words = _field(stanza, b"Status").split()
            if len(words) == 3:
                found = Package(words[0], words[1], words[2], _field(stanza, b"Version"))
                if not best.state or (found.whole and not best.whole):
                    best = found
        at = data.find(needle, at + 1)
    return best


def _field(stanza: bytes, name: bytes) -> str:
    at = stanza.find(b"\n" + name + b": ")
    if at < 0:
        return ""
    at += len(name) + 3
    end = stanza.find(b"\n", at)
    return stanza[at : end if end >= 0 else len(stanza)].decode("utf-8", "replace").strip()


def provided(data: bytes, name: str) -> bool:
    """Whether an installed package provides the virtual package ``name``."""
    wanted = name.encode()
    at = data.find(b"\nProvides: ")
    while at >= 0:
        end = data.find(b"\n", at + 1)
        line = data[at + 11 : end if end >= 0 else len(data)]
        if wanted in line and any(part.split()[:1] == [wanted] for part in line.split(b",")):
            stop = data.find(b"\n\n", at)
            stanza = data[max(data.rfind(b"\n\n", 0, at), 0) : stop if stop >= 0 else len(data)]
            words = _field(stanza, b"Status").split()
            if len(words) == 3 and words[2] in WHOLE:
                return True
        at = data.find(b"\nProvides: ", at + 1)
    return False


# --- steps --------------------------------------------------------------------------------------------------------------


def _transaction(changes: list[tuple[dict[str, Any], Package]], ctx: Context, request: bool = False) -> list[Step]:
    """One step for each package; the first that is applied does them all, each sees to it that its own is done."""
    from .apt import Transaction, preview

    ours = set(ctx.section("holds"))
    transaction = Transaction([item for item, _package in changes], ours)
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
        claims = [("packages", name)] if action == "install" and not request else []
        steps.append(
            Step("package", name, action, detail, apply=_change(transaction, item), packages=[name], claims=claims, request=request)
        )
    return steps


def _change(transaction: Transaction, item: dict[str, Any]) -> Callable[[Context], None]:
    def apply(ctx: Context) -> None:
        transaction.run(ctx)
        if item["state"] == "absent":
            ctx.section("packages").pop(item["name"], None)
            ctx.section("holds").pop(item["name"], None)

    return apply


def _refuse_foreign_hold(item: dict[str, Any], package: Package, ctx: Context) -> None:
    name = item["name"]
    if package.held and package.whole and name not in ctx.section("holds"):
        wanted = "removed" if item["state"] == "absent" else f"version {item['version']}"
        raise AgentError(
            "package-held",
            f"package {name} {package.version} is on hold by somebody else and shall be {wanted}:"
            f" release it on the host (apt-mark unhold {name}), or leave the version out",
        )


def _holds(wanted: dict[str, dict[str, Any]], ctx: Context) -> list[Step]:
    """Holds that are missing, and those of ours that are not wanted any more."""
    steps = []
    ours = ctx.section("holds")
    for name, item in wanted.items():
        if item["hold"] and item["state"] == "present" and not find(ctx, name).held:
            steps.append(Step("package", name, "hold", apply=_select(name, "hold"), claims=[("holds", name)]))
    for name in sorted(ours):
        item = wanted.get(name, {"hold": False, "state": "present"})
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
    return f"/etc/apt/preferences.d/vannah-{component}.pref"


def pin_text(component: str, wanted: Iterable[dict[str, Any]]) -> str:
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


def _pins(component: Component, wanted: dict[str, dict[str, Any]], ctx: Context) -> list[Step]:
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


def _left_behind(ctx: Context) -> bool:
    """Whether our policy-rc.d, or a foreign one that we had put aside, is there although nothing is being installed."""
    if os.path.lexists(ctx.path(ASIDE)):
        return True
    try:
        with open(ctx.path(POLICY), "rb") as file:
            return MARKER in file.read(512)
    except OSError:
        return False


def _repair(ctx: Context) -> None:
    from .apt import repair

    repair(ctx)
