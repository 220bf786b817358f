# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's objects: plans against what a real server answered, and what is sent to it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import calls as postgresql
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import psql as _psql
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import scram as scram
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.postgresql import settings as settings
from hypothesis import given
from hypothesis import strategies as st

from .recorded_objects import DATA, DATABASES, ROLES, Server, plan, words

EVERYTHING = [
    "role app: create",
    "role app: update statement_timeout, search_path",
    "role grp: create",
    'role we"ird: create',
    'role we"ird: grant member of grp',
    'role we"ird: grant member of pg_monitor',
    "database app: create",
    "database app: update work_mem, jit",
    "database app: create schema data",
    "database app: create extension hstore",
    "database app: grant CONNECT, TEMPORARY on database to grp",
    "database app: grant USAGE on schema data to grp",
    "database app: grant USAGE on schema data to public",
]


@pytest.mark.parametrize(
    ("recorded", "steps"),
    [
        ("nothing there", EVERYTHING),
        ("as asked", []),
        (
            "two relations more",
            [
                "database app: grant SELECT on all tables in schema data to grp",
                "database app: grant SELECT, UPDATE, USAGE on all sequences in schema data to grp",
            ],
        ),
        ("granted", []),
    ],
)
def test_plans_what_is_missing(recorded: str, steps: list[str]) -> None:
    found, result = plan(Server(recorded))
    assert words(found) == steps
    assert result == {"leader": True, "version": "17.12"}


def test_a_standby_is_left_alone() -> None:
    assert plan(Server("standby")) == ([], {"leader": False, "version": "17.12"})


@pytest.mark.parametrize("recorded", ["no server", ""])
def test_without_a_server(recorded: str) -> None:
    server = Server(recorded, mode="check")
    found, result = plan(server)
    assert words(found) == EVERYTHING
    assert result["leader"] is None
    assert "does not answer" in server.warnings[0]
    with pytest.raises(AgentError, match="does not answer on port 5432") as error:
        plan(Server(recorded), wait=0)
    assert error.value.code == "postgresql-unreachable"


