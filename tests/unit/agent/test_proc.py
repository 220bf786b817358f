# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs, for real."""

from __future__ import annotations

import os
import signal
import time

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.lib import proc

BIG = "x" * 300_000


@pytest.mark.parametrize(
    ("argv", "given", "rc", "out", "err"),
    [
        (["true"], None, 0, "", ""),
        (["sh", "-c", "echo out; echo err >&2; exit 3"], None, 3, "out\n", "err\n"),
        (["cat"], "text ü", 0, "text ü", ""),
        (["cat"], b"bytes \xff", 0, "bytes \ufffd", ""),
        (["cat"], BIG, 0, BIG, ""),
        (["cat"], None, 0, "", ""),
        (["sh", "-c", "kill -9 $$"], None, 137, "", ""),
        (["no-such-program-anywhere"], None, 127, "", ""),
        (["/no/such/program"], None, 127, "", ""),
        (["printf", "%s", "$HOME; `id`"], None, 0, "$HOME; `id`", ""),
    ],
)
def test_run(argv: list[str], given: str | bytes | None, rc: int, out: str, err: str) -> None:
    result = proc.run(argv, input=given)
    assert (result.rc, result.out, result.err) == (rc, out, err)


def test_what_is_no_program(tmp_path: object) -> None:
    path = f"{tmp_path}/script"
    with open(path, "w", encoding="utf-8") as file:
        file.write("no shebang\n")
    os.chmod(path, 0o755)
    assert proc.run([path]).rc in (126, 127)


def test_timeout_takes_the_children_along(tmp_path: object) -> None:
    begin = time.monotonic()
    result = proc.run(["sh", "-c", f"sleep 300 & echo $! > {tmp_path}/child; wait"], timeout=0.5)
    assert (result.rc, result.err) == (124, "")
    assert time.monotonic() - begin < 30
    with open(f"{tmp_path}/child", encoding="utf-8") as file:
        child = int(file.read())
    for _ in range(100):
        try:
            with open(f"/proc/{child}/stat", encoding="utf-8") as file:
                state = file.read()
        except (FileNotFoundError, ProcessLookupError):  # reaped, before or after the file was opened
            return
        if state.split()[2] == "Z":
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child lives on")


def test_a_daemon_that_keeps_its_output_open_does_not_hold_us_up() -> None:
    begin = time.monotonic()
    result = proc.run(["sh", "-c", "sleep 3 & echo started"], timeout=30)
    assert result.out == "started\n"
    assert time.monotonic() - begin < 2.9


def test_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LC_MESSAGES": "de_DE",
        "LANGUAGE": "de",
        "PYTHONPATH": "/x",
        "SYSTEMD_LOG_LEVEL": "debug",
        "http_proxy": "http://p",
    }.items():
        monkeypatch.setenv(name, value)
    found = proc.environment({"EXTRA": "1"})
    assert not {"LC_MESSAGES", "LANGUAGE", "PYTHONPATH", "SYSTEMD_LOG_LEVEL"} & set(found)
    assert (found["http_proxy"], found["EXTRA"], found["LC_ALL"], found["TZ"]) == ("http://p", "1", "C.UTF-8", "UTC")
    assert found["PATH"].startswith("/usr/local/sbin:")


def test_programs_die_of_a_closed_pipe_as_in_a_shell() -> None:
    """Python ignores SIGPIPE; maintainer scripts must not inherit that."""
    assert proc.run(["sh", "-c", "{ yes; echo $? > /dev/stderr; } | head -n 1"]).err.strip() == str(128 + signal.SIGPIPE)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_as_another_user() -> None:
    result = proc.run(["sh", "-c", "id -un; id -gn; echo $HOME $USER"], user="www-data")
    assert result.out.split() == ["www-data", "www-data", "/var/www", "www-data"]


def test_as_nobody_there_is() -> None:
    result = proc.run(["true"], user="no-such-user")
    assert (result.rc, result.err) == (126, "there is no user no-such-user")


@pytest.mark.parametrize(
    ("argv", "timeout", "code"),
    [
        (["no-such-program"], 5, "program-missing"),
        (["sleep", "60"], 0.1, "program-timeout"),
        (["sh", "-c", "echo why; exit 1"], 5, "program-failed"),
    ],
)
def test_errors_of_a_context(argv: list[str], timeout: float, code: str) -> None:
    with pytest.raises(AgentError) as caught:
        Context().run(argv, timeout=timeout)
    assert caught.value.code == code
    if code == "program-failed":
        assert "why" in caught.value.msg
