# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL clusters as Debian lays them out (pg_createcluster(1)): where they listen, whether they start, whether they hold data."""

from __future__ import annotations

import os
import re

from ...host.text import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...core.model import Context

ETC = "/etc/postgresql"
#: What Debian's packages call the cluster that they make.
DEFAULT = "main"
#: The first object identifier that initdb does not give (FirstNormalObjectId, src/include/access/transam.h).
FIRST = 16384
_SETTING = re.compile(r"^\s*(port|data_directory)\s*=?\s*('(?:[^']|'')*'|[^\s#]+)", re.MULTILINE)


class Cluster:
    """One cluster: ``version``, ``name``, ``directory`` (of its data), ``port``, ``start`` (auto, manual, disabled), ``running``."""

    __slots__ = ("directory", "name", "port", "running", "start", "version")

    def __init__(self, ctx: Context, version: str, name: str) -> None:
        self.version, self.name = version, name
        settings = {"port": "5432", "data_directory": f"/var/lib/postgresql/{version}/{name}"}
        _read_settings(ctx, [f"{self.folder}/postgresql.conf", *_parts(ctx, f"{self.folder}/conf.d")], settings)
        self.directory = settings["data_directory"]
        _read_settings(ctx, [f"{self.directory}/postgresql.auto.conf"], settings)  # ALTER SYSTEM; the server reads it last
        self.port = int(settings["port"]) if settings["port"].isdigit() else 0
        self.start = _start(read(ctx, f"{self.folder}/start.conf"))
        self.running = _runs(ctx, self.directory)

    @property
    def folder(self) -> str:
        """The folder of its configuration."""
        return f"{ETC}/{self.version}/{self.name}"

    @property
    def label(self) -> str:
        """How Debian's tools name it."""
        return f"{self.version}/{self.name}"

    @property
    def unit(self) -> str:
        """Its unit of systemd."""
        return f"postgresql@{self.version}-{self.name}.service"

    @property
    def link(self) -> str:
        """What ``systemctl enable`` makes of its unit."""
        return f"/etc/systemd/system/multi-user.target.wants/{self.unit}"

    def starts(self, ctx: Context) -> bool:
        """Whether it starts with the host. Debian's generator asks for its server, too."""
        enabled = self.start == "auto" or (self.start == "manual" and os.path.lexists(ctx.path(self.link)))
        return enabled and os.path.exists(ctx.path(f"/usr/lib/postgresql/{self.version}/bin/postgres"))


def found(ctx: Context) -> list[Cluster]:
    """The clusters that Debian's tools know."""
    return [
        Cluster(ctx, version, name)
        for version in _listed(ctx, ETC)
        for name in _listed(ctx, f"{ETC}/{version}")
        if os.path.lexists(ctx.path(f"{ETC}/{version}/{name}/postgresql.conf"))
    ]


def empty(ctx: Context, cluster: Cluster) -> bool:
    """Whether a cluster holds what initdb makes and nothing else. It need not run; in doubt it holds data.

    Databases and tables that were made since have identifiers from :data:`FIRST` on, and files of that name. Roles and functions have no
    files: the next identifier that the last checkpoint has written tells of them.
    """
    base = f"{cluster.directory}/base"
    databases = _listed(ctx, base)
    if not databases or not os.path.exists(ctx.path(f"{cluster.directory}/PG_VERSION")):
        return False
    for database in databases:
        if database == "pgsql_tmp":
            continue
        if not database.isdigit() or int(database) >= FIRST:
            return False
        for file in _listed(ctx, f"{base}/{database}"):
            number = re.match(r"\d+", file)
            if number and int(number.group()) >= FIRST:
                return False
    if _listed(ctx, f"{cluster.directory}/pg_tblspc"):
        return False
    said = ctx.run(
        [f"/usr/lib/postgresql/{cluster.version}/bin/pg_controldata", "-D", cluster.directory], env={"LC_ALL": "C"}, check=False, timeout=20
    )
    number = re.search(r"NextOID:\s*(\d+)", said.out)
    return said.rc == 0 and number is not None and int(number.group(1)) <= FIRST


def _listed(ctx: Context, folder: str) -> list[str]:
    try:
        return sorted(os.listdir(ctx.path(folder)))
    except OSError:
        return []


def _parts(ctx: Context, folder: str) -> Iterator[str]:
    return (f"{folder}/{name}" for name in _listed(ctx, folder) if name.endswith(".conf"))


def _read_settings(ctx: Context, paths: list[str], settings: dict[str, str]) -> None:
    for path in paths:
        for name, value in _SETTING.findall(read(ctx, path)):
            settings[name] = value[1:-1].replace("''", "'") if value.startswith("'") else value


def _start(text: str) -> str:
    """The word of a start.conf; without one it is auto."""
    for line in text.splitlines():
        word = line.partition("#")[0].strip()
        if word:
            return word
    return "auto"


def _runs(ctx: Context, directory: str) -> bool:
    """Whether the postmaster that has left its number in the data directory lives."""
    number = read(ctx, f"{directory}/postmaster.pid").partition("\n")[0].strip()
    return number.isdigit() and read(ctx, f"/proc/{number}/comm").startswith("postgres")
