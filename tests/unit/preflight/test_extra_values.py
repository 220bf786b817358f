# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value of the wrong type on the command line: the fix is what to write there, not what an inventory would say."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight import extra_values
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.schema import Option

from tests.unit.lib.sites import Judge, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"


@pytest.mark.parametrize(
    ("kind", "given", "written"),
    [
        ("int", "200", {"x": 200}),
        ("int", " -1", {"x": -1}),
        ("int", "many", None),
        ("float", "0.5", {"x": 0.5}),
        ("bool", "Yes", {"x": True}),
        ("bool", "off", {"x": False}),
        ("list", "db1, db2", {"x": ["db1", "db2"]}),
        ("list", "10.0.0.0/8", {"x": ["10.0.0.0/8"]}),
        ("list", '["a", 1]', {"x": ["a", 1]}),
        ("list", "[a, b]", None),
        ("str", 17, {"x": "17"}),
    ],
)
def test_both_commands_give_the_value(kind: str, given: Any, written: dict[str, Any] | None) -> None:
    said = extra_values.fix("x", "x", Option("x", kind), given)
    plain, make = said.split(", with make: ")
    assert plain.startswith("write -e ") and make.startswith("ARGS=")
    if written is None:
        assert "NUMBER" in said or "[...]" in said
        return
    (_, _, value) = shlex.split(plain)
    assert json.loads(value) == written
    (arguments,) = shlex.split(make)
    assert shlex.split(arguments.removeprefix("ARGS="))[1] == value


@pytest.mark.parametrize(
    ("option", "path", "given", "said"),
    [
        (Option("x_password", "int"), "x_password", "123456", "NUMBER"),
        (Option("x", "dict"), "x", '{"a": "secret"}', "{...}"),
        (Option("version", "str"), "version", 15.1, '"TEXT"'),
        (Option("port", "int"), "x[0].port", "5432", """[0].port: 5432 within -e '{"x": ...}'"""),
        (Option("x", "list"), "x", '["a$b"]', '-e with JSON: {"x": ["a$b"]}'),
    ],
)
def test_nothing_secret_and_nothing_that_a_shell_reads_otherwise(option: Option, path: str, given: Any, said: str) -> None:
    found = extra_values.fix(path.partition("[")[0], path, option, given)
    assert said in found
    assert "123456" not in found and "secret" not in found and "15.1" not in found


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ({"postgresql_max_connections": "200"}, """-e '{"postgresql_max_connections": 200}', with make: ARGS="""),
        ({"postgresql_failsafe": "no"}, """-e '{"postgresql_failsafe": false}'"""),
        ({"postgresql_port": "5433"}, """-e '{"postgresql_port": 5433}'"""),
        ({"site_admin_addresses": "10.0.0.0/8"}, """-e '{"site_admin_addresses": ["10.0.0.0/8"]}'"""),
        ({"postgresql_settings": "work_mem=1MB"}, """-e '{"postgresql_settings": {...}}'"""),
        ({"postgresql_synchronous": None}, """-e '{"postgresql_synchronous": true}'"""),
    ],
)
def test_fix_of_preflight(judged: Judge, given: dict[str, Any], fix: str) -> None:
    (finding,) = [found for found in judged(site(THREE), extra=given).errors if found.variable in given]
    assert finding.where == "extra vars"
    assert finding.fix.startswith(f"write {fix}")
