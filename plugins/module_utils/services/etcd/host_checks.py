# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Members of etcd as their hosts have answered: whose data each would start with, its room, and its alarms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...agent.services.etcd.data import foreign as other_member
from ...preflight.answers import Answer
from ...preflight.belonging import Belonging
from ...preflight.findings import Code, Finding, Level
from ...preflight.model import UNKNOWN
from .member_settings import MIB, quota

if TYPE_CHECKING:
    from ...agent.services.etcd.types import Data

CODES = (
    Code(
        "contact-etcd-identity",
        "The server's data directory of etcd holds the data of another member: two members with one ID destroy the cluster's log.",
        "Empty the data directory on the server that got the copy; it then joins the cluster as a new member.",
    ),
    Code(
        "contact-etcd-removed",
        "The data of etcd on the server are those of a member that was removed from the cluster: etcd never starts with them.",
        "Remove the host from the group etcd; or delete its old data, so that it joins as a new member: the message has the command.",
    ),
    Code(
        "contact-etcd-quota",
        "etcd's quota would become smaller than its database with room to grow: the whole cluster would refuse writes.",
        "Set a larger etcd_quota_mb.",
    ),
    Code(
        "contact-etcd-full",
        "etcd's database is close to its quota. Once it reaches it the whole cluster refuses writes, and no database server can lead.",
        "Set a larger etcd_quota_mb, or a shorter etcd_compaction_retention.",
        Level.WARNING,
    ),
    Code(
        "contact-etcd-alarm",
        "A member of etcd has raised an alarm, and the cluster refuses writes (NOSPACE), or reads as well (CORRUPT). site.yml takes NOSPACE"
        " back where the database has room in its quota, after compaction and defragmentation where it needs them.",
        "Run site.yml for all members of etcd; for CORRUPT, do what the message says.",
        Level.WARNING,
    ),
)
#: The database may have this share of its quota.
ROOM = 0.8


def findings(answers: Iterable[Answer]) -> Iterator[Finding]:
    """What is wrong on each host, and what all of them say of the cluster."""
    alarms: dict[tuple[str, str], list[str]] = {}
    given = list(answers)
    yield from _removed(given)
    for answer in given:
        said = answer.of_service("etcd")
        if said.get("data"):
            yield from _identity(answer.host, said["data"], answer.belonging)
        settings, megabytes = (answer.values(name) for name in ("etcd_settings", "etcd_quota_mb"))
        wanted = None if UNKNOWN in (settings, megabytes) else quota(settings, megabytes)
        yield from _room(answer.host, int(said.get("size") or 0), wanted, str(said.get("quota") or ""))
        for member, kind in said.get("alarms") or ():
            alarms.setdefault((str(member), str(kind)), []).append(answer.host)
    for (member, kind), hosts in alarms.items():
        yield _alarm(member, kind, hosts)


def _removed(answers: Iterable[Answer]) -> Iterator[Finding]:
    """Members whose ID no running member of their cluster has in its list: a run would wait for etcd, which ends at each start."""
    said = {answer.host: answer.of_service("etcd") for answer in answers}
    lists = {host: one["listed"] for host, one in said.items() if one.get("listed")}
    for host, one in said.items():
        own = one.get("own")
        others = [listed["members"] for other, listed in lists.items() if own and other != host and listed["cluster"] == own["cluster"]]
        if own and others and not any(own["member"] in members for members in others):
            where = own["directory"]
            problem = f"{where} has the data of a member that was removed from etcd (ID {own['member']}): etcd does not start with them."
            fix = (
                f"run on {host}: systemctl stop etcd; rm -rf {where}/member /etc/etcd/vannah-joined, then run again: it joins as a new"
                f" member; or take {host} out of the group etcd"
            )
            yield Finding("contact-etcd-removed", host, "-", problem, fix)


def _room(host: str, size: int, wanted: int | None, running: str) -> Iterator[Finding]:
    """Whether the database has room in the quota that a member is to have.

    :param wanted: bytes; 0 for no quota, None where it is unknown
    :param running: what the member's settings file has
    """
    if not wanted or size < wanted * ROOM:
        return
    there = f"the database has {_mib(size)} MiB, and its quota"
    needed = f"set etcd_quota_mb: {max(_mib(int(size / ROOM)) * 2, 64)} or more"
    if running.isdigit() and int(running) <= wanted and int(running):
        problem = f"{there} is {_mib(wanted)} MiB. At the quota the whole cluster refuses writes."
        yield Finding("contact-etcd-full", host, "etcd_quota_mb", problem, f"{needed}, or a shorter etcd_compaction_retention")
    else:
        problem = f"{there} would be {_mib(wanted)} MiB: the whole cluster would refuse writes."
        yield Finding("contact-etcd-quota", host, "etcd_quota_mb", problem, needed)


def _alarm(member: str, kind: str, hosts: list[str]) -> Finding:
    if kind == "NOSPACE":
        problem = f"{member} has raised etcd's alarm NOSPACE: its database had reached its quota, and the whole cluster refuses writes."
        fix = (
            "run site.yml with all members of etcd, which takes it back where the database has room, and compacts and defragments it"
            " first where it has not; else set a larger etcd_quota_mb, and run site.yml twice"
        )
    else:
        problem = f"{member} has raised etcd's alarm {kind}: its data differ from the others'."
        fix = (
            f"take the member out (playbooks/etcd/remove.yml -e etcd_member={member}), empty its data on its server"
            " (rm -rf /var/lib/etcd/vannah/member /etc/etcd/vannah-joined), run etcdctl alarm disarm on another member, then site.yml"
        )
    return Finding("contact-etcd-alarm", ",".join(hosts), "-", problem, fix)


def _mib(size: int) -> int:
    return -(-size // MIB)


def _identity(host: str, said: Data, known: Belonging) -> Iterator[Finding]:
    shown = f"[{known.address}]" if ":" in known.address else known.address
    # The port may be another one by now: who listens at the address of this host is this host.
    mine = next((url for url in said.get("urls") or () if str(url).rpartition("://")[2].rpartition(":")[0] == shown), "")
    if other_member(said, host, str(mine)) and said["directory"] not in known.adopted():
        where = said["directory"]
        problem = f"{where} holds the data of the etcd member {said['name']} ({', '.join(said['urls'])}, ID {said['member']})."
        fix = (
            f"empty the directory on this server, if it is the copy: systemctl stop etcd; rm -rf {where}/member /etc/etcd/vannah-joined;"
            " it then joins as a new member"
        )
        yield Finding("contact-etcd-identity", host, "etcd_data_directory", problem, fix)
