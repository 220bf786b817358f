# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of data of different services on one host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import PurePosixPath

from ..findings import Code, Finding
from ..model import Host, Site
from .directories import plain
from .places import finding

CODES = (
    Code(
        "host-directories-overlap",
        "Directories of two services of one host are the same, or one lies within the other: the data of one service would be mixed "
        "with the other's.",
        "Use directories beside each other.",
    ),
)

#: The variable that says where a directory is (of one without: its role's declaration), and the directory.
Directory = tuple[str, PurePosixPath]


def check_overlaps(site: Site) -> Iterator[Finding]:
    """No service's directory is another's, or holds it."""
    for host in site.hosts.values():
        for one, other in combinations(stated(host), 2):
            yield from overlap(site, host, one, other)


def overlap(site: Site, host: Host, one: Directory, other: Directory) -> Iterator[Finding]:
    """What is wrong between two directories of a host; nothing where one variable says both."""
    (variable, path), (its, beside) = one, other
    if variable != its and (path == beside or path in beside.parents or beside in path.parents):
        how = "is" if path == beside else "lies within" if path in beside.parents else "holds"
        problem = f"{beside} of {its} {how} {path} of {variable}."
        fix = f"use directories beside each other for {variable} and {its}"
        names = sorted((its, variable), key=lambda name: name not in site.schema.options)
        yield finding(site, host, names, host.name, "host-directories-overlap", problem, fix)


def stated(host: Host) -> list[Directory]:
    """The directories in ``data_directories`` of the host's roles (``stated``, or else ``path``) that are not made to hold others'."""
    items = [item for item in host.exported("data_directories") if item.get("shared") is not True]
    named = [(str(item.get("variable") or f"data_directories of the role {item['role']}"), item) for item in items]
    return list(directories((name, item.get("stated", item["path"])) for name, item in named))


def directories(given: Iterable[tuple[str, object]]) -> Iterator[Directory]:
    """(variable, directory) of valid paths; the services' own rules report the others."""
    for variable, path in given:
        if isinstance(path, str) and path.startswith("/") and plain(path).parts[1:]:
            yield variable, plain(path)


RULES = (check_overlaps,)
