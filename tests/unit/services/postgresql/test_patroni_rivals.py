# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of Debian's packages beside the one that Patroni runs: empty ones are kept from starting, others refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result, Step
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import rivals as patroni_rivals
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni.guard import guard
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import debian_clusters as _clusters
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle

ETC, DATA = "/etc/postgresql/17/main", "/var/lib/postgresql/17/main"
OWN = "/var/lib/postgresql/17/vannah"
CONFIG = f"# Written by vannah.healthcloud for the cluster vannah\nscope: vannah\npostgresql:\n  data_dir: {OWN}\n"
OPTIONS = {"port": "5432", "data_directory": OWN}

#: A cluster as Debian's package has just made it, as files of the host; None removes one.
FRESH: dict[str, str | None] = {
    f"{ETC}/postgresql.conf": f"data_directory = '{DATA}'\t\t# use data in another directory\nport = 5432\ninclude_dir = 'conf.d'\n",
    f"{ETC}/start.conf": "# Automatic startup configuration\n#   auto: automatically start the cluster\n\nauto\n",
    f"{DATA}/PG_VERSION": "17\n",
    f"{DATA}/base/1/1259": "",
    f"{DATA}/base/4/1259": "",
    f"{DATA}/base/5/1259": "",
    f"{DATA}/base/5/2619_fsm": "",
    f"{DATA}/base/pgsql_tmp/pgsql_tmp7.0": "",
    "/usr/lib/postgresql/17/bin/postgres": "",
}
RUNS = {f"{DATA}/postmaster.pid": "77\n/var/lib\n", "/proc/77/comm": "postgres\n"}
PATRONI = {"/etc/patroni/config.yml": CONFIG, f"{OWN}/PG_VERSION": "17\n"}


