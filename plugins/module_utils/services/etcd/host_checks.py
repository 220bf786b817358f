# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data a member of etcd would start with, as its host has answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...agent.services.etcd.data import foreign as other_member
from ...preflight.answers import Answer
from ...preflight.belonging import Belonging
from ...preflight.findings import Code, Finding

CODES = (
    Code(
        "contact-etcd-identity",
        "The server's data directory of etcd holds the data of another member: two members with one ID destroy the cluster's log.",
        "An empty data directory on the server that got the copy; it then joins the cluster as a new member.",
    ),
)


def findings(answers: Iterable[Answer]) -> Iterator[Finding]:
    """Hosts whose data are another member's."""
    for answer in answers:
        said = answer.of_service("etcd")
        if said.get("data"):
            yield from _identity(answer.host, said["data"], answer.belonging)


def _identity(host: str, said: Mapping[str, Any], known: Belonging) -> Iterator[Finding]:
    shown = f"[{known.address}]" if ":" in known.address else known.address
    # The port may be another one by now: who listens at the address of this host is this host.
    mine = next((url for url in said.get("urls") or () if str(url).rpartition("://")[2].rpartition(":")[0] == shown), "")
    if other_member(dict(said), host, str(mine)) and said["directory"] not in known.adopted():
        where = said["directory"]
        problem = f"{where} holds the data of the etcd member {said['name']} ({', '.join(said['urls'])}, ID {said['member']})."
        remedy = (
            f"an empty directory on this server, if it is the copy: systemctl stop etcd; rm -rf {where}/member /var/lib/etcd/vannah-joined;"
            " it then joins as a new member"
        )
        yield Finding("contact-etcd-identity", host, "etcd_data_directory", problem, remedy)
