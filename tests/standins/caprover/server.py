# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP and HTTPS of the stand-in: which call is which function, one write at a time, what comes as a plain text."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .apps import Apps
from .builds import Builder, Source
from .model import Model, Plain, Refusal
from .swarm import Services, Swarm
from .system import System

Item = dict[str, Any]
#: Status, description, data.
Said = tuple[int, str, Item]
Call = Callable[[Item, dict[str, str]], Said]

API = "/api/v2"
_DEFINITIONS = "/user/apps/appDefinitions"
_DATA = "/user/apps/appData/"
_BUSY = "Another operation still in progress... please wait..."


class StandIn:
    """A server that can be started, watched and shut down.

    :param swarm: what makes services; entries in memory where none is given
    :param cert: files with a certificate and its key, for HTTPS
    :param address: where it listens; port 0 is any that is free
    :ivar seen: method and path of each request, in order
    :ivar bodies: of the same, what was sent as JSON
    :ivar broken: paths whose next answer is lost after it was done
    """

    def __init__(
        self,
        model: Model | None = None,
        swarm: Services | None = None,
        cert: tuple[str, str] | None = None,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.model = model or Model()
        self.swarm = Swarm()
        services: Services = swarm or self.swarm
        self.builder = Builder(self.model, services, self.crash)
        self.apps = Apps(self.model, services, self.builder)
        self._services = services
        self.system = System(self.model)
        self.writing = threading.Lock()
        self.up_at = 0.0
        self.seen: list[tuple[str, str]] = []
        self.bodies: list[Item] = []
        self.broken: list[str] = []
        self.crashes = 0
        self.calls = self._calls()
        stand_in = self

        class Handler(_Handler):
            server_of = stand_in

        self.http = ThreadingHTTPServer(address, Handler)
        self.http.daemon_threads = True
        if cert is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*cert)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"{'https' if cert else 'http'}://{address[0]}:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """End it."""
        self.http.shutdown()
        self.http.server_close()

    def crash(self) -> None:
        """The process ends and is started again, which takes a while."""
        self.crashes += 1
        self.model.restart()
        self.builder.queue.clear()
        self.up_at = time.monotonic() + self.model.times.restart

    def writes(self) -> list[tuple[str, str]]:
        """Requests that change something."""
        return [one for one in self.seen if one[0] != "GET" and one[1] != "/login"]

    def forget(self) -> None:
        """Start to count again."""
        self.seen.clear()
        self.bodies.clear()

    # --- which call is which --------------------------------------------------------------------------------------------

    def _calls(self) -> dict[tuple[str, str], Call]:
        system, apps, model = self.system, self.apps, self.model
        read: dict[str, tuple[str, Callable[[], Item]]] = {
            "/user/system/info": ("Captain info retrieved", system.info),
            "/user/system/versionInfo": ("Version Info Retrieved", self._version),
            "/user/system/nodes": ("Node info retrieved", lambda: {"nodes": self._services.nodes}),
            "/user/system/diskcleanup": ("Disk cleanup configs retrieved", lambda: dict(model.cleanup)),
            "/user/system/netdata": ("Netdata info retrieved", system.netdata),
            "/user/system/nginxconfig": ("Nginx config retrieved", system.nginx),
            "/user/registries": ("All registries retrieved", system.registries),
            "/user/projects": ("Projects are retrieved.", lambda: {"projects": model.projects}),
            _DEFINITIONS: ("App definitions are retrieved.", apps.list),
            f"{_DEFINITIONS}/unusedImages": ("Unused images retrieved.", lambda: {"unusedImages": []}),
        }
        write: dict[str, Callable[[Item], str]] = {
            "/user/changepassword": system.change_password,
            "/user/system/changerootdomain": system.change_root,
            "/user/system/enablessl": system.enable_ssl,
            "/user/system/forcessl": system.force_ssl,
            "/user/system/diskcleanup": system.set_cleanup,
            "/user/system/netdata": system.set_netdata,
            "/user/system/nginxconfig": system.set_nginx,
            "/user/system/selfhostregistry/enableregistry": lambda _body: system.enable_registry(),
            "/user/system/selfhostregistry/disableregistry": lambda _body: system.disable_registry(),
            "/user/registries/insert": system.insert_registry,
            "/user/registries/update": system.update_registry,
            "/user/registries/delete": system.delete_registry,
            "/user/registries/setpush": system.set_push,
            f"{_DEFINITIONS}/update": apps.update,
            f"{_DEFINITIONS}/customdomain": apps.add_domain,
            f"{_DEFINITIONS}/removecustomdomain": apps.remove_domain,
            f"{_DEFINITIONS}/enablecustomdomainssl": apps.enable_domain_ssl,
            f"{_DEFINITIONS}/enablebasedomainssl": apps.enable_base_ssl,
        }
        calls: dict[tuple[str, str], Call] = {}
        for path, (text, function) in read.items():
            calls["GET", path] = _reading(text, function)
        for path, changing in write.items():
            calls["POST", path] = _writing(changing)
        calls["POST", "/login"] = lambda body, _query: (100, "Login succeeded", system.login(body))
        calls["POST", f"{_DEFINITIONS}/register"] = lambda body, query: (100, apps.register(body, "detached" in query), {})
        calls["POST", f"{_DEFINITIONS}/delete"] = lambda body, _query: apps.delete(body)
        if model.patches:
            calls["PATCH", f"{_DEFINITIONS}/update"] = _writing(apps.patch)
        return calls

    def _version(self) -> Item:
        return {"currentVersion": self.model.version, "latestVersion": self.model.version, "changeLogMessage": "", "canUpdate": False}

    def call(self, method: str, path: str, body: Item, query: dict[str, str]) -> Said:
        """Do a call.

        :raises Refusal: it is refused
        :raises Plain: it is not handled
        """
        if path.startswith(_DATA):
            return self._data(method, path.removeprefix(_DATA), body, query)
        found = self.calls.get((method, path))
        if found is None:
            raise Plain(404, "Not Found")
        return found(body, query)

    def _data(self, method: str, rest: str, body: Item, query: dict[str, str]) -> Said:
        name, _slash, what = rest.partition("/")
        if method == "GET" and what == "logs":
            self.model.app(name)
            return 100, "App runtime logs are retrieved", {"logs": self.model.output.get(name, "")}
        if method == "GET":
            build = self.builder.log(name)
            logs = {"lines": list(build.lines), "firstLineNumber": build.first}
            found = {"isAppBuilding": self.model.building.get(name, False), "logs": logs, "isBuildFailed": build.failed}
            return 100, "App build status retrieved", found
        self.model.app(name)
        content, tar = str(body.get("captainDefinitionContent") or ""), body.get("sourceFile") or b""
        if bool(content) == bool(tar):
            raise Refusal(1108, "Either uploadedTarPathSource or captainDefinitionContent should be provided, but not both.")
        wait = self.builder.schedule(name, Source(content, tar, str(body.get("gitHash") or "")))
        if query.get("detached"):
            return 101, "Deploy is started", {}
        wait()
        return 100, "Deploy is done", {}


def _reading(text: str, function: Callable[[], Item]) -> Call:
    return lambda _body, _query: (100, text, function())


def _writing(function: Callable[[Item], str]) -> Call:
    return lambda body, _query: (100, function(body), {})


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 5  # Keep-Alive: timeout=5
    disable_nagle_algorithm = True  # an answer of two writes would wait 40 ms for the other side's acknowledgement
    server_of: StandIn

    def _handle(self) -> None:
        stand_in = self.server_of
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = parts.path.removeprefix(API).rstrip("/")
        stand_in.seen.append((self.command, path))
        try:
            body = _body(self.headers.get("content-type") or "", raw)
            stand_in.bodies.append(body)
            status, description, data = self._answer(path, body, {key: values[0] for key, values in parse_qs(parts.query).items()})
        except Plain as error:
            self._send(error.http, "text/plain", error.text.encode(), {"location": error.text} if error.http == 302 else {})
            return
        except Refusal as error:
            status, description, data = error.status, error.text, {}
        if path in stand_in.broken:
            stand_in.broken.remove(path)
            self.close_connection = True
            return
        self._send(200, "application/json", json.dumps({"status": status, "description": description, "data": data}).encode(), {})

    do_GET = do_POST = do_PATCH = _handle

    def _answer(self, path: str, body: Item, query: dict[str, str]) -> Said:
        stand_in = self.server_of
        left = stand_in.up_at - time.monotonic()
        if left > 0:  # a restart: HTTP 500, then 1001
            if left > stand_in.model.times.restart / 2:
                raise Plain
            raise Refusal(1001, "Captain is not ready yet...")
        if stand_in.model.force_ssl and self.headers.get("x-forwarded-proto") != "https" and stand_in.url.startswith("http:"):
            raise Plain(302, f"https://{self.headers.get('host', '').partition(':')[0]}:443{self.path}")
        if self.headers.get("x-namespace", "captain") != "captain":
            raise Refusal(1000, "Namespace unknown")
        if not path.startswith("/user"):
            return stand_in.call(self.command, path, body, query)
        stand_in.system.check_token(self.headers.get("x-captain-auth"))
        if self.command == "GET":
            return stand_in.call(self.command, path, body, query)
        if not stand_in.writing.acquire(blocking=False):
            raise Plain(429, _BUSY)
        try:
            return stand_in.call(self.command, path, body, query)
        finally:
            stand_in.writing.release()

    def _send(self, status: int, kind: str, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _body(kind: str, raw: bytes) -> Item:
    """A body as JSON, or the parts of a form."""
    if kind.startswith("multipart/form-data"):
        form = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + raw)
        found: Item = {}
        for part in form.get_payload():  # a form has parts
            name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
            data: Any = part.get_payload(decode=True)  # type: ignore[union-attr]
            found[str(name)] = data if name == "sourceFile" else data.decode()
        return found
    if not raw:
        return {}
    try:
        made = json.loads(raw)
    except ValueError:
        raise Plain from None
    return made if isinstance(made, dict) else {}
