# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CapRover as a host outside of the site sees it: open ports, its answer to the known default password, and requests all the time."""

from __future__ import annotations

import contextlib
import errno
import json
import select
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException
from subprocess import Popen, TimeoutExpired

from tests.live.caprover.captain import Captain

DEFAULT = "captain42"
#: CapRover's, Docker's and the Swarm's, those of the site's registry and of the app that publishes one.
PORTS = (80, 443, 996, 2375, 2376, 2377, 3000, 4242, 4789, 5000, 5001, 7946, 9323)
#: Seconds between two logins with a wrong password, once CapRover answers: five within 30 s lock all clients out, the run as well.
PAUSE = 31.0
#: A login on CapRover's own host, where no firewall is in the way.
LOCAL = """
import sys, urllib.request, urllib.error
body = b'{"password": "%s"}'
request = urllib.request.Request("http://127.0.0.1:3000/api/v2/login", body, {"content-type": "application/json"})
try:
    print(urllib.request.urlopen(request, timeout=5).read().decode())
except OSError as error:
    print(error)
"""


def open_ports(pairs: Iterable[tuple[str, int]], seconds: float = 1.0) -> set[tuple[str, int]]:
    """Which of the addresses and TCP ports accept a connection; all are asked at once."""
    found: set[tuple[str, int]] = set()
    waiting: dict[int, tuple[socket.socket, tuple[str, int]]] = {}
    poll = select.poll()
    try:
        for pair in pairs:
            client = socket.socket()
            client.setblocking(False)
            said = client.connect_ex(pair)
            if said in (0, errno.EINPROGRESS):
                waiting[client.fileno()] = client, pair
                poll.register(client, select.POLLOUT)
            else:
                client.close()
        end = time.monotonic() + seconds
        left = set(waiting)
        while left and (rest := end - time.monotonic()) > 0:
            for number, _event in poll.poll(rest * 1000):
                client, pair = waiting[number]
                if client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    found.add(pair)
                poll.unregister(number)
                left.discard(number)
    finally:
        for client, _pair in waiting.values():
            client.close()
    return found


def status_of(text: str) -> int:
    """CapRover's status in an answer; 0 where it is no answer of its API."""
    try:
        return int(json.loads(text)["status"])
    except (ValueError, KeyError, TypeError):
        return 0


class Watch:
    """Tries the ports and the known default password while something is done.

    :ivar opened: host and port of each connection that was accepted
    :ivar said: (``outside`` or ``inside``) and status of each answer of CapRover's API to the password
    """

    def __init__(self, captain: Captain) -> None:
        self.captain = captain
        self.sweeps = 0
        self.opened: set[tuple[str, int]] = set()
        self.said: list[tuple[str, int]] = []
        self._ended = threading.Event()
        self._after = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join(60)
        self._after = 0.0
        self.sweep()

    def _run(self) -> None:
        while not self._ended.wait(0.2):
            self.sweep()

    def sweep(self) -> None:
        """Look once at all ports of all nodes, and try the password where it is time."""
        site = self.captain.site
        hosts = {site.address(name): name for name in (self.captain.host, *self.captain.others)}
        accepted = open_ports((address, port) for address in hosts for port in PORTS)
        self.opened |= {(hosts[address], port) for address, port in accepted}
        self.sweeps += 1
        if time.monotonic() < self._after:
            return
        answers = [("outside", self.login(address, port)) for address, port in sorted(accepted) if port in (80, 3000)]
        with contextlib.suppress(TimeoutExpired):
            inside = site.run(self.captain.host, "python3", "-c", LOCAL % DEFAULT, check=False, timeout=30)
            answers.append(("inside", status_of(inside.stdout)))
        found = [one for one in answers if one[1]]
        self.said += found
        if any(status in (100, 1105, 1113) for _where, status in found):
            self._after = time.monotonic() + PAUSE

    def login(self, address: str, port: int) -> int:
        """CapRover's status for a login with the known password from here, under CapRover's own domain."""
        root = self.captain.site.values.setting(self.captain.host, "caprover_root_domain")
        link = HTTPConnection(address, port, timeout=5)
        try:
            body = json.dumps({"password": DEFAULT})
            link.request("POST", "/api/v2/login", body, {"host": f"captain.{root}", "content-type": "application/json"})
            return status_of(link.getresponse().read().decode())
        except (OSError, HTTPException):
            return 0
        finally:
            link.close()


class Load:
    """Requests to an app, one after the other in each thread.

    :ivar failed: why and when (seconds since the begin) a request was not answered with 200
    """

    def __init__(self, captain: Captain, domain: str, threads: int = 3) -> None:
        self.address = captain.site.address(captain.host)
        self.domain = domain
        self.count = 0
        self.slowest = 0.0
        self.failed: list[tuple[float, str]] = []
        self.bodies: set[str] = set()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _number in range(threads)]

    def __enter__(self) -> Load:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def __str__(self) -> str:
        return f"{self.count} requests, {len(self.failed)} failed, the slowest {self.slowest:.2f} s"

    def _run(self) -> None:
        while not self._ended.wait(0.03):
            begun = time.monotonic()
            said, why = "", ""
            link = HTTPConnection(self.address, 80, timeout=15)
            try:
                link.request("GET", "/", headers={"host": self.domain})
                answer = link.getresponse()
                said = answer.read().decode()
                why = "" if answer.status == 200 else f"{answer.status} {said[:80]}"
            except (OSError, HTTPException) as error:
                why = repr(error)
            finally:
                link.close()
            with self._lock:
                self.count += 1
                self.slowest = max(self.slowest, time.monotonic() - begun)
                self.bodies.add(said)
                if why:
                    self.failed.append((round(begun - self._began, 1), why))


@contextlib.contextmanager
def drained(process: Popen[str]) -> Iterator[list[str]]:
    """What a process prints, read meanwhile, so that it never waits for a reader."""
    lines: list[str] = []
    assert process.stdout is not None
    out = process.stdout

    def read() -> None:
        with contextlib.suppress(ValueError):
            lines.extend(out)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield lines
    finally:
        thread.join(10)
