# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd's alarms: a member whose database has reached its quota raises NOSPACE, and the whole cluster refuses to write from then on.

Nothing but ``alarm disarm`` ends it, also where there is room again (https://etcd.io/docs/v3.5/op-guide/maintenance/#space-quota).
"""

from __future__ import annotations

import re

from ...core.model import AgentError, Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ...core.model import Context
    from ...definition import Json
    from .types import Access, Alarms

NOSPACE, CORRUPT = "NOSPACE", "CORRUPT"
#: As ``etcdctl endpoint health`` says it of a member that is healthy otherwise.
ALARM = "Active Alarm"
#: As ``status`` says one (``AlarmMember`` as text).
_RAISED = re.compile(r"memberID:(\d+) alarm:(\w+)")
_QUOTA = re.compile(r"^etcd_server_quota_backend_bytes (\S+)$", re.MULTILINE)
#: Of its quota a database may have used so much for the alarm to be taken back.
ROOM = 0.9


def raised(errors: Iterable[Any]) -> list[tuple[int, str]]:
    """The alarms in the ``errors`` of a member's status: the ID of the member that raised one, and its kind."""
    return [(int(number), kind) for text in errors for number, kind in _RAISED.findall(str(text))]


def quota_of(metrics: str) -> int:
    """The quota that a member runs with, from its ``/metrics``; 0 where it has none."""
    found = _QUOTA.search(metrics)
    return max(0, int(float(found[1]))) if found else 0


def is_room(size: int, quota: int) -> bool:
    """Whether a database is small enough for its quota; 0 is none."""
    return not quota or size < quota * ROOM


def alarms(params: Access, ctx: Context) -> tuple[list[Step], Alarms]:
    """Take back the alarm NOSPACE that this host's member has raised, where its database has room, or gets some by compaction.

    Alarms of others are theirs; those of a member that the cluster no longer has are taken back here.

    :param params: how this host's member is asked
    :return: ``alarms`` that are raised by this member, ``size`` of the database and ``quota`` (0: none) in bytes, ``steps``
    """
    from .api import post, text

    nothing: Alarms = {"alarms": [], "size": 0, "quota": 0}
    try:
        status = post(ctx, params, "/v3/maintenance/status")
        found = raised(status.get("errors") or ())
        if not found:
            return [], {**nothing, "size": int(status.get("dbSize") or 0)}
        listed = post(ctx, params, "/v3/cluster/member/list").get("members") or []
        quota = quota_of(text(ctx, params, "/metrics"))
    except (OSError, ValueError):
        return [], nothing  # it does not run: another check reports that
    own, size = int((status.get("header") or {}).get("member_id") or 0), int(status.get("dbSize") or 0)
    members = {int(one.get("ID") or 0) for one in listed}
    mine = [(number, kind) for number, kind in found if number == own or number not in members]
    result: Alarms = {"alarms": [kind for _number, kind in mine], "size": size, "quota": quota}
    steps: list[Step] = []
    if any(kind == NOSPACE for _number, kind in mine) and not is_room(size, quota):
        steps += _shrink(params, status)
    for number, kind in mine:
        if kind == NOSPACE:
            steps.append(_disarm(params, number, quota))
    return steps, result


def _shrink(params: Access, status: Json) -> list[Step]:
    from .api import PATIENT, post

    revision = str((status.get("header") or {}).get("revision") or "0")

    def compact(ctx: Context) -> None:
        try:
            post(ctx, params, "/v3/kv/compaction", {"revision": revision, "physical": True}, PATIENT)
        except ValueError as error:
            if "has been compacted" not in str(error):
                raise _failed("compact its history", error) from error
        except OSError as error:
            raise _failed("compact its history", error) from error

    def defragment(ctx: Context) -> None:
        try:
            post(ctx, params, "/v3/maintenance/defragment", {}, PATIENT)
        except (OSError, ValueError) as error:
            raise _failed("defragment its database", error) from error

    return [
        Step("etcd", "history", "compact", f"up to revision {revision}", None, compact),
        Step("etcd", "database", "defragment", "", None, defragment),
    ]


def _disarm(params: Access, member: int, quota: int) -> Step:
    from .api import post

    def apply(ctx: Context) -> None:
        try:
            size = int(post(ctx, params, "/v3/maintenance/status").get("dbSize") or 0)
            if not is_room(size, quota):
                # No failure: a restart with a larger quota may come with this run.
                ctx.warn(
                    f"etcd: the alarm NOSPACE remains active: the database has {size // 1048576} MiB, and its quota is "
                    f"{quota // 1048576} MiB. All"
                    " writes are refused. Fix: set a larger etcd_quota_mb, and run again once all members have restarted with it"
                )
                return
            post(ctx, params, "/v3/maintenance/alarm", {"action": "DEACTIVATE", "memberID": str(member), "alarm": NOSPACE})
        except (OSError, ValueError) as error:
            raise _failed("disarm the alarm NOSPACE", error) from error

    return Step("etcd", "alarm NOSPACE", "disarm", "writes were refused by the whole cluster until now", None, apply)


def _failed(what: str, error: Exception) -> AgentError:
    return AgentError("etcd-refused", f"etcd did not {what}: {error}. Fix: see journalctl -u etcd, then run again")
