# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``psql`` as the database's superuser over the local socket: SQL on its standard input, never in arguments."""

from __future__ import annotations

import os

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...core.model import Context

#: PostgreSQL cuts longer names off without an error, and would then never be as asked.
NAME_BYTES = 63
#: Nothing of what a session changes is logged, audited or kept in statistics: it may hold a password's verifier. Settings of
#: extensions that are not loaded are taken as placeholders by a superuser. First: things are made in a database of which sessions
#: only read by default, too.
_PRIVATE = """\
SET default_transaction_read_only = off;
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_duration_sample = -1;
SET log_transaction_sample_rate = 0;
SET log_min_error_statement = 'panic';
SET pgaudit.log = 'none';
SET pg_stat_statements.track_utility = off;
"""
_SESSION = """\
\\set ON_ERROR_STOP on
\\set VERBOSITY terse
SET client_min_messages = error;
SET standard_conforming_strings = on;
SET lock_timeout = '30s';
"""
#: psql's own exit statuses: it could not connect, a statement failed.
_NO_CONNECTION, _STATEMENT_FAILED = 2, 3


class Absent(Exception):
    """There is no PostgreSQL on this host, or it does not answer; the text says which.

    :ivar installed: whether it may still come up
    """

    def __init__(self, text: str, installed: bool = True) -> None:
        super().__init__(text)
        self.installed = installed


class Psql:
    """How one server is reached.

    :param socket: folder of its socket
    :param user: the system's and the database's user, by peer authentication
    """

    def __init__(self, ctx: Context, port: int = 5432, socket: str = "/var/run/postgresql", user: str = "postgres") -> None:
        self.ctx = ctx
        self.port = port
        self.socket = socket
        self.user = user

    def read(self, script: str) -> list[Any]:
        """Run statements that each answer with one line of JSON, in the database ``postgres``; the lines as values.

        :raises Absent: no server, or no connection to it
        :raises AgentError: ``postgresql-failed``
        """
        import json

        return [json.loads(line) for line in self._run("postgres", script, 60).splitlines() if line]

    def write(self, statements: Sequence[str], database: str = "postgres") -> None:
        """Run statements, each in a transaction of its own, without a trace in logs.

        :raises AgentError: ``postgresql-failed``, ``postgresql-timeout``, ``postgresql-unreachable``, ``no-synchronous-standby``
        """
        from .standby import await_standby

        try:
            await_standby(self)
            self._run(database, _PRIVATE + "".join(f"{statement};\n" for statement in statements), 300)
        except Absent as error:
            raise unreachable(self, error) from error

    def attempt(self, statements: Sequence[str]) -> list[str]:
        """Run statements in a transaction that is rolled back; for each why it was refused, empty where it was not.

        :raises Absent: no server, or no connection to it
        :raises AgentError: ``postgresql-failed``
        """
        import json

        script = _PRIVATE + "\\set ON_ERROR_STOP off\n\\set ON_ERROR_ROLLBACK on\nBEGIN;\n"
        for number, statement in enumerate(statements):
            script += f"{statement};\n\\if :ERROR\nSELECT json_build_array({number}, :'LAST_ERROR_MESSAGE');\n\\endif\n"
        refused = dict(json.loads(line) for line in self._run("postgres", script + "ROLLBACK;\n", 60).splitlines() if line)
        return [str(refused.get(number, "")) for number in range(len(statements))]

    def _run(self, database: str, script: str, timeout: float) -> str:
        if self.ctx.uid(self.user) is None:
            raise Absent(f"there is no user {self.user}: PostgreSQL is not installed", installed=False)
        argv = [program(self.ctx), "-X", "-q", "-A", "-t", "-w", "-h", self.socket, "-p", str(self.port), "-U", self.user]
        argv += ["-d", f"dbname={conninfo(database)}"]
        said = self.ctx.run(argv, input=_SESSION + script, timeout=timeout, check=False, user=self.user)
        if said.rc == 0:
            return said.out
        if said.rc == 127:
            raise Absent("there is no psql: PostgreSQL is not installed", installed=False)
        if said.rc == _NO_CONNECTION:
            raise Absent(_words(said.err))
        if said.rc == 124:
            text = (
                f"PostgreSQL on port {self.port} did not finish within {timeout:g} s; a change "
                "waits while no synchronous standby is connected"
            )
            raise AgentError("postgresql-timeout", text)
        raise AgentError("postgresql-failed", f"PostgreSQL on port {self.port} refused a statement: {_words(said.err or said.out)}")


def unreachable(psql: Psql, error: Absent) -> AgentError:
    """What to say where a server that has to be there does not answer."""
    text = f"PostgreSQL does not answer on port {psql.port} of this host ({error}); see its log, start it and run again"
    return AgentError("postgresql-unreachable", text)


def program(ctx: Context) -> str:
    """The newest psql itself: Debian's ``/usr/bin/psql`` is a Perl script that looks for it and costs more than the query."""
    folder = "/usr/lib/postgresql"
    try:
        versions = sorted((name for name in os.listdir(ctx.path(folder)) if name.isdigit()), key=int, reverse=True)
    except FileNotFoundError:
        versions = []
    for version in versions:
        found = f"{folder}/{version}/bin/psql"
        if os.path.exists(ctx.path(found)):
            return found
    return "psql"


def identifier(name: str) -> str:
    """A name as SQL takes it, whatever it is made of."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL takes it; the session has ``standard_conforming_strings`` on."""
    return "'" + text.replace("'", "''") + "'"


def conninfo(value: str) -> str:
    """A value of a connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def connect(database: str) -> str:
    """The line that takes a script on in another database of the same server."""
    # psql reads this argument as an identifier: double quotes keep everything but themselves, also a single quote or a backslash
    return f"\\connect -reuse-previous=on {identifier('dbname=' + conninfo(database))}\n"


def check_name(what: str, name: object) -> str:
    """A name that PostgreSQL keeps as it is.

    :raises AgentError: ``bad-name``
    """
    text = name if isinstance(name, str) else ""
    if not text or len(text.encode()) > NAME_BYTES or not text.isprintable():
        raise AgentError("bad-name", f"{what} {name!r}: a name has 1 to {NAME_BYTES} bytes and no control characters")
    return text


def _words(text: str) -> str:
    lines = [line.partition("ERROR:")[2].strip() or line.removeprefix("psql: error: ").strip() for line in text.strip().splitlines()]
    return " ".join(lines)[-1000:] or "without a message"
