# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in as a container image: run as CapRover's installer it makes the service ``captain-captain``, which runs the same image.

    python3 -m standin.container

What it keeps is in /captain/data. Requests for the domains of apps go to their containers: CapRover has an nginx for that.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .engine import NETWORK, Engine, RealSwarm
from .model import PLACEHOLDER, Model
from .server import StandIn

DATA = Path("/captain/data")
STATE = DATA / "stand-in.pickle"
SERVICE = "captain-captain"
ADMIN, WEB = 3000, 80
_PORTS = ("CAPTAIN_HOST_HTTP_PORT", "CAPTAIN_HOST_HTTPS_PORT", "CAPTAIN_HOST_ADMIN_PORT")


def overrides() -> dict[str, Any]:
    """Settings that CapRover reads when it starts."""
    found = DATA / "config-override.json"
    return dict(json.loads(found.read_text())) if found.exists() else {}


def install(given: dict[str, str], engine: Engine) -> str:
    """Make the network of the apps and the service; what is printed."""
    if given.get("ACCEPTED_TERMS") != "true":
        return "Error: the terms of service are not accepted"
    settings = overrides()
    own = engine.insist("GET", "/info")["Swarm"]
    if not own.get("ControlAvailable"):
        return "Error: this node manages no Swarm"
    leader = next(one["ID"] for one in engine.insist("GET", "/nodes") if (one.get("ManagerStatus") or {}).get("Leader"))
    options = {"Name": NETWORK, "Driver": "overlay", "Attachable": True, **settings.get("overlayNetworkOverride", {})}
    if engine.ask("GET", f"/networks/{NETWORK}")[0] != 200:
        engine.insist("POST", "/networks/create", options)
    image = f"{settings.get('publishedNameOnDockerHub', 'caprover/caprover')}:{given.get('STAND_IN_VERSION', Model.version)}"
    ports = {name: given[name] for name in _PORTS if given.get(name)}
    words = {"IS_CAPTAIN_INSTANCE": "1", **ports, "DEFAULT_PASSWORD": given.get("DEFAULT_PASSWORD", "captain42")}
    mounts = [{"Type": "bind", "Source": path, "Target": path} for path in ("/captain", "/var/run/docker.sock")]
    published = {ADMIN: ports.get("CAPTAIN_HOST_ADMIN_PORT", ADMIN), WEB: ports.get("CAPTAIN_HOST_HTTP_PORT", WEB)}
    spec = {
        "Name": SERVICE,
        "Labels": {"com.caprover.managed": "true"},
        "TaskTemplate": {
            "ContainerSpec": {"Image": image, "Env": [f"{key}={value}" for key, value in words.items()], "Mounts": mounts},
            "Networks": [{"Target": NETWORK}],
            "Placement": {"Constraints": [f"node.id == {leader}"]},
        },
        "Mode": {"Replicated": {"Replicas": 1}},
        "UpdateConfig": {"Order": "stop-first"},
        "EndpointSpec": {
            "Ports": [
                {"Protocol": "tcp", "TargetPort": target, "PublishedPort": int(port), "PublishMode": "host"}
                for target, port in published.items()
            ]
        },
    }
    engine.insist("POST", "/services/create", spec)
    return "CapRover's stand-in is installed"


def serve(given: dict[str, str]) -> None:
    """Run the server until it is told to end."""
    model = Model(password=given.get("DEFAULT_PASSWORD", "captain42"))
    if STATE.exists():
        model = pickle.loads(STATE.read_bytes())  # its own file
        model.restart()
        model.wrong.clear()
    model.version = given.get("STAND_IN_VERSION", model.version)
    if given.get("STAND_IN_FORGETS"):
        model.apps.clear()
    model.placeholder = str(overrides().get("appPlaceholderImageName") or PLACEHOLDER)
    stand_in = StandIn(model, RealSwarm(model), address=("0.0.0.0", ADMIN))  # of its own container
    web = ThreadingHTTPServer(("0.0.0.0", WEB), type("Web", (_Web,), {"model": model}))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_more: ended.set())
    kept = b""
    while not ended.wait(0.2):
        kept = keep(model, kept)
    keep(model, kept)
    stand_in.close()


def keep(model: Model, before: bytes) -> bytes:
    """Write the state down where it has changed."""
    try:
        now = pickle.dumps(model)
    except RuntimeError:  # it is being changed
        return before
    if now != before:
        beside = STATE.with_suffix(".new")
        beside.write_bytes(now)
        os.replace(beside, STATE)
    return now


class _Web(BaseHTTPRequestHandler):
    """Requests for the domains of apps."""

    model: Model
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        name = (self.headers.get("host") or "").partition(":")[0].lower()
        if name == f"captain.{self.model.root}":
            self._to("127.0.0.1", ADMIN, name)
            return
        app = next((one for one, said in self.model.apps.items() if name in domains(one, said, self.model.root)), "")
        if not app:
            self._answer(404, b"no app has this domain")
            return
        # A virtual IP needs a kernel with IPVS: the names of the tasks do without.
        self._to(f"tasks.{self.model.service(app)}", self.model.apps[app].get("containerHttpPort") or WEB, name)

    def _to(self, host: str, port: int, name: str) -> None:
        """Pass the request on; a connection that is refused is tried again, as nginx tries the next container."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        kind = {"content-type": self.headers["content-type"]} if self.headers.get("content-type") else {}
        for attempt in range(3):
            link = HTTPConnection(host, port, timeout=10)
            try:
                link.request(self.command, self.path, body=body or None, headers={"host": name, "x-forwarded-proto": "http", **kind})
                answer = link.getresponse()
                self._answer(answer.status, answer.read())
                return
            except (OSError, HTTPException):
                time.sleep(0.2 * (attempt + 1))
            finally:
                link.close()
        self._answer(502, b"the app does not answer")

    do_GET = do_POST = do_PUT = do_HEAD = _pass

    def _answer(self, status: int, text: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def domains(app: str, definition: dict[str, Any], root: str) -> list[str]:
    """The names under which an app is reached."""
    if definition.get("notExposeAsWebApp"):
        return []
    own = [f"{app}.{root}"] if root else []
    return own + [one["publicDomain"] for one in definition.get("customDomain") or ()]


if __name__ == "__main__":
    DATA.mkdir(parents=True, exist_ok=True)
    if os.environ.get("IS_CAPTAIN_INSTANCE"):
        serve(dict(os.environ))
    else:
        print(install(dict(os.environ), Engine()))
        sys.exit(0)
