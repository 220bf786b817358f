# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories of data of different services on one host."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import PurePosixPath

from ...services.minio.preflight import drives_of
from ..findings import Code, Finding
from ..model import Host, Site
from .directories import plain
from .places import finding

CODES = (
    Code(
        "host-directories-overlap",
        "Directories of two services of one host are the same, or one lies within the other: what the one keeps would be the other's too.",
        "Directories beside each other.",
    ),
)

#: Where PostgreSQL's data lies unless the site says otherwise: below it, by version and cluster.
_DEFAULT = "/var/lib/postgresql"


def check_overlaps(site: Site) -> Iterator[Finding]:
    """No service's directory is another's, or holds it."""
    drives = drives_of(site)
    for host in site.hosts.values():
        for (variable, path), (other, beside) in combinations(_directories(host, drives.get(host.name, ())), 2):
            if variable != other and (path == beside or path in beside.parents or beside in path.parents):
                how = "is" if path == beside else "lies within" if path in beside.parents else "holds"
                problem = f"{beside} of {other} {how} {path} of {variable}."
                remedy = f"{variable} and {other}: directories beside each other"
                yield finding(site, host, (other, variable), host.name, "host-directories-overlap", problem, remedy)


def _directories(host: Host, drives: tuple[str, ...]) -> Iterator[tuple[str, PurePosixPath]]:
    """(variable, directory) of what the host's services keep; what is no path, their own rules speak of."""
    given = []
    if "etcd" in host.roles:
        given.append(("etcd_data_directory", host.known("etcd_data_directory")))
    if "postgresql" in host.roles:
        own = host.get("postgresql_data_directory")
        given.append(("postgresql_data_directory", _DEFAULT if own is None else own))
    given += [("minio_drives", path) for path in drives]
    for variable, path in given:
        if isinstance(path, str) and path.startswith("/") and plain(path).parts[1:]:
            yield variable, plain(path)


RULES = (check_overlaps,)
