# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make verify` asks a site as it is: a site with other ports is as healthy as one with the defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils import site_map

from tests.live.lib.reachability import Reached, missing
from tests.live.lib.services_of_site import LIVE, not_of_site, service_of, without_tests
from tests.live.lib.values import REPOSITORY, Values, role_defaults
from tests.live.postgresql.verify_postgresql import is_synchronous

#: Ports that roles have variables for.
PORTS = {str(value) for name, value in role_defaults().items() if name.endswith("_port") and isinstance(value, int)}


def test_a_setting_is_the_inventorys_or_the_roles(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {hosts: {a: {postgresql_port: 5433}, b: {}}}\n", encoding="utf-8")
    values = Values(tmp_path / "hosts.yml")
    assert (values.setting("a", "postgresql_port"), values.setting("b", "postgresql_port")) == (5433, 5432)


@pytest.mark.parametrize(
    ("members", "absent", "given", "synchronous"), [(3, ["a"], "", True), (3, [], "", True), (2, [], "", False), (3, [], "false", False)]
)
def test_replication_is_judged_by_the_inventory(tmp_path: Path, members: int, absent: list[str], given: str, synchronous: bool) -> None:
    """One server of three that is down makes no site without synchronous replication."""
    hosts = "".join(f"{name}: {{}}, " for name in "abc"[:members])
    said = f"vars: {{postgresql_synchronous: {given}}}, " if given else ""
    text = f"all: {{{said}children: {{postgresql: {{hosts: {{{hosts}}}}}}}}}\n"
    (tmp_path / "hosts.yml").write_text(text, encoding="utf-8")
    values = Reached(tmp_path / "hosts.yml", absent)
    assert is_synchronous(values, "b") is synchronous


def test_why_there_is_no_host(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {children: {postgresql: {hosts: {a: {}, b: {}}}}}\n", encoding="utf-8")
    values = Reached(tmp_path / "hosts.yml", ["a", "b"])
    assert missing(values, "postgresql", "databases") == "none of the site's databases can be judged now: a, b"
    assert missing(values, "etcd", "members") == "the site has no members (group etcd)"


def test_services_that_the_site_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("all: {children: {postgresql: {hosts: {a: {}}}, etcd: {}}}\n", encoding="utf-8")
    given = {"base": ("all",), "haproxy": ("postgresql_client", "edge"), "postgresql": ("postgresql",), "etcd": ("etcd",)}
    roles = [site_map.Entry(role, "base", groups) for role, groups in given.items()]
    assert not_of_site(Reached(tmp_path / "hosts.yml", ["a"]), roles) == ["etcd", "haproxy"]


@pytest.mark.parametrize(
    ("groups", "absent"),
    [
        ({"postgresql": "d"}, True),  # no backup server: the role is there, and has nothing to do
        ({"backup": "b"}, True),
        ({"postgresql": "d", "backup": "b"}, False),
    ],
)
def test_a_role_that_says_that_the_site_has_none_of_it(tmp_path: Path, groups: dict[str, str], absent: bool) -> None:
    """Its hosts have the role by another group."""
    children = ", ".join(f"{group}: {{hosts: {{{host}: {{}}}}}}" for group, host in groups.items())
    (tmp_path / "hosts.yml").write_text(f"all: {{children: {{{children}}}}}\n", encoding="utf-8")
    assert ("pgbackrest" in not_of_site(Values(tmp_path / "hosts.yml"))) is absent


def test_every_service_of_a_site_is_tested_or_named(tmp_path: Path) -> None:
    """A service that is in none of the three lists would look as if it had been tested."""
    (tmp_path / "hosts.yml").write_text("all: {children: {postgresql: {hosts: {a: {}}}, etcd: {hosts: {a: {}}}}}\n", encoding="utf-8")
    absent = not_of_site(Values(tmp_path / "hosts.yml"))
    tested = {service_of(path) for path in LIVE.rglob("verify_*.py")} - set(absent)
    roles = {entry.role for entry in site_map.load().roles}
    assert {"etcd"} <= set(without_tests(absent)) and "etcd" not in absent
    assert roles <= tested | set(absent) | set(without_tests(absent))


def test_every_verify_file_belongs_to_a_service_or_to_the_site() -> None:
    """Else it would be tested, and skipped loudly, on sites without its service."""
    roles = {entry.role for entry in site_map.load().roles}
    services = {service_of(path) for path in LIVE.rglob("verify_*.py")} - {"lib"}  # which has no tests
    assert {"minio", "site"} <= services <= roles | {"site"}
    assert service_of(LIVE / "minio" / "faults" / "test_2_faults.py") == ""


@pytest.mark.parametrize("path", sorted((REPOSITORY / "tests" / "live").rglob("verify_*.py")), ids=lambda path: path.stem)
def test_no_port_is_written_down(path: Path) -> None:
    """A number in place of the variable fails on a site with another port, or proves nothing there."""
    assert PORTS
    found = [number for number in re.findall(r"\b\d{4,5}\b", path.read_text(encoding="utf-8")) if number in PORTS]
    assert found == []
