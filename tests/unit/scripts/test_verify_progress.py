# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make verify` says which test runs, of how many, for how long, and what it waits for."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from testbed import demo

from tests.live.lib import verify_progress, waiting

REPOSITORY = Path(__file__).resolve().parents[3]
TESTS = '''
import time
from tests.live.lib.waiting import wait_until
def test_rows_travel():
    """A row written here is read there.

    More.
    """
    end = time.monotonic() + 1
    wait_until(lambda: time.monotonic() > end, "the row is read", 5)
def test_it_is_broken():
    print("captured")
    assert False
'''


@pytest.mark.parametrize(
    ("name", "documentation", "said"),
    [
        ("test_a_b", None, "a b"),
        ("test_a_b[x-1]", "", "a b (x-1)"),
        ("test_a", "\n  One leader, others stream.\n\n  More.\n", "One leader, others stream"),
        ("test_a[postgres]", "No default.", "No default (postgres)"),
    ],
)
def test_a_test_is_called_by_what_it_sees_to(name: str, documentation: str | None, said: str) -> None:
    assert verify_progress.label(name, documentation) == said


def test_what_is_awaited_is_said_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    progress = verify_progress.Progress(io.StringIO(), live=False, stage="[7/7] ", expected=60, clock=lambda: now[0])
    assert progress.now() == "[7/7] Reading the tests  0:00 of about 1:00"
    now[0] = 142.0
    progress._number, progress._total, progress._what = 3, 40, "A row travels"
    monkeypatch.setattr(waiting, "awaited", ("the row is read", time.monotonic()))
    assert progress.now() == "[7/7] Test 3 of 40: A row travels  0:42 of about 1:00"
    monkeypatch.setattr(waiting, "awaited", ("the row is read", time.monotonic() - 60))
    assert progress.now() == "[7/7] Test 3 of 40: A row travels, waiting for: the row is read  0:42 of about 1:00"


def test_what_was_awaited_is_forgotten() -> None:
    waiting.wait_until(lambda: waiting.wait_until(lambda: waiting.awaited and waiting.awaited[0] == "inner", "inner", 1), "outer", 1)
    assert waiting.awaited is None


def run(tmp_path: Path, output: int) -> subprocess.Popen[str]:
    """The tests above, as `make verify` starts those of a site, with a word every 0.05 s."""
    (tmp_path / "verify_x.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        "from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream\n"
        "stream.PLAIN_EVERY = stream.LIVE_EVERY = 0.05\n"
        "from tests.live.conftest import pytest_addoption, pytest_configure\n",
        encoding="utf-8",
    )
    options = ["-q", "-p", "no:cacheprovider", "-c", str(REPOSITORY / "pyproject.toml"), "--rootdir", str(REPOSITORY)]
    options += ["-o", "python_files=verify_*.py", "-o", "console_output_style=classic", "--progress"]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("VANNAH_", "PYTEST_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)], cwd=REPOSITORY, env={**own, "TERM": "xterm"}, stdout=output, text=True
    )


def test_lines_where_there_is_no_terminal(tmp_path: Path) -> None:
    with run(tmp_path, subprocess.PIPE) as process:
        printed, _ = process.communicate(timeout=60)
    assert re.search(r"(?m)^  \.\.\. Test 1 of 2: A row written here is read there  0:0\d$", printed), printed
    assert re.search(r"(?m)^FAILED  it is broken$", printed)
    assert "1 failed, 1 passed" in printed and "captured" in printed
    assert not re.search(r"(?m)^[.F]+(\s+\[\d+%\])?$", printed)


def test_a_line_in_place_on_a_terminal(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    with run(tmp_path, follower) as process:
        os.close(follower)
        printed = ""
        while True:
            try:
                printed += os.read(leader, 65536).decode()
            except OSError:
                break
    os.close(leader)
    assert process.returncode == 1
    assert "\r\x1b[KTest 1 of 2: A row written here is read there  0:0" in printed
    assert "\r\x1b[KFAILED  it is broken\r\n" in printed or "\r\nFAILED  it is broken\r\n" in printed


def test_make_and_the_demo_show_it() -> None:
    for text in ((REPOSITORY / "Makefile").read_text(encoding="utf-8"), Path(demo.__file__).read_text(encoding="utf-8")):
        (line,) = re.findall(r"^.*python_files=verify.*$", text, re.MULTILINE)
        assert "console_output_style=classic" in line and "--progress" in line
