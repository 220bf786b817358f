# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness: real sockets, an invented systemd."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Result
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.resources import ready

RUNNING = "ActiveState=active\nSubState=running\nResult=success\nNRestarts=0\nExecMainStatus=0\nInactiveExitTimestamp=@1795540000\n"
FAILED = "ActiveState=failed\nSubState=failed\nResult=exit-code\nNRestarts=0\nExecMainStatus=7\nInactiveExitTimestamp=@1795540000\n"


def wanted(**given: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("tcp", "http", "ca", "cert", "key", "command", "user"))
    return {**nothing, "status": [200], "timeout": 1, **given}


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], int]]:
    """Listen on a port and answer each connection with these bytes; returns the port."""
    listeners = []
    threads = []

    def start(answer: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)
        listeners.append(listener)

        def loop() -> None:
            while True:
                try:
                    connection, _peer = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(2)
                    try:
                        if answer:
                            connection.recv(4096)
                            connection.sendall(answer)
                    except OSError:
                        pass

        threads.append(threading.Thread(target=loop))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("where", "port", "found"),
    [
        ("127.0.0.1:5432", 0, ("127.0.0.1", 5432)),
        ("localhost:80", 443, ("localhost", 80)),
        ("[::1]:2379", 0, ("::1", 2379)),
        ("[::1]", 443, ("::1", 443)),
        ("db.example", 443, ("db.example", 443)),
    ],
)
def test_addresses(where: str, port: int, found: tuple[str, int]) -> None:
    assert ready.address(where, port) == found


@pytest.mark.parametrize("where", ["", "5432", ":5432", "host:", "host:port", "host:0", "host:65536", "host"])
def test_what_is_no_address(where: str) -> None:
    with pytest.raises(AgentError) as caught:
        ready.address(where)
    assert caught.value.code == "bad-ready"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://127.0.0.1:9100/metrics?x=1", (False, "127.0.0.1:9100", "/metrics?x=1")),
        ("https://[::1]:2379", (True, "[::1]:2379", "/")),
    ],
)
def test_urls(url: str, found: tuple[bool, str, str]) -> None:
    assert ready.split_url(url) == found


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://x/", "http://user:secret@x/", "http://x/a b"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(AgentError) as caught:
        ready.split_url(url)
    assert caught.value.code == "bad-ready"


def test_tcp(host: Any, serve: Any) -> None:
    ready.wait(host.ctx, wanted(tcp=f"127.0.0.1:{serve(b'')}"), "")
    assert "refused" in ready.look(host.ctx, wanted(tcp=f"127.0.0.1:{closed_port()}"), 1)


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [200], ""),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", [200], "HTTP status 503, wanted is 200"),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", [200, 503], ""),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", [200, 503], "HTTP status 404, wanted is 200 or 503"),
        (b"SSH-2.0-OpenSSH_10.0\r\n", [200], "answers, but not with HTTP"),
    ],
)
def test_http(host: Any, serve: Any, answer: bytes, status: list[int], reason: str) -> None:
    url = f"http://127.0.0.1:{serve(answer)}/health"
    assert ready.look(host.ctx, wanted(http=url, status=status), 2) == (f"{url}: {reason}" if reason else "")


def test_https_with_a_missing_ca_says_which(host: Any) -> None:
    said = ready.look(host.ctx, wanted(http=f"https://127.0.0.1:{closed_port()}/", ca="/nowhere/ca.pem"), 1)
    assert said.endswith("its ca /nowhere/ca.pem is not there")


def test_command(host: Any) -> None:
    check = wanted(command=["pg_isready", "-q"], user="postgres")
    host.programs.on("pg_isready", rc=2, err="warning\nno response\n")
    assert ready.look(host.ctx, check, 1) == "pg_isready ends with 2: no response"
    host.programs.on("pg_isready", rc=127)
    assert ready.look(host.ctx, check, 1) == "pg_isready is not on this host"
    host.programs.on("pg_isready")
    assert ready.look(host.ctx, check, 1) == ""


