# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of PostgreSQL, its own databases, permanent slots."""

from __future__ import annotations

import pytest

from tests.unit.lib.sites import Judge, codes, site

THREE = "etcd: db1 db2 db3\npostgresql: db1 db2 db3\npostgresql_client: app1"


@pytest.mark.parametrize(
    ("setting", "fix"),
    [
        ("max_connections: 20", "at least 25"),
        ("max_connections: many", "at least 25"),
        ("max_connections: true", "at least 25"),
        ("Max_Worker_Processes: '1'", "at least 2"),
        ("max_locks_per_transaction: 31", "at least 32"),
        ("max_replication_slots: 3", "at least 4"),
        ("max_prepared_transactions: -1", "at least 0"),
        ("wal_keep_size: 8MB", "at least 16MB"),
        ("wal_keep_size: 16000kB", "at least 16MB"),
        ("wal_keep_size: lots", "at least 16MB"),
        ("wal_log_hints: perhaps", "on or off"),
    ],
)
def test_settings_in_place_of_which_patroni_takes_its_own(judged: Judge, setting: str, fix: str) -> None:
    """It says so nowhere."""
    (found,) = [one for one in judged(site(THREE, f"postgresql_settings: {{{setting}}}")).errors if one.code == "database-setting-ignored"]
    assert (found.where, found.variable) == ("all", "postgresql_settings")
    assert found.problem.startswith(setting.partition(":")[0] + ": ") and fix in found.fix


@pytest.mark.parametrize(
    ("entry", "variable"),
    [
        ("name: postgres, state: absent, drop_data: true", "state"),
        ("name: postgres, connection_limit: 5", "connection_limit"),
        ("name: postgres, owner: app", "owner"),
        ("name: template1, owner: app", "owner"),
        ("name: template1, locale: C.UTF-8", "locale"),
        ("name: template1, encoding: UTF8", "encoding"),
        ("name: template0", "name"),
        ("name: template0, settings: {work_mem: 4MB}", "name"),
        ("name: postgres, owner: postgres, state: present, connection_limit: -1, settings: {work_mem: 4MB}, schemas: [{name: x}]", ""),
        ("name: template1, extensions: [hstore], grants: [{role: app, privileges: [ALL], object: database}]", ""),
        ("name: template1, owner: '{{ later }}'", ""),
        ("name: '{{ later }}', owner: app", ""),
    ],
)
def test_databases_of_the_server(judged: Judge, entry: str, variable: str) -> None:
    """Patroni and pg_rewind connect to postgres, and new databases are copies of the templates."""
    report = judged(site(THREE, f"postgresql_roles: [{{name: app}}]\npostgresql_databases: [{{{entry}}}]"))
    found = [one.variable for one in report.errors if one.code == "database-reserved"]
    assert found == ([f"postgresql_databases[0].{variable}"] if variable else [])


LOGICAL = "{type: logical, database: app, plugin: pgoutput}"


@pytest.mark.parametrize(
    ("variables", "code", "variable", "text"),
    [
        ("postgresql_settings: {work_memm: 4MB}", "database-setting-misspelt", "postgresql_settings.work_memm", "work_mem"),
        ("postgresql_settings: {Work-Mem: 4MB}", "database-setting-misspelt", "postgresql_settings.Work-Mem", "work_mem"),
        (
            "postgresql_settings: {max_conections: null}",
            "database-setting-misspelt",
            "postgresql_settings.max_conections",
            "max_connections",
        ),
        (
            "postgresql_roles: [{name: a, settings: {role_x: 1, jitt: 1}}]",
            "database-setting-misspelt",
            "postgresql_roles[0].settings.jitt",
            "jit",
        ),
        (
            "postgresql_databases: [{name: a, settings: {serch_path: a}}]",
            "database-setting-misspelt",
            "postgresql_databases[0].settings.serch_path",
            "search_path",
        ),
        ("postgresql_settings: {something_else: 1}", "database-setting-unknown", "postgresql_settings.something_else", "pg_settings"),
        # Of 15 only, of 17 only, spelt as one likes, an extension's, hidden, gone with its database.
        (
            "postgresql_settings: {promote_trigger_file: x, event_triggers: 'on', DateStyle: ISO, pg_cron.x: 1, trace_sort: 'on'}",
            "",
            "",
            "",
        ),
        ("postgresql_databases: [{name: a, state: absent, settings: {work_memm: 1}}]", "", "", ""),
        ("postgresql_settings: '{{ later }}'", "", "", ""),
    ],
)
def test_names_of_settings(judged: Judge, variables: str, code: str, variable: str, text: str) -> None:
    """Patroni leaves out what no one knows, and PostgreSQL refuses it for a role or a database in the middle of the run."""
    report = judged(site(THREE, variables))
    names = ("database-setting-misspelt", "database-setting-unknown")
    found = [
        one for one in (*report.errors, *report.warnings) if one.code in names and one.variable != "postgresql_roles[0].settings.role_x"
    ]
    assert [(one.code, one.variable) for one in found] == ([(code, variable)] if code else [])
    assert all(text in one.fix for one in found)