def test_a_server_that_starts_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patroni may be about to start it again: that is no reason to fail."""
    monkeypatch.setattr(postgresql, "INTERVAL", 0)
    server = Server("as asked")
    server.starting = 2
    assert plan(server) == ([], {"leader": True, "version": "17.12"})
    assert server.starting == 0


def test_nobody_waits_for_a_server_that_is_not_installed() -> None:
    with pytest.raises(AgentError, match="PostgreSQL is not installed"):
        plan(Server(""))


def test_what_is_sent() -> None:
    server = Server("nothing there")
    for step in plan(server)[0]:
        assert step.apply is not None
        step.apply(server)
    created = [line for line in server.written() if "PASSWORD" in line]
    assert [line.partition(" PASSWORD ")[0] for line in created] == [
        'CREATE ROLE "app" LOGIN CREATEDB',
        'CREATE ROLE "we""ird" LOGIN CONNECTION LIMIT 5',
    ]
    assert [line for line in server.written() if line not in created] == [
        'ALTER ROLE "app" SET "statement_timeout" = \'30s\';',
        "ALTER ROLE \"app\" SET \"search_path\" = '$user', 'My Schema';",
        'CREATE ROLE "grp" NOLOGIN;',
        'GRANT "grp" TO "we""ird";',
        'GRANT "pg_monitor" TO "we""ird";',
        "CREATE DATABASE \"app\" OWNER \"app\" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';",
        'ALTER DATABASE "app" SET "work_mem" = \'8MB\';',
        'ALTER DATABASE "app" SET "jit" = \'off\';',
        'CREATE SCHEMA "data" AUTHORIZATION "app";',
        'CREATE EXTENSION IF NOT EXISTS "hstore" CASCADE;',
        'GRANT CONNECT, TEMPORARY ON DATABASE "app" TO "grp";',
        'GRANT USAGE ON SCHEMA "data" TO "grp";',
        'GRANT USAGE ON SCHEMA "data" TO PUBLIC;',
    ]
    inside = [argv[-1] for argv, script in server.sent if "CREATE SCHEMA" in script or "CREATE EXTENSION" in script]
    assert inside == ["dbname='app'"] * 2


def test_no_secret_is_seen_anywhere() -> None:
    for recorded in ("nothing there", "as asked"):
        server = Server(recorded)
        steps = plan(server, roles=[{**role, "password": "other-Passw0rd"} for role in ROLES], databases=[])[0]
        assert sum("password" in (step.diff or {}).get("after", "") for step in steps) == 3
        for step in steps:
            assert "other-Passw0rd" not in json.dumps([step.report(), step.diff])
            assert "SCRAM" not in json.dumps([step.report(), step.diff])
            assert step.apply is not None
            step.apply(server)
        for argv, script in server.sent:
            assert "SCRAM" not in " ".join(argv)
            assert "other-Passw0rd" not in script + " ".join(argv)
            if "SCRAM-SHA-256$" in script:  # all of this precedes the verifier
                head = script.partition("SCRAM-SHA-256$")[0]
                for setting in ("log_statement = 'none'", "log_min_duration_statement = -1", "log_min_error_statement = 'panic'"):
                    assert setting in head
                assert "\\set VERBOSITY terse" in head


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        ({"connection_limit": 3}, ["role app: update connection_limit"]),
        ({"createdb": False, "password": "x" * 20}, ["role app: update createdb, password"]),
        ({"createdb": None}, []),
        ({"login": False, "superuser": True}, ["role app: update login, superuser"]),
        ({"settings": {"statement_timeout": None}}, ["role app: update statement_timeout"]),
        ({"settings": {"search_path": '"$user", "My Schema"'}}, []),
        ({"settings": {"search_path": "public"}}, ["role app: update search_path"]),
        ({"settings": {"STATEMENT_TIMEOUT": "30s"}}, []),
        ({"settings": {"work_mem": None}}, []),
        ({"member_of": ["grp"]}, ["role app: grant member of grp"]),
    ],
)
def test_changes_of_a_role(change: dict[str, Any], steps: list[str]) -> None:
    roles = [ROLES[0] | change, *ROLES[1:]]
    assert words(plan(Server("granted"), roles=roles)[0]) == steps


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        ({"owner": "grp"}, ["database app: update owner"]),
        ({"connection_limit": 9}, ["database app: update connection_limit"]),
        ({"encoding": "utf-8", "locale": "C.utf8"}, []),
        ({"encoding": "Unicode"}, []),
        ({"settings": {"work_mem": "16MB", "jit": "off"}}, ["database app: update work_mem"]),
        ({"schemas": [{"name": "data", "owner": "grp"}]}, ["database app: update schema data: owner"]),
        (
            {
                "grants": [
                    {"role": "app", "privileges": ["ALL"], "object": "database"},
                    {"role": "app", "privileges": ["all"], "object": "Schema data"},
                ]
            },
            [],
        ),
        (
            {"grants": [{"role": "grp", "privileges": ["SELECT", "insert"], "object": "all tables in schema data"}]},
            ["database app: grant INSERT on all tables in schema data to grp"],
        ),
    ],
)
def test_changes_of_a_database(change: dict[str, Any], steps: list[str]) -> None:
    assert words(plan(Server("granted"), databases=[DATABASES[0] | change])[0]) == steps


@pytest.mark.parametrize(
    ("roles", "databases", "code", "text"),
    [
        ([{"name": "app", "state": "absent"}], [], "postgresql-role-in-use", "REASSIGN OWNED"),
        ([], [{"name": "app", "state": "absent"}], "postgresql-drop-refused", "drop_data: true"),
        ([], [{"name": "app", "encoding": "LATIN1"}], "postgresql-database-fixed", "cannot be changed"),
        ([], [{"name": "app", "locale": "de_DE.UTF-8"}], "postgresql-database-fixed", "locale C.UTF-8"),
        ([], [{"name": "app", "extensions": ["postgis"]}], "postgresql-extension-missing", "postgis"),
        ([], [{"name": "app", "owner": "nobody"}], "postgresql-role-missing", "nobody"),
        ([{"name": "app", "member_of": ["nobody"]}], [], "postgresql-role-missing", "nobody"),
        (
            [],
            [{"name": "app", "grants": [{"role": "public", "privileges": ["USAGE"], "object": "schema nope"}]}],
            "postgresql-schema-missing",
            "nope",
        ),
        ([], [{"name": "app", "grants": [{"role": "public", "privileges": ["FLY"], "object": "database"}]}], "bad-grant", "FLY"),
        (
            [],
            [{"name": "app", "grants": [{"role": "public", "privileges": ["ALL"], "object": "table x"}]}],
            "bad-grant",
            "all tables in schema",
        ),
        ([{"name": "pg_mine"}], [], "bad-name", "PostgreSQL's own"),
        ([{"name": "a", "connection_limit": -7}], [], "bad-limit", "-1 for any number"),
        ([], [{"name": "app", "connection_limit": -2}], "bad-limit", "-1 for any number"),
        ([], [{"name": "app", "encoding": "UTF-16"}], "bad-encoding", "UTF-16"),
        ([], [{"name": "app", "encoding": "big5"}], "bad-encoding", "big5"),
        ([{"name": "a", "member_of": ["a"]}], [], "membership-circle", "a in a"),
        ([{"name": "a", "member_of": ["b"]}, {"name": "b", "member_of": ["c", "a"]}], [], "membership-circle", " in "),
        ([{"name": "x" * 64}], [], "bad-name", "63"),
        ([], [{"name": "a\nb"}], "bad-name", "control"),
        ([{"name": "a"}, {"name": "a"}], [], "listed-twice", "role a"),
        ([{"name": "app", "password": ""}], [], "bad-password", "empty"),
        ([{"name": "app", "settings": {"work_mem; drop": 1}}], [], "bad-setting", "not the name"),
        ([{"name": "app", "settings": {"work_mem": {"a": 1}}}], [], "bad-setting", "work_mem"),
    ],
)
def test_refuses(roles: Any, databases: Any, code: str, text: str) -> None:
    server = Server("removal asked" if any(role.get("state") for role in roles) else "granted")
    with pytest.raises(AgentError, match=text) as error:
        plan(server, roles, databases)
    assert error.value.code == code
    assert server.written() == []


def test_a_role_goes_with_the_only_database_that_needs_it() -> None:
    roles = [{"name": "app", "state": "absent"}, {"name": "grp", "state": "absent"}]
    steps, _result = plan(Server("removal asked"), roles, [{"name": "app", "state": "absent", "drop_data": True}])
    assert words(steps) == ["database app: remove with its data", "role app: remove", "role grp: remove"]
    assert plan(Server("nothing there"), roles, [{"name": "app", "state": "absent"}])[0] == []


def test_a_refused_statement_is_told_without_psqls_own_words() -> None:
    server = Server("as asked")
    server.runner = lambda *args, **more: Result(3, "", 'psql:<stdin>:17: ERROR:  invalid value for parameter "work_mem": "lots"\n')
    with pytest.raises(AgentError) as error:
        plan(server)
    assert error.value.msg == 'PostgreSQL on port 5432 refused a statement: invalid value for parameter "work_mem": "lots"'


def test_takes_the_newest_psql(tmp_path: Path) -> None:
    for version in ("9", "15", "17"):
        (tmp_path / f"usr/lib/postgresql/{version}/bin").mkdir(parents=True)
    for version in ("9", "15"):
        (tmp_path / f"usr/lib/postgresql/{version}/bin/psql").touch()
    assert _psql.program(Server("as asked", root=str(tmp_path))) == "/usr/lib/postgresql/15/bin/psql"
    assert _psql.program(Server("as asked")) == "psql"


# What PostgreSQL 17.12 itself made of these passwords (ALTER ROLE ... PASSWORD, then pg_authid).
@pytest.mark.parametrize(("name", "password"), [("app", "correct horse battery"), ('we"ird', "päss")])
def test_verifiers(name: str, password: str) -> None:
    stored = json.loads(DATA["recorded"]["as asked"].splitlines()[0])["roles"][name]["password"]
    assert scram.matches(stored, password)
    assert not scram.matches(stored, password + "x")
    assert scram.matches(stored, stored)
    assert scram.new(stored) == stored


# RFC 7677, section 3: user "user", password "pencil".
def test_the_verifier_of_the_rfc() -> None:
    made = scram.verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    stored, server = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=", "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    assert made == f"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==${stored}:{server}"


@pytest.mark.parametrize("stored", [None, "", "md5" + "0" * 32, "SCRAM-SHA-256$x:y$z:w", "SCRAM-SHA-256$4096:***$z:w"])
def test_what_is_no_verifier_of_it(stored: str | None) -> None:
    assert not scram.matches(stored, "pencil")


# RFC 4013, section 3, and PostgreSQL: what cannot be prepared is taken as it is.
@pytest.mark.parametrize(
    ("password", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("é\u0007", "é\u0007"),
        ("\u06271", "\u06271"),
        ("a\u00a0b", "a b"),
    ],
)
def test_saslprep(password: str, prepared: str) -> None:
    assert scram.prepared(password) == prepared


@pytest.mark.parametrize(
    "name", ["UTF8", "utf-8", "Unicode", "LATIN1", "iso-8859-15", "ISO_8859_5", "WIN1252", "koi8", "EUC_JP", "SQL_ASCII"]
)
def test_encodings_that_a_database_can_have(name: str) -> None:
    (entry,) = DATABASES[:1]
    wanted = {"connection_limit": None, "extensions": [], "schemas": [], "grants": [], "settings": {}, **entry, "encoding": name}
    assert postgresql.wanted_database({**wanted, "grants": []})["encoding"] == name


@given(st.lists(st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), min_size=1), max_size=4))
def test_lists_of_names_are_read_as_they_are_written(names: list[str]) -> None:
    written = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    assert settings.names(written) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [('"$user", public', ["$user", "public"]), ("Public,  Data ", ["public", "data"]), ('""', [""]), ("", []), ('"a,b" , c', ["a,b", "c"])],
)
def test_lists_of_names(text: str, names: list[str]) -> None:
    assert settings.names(text) == names


@pytest.mark.parametrize(
    ("wanted", "stored", "found"),
    [  # as PostgreSQL 17.12 keeps what ALTER ROLE ... SET was given
        ({"timezone": "Europe/Berlin"}, ["TimeZone=Europe/Berlin"], {}),
        ({"TimeZone": "UTC"}, ["TimeZone=Europe/Berlin"], {"timezone": ("Europe/Berlin", "UTC")}),
        ({"datestyle": None}, ["DateStyle=ISO, DMY"], {"datestyle": ("ISO, DMY", None)}),
        ({"search_path": ""}, ['search_path=""'], {}),
        ({"search_path": []}, ['search_path=""'], {}),
        ({"temp_tablespaces": ""}, ['temp_tablespaces=""'], {}),
        ({"search_path": ""}, ["search_path=public"], {"search_path": ("public", "")}),
        ({"search_path": ""}, None, {"search_path": (None, "")}),
        ({"search_path": None}, ['search_path=""'], {"search_path": ('""', None)}),
    ],
)
def test_settings_as_the_catalogue_keeps_them(wanted: dict[str, Any], stored: list[str] | None, found: dict[str, Any]) -> None:
    assert settings.changes("role app", wanted, stored) == found


@pytest.mark.parametrize(
    ("asked", "stored"), [("unicode", "UTF8"), ("ISO-8859-15", "LATIN9"), ("windows-1252", "WIN1252"), ("koi8", "KOI8R")]
)
def test_another_name_of_the_same_encoding(asked: str, stored: str) -> None:
    server = Server("granted")
    server.recorded = server.recorded.replace('"encoding": "UTF8"', f'"encoding": "{stored}"')
    assert plan(server, databases=[{"name": "app", "encoding": asked}])[0] == []


def test_what_is_made_in_a_database_that_only_reads_by_default() -> None:
    server = Server("nothing there")
    for step in plan(server)[0]:
        assert step.apply is not None
        step.apply(server)
    assert any("SET default_transaction_read_only = off;" in script for _argv, script in server.sent)
    for _argv, script in server.sent:
        assert "jsonb_build_object" in script or "SET default_transaction_read_only = off;" in script


def test_settings_are_tried_before_anything_is_changed() -> None:
    """As PostgreSQL 15.18 refuses them: every error at once."""
    server = Server("nothing there", mode="check")
    server.refused = [(0, 'invalid value for parameter "work_mem": "lots"'), (2, 'unrecognized configuration parameter "no_such"')]
    roles = [{"name": "new", "settings": {"work_mem": "lots", "jit": True}}, {"name": "gone", "state": "absent", "settings": {"x": 1}}]
    databases = [{"name": "app", "settings": {"no_such": 1}}]
    with pytest.raises(AgentError) as error:
        plan(server, roles, databases)
    assert error.value.code == "postgresql-setting-refused"
    assert error.value.msg.startswith(
        'PostgreSQL refuses settings: role new: invalid value for parameter "work_mem": "lots";'
        ' database app: unrecognized configuration parameter "no_such". Nothing was changed.'
    )
    assert server.written() == []
    (script,) = [script for _argv, script in server.sent if "ROLLBACK;" in script]
    tried = [line for line in script.splitlines() if line.startswith(("BEGIN", "ALTER", "ROLLBACK"))]
    assert tried == [
        "BEGIN;",
        "ALTER ROLE CURRENT_USER SET \"work_mem\" = 'lots';",
        "ALTER ROLE CURRENT_USER SET \"jit\" = 'on';",
        'ALTER DATABASE "postgres" SET "no_such" = \'1\';',
        "ROLLBACK;",
    ]


@pytest.mark.parametrize("recorded", ["as asked", "standby"])
def test_nothing_is_tried_where_nothing_changes(recorded: str) -> None:
    """A second run asks once, and a standby cannot set anything."""
    server = Server(recorded)
    plan(server)
    assert len(server.sent) == 1
