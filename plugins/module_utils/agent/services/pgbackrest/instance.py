# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL on restored data, until it has reached the target.

It has a configuration of its own, because that in the backup is Patroni's and names files of another server. It archives nothing,
listens on no network, and runs as a transient unit, which a reboot removes.
"""

from __future__ import annotations

from ...core import waiting
from ...core.model import AgentError
from .lineage import behind
from .program import USER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...lib.result import Result

#: pg_hba.conf and postgresql.conf. Without hot_standby PostgreSQL needs no settings as large as the leader's while it recovers
#: (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN), and accepts connections once it has reached the target.
HBA = "local all all peer\n"
SETTINGS = """# Written by vannah.healthcloud for a restore.
data_directory = '{data}'
hba_file = '{place}/pg_hba.conf'
ident_file = '{place}/pg_ident.conf'
external_pid_file = ''
listen_addresses = ''
port = {port}
unix_socket_directories = '{place}'
hot_standby = off
archive_mode = off
ssl = off
shared_buffers = 128MB
max_connections = 20
"""
#: What PostgreSQL says where there is no WAL up to the target.
ENDED_EARLY = "recovery ended before configured recovery target was reached"
#: Seconds between two looks.
INTERVAL = 1.0


class Instance:
    """A server of PostgreSQL on restored data.

    :param place: folder of its configuration and its socket
    :param data: its data
    :param programs: folder of PostgreSQL's programs
    """

    def __init__(self, ctx: Context, place: str, data: str, port: int, programs: str, unit: str) -> None:
        self.ctx = ctx
        self.place, self.data, self.port, self.programs, self.unit = place, data, port, programs, unit
        self._since = 0

    def configure(self) -> None:
        """Write its configuration."""
        texts = {
            "pg_hba.conf": HBA,
            "pg_ident.conf": "# No names are mapped.\n",
            "postgresql.conf": SETTINGS.format(place=self.place, data=self.data, port=self.port),
        }
        self.ctx.run(["install", "-d", "-m", "0700", "-o", USER, "-g", USER, "--", self.place])
        for name, text in texts.items():
            self.ctx.run(["tee", "--", f"{self.place}/{name}"], input=text, user=USER)

    def start(self, wait: float, question: str) -> str:
        """Start it, and wait until it has reached the target.

        Without hot_standby PostgreSQL tells systemd that it is ready when the recovery begins (src/backend/postmaster/postmaster.c,
        PMSIGNAL_RECOVERY_STARTED), so it is asked.

        :return: the answer to a question in SQL
        :raises AgentError: ``restore-failed``
        """
        import time

        ctx, unit = self.ctx, self.unit
        self._since = int(ctx.now())
        options = ["--quiet", f"--unit={unit}", f"--uid={USER}", "--property=Type=notify", f"--property=TimeoutStartSec={wait}"]
        argv = ["systemd-run", *options, f"{self.programs}/postgres", "-c", f"config_file={self.place}/postgresql.conf"]
        ran = ctx.run(argv, timeout=wait + 30, check=False)
        if ran.rc:
            raise self._failed(ran.err.strip())
        begun = time.monotonic()
        while True:
            said = self.ask(question)
            if said.rc == 0:
                return said.out
            if ctx.run(["systemctl", "is-active", "--quiet", unit], check=False).rc:
                raise self._failed(said.err.strip())
            if time.monotonic() - begun >= wait:
                text = f"the restored instance has not reached its target within {wait} s"
                raise AgentError("restore-failed", f"{text}. Fix: write -e restore_wait=SECONDS, or a newer backup, which needs less WAL")
            waiting.tell(ctx, "PostgreSQL to reach the target of the restore", begun, wait, said.err.strip()[-200:])
            time.sleep(ctx.pause(INTERVAL))

    def require(self, archived: str) -> None:
        """Whether the recovery read the newest WAL of the repository.

        :raises AgentError: ``restore-incomplete``
        """
        said = self.ask("select pg_last_wal_replay_lsn()") if archived else None
        late = behind(said.out.strip(), archived) if said and said.out.strip() else ""
        if late:
            fix = "verify the repository (pgbackrest-job verify verify 1); restore_type=time with an earlier time restores what can be read"
            raise AgentError("restore-incomplete", f"{late}: a segment cannot be read. Fix: {fix}")

    def ask(self, *questions: str, timeout: float = 60) -> Result:
        """Ask it in SQL, each question by itself."""
        words = [word for question in questions for word in ("-c", question)]
        argv = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", self.place, "-p", str(self.port), "-d", "postgres", *words]
        return self.ctx.run(argv, user=USER, check=False, timeout=timeout)

    def stop(self, wait: float = 120) -> None:
        """Stop it where it runs."""
        self.ctx.run(["systemctl", "stop", self.unit], timeout=wait, check=False)
        self.ctx.run(["systemctl", "reset-failed", self.unit], check=False)

    def _failed(self, said: str) -> AgentError:
        """Why the instance does not run, from its journal."""
        # Of this attempt alone: what an earlier one ended with decides nothing.
        options = ["-q", "--no-pager", "-o", "cat", "-n", "40", f"--since=@{self._since}"]
        journal = self.ctx.run(["journalctl", *options, "-u", self.unit], check=False).out
        fatal = [line.partition("FATAL:")[2].strip() for line in journal.splitlines() if "FATAL:" in line]
        if ENDED_EARLY in journal:
            text = f"the restored instance does not start: {ENDED_EARLY}"
            return AgentError(
                "restore-failed", f"{text}. Fix: choose an earlier target; the WAL of the repository ends before this one", journal
            )
        text = f"the restored instance does not start: {(fatal or [said or 'without a message'])[-1]}"
        return AgentError("restore-failed", f"{text}. Fix: see the lines of its journal", journal)