def test_a_misspelt_setting_is_told_beside_other_errors(judged: Judge) -> None:
    """Every error at once."""
    report = judged(site(THREE, "postgresql_settings: {work_memm: 4MB, max_worker_processes: 1}\npostgresql_ttl: 19"))
    assert codes(report) >= {"database-setting-misspelt", "database-setting-ignored", "database-ttl-too-small"}


APP = "postgresql_databases: [{name: app}]\n"
WAL = APP + "postgresql_settings: {wal_level: logical}\n"


def slot_of(database: str) -> str:
    """A logical slot for a database, of a site that has the database app."""
    return f"{WAL}postgresql_slots: {{away: {{type: logical, database: {database}, plugin: pgoutput}}}}"


@pytest.mark.parametrize(
    ("variables", "code", "text"),
    [
        ("postgresql_slots: {my-slot: {type: physical}}", "database-slot-invalid", "not the name of a slot"),
        ("postgresql_slots: {Away: {type: physical}}", "database-slot-invalid", "not the name of a slot"),
        (f"postgresql_slots: {{{'a' * 64}: {{type: physical}}}}", "database-slot-invalid", "not the name of a slot"),
        ("postgresql_slots: {away: physical}", "database-slot-invalid", "a slot is a mapping"),
        ("postgresql_slots: {away: {type: both}}", "database-slot-invalid", "neither physical nor logical"),
        ("postgresql_slots: {away: {type: logical}}", "database-slot-invalid", "needs database and plugin"),
        ("postgresql_slots: {away: {type: logical, database: app}}", "database-slot-invalid", "needs plugin"),
        ("postgresql_slots: {away: {plugin: pgoutput}}", "database-slot-invalid", "needs database"),
        (f"{WAL}postgresql_slots: {{db2: {LOGICAL}}}", "database-slot-invalid", "has a physical slot of this name"),
        (f"{APP}postgresql_slots: {{away: {LOGICAL}}}", "database-slot-wal-level", "while wal_level is replica"),
        (f"{APP}postgresql_slots: {{away: {{database: app, plugin: pgoutput}}}}", "database-slot-wal-level", "while wal_level is replica"),
        (f"{WAL}postgresql_slots: {{away: {LOGICAL}}}", "", ""),
        (f"{APP}postgresql_settings: {{WAL_LEVEL: logical}}\npostgresql_slots: {{away: {LOGICAL}}}", "", ""),
        (f"{APP}postgresql_settings: '{{{{ later }}}}'\npostgresql_slots: {{away: {LOGICAL}}}", "", ""),
        (slot_of("apq"), "database-slot-database-unknown", "does not name the database apq"),
        (slot_of("application"), "database-slot-database-unknown", "does not name the database application"),
        (slot_of("template0"), "database-slot-database-unknown", "takes no connections"),
        (slot_of("app").replace("name: app", "name: app, state: absent"), "database-slot-database-unknown", "or has it with state: absent"),
        (slot_of("postgres"), "", ""),
        (slot_of("template1"), "", ""),
        (slot_of("application").replace("[{name: app}]", "'{{ later }}'"), "", ""),
        (slot_of("application").replace("name: app", "name: '{{ later }}'"), "", ""),
        (slot_of("'{{ later }}'"), "", ""),
        ("postgresql_slots: {away: {type: physical}, b_2: {}, my-slot: null, db2: {type: physical}}", "", ""),
    ],
)
def test_slots_that_patroni_would_leave_out(judged: Judge, variables: str, code: str, text: str) -> None:
    """It says so in its own log only, and the run would end well without the slot."""
    found = [finding for finding in judged(site(THREE, variables)).errors if finding.code.startswith("database-slot")]
    assert [finding.code for finding in found] == ([code] if code else [])
    assert all(text in finding.problem and finding.variable.startswith("postgresql_slots.") for finding in found)


@pytest.mark.parametrize(
    ("database", "fix"),
    [
        ("customer", "set database: customers; or add an entry {name: customer} to postgresql_databases"),
        ("x", "add an entry {name: x} to postgresql_databases"),
    ],
)
def test_a_slot_of_an_unknown_database_says_what_to_write(judged: Judge, database: str, fix: str) -> None:
    """The name that is nearly one, and the entry that declares it."""
    (found,) = judged(site(THREE, slot_of(database).replace("name: app", "name: customers"))).errors
    assert (found.variable, found.fix) == ("postgresql_slots.away.database", fix)
