# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dpkg says of packages, and whether that is what is wanted.

dpkg's database (/var/lib/dpkg/status, deb822 stanzas, see dpkg-query(1)) is read as bytes and searched for the wanted
names only: a host with nothing to change runs no program and parses nothing else.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..contract import Package as Item
    from ..core.model import Context

STATUS = "/var/lib/dpkg/status"
POLICY = "/usr/sbin/policy-rc.d"
RENAMED_POLICY = "/usr/sbin/policy-rc.d.vannah-backup"
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
        """Installed and configured."""
        return self.state in WHOLE and self.flag == "ok"

    @property
    def broken(self) -> bool:
        """Unpacked or configured half: a run was killed, or a package's script failed."""
        return self.state not in GONE and not self.whole

    @property
    def held(self) -> bool:
        """Whether its selection is ``hold``, independent of who set it."""
        return self.want == "hold"


def versions(ctx: Context, names: Iterable[str]) -> dict[str, str]:
    """The installed version of each of ``names``; empty for those that are not installed."""
    found = {}
    for name in names:
        package = find(ctx, name)
        found[name] = package.version if package.whole else ""
    return found


def satisfied(ctx: Context, item: Item, package: Package) -> bool:
    """Whether a package is as the definition wants it (but for its hold)."""
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


def _status(ctx: Context) -> bytes:
    data = ctx.read.packages
    if data is None:
        try:
            with open(ctx.path(STATUS), "rb") as file:
                data = b"\n" + file.read()
        except FileNotFoundError:
            data = b""
        ctx.read.packages = data
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