class Host:
    """Files in a folder, and programs."""

    def __init__(self, root: Path, files: dict[str, str | None], next_oid: int = 16384) -> None:
        self.calls: list[list[str]] = []
        self.next_oid = next_oid
        self.root = root
        for name, text in files.items():
            if text is not None:
                path = root / name.lstrip("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        self.ctx = Context(root=str(root), runner=self.run)
        self.ctx.start_component({"name": "postgresql"}, {})

    def run(self, argv: list[str], **_options: Any) -> Result:
        self.calls.append(argv)
        if argv[0].endswith("pg_controldata"):
            return Result(0, f"Latest checkpoint's NextXID:          0:731\nLatest checkpoint's NextOID:          {self.next_oid}\n")
        return Result(0)

    def plan(self) -> list[Step]:
        return patroni_rivals.plan(self.ctx, OPTIONS)

    def guard(self, adopt: bool = False) -> str:
        """The code that the guard refuses with; empty where it does not."""
        try:
            guard({"scope": "vannah", "data_directory": OWN, "ports": [5432, 8008], "adopt": adopt}, self.ctx)
        except AgentError as error:
            return error.code
        return ""


LINK = "/etc/systemd/system/multi-user.target.wants/postgresql@17-main.service"
START = (f"{ETC}/start.conf", "update")
STOP, DISABLE = ("postgresql@17-main.service", "stop"), ("postgresql@17-main.service", "disable")
TAKEN_OVER = f"data_directory = '{OWN}'\nport = 5432\n"
PORT = f"data_directory = '{DATA}'\nport = 5433\n"


@pytest.mark.parametrize(
    ("files", "steps"),
    [
        ({}, [START]),
        (RUNS, [START, STOP]),
        ({f"{ETC}/start.conf": None}, [START]),  # without the file it starts
        ({f"{ETC}/start.conf": "manual\n"}, []),
        ({f"{ETC}/start.conf": "disabled\n"}, []),
        ({f"{ETC}/start.conf": "manual\n", **RUNS}, [STOP]),
        ({f"{ETC}/start.conf": "manual\n", LINK: ""}, [DISABLE]),
        ({f"{ETC}/postgresql.conf": PORT}, [START]),  # the packages' own, on whatever port
        ({"/usr/lib/postgresql/17/bin/postgres": None}, []),  # its server was removed
        ({f"{DATA}/base/16385/1259": ""}, []),
        ({f"{DATA}/base/5/16390": ""}, []),
        ({f"{DATA}/base/5/16390.1": ""}, []),
        ({f"{DATA}/pg_tblspc/16400": ""}, []),
        ({f"{DATA}/PG_VERSION": None}, []),
        ({f"{ETC}/postgresql.conf": TAKEN_OVER}, [START]),  # Patroni starts it
        ({f"{ETC}/postgresql.conf": TAKEN_OVER, f"{OWN}/postmaster.pid": "77\n", "/proc/77/comm": "postgres\n"}, [START]),
        ({f"{ETC}/postgresql.conf": TAKEN_OVER, f"{ETC}/start.conf": "manual\n"}, []),
    ],
)
def test_what_is_kept_from_starting(tmp_path: Path, files: dict[str, str | None], steps: list[tuple[str, str]]) -> None:
    host = Host(tmp_path, {**FRESH, **files})
    planned = host.plan()
    assert [(step.target, step.action) for step in planned] == steps
    assert bool(host.ctx.warnings) is (bool(steps) and TAKEN_OVER not in files.values())
    for step in planned:
        assert step.apply is not None
        step.apply(host.ctx)
    assert (tmp_path / DATA.lstrip("/") / "base").is_dir()  # nothing is removed
    if START in steps:
        assert _clusters.found(host.ctx)[0].start == "manual"
        assert ["systemctl", "daemon-reload"] in host.calls
    if STOP in steps:
        assert host.calls.index(["systemctl", "stop", "postgresql@17-main.service"]) >= 0
        assert host.calls[-1][:2] == ["pg_ctlcluster", "--skip-systemctl-redirect"]  # it still ran after systemd's stop
        (tmp_path / "proc/77/comm").unlink()
    if DISABLE in steps:
        (tmp_path / LINK.lstrip("/")).unlink()
    assert host.plan() == []


@pytest.mark.parametrize(("next_oid", "steps"), [(13500, 1), (16384, 1), (16385, 0), (24576, 0)])
def test_roles_and_functions_have_no_files(tmp_path: Path, next_oid: int, steps: int) -> None:
    """The next object identifier tells of them."""
    assert len(Host(tmp_path, FRESH, next_oid).plan()) == steps


@pytest.mark.parametrize("files", [{}, {"/etc/postgresql/17/other/pg_hba.conf": ""}])
def test_a_host_without_one_runs_nothing(tmp_path: Path, files: dict[str, str | None]) -> None:
    host = Host(tmp_path, files)
    assert host.plan() == [] and host.calls == []


def test_settings_are_read_as_the_server_reads_them(tmp_path: Path) -> None:
    """The file, conf.d, then what ALTER SYSTEM has written; the last one counts."""
    files = {**FRESH, f"{ETC}/conf.d/a.conf": "port=5440\n", f"{ETC}/conf.d/a.bak": "port=1\n"}
    assert _clusters.found(Host(tmp_path / "a", files).ctx)[0].port == 5440
    files[f"{DATA}/postgresql.auto.conf"] = "# by hand\nport = '5441'\n"
    assert _clusters.found(Host(tmp_path / "b", files).ctx)[0].port == 5441


FULL = {f"{DATA}/base/16385/1259": ""}


@pytest.mark.parametrize(
    ("files", "adopt", "code"),
    [
        ({**FRESH, **PATRONI}, False, ""),
        ({**FRESH, **PATRONI, **RUNS}, False, ""),  # heals
        ({**FRESH, **PATRONI, **FULL}, False, "foreign-cluster"),
        ({**FRESH, **PATRONI, **FULL, **RUNS}, False, "foreign-cluster"),
        ({**FRESH, **PATRONI, **FULL, f"{ETC}/start.conf": "manual\n"}, False, ""),
        ({**FRESH, **PATRONI, **FULL, f"{ETC}/postgresql.conf": PORT}, False, ""),  # the site's own, on its own port
        ({**FRESH}, False, ""),  # a run of an older release died in between
        ({**FRESH, **FULL}, False, "foreign-cluster"),
        ({**FRESH, **FULL}, True, "foreign-cluster"),  # Patroni takes over a directory, not a port that is taken
        ({**FRESH, **FULL, f"{ETC}/postgresql.conf": TAKEN_OVER}, True, ""),
    ],
)
def test_the_guard(tmp_path: Path, files: dict[str, str | None], adopt: bool, code: str) -> None:
    assert Host(tmp_path, files).guard(adopt) == code


def test_the_guard_names_the_cluster_and_the_ways_out(tmp_path: Path) -> None:
    host = Host(tmp_path, {**FRESH, **PATRONI, **FULL})
    with pytest.raises(AgentError) as caught:
        guard({"scope": "vannah", "data_directory": OWN, "ports": [5432, 8008], "adopt": False}, host.ctx)
    for words in ("17/main", DATA, "port 5432", "pg_conftool 17 main set port", f"{ETC}/start.conf", "when this host starts"):
        assert words in caught.value.msg
    assert host.calls == []  # files were enough


def test_an_empty_one_that_runs_is_refused_where_the_role_was_not_before(tmp_path: Path) -> None:
    """A first run stops nothing."""
    line = "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 3301\n"
    host = Host(tmp_path, {**FRESH, **RUNS, "/proc/net/tcp": "  sl\n" + line})
    with pytest.raises(AgentError, match=r"17/main of Debian's packages runs on port 5432.*pg_dropcluster --stop 17 main") as caught:
        guard({"scope": "vannah", "data_directory": OWN, "ports": [5432, 8008], "adopt": False}, host.ctx)
    assert caught.value.code == "port-taken"


def test_what_the_driver_knows_travels_with_a_converge() -> None:
    """And nothing else of the domain."""
    payload: dict[str, Any] = {"op": "converge", "components": [{"units": [{"name": "patroni.service", "driver": "patroni"}]}]}
    found = bundle.needed(payload, bundle.modules())
    assert f"{bundle.PACKAGE}.services.patroni.rivals" in found
    assert f"{bundle.PACKAGE}.services.patroni.guard" not in found
    plain = {"op": "converge", "components": [{"units": [{"name": "a.service", "driver": "systemd"}]}]}
    assert f"{bundle.PACKAGE}.services.patroni.rivals" not in bundle.needed(plain, bundle.modules())
