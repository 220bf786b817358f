# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching the package lists for an update: a source that cannot be read stops it only where the update needs that source.

A host may have foreign sources (a vendor's repository that no longer exists, or whose key has expired). What an update of our packages
needs are Debian's own lists and the lists in which these packages stand.
"""

from __future__ import annotations

from .apt_errors import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..core.model import Context

    Source = tuple[str, str]  # URI without a slash at its end, suite

#: What follows URI and suite in what apt-get says of a repository.
_KINDS = ("InRelease", "Release")
_UPDATE = ["-o", "APT::Update::Error-Mode=any", "update"]


def refresh(ctx: Context, names: Iterable[str], release: str) -> None:
    """Fetch the package lists. A source that is not needed for ``names`` and cannot be read is warned of.

    :param names: packages that are to be updated
    :param release: the host's release of Debian (``trixie``)
    :raises AgentError: see :func:`.apt_errors.explain`
    """
    from . import apt

    with apt.Policy(ctx):
        result = apt.patiently(ctx, [*apt.APT_GET, *_UPDATE])
    if result.rc == 0:
        return
    error = explain(result, "fetch the package lists")
    broken = failed(result.out + "\n" + result.err)
    if error.code in ("no-space", "packages-locked", "packages-sources") or not broken:
        raise error
    listed = list(names)
    carried = carriers(ctx.run(["apt-cache", "policy", "--", *listed]).out) if listed else set()
    known = origins(ctx.run(["apt-cache", "policy"]).out)
    if needed(broken, carried, known, release):
        raise error
    told = "; ".join(f"{uri} {suite}" + (f" ({reason})" if reason else "") for (uri, suite), reason in broken.items())
    ctx.warn(f"a source of packages of this host cannot be read, and is not needed here: {told}. Repair it or remove it (/etc/apt)")


def failed(said: str) -> dict[Source, str]:
    """The sources that ``apt-get update`` could not read, with the reason that it gives.

    It says ``Err:5 URI SUITE Release`` with the reason in the next line, ``The repository 'URI SUITE Release' is not signed.`` and
    ``GPG error: URI SUITE InRelease: ...``; a URI of ``cdrom:`` has spaces.
    """
    found: dict[Source, str] = {}
    lines = said.splitlines()
    for at, line in enumerate(lines):
        reason = ""
        if line.startswith("Err:"):
            text = line.partition(" ")[2]
            after = lines[at + 1] if at + 1 < len(lines) else ""
            reason = after.strip() if after.startswith("  ") else ""
        elif "The repository '" in line:
            text, _quote, reason = line.partition("The repository '")[2].partition("'")
        elif "GPG error: " in line:
            text, _colon, reason = line.partition("GPG error: ")[2].partition("Release: ")
            text += "Release"
        else:
            continue
        words = text.split()
        # An index of a component has more words: URI SUITE/COMPONENT ARCHITECTURE Packages.
        if words and words[-1] in _KINDS:
            words = words[:-1]
        elif len(words) > 3 and "/" in words[-3]:
            words = [*words[:-3], words[-3].rpartition("/")[0]]
        if len(words) > 1:
            source = (" ".join(words[:-1]).rstrip("/"), words[-1])
            found[source] = found.get(source) or reason.strip(" .")
    return found


def carriers(policy: str) -> set[Source]:
    """The sources in the version tables of ``apt-cache policy NAME...``: `` 500 URI SUITE/COMPONENT ARCHITECTURE Packages``."""
    return {source for line in policy.splitlines() if (source := _source(line)) is not None}


def origins(policy: str) -> dict[Source, str]:
    """The origin (``Debian``) of each source that ``apt-cache policy`` knows."""
    found: dict[Source, str] = {}
    source = None
    for line in policy.splitlines():
        source = _source(line) or source
        if source is not None and line.strip().startswith("release "):
            fields = dict(part.partition("=")[::2] for part in line.strip()[8:].split(","))
            found.setdefault(source, fields.get("o", ""))
    return found


def _source(line: str) -> Source | None:
    words = line.split()
    if len(words) < 5 or words[-1] != "Packages" or not words[0].lstrip("-").isdigit() or "/" not in words[-3]:
        return None
    return " ".join(words[1:-3]).rstrip("/"), words[-3].rpartition("/")[0]


def needed(broken: Iterable[Source], carried: set[Source], known: dict[Source, str], release: str) -> bool:
    """Whether an update needs what could not be read.

    :param carried: the sources that have the packages
    :param known: the sources that were read at some time -> their origin
    """
    if ("Debian", release) not in {(origin, source[1]) for source, origin in known.items()}:
        return True
    return any(
        source in carried or known.get(source) == "Debian" or (source not in known and source[1] == f"{release}-security")
        for source in broken
    )
