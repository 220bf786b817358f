# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member was given and PostgreSQL cannot read: lines of pg_hba.conf, names of settings.

A running server reports a line that it cannot read in its log only, and keeps the previous rules; it does not start
with such a file (https://www.postgresql.org/docs/17/auth-pg-hba-conf.html). Patroni ignores unknown settings.
"""

from __future__ import annotations

import time

from ...core import waiting
from ...core.model import AgentError
from ..postgresql.psql import Absent, Psql, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ...core.model import Context

#: Patroni writes the file only where hba_file is the one in the data directory. A rule for TLS where TLS is off is shown with an error
#: too ("record cannot match because"), and is not one.
_READ = """\
SET lc_messages = 'C';
SELECT json_build_object(
 'patronis', current_setting('hba_file') = current_setting('data_directory') || '/pg_hba.conf',
 'text', pg_read_file(current_setting('hba_file')),
 'errors', (SELECT coalesce(json_agg(json_build_array(line_number, error) ORDER BY line_number), '[]')
  FROM pg_hba_file_rules WHERE error NOT LIKE '%record cannot match because%'),
 'known', (SELECT coalesce(json_agg(lower(name)), '[]') FROM pg_settings WHERE lower(name) IN ({names})));
"""
#: Type, database, user and address: what follows may carry a password (ldapbindpasswd).
_FIELDS = 4


def check(ctx: Context, port: int, hba: Sequence[str], settings: Sequence[str], patience: float) -> None:
    """Ask this host's server, once Patroni has written what it was told to, whether it can read all of it.

    :param hba: lines that pg_hba.conf has to have; where it is another one in check mode, it is not reported
    :param settings: names of server settings; of an unknown one there is a warning
    :param patience: seconds for Patroni to write the file: after a reload it does so at its next turn
    :raises AgentError: ``bad-hba``
    """
    if not hba and not settings:
        return
    psql = Psql(ctx, port)
    names = [name.lower() for name in settings if "." not in name]  # one with a dot may be an extension's that is not loaded
    script = _READ.format(names=", ".join(literal(name) for name in ["", *names]))
    begun = time.monotonic()
    deadline = begun + patience
    while True:
        try:
            (found,) = psql.read(script)
        except Absent:
            return  # another check reports that it does not run
        written = not hba or not found["patronis"] or rules(found["text"]) == rules("\n".join(hba))
        if written or ctx.check or time.monotonic() >= deadline:
            break
        waiting.tell(ctx, "Patroni to write pg_hba.conf", begun, patience)
        time.sleep(ctx.pause(0.5))
    for name in sorted(set(names) - set(found["known"])):
        ctx.warn(
            f"postgresql_settings: this version of PostgreSQL has no setting {name}; Patroni ignores it. Correct its name or remove it"
        )
    if found["errors"] and (written or not ctx.check):
        lines = found["text"].splitlines()
        said = "; ".join(f"line {number} ({start(lines, number)}): {error}" for number, error in found["errors"])
        raise AgentError(
            "bad-hba",
            f"PostgreSQL on this host cannot read its pg_hba.conf: {said}. It continues with the previous rules, and would not start again."
            " Correct postgresql_hba or postgresql_client_addresses and run again",
        )
    if not written and not ctx.check:
        ctx.warn(
            "pg_hba.conf on this host differs from what Patroni was told to write: it was changed by hand, or Patroni hangs (journalctl -u"
            " patroni). A restart of the member rewrites it (patronictl restart)"
        )


def rules(text: str) -> list[str]:
    """The lines of a pg_hba.conf without comments."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def start(lines: Sequence[str], number: Any) -> str:
    """The beginning of a line, for a person to find it; nothing that may be secret."""
    if not isinstance(number, int) or not 0 < number <= len(lines):
        return "not in the file itself"
    return " ".join(field for field in lines[number - 1].split()[:_FIELDS] if "=" not in field)
