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

from tests.live.lib import hidden, verify_failures, verify_progress, waiting

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
#: Secrets in every place where pytest can find them: a value, an argument, an object, an assertion, an error's text, what was printed.
SECRETS = '''
import pytest
from tests.live.lib.hidden import hide
from tests.live.postgresql.database import Login, scram_verifier
from tests.live.lib.waiting import FaultError
LOCAL = "a-local-variable"
@pytest.fixture
def login():
    return Login("vannah_verify_x", "password-of-the-login", "vannah_verify_x")
def opened(login, password):
    raise FaultError("no tunnel to root@192.0.2.4: Permission denied (publickey).")
def test_tunnel(login):
    """A row travels."""
    local = LOCAL
    opened(login, login.password + local)
def test_tunnel_again(login):
    """A second row travels."""
    opened(login, login.password)
def test_assertion(login):
    """Logins differ."""
    print(login.password)
    assert (login.password, login) == ("x", login)
def test_error(login):
    """An error has a text."""
    raise ValueError("invalid dsn: password=" + login.password + "\\nmore")
def test_skipped():
    pytest.skip("the site has no standby")
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


def run(tmp_path: Path, output: int, tests: str = TESTS) -> subprocess.Popen[str]:
    """Tests as `make verify` starts those of a site, with a word every 0.05 s."""
    (tmp_path / "verify_x.py").write_text(tests, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(
        "from pathlib import Path\n"
        "from ansible_collections.vannah.healthcloud.plugins.module_utils.console import stream\n"
        "from tests.live.lib import verify_progress\n"
        "stream.PLAIN_EVERY = stream.LIVE_EVERY = 0.05\n"
        f"verify_progress.LOGS = Path({str(tmp_path / 'logs')!r})\n"
        "from tests.live.conftest import pytest_addoption, pytest_configure\n"
        "def pytest_report_collectionfinish():\n"
        "    import time; time.sleep(0.3); return ['Not tested: docker']\n",
        encoding="utf-8",
    )
    options = ["-q", "-p", "no:cacheprovider", "-c", str(REPOSITORY / "pyproject.toml"), "--rootdir", str(REPOSITORY)]
    options += ["-o", "python_files=verify_*.py", "-o", "console_output_style=classic", "--progress"]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("VANNAH_", "PYTEST_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)], cwd=REPOSITORY, env={**own, "TERM": "xterm"}, stdout=output, text=True
    )


def log_of(tmp_path: Path) -> str:
    (path,) = (tmp_path / "logs").glob("verify-*.log")
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_text(encoding="utf-8")


def test_lines_where_there_is_no_terminal(tmp_path: Path) -> None:
    with run(tmp_path, subprocess.PIPE) as process:
        printed, _ = process.communicate(timeout=60)
    assert re.search(r"(?m)^  \.\.\. Test 1 of 2: A row written here is read there  0:0\d$", printed), printed
    assert "FAILED  it is broken: assert False\n        Fix: `make demo` converges " in printed
    assert re.search(r"(?m)^Details: \S+/logs/verify-\S+\.log$", printed)
    assert "1 failed, 1 passed" in printed and "captured" not in printed and "Traceback" not in printed and "verify_x.py" not in printed
    assert not re.search(r"(?m)^[.F]+(\s+\[\d+%\])?$", printed)
    log = log_of(tmp_path)
    assert (
        "passed A row written here is read there\n" in log
        and "captured" in log
        and re.search(r"verify_x.py:\d+: in test_it_is_broken", log)
    )


def test_no_password_is_printed_or_logged(tmp_path: Path) -> None:
    with run(tmp_path, subprocess.PIPE, SECRETS) as process:
        printed, _ = process.communicate(timeout=60)
    lines = printed.splitlines()
    said = [
        "FAILED  A row travels: no tunnel to root@192.0.2.4: Permission denied (publickey).",
        "        Fix: check ansible_user and ansible_ssh_private_key_file of 192.0.2.4; to log in with a password add --ask-pass.",
        "FAILED  A second row travels: the same as 'A row travels'",
        "FAILED  Logins differ: assert ('********...",
        "        Fix: `make demo` converges the servers and tests them again; the traceback is in the log.",
        "FAILED  An error has a text: ValueError: invalid dsn: password=********",
        "        Fix: `make demo` converges the servers and tests them again; the traceback is in the log.",
    ]
    found = [line for line in lines if line.startswith(("FAILED", "        Fix"))]
    assert len(found) == len(said) and all(line.startswith(begin) for line, begin in zip(found, said, strict=True)), printed
    assert re.search(r"(?m)^SKIPPED \[1\] .*: the site has no standby$", printed)
    log = log_of(tmp_path)
    assert log.count("in opened") == 2 and "ValueError" in log
    for secret in ("password-of", "a-local-variable-", "local = 'a-local-variable'"):
        assert secret not in printed + log
    assert "password = " not in log, "no arguments of functions"


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
    for text in ("FAILED  it is broken: assert False", "Not tested: docker", "        Fix: ", "Details: "):
        assert re.search(rf"(?:\r\x1b\[K|\n){re.escape(text)}", printed), (text, printed)


def test_make_and_the_demo_show_it() -> None:
    for text in ((REPOSITORY / "Makefile").read_text(encoding="utf-8"), Path(demo.__file__).read_text(encoding="utf-8")):
        (line,) = re.findall(r"^.*python_files=verify.*$", text, re.MULTILINE)
        assert "console_output_style=classic" in line and "--progress" in line


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("x A-good'secret y", "x ******** y"),
        ("('A-good...", "('********..."),
        ("'A-g...cret')", "'********...********')"),
        ("A-good food...", "A-good food..."),
        ("short pw", "short pw"),
    ],
)
def test_a_secret_is_hidden_also_where_it_was_cut(monkeypatch: pytest.MonkeyPatch, text: str, scrubbed: str) -> None:
    monkeypatch.setattr(hidden, "_values", set())
    assert (hidden.hide("A-good'secret"), hidden.hide("pw")) == ("A-good'secret", "pw")
    assert hidden.scrub(text) == scrubbed


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("", "failed without a message"),
        ("assert 1 == 2\n +  where 1 = f()", "assert 1 == 2"),
        ("AssertionError: db1: psql exited 2\nassert 2 == 0", "db1: psql exited 2"),
        ("tests.live.lib.waiting.FaultError: not within 10 s: the row is read", "not within 10 s: the row is read"),
        ("psycopg.OperationalError: connection failed: refused\nmore", "OperationalError: connection failed: refused"),
        ("Failed: db1 answers plain HTTP with 200", "db1 answers plain HTTP with 200"),
        ("subprocess.CalledProcessError", "CalledProcessError"),
    ],
)
def test_the_reason_is_one_line(message: str, said: str) -> None:
    assert verify_failures.reason(message) == said


@pytest.mark.parametrize(
    ("said", "site", "fix"),
    [
        ("it is broken. Fix: repair it", "clinic", "repair it"),
        ("permission denied for table x", "clinic", "`make plan SITE=clinic` shows what differs"),
        ("x", "demo", "`make demo` converges"),
        ("no tunnel to ops@db1: ssh: connect to host db1 port 22: Connection refused", "clinic", "start sshd on db1,"),
    ],
)
def test_what_to_do(said: str, site: str, fix: str) -> None:
    assert verify_failures.fix(said, site).startswith(fix)