def test_becomes_ready_while_one_waits(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    monkeypatch.setattr("time.sleep", naps.append)
    host.programs.on("check", do=lambda argv: Result(0 if len(naps) == 12 else 1))
    host.programs.on("systemctl", "show", out=RUNNING)
    ready.wait(host.ctx, wanted(command=["check"], timeout=60), "x.service")
    assert naps == sorted(naps)
    assert (naps[0], naps[-1]) == (ready.FIRST, ready.LAST)


def test_all_of_it_has_to_be_ready(host: Any, serve: Any) -> None:
    host.programs.on("check", rc=1)
    assert not ready.once(host.ctx, wanted(tcp=f"127.0.0.1:{serve(b'')}", command=["check"]), "")


def test_time_is_up(host: Any) -> None:
    host.programs.on("systemctl", "show", out=RUNNING)
    host.programs.on("journalctl", out="2026-11-24T18:00:00+00:00 x[1]: still loading\n")
    begin = time.monotonic()
    with pytest.raises(AgentError, match=r"x.service is not ready within 1 s: tcp 127") as caught:
        ready.wait(host.ctx, wanted(tcp=f"127.0.0.1:{closed_port()}"), "x.service")
    assert 0.9 < time.monotonic() - begin < 30
    assert (caught.value.code, caught.value.journal) == ("not-ready", "2026-11-24T18:00:00+00:00 x[1]: still loading")
    (journal,) = [argv for argv in host.programs.calls if argv[0] == "journalctl"]
    assert journal[journal.index("--since") + 1] == "@1795539999"  # its start, which was before we began to wait


def test_failed_unit_is_not_waited_for(host: Any) -> None:
    host.programs.on("systemctl", "show", out=FAILED)
    begin = time.monotonic()
    with pytest.raises(AgentError, match=r"has failed \(exit-code, exit status 7\)") as caught:
        ready.wait(host.ctx, wanted(tcp=f"127.0.0.1:{closed_port()}", timeout=60), "x.service")
    assert caught.value.code == "not-ready"
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize(
    ("journal", "cause"),
    [
        (
            "2026-11-30T08:16:20+00:00 minio[7]: FATAL Invalid MINIO_BROWSER_REDIRECT_URL value: x\n"
            "2026-11-30T08:16:20+00:00 systemd[1]: minio.service: Failed with result 'exit-code', invalid.",
            "FATAL Invalid MINIO_BROWSER_REDIRECT_URL value: x",
        ),
        ('2026-11-30T08:16:20+00:00 etcd[7]: {"level":"fatal","msg":"cannot listen"}', "cannot listen"),
        (
            '2026-11-30T08:16:20+00:00 patroni[7]: pg_basebackup: error: connection to server at "172.30.1.12", port 5432 failed:'
            " Connection timed out\n"
            "2026-11-30T08:16:20+00:00 patroni[7]: ERROR: failed to bootstrap from leader 'db1'",
            'pg_basebackup: error: connection to server at "172.30.1.12", port 5432 failed: Connection timed out;'
            " ERROR: failed to bootstrap from leader 'db1'",
        ),
        ("2026-11-30T08:16:20+00:00 patroni[7]: pg_basebackup: error: connection timed out", "pg_basebackup: error: connection timed out"),
        ("2026-11-30T08:16:20+00:00 x[1]: still loading", ""),
        ("", ""),
    ],
)
def test_the_cause_is_what_the_program_said_last(journal: str, cause: str) -> None:
    """The error of a server that does not start says why, and not only that no one answers."""
    assert ready.cause(journal) == (f"; its journal: {cause}" if cause else "")


def test_crash_loop_is_not_waited_for(host: Any) -> None:
    """Earlier restarts do not count: only those while we wait."""
    said = iter(range(5, 20))
    looping = RUNNING.replace("ActiveState=active", "ActiveState=activating")
    host.programs.on("systemctl", "show", do=lambda argv: Result(0, looping.replace("NRestarts=0", f"NRestarts={next(said)}")))
    with pytest.raises(AgentError, match="restarted it 3 times"):
        ready.wait(host.ctx, wanted(tcp=f"127.0.0.1:{closed_port()}", timeout=60), "x.service")


def test_single_look(host: Any, serve: Any) -> None:
    open_port = serve(b"")
    host.programs.on("systemctl", "show", out=RUNNING)
    assert ready.once(host.ctx, wanted(tcp=f"127.0.0.1:{open_port}"), "x.service")
    assert not ready.once(host.ctx, wanted(tcp=f"127.0.0.1:{closed_port()}"), "x.service")
    host.programs.on("systemctl", "show", out=FAILED)
    assert not ready.once(host.ctx, wanted(tcp=f"127.0.0.1:{open_port}"), "x.service")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"level":"warn","msg":"prober: unhealthy","error":"connection refused"}', "prober: unhealthy: connection refused"),
        ('{"level":"info","msg":"sent MsgPreVote request"}', "sent MsgPreVote request"),
        ("{broken", "{broken"),
        ('{"level":"info"}', '{"level":"info"}'),
        ("INFO: no action", "INFO: no action"),
    ],
)
def test_journal_in_json_is_said_in_words(line: str, shown: str) -> None:
    class Host:
        def run(self, argv: list[str], **_options: Any) -> Result:
            lines = [*(f"2026-11-30T16:45:47+0000 etcd[77]: {text}" for text in ("an older line", line)), *by_systemd]
            return Result(0, "\n".join(lines) + "\n" if argv[0] == "journalctl" else "")

    by_systemd: list[str] = []
    assert ready.last_word(Host(), "etcd.service", 0) == f"; its journal: {shown}"  # type: ignore[arg-type]
    # A unit that is started again and again: what the program said, and not that it ended.
    by_systemd += [
        "2026-11-30T16:45:48+0000 systemd[1]: Failed to start etcd.service.",
        "2026-11-30T16:45:50+0000 systemd[1]: Starting etcd...",
    ]
    assert ready.last_word(Host(), "etcd.service", 0) == f"; its journal: {shown}"  # type: ignore[arg-type]
