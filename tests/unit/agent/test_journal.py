# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal and generations: what was there comes back, exactly, and what a person has changed since stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core import generations, journal, ledger
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import disk

from .fake_host import FakeHost, component

PATHS = ["/etc/text", "/etc/link", "/etc/new", "/etc/large"]


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    host = FakeHost(tmp_path)
    host.write("/etc/text", "old").chmod(0o640)
    host.file("/etc/link").symlink_to("text")
    host.write("/etc/large", "l" * (disk.LARGE + 1))
    return host


def overwrite(host: FakeHost) -> None:
    for path in PATHS:
        host.file(path).unlink(missing_ok=True)
        host.write(path, "new")


def begin(host: FakeHost) -> tuple[Context, ledger.Ledger, journal.Journal]:
    ctx = host.context()
    book = ledger.load(ctx)
    ctx.start_component({"name": "demo"}, book.entry("demo"))
    ctx.section("files")["/etc/text"] = {"sha256": "old"}
    kept = journal.Journal("demo")
    kept.keep(ctx, dict.fromkeys(PATHS, disk.digest(b"new")), {})
    ctx.section("files")["/etc/text"] = {"sha256": "new"}
    return ctx, book, kept


def test_put_back(host: FakeHost) -> None:
    before = host.state()
    ctx, book, kept = begin(host)
    overwrite(host)
    kept.put_back(ctx, book)
    assert host.state() == before
    assert book.entry("demo")["files"] == {"/etc/text": {"sha256": "old"}}
    assert not host.file(journal.FOLDER).exists()


def test_heal_leaves_what_somebody_has_changed_since(host: FakeHost) -> None:
    begin(host)
    overwrite(host)
    host.write("/etc/text", "by hand")
    ctx = host.context()
    book = ledger.load(ctx)
    (said,) = journal.heal(ctx, book)
    assert "not restored" in said and "/etc/text" in said
    assert host.file("/etc/text").read_text() == "by hand" and not host.file("/etc/new").exists() and host.file("/etc/link").is_symlink()
    assert journal.heal(ctx, book) == []


@pytest.mark.parametrize("healed", [False, True])
def test_directories_get_their_mode_back(host: FakeHost, healed: bool) -> None:
    host.write("/data/theirs", "x").parent.chmod(0o2775)
    host.file("/moved").symlink_to("data")
    before = host.state()
    ctx = host.context()
    book = ledger.load(ctx)
    ctx.start_component({"name": "demo"}, book.entry("demo"))
    kept = journal.Journal("demo")
    kept.keep(ctx, {}, {}, ["/moved"])
    host.file("/data").chmod(0o700)
    if healed:
        (said,) = journal.heal(ctx, book)
        assert "/moved" in said
    else:
        kept.put_back(ctx, book)
    assert host.state() == before
    assert not host.file(journal.FOLDER).exists()


def test_directories_alone_are_no_generation_and_one_that_has_gone_is_let_go(host: FakeHost) -> None:
    ctx = host.context()
    book = ledger.load(ctx)
    ctx.start_component({"name": "demo"}, book.entry("demo"))
    host.file("/data").mkdir()
    for end in ("commit", "put back"):
        kept = journal.Journal("demo")
        kept.keep(ctx, {}, {}, ["/data"])
        assert kept.open
        if end == "commit":
            kept.commit(ctx)
        else:
            host.file("/data").rmdir()
            kept.put_back(ctx, book)
        assert not kept.open and not host.file(journal.FOLDER).exists()
    assert not generations.exists(ctx, "demo")


def test_a_component_that_is_refused_leaves_somebody_elses_directory(host: FakeHost) -> None:
    """Although no file changes with it: the validator is asked for the directory alone."""
    host.write("/srv/demo/theirs", "invalid").parent.chmod(0o750)
    wanted = [{"path": "/srv/demo", "mode": "0700"}, {"path": "/srv/own"}]
    before = host.state()
    refused = component(directories=wanted, validate=[["check-config", "/srv/demo/theirs"]])
    for _run in range(2):
        (found,) = host.call(refused)["components"]
        assert found["error"]["code"] == "validation-failed"
        after = host.state()
        after.pop("/srv/own")  # made by this component, and its own
        assert after == before
    host.write("/srv/demo/theirs", "theirs")
    (found,) = host.call(refused)["components"]
    assert found["error"] is None and host.file("/srv/demo").stat().st_mode & 0o7777 == 0o700
    assert not host.call(refused)["components"][0]["changed"]


def test_a_directory_locks_nobody_out(host: FakeHost) -> None:
    """No revert is armed where no file changes: this host has no systemd that could run one."""
    host.file("/srv").mkdir()
    (found,) = host.call(component(directories=[{"path": "/srv", "mode": "0700"}], lockout_guard=60))["components"]
    assert found["error"] is None and found["changed"]


def test_killed_before_the_list_was_written(host: FakeHost) -> None:
    host.write(journal.FOLDER + "/blob", "x")
    ctx = host.context()
    assert journal.heal(ctx, ledger.load(ctx)) == []
    assert not host.file(journal.FOLDER).exists()


def test_of_several_generations_the_oldest_counts(host: FakeHost) -> None:
    ctx, _book, kept = begin(host)
    overwrite(host)
    kept.commit(ctx)
    again = journal.Journal("demo")
    again.keep(ctx, {"/etc/text": None, "/etc/more": None}, {})
    again.commit(ctx)
    found = generations.load(ctx, "demo")
    assert found is not None and {saved["path"] for saved in found["files"]} == {*PATHS, "/etc/more"}
    saved = next(saved for saved in found["files"] if saved["path"] == "/etc/text")
    assert host.file(f"{generations.folder('demo')}/{saved['blob']}").read_text() == "old"
    generations.discard(ctx, "demo")
    assert not generations.exists(ctx, "demo")


def test_all_of_it_is_root_s_alone(host: FakeHost) -> None:
    ctx, _book, kept = begin(host)
    overwrite(host)
    kept.commit(ctx)
    for file in host.file("/var/lib/vannah").rglob("*"):
        if file.stat().st_size > disk.LARGE:
            continue  # the old file itself, linked: the folder keeps others out
        mode = file.stat().st_mode & 0o777
        assert mode == (0o700 if file.is_dir() else 0o600), file
