# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log and the live line."""

from __future__ import annotations

import contextlib
import io
import os
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream, texts

REPOSITORY = Path(__file__).resolve().parents[3]


def test_log_is_private_and_their_number_is_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(stream.KEPT + 5):
        (folder / f"old-{number}.log").write_text("x", encoding="utf-8")
        os.utime(folder / f"old-{number}.log", (number, number))
    log = stream.Log(folder, "site")
    log.line("\x1b[31mred\x1b[0m")
    log.close()
    assert log.path is not None
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.path.read_text(encoding="utf-8").endswith(" red\n")
    assert len(list(folder.glob("*.log"))) == stream.KEPT
    assert not (folder / "old-0.log").exists()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    log = stream.Log(tmp_path / "file" / "logs", "site")
    log.line("x")
    assert log.path is None


def test_live_line_goes_before_other_output(tmp_path: Path) -> None:
    out = io.StringIO()
    live = stream.Live(out, threading.RLock(), lambda: "going on", every=0.01)
    log = stream.Log(tmp_path, "site")
    tee = stream.Tee(out, live, log)
    live.start()
    while "going on" not in out.getvalue():
        time.sleep(0.01)
    tee.write("a line\n")
    live.end()
    log.close()
    assert "going on" + stream.ERASE + "a line\n" in out.getvalue()


def test_a_reader_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    """`make converge | head`: the run and its log continue."""
    read, write = os.pipe()
    os.close(read)
    log = stream.Log(tmp_path, "site")
    with os.fdopen(write, "w", buffering=1) as out:
        live = stream.Live(out, threading.RLock(), lambda: "going on", every=0.01)
        live._shown = True
        tee = stream.Tee(out, live, log)
        assert tee.write("a line\n") == 7
        live.end()
        log.close()
        assert log.path is not None and log.path.read_text(encoding="utf-8") == "a line\n"
        with contextlib.suppress(OSError):
            out.close()


@pytest.mark.parametrize(
    ("text", "hushed"),
    [
        ("[WARNING]: Could not match supplied host pattern, ignoring: postgresql\n", True),
        ("\x1b[1;35m[WARNING]: Could not match supplied host pattern, ignoring:\npostgresql\x1b[0m\n", True),
        ("[WARNING]: Could not match supplied host pattern, ignoring: site_forming_etcd\n", True),
        ("[WARNING]: Could not match supplied host pattern, ignoring: db7\n", False),  # of --limit
        ("[WARNING]: something else about postgresql\n", False),
        ("\n", False),
    ],
)
def test_a_group_that_a_site_leaves_out_is_no_warning(tmp_path: Path, text: str, hushed: bool) -> None:
    """A site without databases is told nothing of them in each run."""
    assert texts.is_of_a_group(text, {"postgresql", "etcd"}) is hushed
    out, log = io.StringIO(), stream.Log(tmp_path, "site")
    stream.Tee(out, None, log, lambda said: texts.is_of_a_group(said, {"postgresql"})).write(text)
    log.close()
    assert out.getvalue() == ("" if hushed else text)
    assert log.path is not None and log.path.read_text(encoding="utf-8") == stream.COLORS.sub("", text)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, "[4/7] Prepare the members: Install without start  3/4 hosts  0:50 of about 2:00"),
        (60, "[4/7] Prepare the members:...  3/4 hosts  0:50 of about 2:00"),
        (50, "[4/7] Prepare th...  3/4 hosts  0:50 of about 2:00"),
        (20, "[4/7] Prepare the me"),
        (60, "no progress " + 45 * "x" + "..."),
    ],
)
def test_the_progress_stays_on_a_narrow_terminal(width: int, shown: str) -> None:
    text = "[4/7] Prepare the members: Install without start  3/4 hosts  0:50 of about 2:00"
    assert stream.fit("no progress " + 100 * "x" if shown.startswith("no") else text, width) == shown


def test_without_a_terminal_the_live_line_is_a_line(tmp_path: Path) -> None:
    out = io.StringIO()
    live = stream.Live(out, threading.RLock(), lambda: "going on", plain=True, every=0.01)
    live.start()
    while "going on" not in out.getvalue():
        time.sleep(0.01)
    live.end()
    assert out.getvalue().startswith("  ... going on\n")
    assert "\x1b" not in out.getvalue()


def test_no_wait_is_silent_for_longer_than_10_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The console and the stages of make demo both leave the interval to the line."""
    asked: list[float] = []
    live = stream.Live(io.StringIO(), threading.RLock(), lambda: "going on", plain=True)
    monkeypatch.setattr(live._ended, "wait", lambda seconds: asked.append(seconds) or True)
    live._tick()
    assert asked and asked[0] <= 10
