# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is started against an etcd cluster of which a member has never started."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import api as etcd_api
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import calls as etcd
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.etcd import formed as etcd_formed

PARAMS = {"endpoint": "https://127.0.0.1:2379", "ca": "/ca", "cert": "/cert", "key": "/key", "formed": True, "wait": 0}
#: Of a first cluster all members have names before they have started, and no client URLs.
TWO_OF_THREE = {
    "members": [
        {"ID": 1, "name": "db1", "clientURLs": ["https://10.0.0.1:2379"]},
        {"ID": 2, "name": "db2"},
        {"ID": 3, "name": "db3", "clientURLs": ["https://10.0.0.3:2379"]},
    ]
}


def context(*versions: str | Exception, mode: str = "apply") -> Context:
    """A member that says these versions of its cluster, the last one forever."""
    left = list(versions)

    def ask(_params: dict[str, Any], path: str, *_more: Any) -> str:
        assert path == "/version"
        said = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(said, Exception):
            raise said
        return json.dumps({"etcdserver": "3.5.16", "etcdcluster": said})

    ctx = Context(mode, runner=lambda _argv, **_options: Result(0, json.dumps(TWO_OF_THREE)))
    ctx.kept(etcd_api.Kept).ask, ctx.interval = ask, 0
    return ctx


@pytest.mark.parametrize(
    ("version", "decided"),
    [("3.5.0", True), ("3.4.0", True), ("3.6.0", True), ("4.0.0", True), ("3.0.0", False), ("not_decided", False), ("", False)],
)
def test_versions(version: str, decided: bool) -> None:
    assert etcd_formed.decided(version) == decided


@pytest.mark.parametrize(
    "before", [[], ["3.0.0"], ["not_decided", "3.0.0"], [ConnectionRefusedError(111, "refused"), ValueError("no JSON")]]
)
def test_waits_until_all_have_started(before: list[str | Exception]) -> None:
    assert etcd.health({**PARAMS, "wait": 30}, context(*before, "3.5.0")) == ([], {"version": "3.5.0"})


@pytest.mark.parametrize("make", [lambda: context("3.0.0"), lambda: context("3.0.0", mode="check"), lambda: context(OSError("away"))])
def test_names_who_never_started(make: Callable[[], Context]) -> None:
    with pytest.raises(AgentError) as caught:
        etcd.health(PARAMS, make())
    assert caught.value.code == "not-formed" and "never started: db2)" in caught.value.msg
