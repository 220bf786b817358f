# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member of etcd says at the host checks: answers that a real one gave over HTTP (3.5.16)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import api, host_facts, present
from ansible_collections.vannah.healthcloud.plugins.module_utils.preflight.answers import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.services.etcd import host_checks

MEMBERS = (
    '{"header":{"cluster_id":"6676912775940606522", "member_id":"8847415444471688321", "raft_term":"2"}, "members":['
    '{"ID":"8847415444471688321", "name":"db1", "peerURLs":["https://172.30.1.11:2380"], "clientURLs":["https://172.30.1.11:2379"]}, '
    '{"ID":"8878826125548690953", "name":"db2", "peerURLs":["https://172.30.1.12:2380"], "clientURLs":["https://172.30.1.12:2379"]}, '
    '{"ID":"13184026694393652562", "name":"db3", "peerURLs":["https://172.30.1.13:2380"], "clientURLs":["https://172.30.1.13:2379"]}]}'
)
STATUS = (
    '{"header":{"cluster_id":"6676912775940606522", "member_id":"8847415444471688321", "revision":"53", "raft_term":"2"}, '
    '"version":"3.5.16", "dbSize":"45056", "leader":"8847415444471688321", "raftIndex":"75", "raftTerm":"2", "raftAppliedIndex":"75", '
    '"dbSizeInUse":"45056"}'
)
ASKED = {"cluster": "coordination", "endpoint": "https://127.0.0.1:2379"}


def context(root: Path, answers: dict[str, str] | OSError) -> Context:
    """A host with a member."""
    (root / "etc/etcd").mkdir(parents=True)
    (root / "etc/etcd/vannah.env").write_text('# x\nETCD_QUOTA_BACKEND_BYTES="2147483648"\n', encoding="utf-8")

    def ask(_params: dict[str, Any], path: str, *_more: Any) -> str:
        if isinstance(answers, OSError):
            raise answers
        return answers[path]

    ctx = Context(root=str(root))
    ctx.kept(api.Kept).ask = ask
    return ctx


def test_members_tell_who_is_a_member(tmp_path: Path) -> None:
    ctx = context(tmp_path, {"/v3/cluster/member/list": MEMBERS, "/v3/maintenance/status": STATUS})
    said = host_facts.facts(ctx, ASKED)
    assert [(peer["name"], peer["address"]) for peer in said["peers"]["coordination"]] == [
        ("db1", "172.30.1.11"),
        ("db2", "172.30.1.12"),
        ("db3", "172.30.1.13"),
    ]
    assert "one of 3 members of etcd" in said["peers"]["coordination"][2]["what"]
    assert (said["size"], said["alarms"], said["quota"]) == (45056, [], "2147483648")


@pytest.mark.parametrize("answers", [ConnectionRefusedError(111, "refused"), {"/v3/cluster/member/list": '{"error": "x", "code": 2}'}])
def test_silence(tmp_path: Path, answers: Any) -> None:
    """The role that needs it says that it does not run."""
    assert "peers" not in host_facts.facts(context(tmp_path, answers), ASKED)


def test_a_member_that_has_never_started() -> None:
    """It has no name, and is known by its address."""
    (peer,) = present.peers([{"ID": "1", "peerURLs": ["https://[fd00::1]:2380"]}])
    assert (peer["name"], peer["address"]) == ("", "fd00::1")


OWN = {"member": "b3c7a6b4f0a0b1c2", "cluster": "5ca955a5a5d5fa7a", "directory": "/var/lib/etcd/vannah"}
LISTED = {"cluster": OWN["cluster"], "members": ["1", OWN["member"]]}
SHORTER = {"cluster": OWN["cluster"], "members": ["1", "2"]}


@pytest.mark.parametrize(
    ("mine", "others", "said"),
    [
        ({"own": OWN}, [{"listed": LISTED}, {"listed": LISTED}], False),
        ({"own": OWN}, [{"listed": SHORTER}, {"listed": SHORTER}], True),
        ({"own": OWN}, [{"listed": SHORTER}, {}], True),
        # One of them may be behind; no other one answers; another cluster; no data.
        ({"own": OWN}, [{"listed": SHORTER}, {"listed": LISTED}], False),
        ({"own": OWN, "listed": SHORTER}, [{}, {}], False),
        ({"own": {**OWN, "cluster": "7"}}, [{"listed": SHORTER}, {"listed": SHORTER}], False),
        ({"own": None}, [{"listed": SHORTER}, {"listed": SHORTER}], False),
    ],
)
def test_a_member_that_was_removed(mine: dict[str, Any], others: list[dict[str, Any]], said: bool) -> None:
    """A run that was killed after it took the member out: the next one would wait for an etcd that ends at each start."""
    answers = [Answer(f"db{number}", ("etcd",), {"services": {"etcd": one}}) for number, one in enumerate([mine, *others], 1)]
    found = [one for one in host_checks.findings(answers) if one.code == "contact-etcd-removed"]
    assert bool(found) is said
    if said:
        assert found[0].where == "db1"
        assert "rm -rf /var/lib/etcd/vannah/member /etc/etcd/vannah-joined" in found[0].fix
