# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni on its host: the driver that restarts its unit, what is foreign, its packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.calls import Refused
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.packages import calls as packages
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import calls as patroni
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni import restart as patroni_restart
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.patroni.guard import listeners
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import host_facts
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle

from .recorded_patroni import Patroni, context

# --- the driver of component_restart ------------------------------------------------------------------------------------------

UNIT = {"name": "patroni.service", "ready": {"http": "https://127.0.0.1:8008/health", "timeout": 1}}


def test_the_driver_restarts_a_standby_and_never_the_leader() -> None:
    argvs: list[list[str]] = []

    def runner(argv: list[str], **_options: Any) -> Result:
        argvs.append(argv)
        return Result(0)

    patroni_restart.restart(context(Patroni(name="db2", replication_state="streaming"), runner=runner), UNIT)
    assert argvs == [["systemctl", "restart", "patroni.service"]]
    with pytest.raises(Refused, match="Switch over first"):
        patroni_restart.restart(context(Patroni(), runner=runner), UNIT)
    old = Patroni(name="db2")
    old.leader = 503
    with pytest.raises(Refused, match="has no leader"):
        patroni_restart.restart(context(old, runner=runner), UNIT)
    assert len(argvs) == 1


def test_the_driver_takes_addresses_and_certificates_from_the_definition() -> None:
    certificate = {"cert": "/c", "key": "/k", "ca": "/a"}
    assert patroni_restart.rest_of(UNIT, {"certificates": [certificate]}) == {"url": "https://127.0.0.1:8008", **certificate}


def test_the_driver_travels_with_the_restart_of_its_unit() -> None:
    payload: dict[str, Any] = {"op": "restart", "components": [{"units": [{"name": "patroni.service", "driver": "patroni"}]}]}
    found = bundle.needed(payload, bundle.modules())
    assert f"{bundle.PACKAGE}.services.patroni.restart" in found
    # What else waits is planned after the restart, and a plan asks what stands in the unit's way.
    assert f"{bundle.PACKAGE}.services.patroni.rivals" in found
    assert f"{bundle.PACKAGE}.services.postgresql.calls" not in found
    payload["op"] = "converge"
    assert f"{bundle.PACKAGE}.services.patroni.restart" not in bundle.needed(payload, bundle.modules())


# --- what is foreign --------------------------------------------------------------------------------------------------

# /proc/net/tcp of a host with PostgreSQL on 5432 (1538) and a client of it.
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 3301 1 0000000000000000 100 0 0 10 0
   1: 0100007F:BEEF 0100007F:1F48 01 00000000:00000000 00:00000000 00000000   101        0 3302 1 0000000000000000 100 0 0 10 0
"""
DATA = "/var/lib/postgresql/17/vannah"
OWN = f"# Written by vannah.healthcloud for the cluster vannah\nscope: vannah\npostgresql:\n  data_dir: {DATA}\n"


def test_listeners() -> None:
    assert listeners(TCP) == {5432}


MINE = {DATA + "/PG_VERSION": "17", "/etc/patroni/config.yml": OWN, "/proc/net/tcp": TCP}
RENAMED = OWN.replace("scope: vannah", "scope: other")
MOVED = OWN.replace("17/vannah", "17/other")
ELSEWHERE = {"/var/lib/postgresql/17/other/PG_VERSION": "17", "/etc/patroni/config.yml": MOVED}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def refused(root: Path, files: dict[str, str], adopt: bool = False, **more: Any) -> AgentError | None:
    """What the guard says of a host with these files; None: it may continue."""
    write(root, files)
    ctx = Context(root=str(root))
    params = {"scope": "vannah", "data_directory": DATA, "ports": [5432, 8008], "adopt": adopt, **more}
    try:
        steps, _result = patroni.CALLS["guard"](params, ctx)
    except AgentError as error:
        return error
    assert steps == []
    return None


@pytest.mark.parametrize(
    ("files", "adopt", "outcome"),
    [
        ({}, False, None),
        ({DATA + "/PG_VERSION": "17"}, False, "foreign-data"),
        ({DATA + "/PG_VERSION": "17"}, True, None),
        (MINE, False, None),
        ({DATA + "/PG_VERSION": "17", "/etc/patroni/config.yml": MOVED}, False, "foreign-data"),
        ({"/etc/patroni/config.yml": "scope: theirs\n"}, False, "foreign-patroni"),
        ({"/proc/net/tcp": TCP}, False, "port-taken"),
        ({"/proc/net/tcp6": TCP}, False, "port-taken"),
    ],
)
def test_guard(tmp_path: Path, files: dict[str, str], adopt: bool, outcome: str | None) -> None:
    error = refused(tmp_path, files, adopt)
    assert (error.code if error else None) == outcome
    assert error is None or "postgresql_adopt" in error.msg


@pytest.mark.parametrize(
    ("files", "silent", "names"),
    [(MINE, False, ["db1", "db2", "db3"]), (MINE, True, []), ({}, False, []), ({"/etc/patroni/config.yml": "scope: theirs\n"}, False, [])],
)
def test_a_member_tells_the_host_checks_who_runs(tmp_path: Path, files: dict[str, str], silent: bool, names: list[str]) -> None:
    """Of the role's own cluster, while Patroni answers."""
    write(tmp_path, files)
    cluster = Patroni()
    cluster.silent = silent
    said = host_facts.facts(context(cluster, root=str(tmp_path)), {"cluster": "database", "url": "https://127.0.0.1:8008"})
    assert [peer["name"] for peer in said["peers"]["database"]] == names
    if names:
        assert said["peers"]["database"][0] == {
            "name": "db1", "address": "172.17.0.3", "what": "it is the leader of the PostgreSQL cluster vannah"
        }  # fmt: skip


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize(
    ("files", "outcome", "fix"),
    [
        ({**MINE, "/etc/patroni/config.yml": RENAMED}, "cluster-renamed", "Write postgresql_cluster: other."),
        # Its directory follows from its name.
        ({**ELSEWHERE, "/etc/patroni/config.yml": MOVED.replace("scope: vannah", "scope: 'other'")}, "cluster-renamed", "other"),
        (ELSEWHERE, "data-directory-moved", "Write postgresql_data_directory: /var/lib/postgresql/17/other "),
        ({"/etc/patroni/config.yml": RENAMED}, None, ""),  # there are no data, so none are left behind
        ({"/etc/patroni/config.yml": MOVED, "/var/lib/postgresql/17/other/lost+found/x": ""}, None, ""),
        ({DATA + "/lost+found/x": ""}, "data-directory-root", f"postgresql_data_directory: {DATA}/data"),
        ({**MINE, DATA + "/lost+found/x": ""}, None, ""),
    ],
)
def test_a_running_cluster_is_not_left_for_an_empty_one(
    tmp_path: Path, files: dict[str, str], adopt: bool, outcome: str | None, fix: str
) -> None:
    error = refused(tmp_path, files, adopt)
    assert (error.code if error else None) == outcome
    assert error is None or fix in error.msg


