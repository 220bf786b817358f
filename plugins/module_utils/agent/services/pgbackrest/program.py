# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program pgbackrest, run as its user on the backup server."""

from __future__ import annotations

from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json
    from ...lib.result import Result

USER = "postgres"
#: Exit status (src/common/error/error.auto.c.inc): no member answers, or none of them leads; a file does not match the database.
DB_CONNECT, FILE_INVALID, DB_MISMATCH = 56, 28, 51
#: PostgreSQL does not archive yet.
ARCHIVE_DISABLED = 87
#: Seconds for an answer, for a connection to each member, for a segment to arrive, and for the list of all files.
ANSWER, CONNECT, ARRIVAL, LISTING = 60, 120, 180, 600


class Program:
    """Asks and changes one stanza.

    :param stanza: its name
    :param config: another file than pgBackRest's usual one
    """

    def __init__(self, ctx: Context, stanza: str, config: str = "") -> None:
        self._ctx = ctx
        self.stanza = stanza
        self._config = [f"--config={config}"] if config else []

    def _run(self, command: str, *options: str, timeout: float, arguments: tuple[str, ...] = ()) -> Result:
        argv = [
            "pgbackrest",
            *self._config,
            f"--stanza={self.stanza}",
            "--log-level-console=off",
            "--log-level-stderr=warn",
            *options,
            command,
            *arguments,
        ]
        return self._ctx.run(argv, timeout=timeout, check=False, user=USER)

    def info(self) -> Json | None:
        """What ``info --output=json`` says of the stanza; None where pgBackRest or its user is not there yet.

        :raises AgentError: ``pgbackrest-failed``
        """
        import json

        ran = self._run("info", "--output=json", timeout=ANSWER)
        if ran.rc == 127 or (ran.rc == 126 and "no user" in ran.err):
            return None
        if ran.rc:
            raise AgentError(
                "pgbackrest-failed", f"pgbackrest info: {first_error(ran)}. Fix: converge the role, and see /var/log/pgbackrest"
            )
        said: list[Json] = json.loads(ran.out or "[]")
        return next((one for one in said if one["name"] == self.stanza), {})

    def create(self) -> str:
        """Create the stanza in every repository, or see that it is that of this cluster; why that is not possible yet, or empty.

        :raises AgentError: ``repository-foreign``, ``pgbackrest-failed``: waiting does not help
        """
        ran = self._run("stanza-create", timeout=CONNECT)
        if ran.rc == 0:
            return ""
        said = first_error(ran)
        if ran.rc in (FILE_INVALID, DB_MISMATCH):
            text = f"the repository has backups of another cluster under the name {self.stanza}: {said}"
            fix = "use another pgbackrest_repository, or another postgresql_cluster; nothing was changed"
            raise AgentError("repository-foreign", f"{text}. Fix: {fix}")
        if ran.rc in (124, DB_CONNECT) or "unable to find primary" in said or "HostConnectError" in said:
            return said
        raise AgentError("pgbackrest-failed", f"stanza-create: {said}. Fix: see /var/log/pgbackrest on this host")

    def check(self) -> str:
        """Why no WAL segment arrives; ``archive_mode`` where PostgreSQL does not archive yet; empty where one has arrived."""
        ran = self._run("check", timeout=ARRIVAL)
        if ran.rc == 0:
            return ""
        return "archive_mode" if ran.rc == ARCHIVE_DISABLED else first_error(ran)

    def listed(self, repository: int, archive: str) -> dict[str, float]:
        """The files of a cluster's archive: path -> when it was written.

        :param archive: ID of the cluster's archive, as ``info`` names it
        :raises AgentError: ``pgbackrest-failed``
        """
        import json

        path = f"archive/{self.stanza}/{archive}"
        ran = self._run("repo-ls", "--recurse", f"--repo={repository}", "--output=json", timeout=LISTING, arguments=(path,))
        if ran.rc:
            raise AgentError("pgbackrest-failed", f"pgbackrest repo-ls: {first_error(ran)}. Fix: see /var/log/pgbackrest")
        return {str(name): float(one.get("time", 0)) for name, one in json.loads(ran.out or "{}").items()}

    def history(self, repository: int, archive: str, timeline: int) -> str:
        """The history file of a timeline.

        :raises AgentError: ``pgbackrest-failed``
        """
        name = f"archive/{self.stanza}/{archive}/{timeline:08X}.history"
        ran = self._run("repo-get", f"--repo={repository}", timeout=ANSWER, arguments=(name,))
        if ran.rc:
            raise AgentError("pgbackrest-failed", f"pgbackrest repo-get {name}: {first_error(ran)}. Fix: see /var/log/pgbackrest")
        return ran.out

    def fetch(self, repository: int, data: str, segment: str, path: str) -> Result:
        """Read one segment of WAL from the repository into a file.

        :param data: a folder with the pg_control of the cluster
        """
        options = [f"--repo={repository}", f"--pg1-path={data}", "--no-archive-async"]
        return self._run("archive-get", *options, timeout=ARRIVAL, arguments=(segment, path))

    def archive(self, path: str) -> Result:
        """Archive one file of pg_wal; one that is in the repository already is left as it is."""
        return self._run("archive-push", "--no-archive-async", timeout=ARRIVAL, arguments=(path,))

    def restore(self, options: list[str], timeout: float) -> Result:
        """Restore into a folder that is empty."""
        return self._run("restore", *options, timeout=timeout)


def first_error(ran: Result) -> str:
    """The first error of pgBackRest's output, without its time and level."""
    if ran.rc == 124:
        return "it has not answered in time"
    lines = [line.strip() for line in f"{ran.err}\n{ran.out}".splitlines() if line.strip()]
    found = next((line for line in lines if "ERROR:" in line), (lines or [f"it ended with {ran.rc}"])[0])
    return one_line(found.partition("ERROR:")[2].strip() or found)


def one_line(text: str) -> str:
    """The first line of a message, without what cannot be printed: with a wrong key it quotes the encrypted file."""
    first = (text.splitlines() or [""])[0]
    return "".join(sign for sign in first if sign.isprintable())[:300]
