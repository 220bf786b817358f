# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes, their documentation, and the parts that the rules stand on."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import document_preflight
import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.findings import Code, Finding, Report
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.judge import AREAS, catalogue
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.nearby import Names
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.schema import Option, Schema, looks_secret
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.values import check, parse_range

from tests.unit.lib.instructions import is_instruction
from tests.unit.lib.sites import REPOSITORY


def test_page_is_the_catalogue() -> None:
    """docs/preflight.md is what scripts/document_preflight.py writes."""
    assert document_preflight.PAGE.read_text(encoding="utf-8") == document_preflight.page()


def test_codes() -> None:
    """Unique, kebab-case, explained."""
    codes = [code for area in AREAS for code in area.codes]
    assert len(codes) == len(catalogue())
    for code in codes:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code.name)
        assert code.meaning.endswith(".") and code.fix.endswith(".")


def test_fixes_are_instructions() -> None:
    """Each begins with a verb."""
    assert {code.name: code.fix for code in catalogue().values() if not is_instruction(code.fix)} == {}


def test_every_code_is_given_by_something_and_tested() -> None:
    """No code is only documented, and each stands in a table of these tests."""
    package = REPOSITORY / "plugins" / "module_utils"
    files = [*(package / "preflight").rglob("*.py"), *(package / "services").rglob("*.py")]
    given = "".join(path.read_text() for path in files)
    tests = REPOSITORY / "tests" / "unit"
    tested = "".join(path.read_text() for folder in ("preflight", "services") for path in (tests / folder).rglob("test_*.py"))
    assert [name for name in catalogue() if given.count(f'"{name}"') < 2] == []
    assert [name for name in catalogue() if f'"{name}"' not in tested] == []


def test_a_code_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two areas cannot share a code."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import judge

    monkeypatch.setattr(judge, "AREAS", (AREAS[0], AREAS[0]))
    with pytest.raises(ValueError, match="declared twice"):
        judge.catalogue()


def test_a_finding_is_one_line() -> None:
    """What people grep for."""
    finding = Finding("a-b", "db1", "x.y", "it is wrong.", "set x: y", "hosts.yml:3")
    assert finding.line() == "a-b db1 x.y: it is wrong. Fix: set x: y [hosts.yml:3]"
    assert dataclasses.replace(finding, fix="run x").line() == "a-b db1 x.y: it is wrong. Fix: run x [hosts.yml:3]"
    report = Report.of([finding, finding], {"a-b": Code("a-b", "m", "r")}, 1)
    assert report.text() == "preflight: 1 error, 0 warnings, 1 host\n" + finding.line()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'root:PASS@10.1.2.3' is not a host name.", "'root:***@10.1.2.3' is not a host name."),
        ("'user:PASS@reg/x y' is not an image.", "'user:***@reg/x y' is not an image."),
        ("'u:PA@SS@h' is wrong.", "'u:***@h' is wrong."),
        ("'u:PA/SS:x@h' is wrong.", "'u:***@h' is wrong."),
        ("postgres://u:PASS@h/db is wrong.", "postgres://u:***@h/db is wrong."),
        ("https://PASS@h/ is wrong.", "https://***@h/ is wrong."),
        ("apps[0].environment.u:PASS@h", "apps[0].environment.u:***@h"),
        ("r:5000/a@sha256:5b5b is not there.", "r:5000/a@sha256:5b5b is not there."),
        ("use ops@clinic.health: it is a name of getty@tty1.service", "use ops@clinic.health: it is a name of getty@tty1.service"),
    ],
)
def test_a_finding_quotes_no_login(text: str, shown: str) -> None:
    """Whichever rule quotes it, and wherever in the finding."""
    for name in ("where", "variable", "problem", "fix"):
        given = {"where": "a", "variable": "b", "problem": "c.", "fix": "use d", name: f"use {text}"}
        finding = Finding("a-b", **given)
        assert getattr(finding, name) == f"use {shown}" and ("PASS" in finding.line()) is False


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("postgresql_password", True),
        ("api_key", True),
        ("token", True),
        ("password_file", False),
        ("tokens_per_hour", False),
    ],
)
def test_names_of_secrets(name: str, secret: bool) -> None:
    """Names that say it."""
    assert looks_secret(name) is secret


@pytest.mark.parametrize(
    ("value", "expected"), [(80, (80, 80)), ("80", (80, 80)), ("80-90", (80, 90)), ("90-80", None), (0, None), (True, None), ("x", None)]
)
def test_ranges_of_ports(value: Any, expected: tuple[int, int] | None) -> None:
    """A port, or two with a hyphen."""
    assert parse_range(value) == expected


@pytest.mark.parametrize(
    ("name", "meant"),
    [("etcd_prot", "etcd_port"), ("etcdPort", "etcd_port"), ("port_etcd", "etcd_port"), ("something", None), ("ab", None), ("dbs", None)],
)
def test_near_names(name: str, meant: str | None) -> None:
    """Slips, not other words."""
    assert Names(["etcd_port", "db", "ac"]).closest(name) == meant


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        (Option("x", type="int", minimum=1), 0, "variable-out-of-range"),
        (Option("x", type="int", maximum=5), 9, "variable-out-of-range"),
        (
            Option("x", type="dict", options={"a": Option("a"), "b": Option("b")}, mutually_exclusive=(("a", "b"),)),
            {"a": "1", "b": "2"},
            "variable-keys-exclusive",
        ),
        (Option("x", type="int", minimum=1), 1, None),
        (Option("x", type="bool"), None, None),
    ],
)
def test_limits(option: Option, value: Any, code: str | None) -> None:
    """What no role's spec uses yet."""
    assert [problem.code for problem in check(option, value, "x")] == ([code] if code else [])


def test_required_variable(schema: Schema) -> None:
    """A variable that a role cannot do without, said once for the group that lacks it."""
    from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.definitions import check_required
    from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.model import Host, Site

    needs = Schema(options={"etcd_x": Option("etcd_x", required=True, role="etcd")})
    hosts = {name: Host(name, roles=("etcd",)) for name in ("a", "b")}
    site = Site(needs, hosts, {"all": ("a", "b", "c"), "etcd": ("a", "b")})
    assert [(found.code, found.where, found.variable) for found in check_required(site)] == [("variable-missing", "etcd", "etcd_x")]