def test_a_data_directory_by_another_path_was_not_moved(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/postgresql/17"
    folder.mkdir(parents=True)
    (folder / "vannah").symlink_to("other")
    assert refused(tmp_path, ELSEWHERE) is None
    moved = OWN.replace(DATA, DATA + "/")
    assert refused(tmp_path, {**MINE, "/etc/patroni/config.yml": moved}) is None


# --- packages -----------------------------------------------------------------------------------------------------------------

POLICY = """\
patroni:
  Installed: 4.0.7-3~deb13u1
  Candidate: 4.0.7-3~deb13u1
  Version table:
 *** 4.0.7-3~deb13u1 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
        100 /var/lib/dpkg/status
postgresql-17:
  Installed: 17.11-0+deb13u1
  Candidate: 17.12-0+deb13u1
  Version table:
     17.12-0+deb13u1 500
        500 http://deb.debian.org/debian trixie/main amd64 Packages
 *** 17.11-0+deb13u1 100
        100 /var/lib/dpkg/status
postgresql-gone:
  Installed: 1
  Candidate: (none)
"""


def test_candidates() -> None:
    assert packages.candidates(POLICY) == [("postgresql-17", "17.11-0+deb13u1", "17.12-0+deb13u1")]


def test_installed_packages() -> None:
    listing = "ii  libpq5:amd64\nii  patroni\nrc  postgresql-15\nhi  postgresql-17\nii  etcd-server\nii  nginx\n"
    patterns = ["postgresql-*", "patroni*", "libpq5"]
    assert packages.installed(listing, patterns) == ["libpq5", "patroni", "postgresql-17"]


LISTED = ("postgresql-17", "nginx", "postgresql-gone")


@pytest.mark.parametrize(
    ("names", "asked"), [(["postgresql-*"], ["postgresql-17", "postgresql-gone"]), (["postgresql-17"], ["postgresql-17"])]
)
def test_update_of_packages(tmp_path: Path, names: list[str], asked: list[str]) -> None:
    """Patterns stand for what is installed; a name is taken as it is."""
    policies: list[list[str]] = []

    def runner(argv: list[str], **_more: Any) -> Result:
        if argv[0] == "apt-cache":
            policies.append(argv[3:])
            return Result(0, POLICY)
        return Result(0, "".join(f"ii  {name}\n" for name in LISTED))

    status = tmp_path / "var" / "lib" / "dpkg" / "status"
    status.parent.mkdir(parents=True)
    status.write_text("".join(f"Package: {name}\nStatus: install ok installed\nVersion: 1\n\n" for name in LISTED))
    ctx = Context("check", runner=runner, root=str(tmp_path))
    steps, result = packages.CALLS["update"]({"names": names, "refresh": True}, ctx)
    assert policies == [asked]
    assert result["packages"] == [{"name": "postgresql-17", "installed": "17.11-0+deb13u1", "available": "17.12-0+deb13u1"}]
    assert [step.packages for step in steps] == [("postgresql-17",)]


def test_a_major_version_is_no_minor_update() -> None:
    with pytest.raises(AgentError, match="not a minor update"):
        packages.refuse_major([("postgresql-17", "17.11-1", "18.0-1")])
    packages.refuse_major([("postgresql-17", "17.11-1", "17.12-1"), ("postgresql-common", "278", "290")])
