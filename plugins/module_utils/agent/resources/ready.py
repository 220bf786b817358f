# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until a service answers: a TCP port, an HTTP(S) address, a command; all of them that a unit's ``ready`` names.

Small requests over plain sockets: :mod:`urllib.request` costs ten times as much to import as all of this.
"""

from __future__ import annotations

import os
import re
import time

from ..core import waiting
from ..core.model import AgentError
from ..lib.plural import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..contract import Ready
    from ..core.model import Context

#: Seconds for one look: a service that takes longer to answer is looked at again.
LOOK = 5.0
#: Seconds between looks, growing from the first to the last.
FIRST, LAST, GROWTH = 0.05, 1.0, 1.5
#: Seconds between two looks at the unit's journal, for the message about the wait.
EVERY = 8.0
#: So many automatic restarts while we wait, and it will not come up.
RESTARTS = 3
#: Words with which programs say why they end.
_FATAL = re.compile(r"\b(?:FATAL|PANIC|CRIT(?:ICAL)?|EMERG|ALERT|panic|fatal|invalid|Invalid|[Uu]nable to|[Cc]annot|ERROR)\b")
#: Time and program of a line of journalctl --output=short-iso --no-hostname.
_HEAD = re.compile(r"^\S+ [^ :\[]+(?:\[\d+\])?: ")
#: What a program says that a service has started: pg_basebackup, psql and others of PostgreSQL.
_BY_PROGRAM = re.compile(r"^[a-z][a-z0-9_-]+: (?:error|fatal|FATAL): ")
_BY_SYSTEMD = re.compile(r"^\S+ systemd(?:\[\d+\])?: ")
#: Lines of the journal that an error carries, and those in which its cause is looked for.
LINES, READ = 40, 1000


def wait(ctx: Context, ready: Ready, unit: str, *, patient: bool = False) -> None:
    """Wait until everything that ``ready`` (see READY_SPEC) names answers.

    Given up at once when the unit has failed, or is restarted by systemd again and again.

    :param unit: the unit's name; empty where no unit is behind it
    :param patient: its automatic restarts are no reason to give up: it waits for others that come up at the same time
    :raises AgentError: ``not-ready`` with the tail of the unit's journal; ``bad-ready`` for an invalid definition
    """
    begin = time.monotonic()
    started = ctx.now()
    pause = FIRST
    asked, last = begin, ""
    first: int | None = None
    while True:
        left = begin + ready["timeout"] - time.monotonic()
        reason = look(ctx, ready, max(min(LOOK, left), 0.5))
        if not reason:
            return
        if unit:
            state = unit_state(ctx, unit)
            restarts = int(state.get("NRestarts") or 0)
            first = restarts if first is None else first
            gone = trouble(state, 0 if patient else restarts - first)
            if gone:
                text = journal(ctx, unit, started, state)
                raise AgentError("not-ready", f"{unit} {gone}; {reason}{cause(text)}", tail(text))
        left = begin + ready["timeout"] - time.monotonic()
        if left <= 0:
            text = journal(ctx, unit, started, unit_state(ctx, unit)) if unit else ""
            raise AgentError("not-ready", f"{unit or 'it'} is not ready within {ready['timeout']} s: {reason}{cause(text)}", tail(text))
        waiting.give_up(ctx)
        if unit and time.monotonic() - asked >= EVERY:
            asked, last = time.monotonic(), last_word(ctx, unit, started)
        waiting.tell(ctx, f"{unit or 'it'} to be ready", begin, ready["timeout"], reason + last)
        time.sleep(min(pause, left))
        pause = min(pause * GROWTH, LAST)


def once(ctx: Context, ready: Ready, unit: str) -> bool:
    """Whether it is ready now: a single look."""
    if look(ctx, ready, LOOK):
        return False
    return not unit or unit_state(ctx, unit).get("ActiveState") not in ("failed", "deactivating")


def look(ctx: Context, ready: Ready, patience: float) -> str:
    """One look at everything: what is not ready and why; empty where all is."""
    tcp, url, command = ready.get("tcp"), ready.get("http"), ready.get("command")
    if tcp:
        reason = _tcp(tcp, patience)
        if reason:
            return f"tcp {tcp}: {reason}"
    if url:
        reason = _http(url, ready, patience)
        if reason:
            return f"{url}: {reason}"
    if command:
        return _command(ctx, command, ready.get("user") or None, patience)
    return ""


# --- the unit -----------------------------------------------------------------------------------------------------------


def unit_state(ctx: Context, unit: str) -> dict[str, str]:
    """What systemd says of a unit's state."""
    wanted = "ActiveState,SubState,Result,NRestarts,ExecMainStatus,InactiveExitTimestamp"
    said = ctx.run(["systemctl", "show", "--timestamp=unix", f"--property={wanted}", "--", unit], check=False).out
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def trouble(state: dict[str, str], restarts: int) -> str:
    """Why waiting for a unit is useless; empty where it is not.

    :param restarts: automatic restarts since the wait began
    """
    if state.get("ActiveState") == "failed":
        status = state.get("ExecMainStatus") or "0"
        return f"has failed ({state.get('Result', 'unknown')}" + (f", exit status {status})" if status != "0" else ")")
    if restarts >= RESTARTS:
        return f"exits repeatedly: systemd has restarted it {counted(restarts, 'time')}"
    return ""


def journal(ctx: Context, unit: str, since: float, state: dict[str, str] | None = None) -> str:
    """The last lines of a unit's journal since it was started (or ``since``, seconds since the epoch, if that is earlier)."""
    started = (state or {}).get("InactiveExitTimestamp", "")
    if started.startswith("@") and started[1:].isdigit():
        since = min(since, float(started[1:]))
    argv = ["journalctl", "--unit", unit, "--since", f"@{int(since) - 1}", "--lines", str(READ), "--no-pager", "--quiet"]
    return ctx.run([*argv, "--output=short-iso", "--no-hostname"], check=False).out.strip()


