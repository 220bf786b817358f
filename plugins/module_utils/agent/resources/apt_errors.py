# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What apt-get and dpkg complain about, told apart by their English messages, and what a person can do about it.

The texts are those of apt 2.6 (Debian 12) and 3.0 (Debian 13), dpkg 1.21 and 1.22.
"""

from __future__ import annotations

from ..core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..core.model import Result

#: apt-get waits for dpkg's locks (DPkg::Lock::Timeout), but not for those of lists and archives; dpkg for none.
LOCKED = (
    "Could not get lock",
    "Unable to lock directory",
    "lock was locked by another process",
    "lock is locked by another process",
    "Unable to acquire the dpkg frontend lock",
)
INTERRUPTED = ("dpkg was interrupted", "--fix-broken install", "needs to be reinstalled")
UNKNOWN = ("Unable to locate package", "has no installation candidate", "E: Version '", "Couldn't find any package")
UNREACHABLE = (
    "Failed to fetch",
    "Unable to fetch some archives",
    "Some index files failed to download",
    "Temporary failure resolving",
    "does not have a Release file",
)
UNREADABLE = ("Malformed ", "The list of sources could not be read", "Conflicting values set for option")
NO_SPACE = ("No space left on device", "have enough free space", "Disk quota exceeded")
UNTRUSTED = (
    "is not signed",
    "NO_PUBKEY",
    "signatures were invalid",
    "signatures couldn't be verified",
    "is not valid yet",
    "is expired",
    "cannot be authenticated",
)
HELD = ("Held packages were changed",)
#: Above the names of those on hold.
HELD_ABOVE = "The following held packages will be changed:"
BROKEN = "dpkg: error processing package "
CONFLICT = ("Unable to correct problems", "unmet dependencies", "Unable to satisfy dependencies", "remove is disabled")


def is_locked(said: str) -> bool:
    """Whether another package manager is running."""
    return _any(LOCKED, said)


def is_interrupted(said: str) -> bool:
    """Whether what an earlier installation left has to be finished first."""
    return _any(INTERRUPTED, said)


def is_stale(said: str) -> bool:
    """Whether new package lists may help: a package is not in them, or the mirror no longer has a version."""
    return _any(UNKNOWN, said) or _any(UNREACHABLE, said)


def explain(result: Result, what: str) -> AgentError:
    """The error for what apt-get or dpkg answered.

    :param what: what was to be done, in words that follow "to": ``install nginx``
    :return: ``no-space``, ``packages-locked``, ``packages-untrusted``, ``package-unknown``, ``packages-unreachable``,
        ``packages-sources``, ``package-held``, ``package-broken``, ``package-conflict``, ``program-timeout``, ``program-missing`` or
        ``package-failed``
    """
    said = result.out + "\n" + result.err
    if result.rc == 127 and not said.strip():
        return AgentError("program-missing", f"cannot {what}: apt-get is not on this host, only Debian is supported")
    if result.rc == 124 and not result.err.strip():
        return AgentError("program-timeout", f"apt-get did not {what} in time")
    if _any(NO_SPACE, said):
        return AgentError("no-space", f"cannot {what}: {_lines(said, NO_SPACE)}; free some space (apt-get clean) and run again")
    if is_locked(said):
        return AgentError(
            "packages-locked",
            f"cannot {what}: another package manager is running ({_lines(said, LOCKED)}); wait until it has ended and run again",
        )
    if _any(UNREADABLE, said):
        return AgentError(
            "packages-sources",
            f"cannot {what}: apt cannot read its list of sources, so that it does nothing at all: {_lines(said, UNREADABLE)};"
            " correct or remove that entry",
        )
    if _any(UNTRUSTED, said):
        return AgentError(
            "packages-untrusted",
            f"cannot {what}: {_lines(said, UNTRUSTED)}; look at the host's clock and at the signing key in /etc/apt/keyrings",
        )
    if _any(UNKNOWN, said):
        return AgentError(
            "package-unknown",
            f"cannot {what}: {_lines(said, UNKNOWN)}; look at the spelling, the release and the sources in /etc/apt/sources.list.d",
        )
    if _any(UNREACHABLE, said):
        return AgentError(
            "packages-unreachable",
            f"cannot {what}: the package mirror cannot be reached: {unreachable_lines(said)};"
            " look at the host's network, DNS, proxy (/etc/apt/apt.conf.d) and /etc/apt/sources.list.d",
        )
    if _any(HELD, said):
        names = held(said)
        which = (
            f"{', '.join(names)} would have to change and {'is' if len(names) == 1 else 'are'} on hold" if names else "a package on hold"
        )
        held_back = " ".join(names) or "with the one of apt-mark showhold that is meant"
        return AgentError("package-held", f"cannot {what}: {which}. Fix: run apt-mark unhold {held_back} on the host, or leave this out")
    broken = unconfigured(said)
    if broken:
        named = "; ".join(f"{name} ({reason})" if reason else name for name, reason in broken.items())
        return AgentError(
            "package-broken",
            f"cannot {what}: dpkg cannot configure {named}. Fix: run dpkg --configure {' '.join(broken)} on the host, which shows why;"
            f" repair the package, or remove it with apt-get purge {' '.join(broken)}",
        )
    if _any(CONFLICT, said):
        return AgentError("package-conflict", f"cannot {what}: {_tail(said)}")
    return AgentError("package-failed", f"cannot {what}: {_tail(said)}")


def held(said: str) -> list[str]:
    """The packages on hold that would have to change, as apt lists them: indented, below a line of their own."""
    found: list[str] = []
    listed = False
    for line in said.splitlines():
        if listed and line.startswith(" "):
            found += [word for word in line.split() if word != "*"]
        else:
            listed = line.strip() == HELD_ABOVE
    return list(dict.fromkeys(found))


def unconfigured(said: str) -> dict[str, str]:
    """Packages whose own scripts fail, as dpkg says it: name -> reason; the reason is empty where dpkg gives none."""
    lines = said.splitlines()
    found: dict[str, str] = {}
    for at, line in enumerate(lines):
        if line.startswith(BROKEN):
            reason = lines[at + 1].strip() if at + 1 < len(lines) and lines[at + 1].startswith(" ") else ""
            found[line.removeprefix(BROKEN).split()[0]] = reason
    return found


def unknown_lines(said: str) -> str:
    """What of an answer is about packages that apt does not know; empty where it knows all of them."""
    return _lines(said, UNKNOWN)


def unreachable_lines(said: str, most: int = 3) -> str:
    """The first ``Err:`` lines, each with the reason that follows it indented; else what else speaks of fetching."""
    lines = said.splitlines()
    found = []
    for at, line in enumerate(lines):
        if line.startswith("Err:"):
            reason = lines[at + 1].strip() if at + 1 < len(lines) and lines[at + 1].startswith("  ") else ""
            found.append(" ".join(line.split()) + (f" ({reason})" if reason else ""))
    return "; ".join(found[:most]) or _lines(said, UNREACHABLE, most)


def _any(texts: Iterable[str], said: str) -> bool:
    return any(text in said for text in texts)


def _lines(said: str, texts: tuple[str, ...], most: int = 3) -> str:
    found = dict.fromkeys(line.strip() for line in said.splitlines() if _any(texts, line))
    return "; ".join(list(found)[:most])


def _tail(said: str, most: int = 1500) -> str:
    """What matters of a failure: the lines from the first that speaks of an error on, or the last ones."""
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    first = next(
        (at for at, line in enumerate(lines) if line.startswith(("E: ", "dpkg: error", "The following packages have unmet"))), None
    )
    start = max(0, first - 10) if first is not None else -15
    return " | ".join(lines[start:])[-most:]
