# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before the first change of a database: a standby that has to confirm commits is there. Without one each change would wait, silently."""

from __future__ import annotations

import time

from ...core import waiting
from ...core.model import AgentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .psql import Psql

#: Seconds that a new cluster's first standby gets to copy its data and follow; one that returns follows sooner.
PATIENCE = 60.0
INTERVAL = 0.5
#: Empty synchronous_standby_names: no commit waits for a standby.
_READ = """\
SELECT jsonb_build_object(
  'synchronous', current_setting('synchronous_standby_names') <> '',
  'confirming', (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')),
  'standbys', (SELECT coalesce(jsonb_agg(application_name || ' (' || state || ')' ORDER BY application_name), '[]')
               FROM pg_stat_replication));
"""


class Kept:
    """Whether a standby was seen, and how long it is waited for; tests set the latter."""

    def __init__(self) -> None:
        self.seen = False
        self.patience = PATIENCE


def await_standby(psql: Psql) -> None:
    """Wait until commits are confirmed by a standby, where they have to be. Asked once in a call.

    :raises Absent: no server, or no connection to it
    :raises AgentError: ``no-synchronous-standby``
    """
    kept = psql.ctx.kept(Kept)
    if kept.seen:
        return
    begun = time.monotonic()
    patience = kept.patience
    while True:
        found: Any = (psql.read(_READ) or [None])[0]
        if not isinstance(found, dict) or not found.get("synchronous") or found.get("confirming"):
            kept.seen = True
            return
        reason = f"standbys that are connected: {', '.join(found.get('standbys') or []) or 'none'}"
        if time.monotonic() - begun >= patience:
            raise AgentError(
                "no-synchronous-standby",
                f"nothing was changed: commits have to be confirmed by a standby, and no standby confirmed them within {patience:g} s"
                f" ({reason}). Repair the other members (patronictl list names them) and run again",
            )
        waiting.tell(psql.ctx, "a synchronous standby", begun, patience, reason)
        time.sleep(psql.ctx.pause(INTERVAL))