def tail(text: str) -> str:
    """The last lines of a journal, as an error carries them."""
    return "\n".join(text.splitlines()[-LINES:])


def cause(text: str) -> str:
    """The last line of a journal in which a program says why it ends, to be put after a reason; empty where none does.

    Before it the last one of a program that the service has started: that may be minutes old, as each of its attempts takes some.

    :param text: what :func:`journal` gave
    """
    lines = [_HEAD.sub("", line) for line in text.splitlines() if not _BY_SYSTEMD.match(line)]  # without the time and the program
    said = [line for line in lines[-LINES:] if _FATAL.search(line)]
    # Who runs a program says that it failed, and the program itself why.
    why = [line for line in lines if _BY_PROGRAM.match(line) and line not in said[-1:]]
    return f"; its journal: {'; '.join(_readable(line)[:300] for line in (*why[-1:], *said[-1:]))}" if said or why else ""


def last_word(ctx: Context, unit: str, since: float) -> str:
    """The last line of a unit's journal, to be put after a reason: it often says what the unit itself waits for.

    A line of the program, where there is one: what systemd says of a unit that ends and is started again tells nothing.
    """
    argv = ["journalctl", "--unit", unit, "--since", f"@{int(since)}", "--lines", "12", "--no-pager", "--quiet"]
    lines = ctx.run([*argv, "--output=short-iso", "--no-hostname"], check=False).out.strip().splitlines()
    said = [_HEAD.sub("", line) for line in [line for line in lines if not _BY_SYSTEMD.match(line)] or lines]
    return f"; its journal: {_readable(said[-1])[:300]}" if said else ""


def _readable(line: str) -> str:
    """What a line of JSON says for people (etcd, MinIO); any other line as it is."""
    if not line.startswith("{"):
        return line
    import json

    try:
        said = json.loads(line)
    except ValueError:
        return line
    words = [str(said[key]) for key in ("msg", "message", "error") if isinstance(said.get(key), str) and said[key]]
    return ": ".join(words) or line


# --- looks --------------------------------------------------------------------------------------------------------------


def _tcp(where: str, patience: float) -> str:
    import socket

    try:
        with socket.create_connection(address(where), patience):
            return ""
    except OSError as error:
        return _said(error)


def address(where: str, port: int = 0) -> tuple[str, int]:
    """``host:port``, ``[ipv6]:port`` or, with a default ``port``, the host alone.

    :raises AgentError: ``bad-ready``
    """
    host, colon, number = where.rpartition(":")
    if (not colon or number.endswith("]")) and port:
        host, number = where, str(port)
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host or not number.isdigit() or not 0 < int(number) < 65536:
        raise AgentError("bad-ready", f"{where!r} is not an address to wait for: write host:port, for example 127.0.0.1:5432")
    return host, int(number)


def split_url(url: str) -> tuple[bool, str, str]:
    """Whether a URL is https, its host (and port), and path with query.

    :raises AgentError: ``bad-ready``
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ("http", "https") or "@" in rest.split("/")[0] or any(sign.isspace() for sign in url):
        raise AgentError("bad-ready", f"{url!r} is not an address to wait for: write http://host:port/path or https://..., without a user")
    place, slash, path = rest.partition("/")
    return scheme == "https", place, slash + path or "/"


def _http(url: str, ready: Ready, patience: float) -> str:
    import socket

    tls, place, path = split_url(url)
    host, port = address(place, 443 if tls else 80)
    for option, file in (("ca", ready.get("ca")), ("cert", ready.get("cert")), ("key", ready.get("key"))) if tls else ():
        if file and not os.path.exists(file):
            return f"its {option} {file} is not there"
    try:
        with socket.create_connection((host, port), patience) as plain:
            channel: socket.socket = plain
            if tls:
                channel = _tls(ready).wrap_socket(plain, server_hostname=host)
            with channel:
                channel.sendall(
                    f"GET {path} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: vannah\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
                )
                line = _status_line(channel, time.monotonic() + patience)
    except OSError as error:
        return _said(error)
    words = line.split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return "answers, but not with HTTP"
    wanted = ready.get("status") or [200]
    return "" if int(words[1]) in wanted else f"HTTP status {words[1]}, wanted is {' or '.join(str(status) for status in wanted)}"


def _tls(ready: Ready) -> Any:
    import ssl

    context = ssl.create_default_context(cafile=ready.get("ca") or None)
    # Python 3.13 and newer refuse an authority without a key usage, which no service here minds.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    certificate = ready.get("cert")
    if certificate:
        context.load_cert_chain(certificate, ready.get("key") or None)
    return context


def _status_line(channel: Any, until: float) -> str:
    data = b""
    while b"\n" not in data and len(data) < 4096 and time.monotonic() < until:
        more = channel.recv(1024)
        if not more:
            break
        data += more
    return str(data.partition(b"\n")[0].decode("latin-1"))


def _said(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    message = getattr(error, "verify_message", "")
    return f"its certificate is refused: {message}" if message else str(error.strerror or error)


def _command(ctx: Context, argv: list[str], user: str | None, patience: float) -> str:
    result = ctx.run(argv, timeout=max(patience, LOOK), check=False, user=user)
    if result.rc == 0:
        return ""
    if result.rc == 124 and not result.err.strip():
        return f"{argv[0]} does not end"
    said = (result.err.strip() or result.out.strip()).splitlines()
    what = "is not on this host" if result.rc == 127 and not said else f"ends with {result.rc}"
    return f"{argv[0]} {what}" + (f": {said[-1][:300]}" if said else "")
