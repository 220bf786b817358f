# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: written before and after, whole, root's alone; a broken one stops no run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import ledger
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context, Step

from .fake_host import FakeHost, component


def test_saved_only_where_it_differs_and_for_root_alone(tmp_path: Path) -> None:
    ctx = FakeHost(tmp_path).context()
    book = ledger.load(ctx)
    book.entry("empty")
    book.save(ctx)
    file = tmp_path / "var/lib/vannah/ledger.json"
    assert not file.exists()  # an empty entry is nothing
    book.entry("one")["files"] = {"/etc/x": {"sha256": "1"}}
    book.save(ctx)
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    assert ledger.load(ctx).components == {"one": {"files": {"/etc/x": {"sha256": "1"}}}}
    file.unlink()
    book.save(ctx)
    assert not file.exists()  # nothing has changed since


def test_claims_come_before_the_deed(tmp_path: Path) -> None:
    ctx = FakeHost(tmp_path).context()
    book = ledger.load(ctx)
    ctx.start_component({}, book.entry("one"))
    book.claim(ctx, Step("file", "/etc/x", "create", claims=[("files", "/etc/x")]))
    assert ledger.load(ctx).components == {"one": {"files": {"/etc/x": {}}}}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "components": {}}', '{"version": 1, "components": {"a": 1}}', "\x00" * 20])
def test_broken_is_kept_as_a_copy_with_a_warning(tmp_path: Path, text: str) -> None:
    host = FakeHost(tmp_path)
    host.write("/var/lib/vannah/ledger.json", text)
    answer = host.call(component(files=[{"path": "/etc/x", "content": "x"}]))
    assert answer["error"] is None and "renamed to" in answer["components"][0]["warnings"][0]
    assert len(list(tmp_path.glob("var/lib/vannah/ledger.json.broken-*"))) == 1
    assert host.call(component(files=[{"path": "/etc/x", "content": "x"}]))["components"][0]["warnings"] == []


def test_broken_stays_where_it_is_in_check_mode(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    file = host.write("/var/lib/vannah/ledger.json", "{")
    assert host.call(component(), mode="check")["error"] is None
    assert file.read_text() == "{"


def test_lost_ledger_adopts_what_is_there(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    wanted = component(files=[{"path": "/etc/x", "content": "x"}])
    host.call(wanted)
    before = json.loads(host.file("/var/lib/vannah/ledger.json").read_text())
    host.file("/var/lib/vannah/ledger.json").unlink()
    assert not host.call(wanted)["components"][0]["changed"]
    after = json.loads(host.file("/var/lib/vannah/ledger.json").read_text())
    assert after["components"]["demo"]["files"] == before["components"]["demo"]["files"]


def test_elsewhere() -> None:
    book = ledger.Ledger({"one": {"files": {"/x": {}}}, "two": {"files": {"/y": {}}}})
    assert book.elsewhere("two", "files", "/x") and not book.elsewhere("one", "files", "/x") and not book.elsewhere("one", "links", "/y")


def test_context_shares_the_entry() -> None:
    book, ctx = ledger.Ledger({}), Context(root="/nowhere")
    ctx.start_component({}, book.entry("one"))
    ctx.section("files")["/x"] = {}
    assert book.components["one"]["files"] == {"/x": {}}
