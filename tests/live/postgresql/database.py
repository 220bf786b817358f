# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database server, asked over its socket, and a role of the database for the time of the tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from tests.live.lib.hidden import hide
from tests.live.lib.server import Server


@dataclass(frozen=True)
class Database:
    """The PostgreSQL of one server."""

    server: Server
    port: int

    @property
    def name(self) -> str:
        """The server's name."""
        return self.server.name

    def sql(self, statement: str) -> str:
        """Ask the server's own PostgreSQL over its socket."""
        psql = ("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-p", str(self.port), "-d", "postgres")
        answer = self.server.ask("runuser", "-u", "postgres", "--", *psql, "-c", statement)
        assert answer.status == 0, f"{self.name}: psql exited {answer.status} on: {statement.split(maxsplit=1)[0]} ..."
        return answer.text.strip()


def scram_verifier(password: str, iterations: int = 4096) -> str:
    """What PostgreSQL stores of a password (RFC 5803), so that the password itself never leaves this process."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{encoded[0]}${encoded[1]}:{encoded[2]}"


@dataclass(frozen=True)
class Login:
    """A role of the database that lives as long as the tests."""

    role: str
    password: str = field(repr=False)
    schema: str

    def __post_init__(self) -> None:
        hide(self.password)
