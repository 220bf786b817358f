# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of a server's own Debian packages, in the form of ``docker save``: CapRover's stand-in and apps.

Of its Python: an app, one that ends at once, and what stands in for CapRover; of its Node.js: those of the demo. Run on the server, which
needs no Docker for it: no image can be pulled where the tests run.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile

#: What the app answers: the variables that a test changes, in which container, and the version of the image. It needs a second until it
#: listens, and answers what has come when it is told to end.
APP = """
import http.server, os, signal, socket, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = f"{os.environ.get('COLOUR', 'none')} {socket.gethostname()} {os.environ['APP_VERSION']}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, *words):
        pass
signal.signal(signal.SIGTERM, lambda *words: threading.Timer(2, os._exit, (0,)).start())
time.sleep(1)
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""
PYTHON = "/usr/bin/python3"
SERVER = [PYTHON, "-B", "-m", "standin.container"]
#: Name and tag -> what the container runs, and its variables.
IMAGES: dict[str, tuple[list[str], list[str]]] = {
    "vannah-test/caprover-stand-in:1.15.3": (SERVER, ["STAND_IN_VERSION=1.15.3"]),
    "vannah-test/caprover-stand-in:1.15.4": (SERVER, ["STAND_IN_VERSION=1.15.4"]),
    # Loses its apps.
    "vannah-test/caprover-stand-in:1.16.0": (SERVER, ["STAND_IN_VERSION=1.16.0", "STAND_IN_FORGETS=1"]),
    "vannah-test/app:1": ([PYTHON, "-c", APP], ["APP_VERSION=1"]),
    "vannah-test/app:2": ([PYTHON, "-c", APP], ["APP_VERSION=2"]),
    "vannah-test/app:bad": ([PYTHON, "-c", "raise SystemExit(1)"], []),
}


NODE = "/usr/bin/node"
#: Of Debian's packages for Node.js, what no app needs.
LEFT_OUT = ("@types", "async-es", "corepack", "undici-types")
#: The demo's, under the names of the real ones.
NODE_IMAGES: dict[str, tuple[list[str], list[str]]] = {
    "vhc/web-app:1": ([NODE, "/app/server.js", "web"], ["PORT=3000"]),
    "vhc/api-server:1": ([NODE, "/app/server.js", "api"], ["PORT=4000"]),
}


def libraries(programs: list[str]) -> list[str]:
    """Libraries that programs are linked with."""
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
    return sorted(set(re.findall(r"(?:=> |^\s+)(/\S+\.so\S*)", said, flags=re.MULTILINE)))


class Layer:
    """Files of an image, as a tar file that is the same each time."""

    def __init__(self) -> None:
        self._made = io.BytesIO()
        self._archive = tarfile.open(fileobj=self._made, mode="w")  # noqa: SIM115 - closed by data()
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        self._archive.addfile(folder)

    def add(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """One file."""
        member = tarfile.TarInfo(path.lstrip("/"))
        member.size, member.mode = len(data), mode
        self._archive.addfile(member, io.BytesIO(data))

    def copy(self, path: str, name: str = "", mode: int = 0o755) -> None:
        """A file of the server."""
        with open(path, "rb") as file:
            self.add(name or path, file.read(), mode)

    def tree(self, folder: str, left_out: tuple[str, ...]) -> None:
        """The files below a folder of the server."""
        for parent, folders, names in os.walk(folder):
            folders[:] = sorted(one for one in folders if one not in left_out)
            for name in sorted(names):
                if os.path.exists(f"{parent}/{name}"):  # some packages bring links to others
                    self.copy(f"{parent}/{name}", mode=0o644)

    def data(self) -> bytes:
        """All of it."""
        self._archive.close()
        return self._made.getvalue()


def python_layer(stand_in: bytes) -> bytes:
    """Python, and the modules of the stand-in.

    :param stand_in: a tar file of them
    """
    made = Layer()
    program = os.path.realpath(PYTHON)
    library = f"/usr/lib/{os.path.basename(program)}"
    loaded = [f"{library}/lib-dynload/{name}" for name in sorted(os.listdir(f"{library}/lib-dynload")) if name.endswith(".so")]
    made.copy(program, PYTHON)
    for path in libraries([program, *loaded]):
        made.copy(path)
    made.tree(library, ("__pycache__", "test", "idlelib", "ensurepip"))
    with tarfile.open(fileobj=io.BytesIO(stand_in)) as given:
        for member in sorted(given.getmembers(), key=lambda one: one.name):
            content = given.extractfile(member) if member.isfile() else None
            if content is not None:
                made.add(f"standin/{os.path.basename(member.name)}", content.read())
    return made.data()


def node_layer(program: str) -> bytes:
    """Node.js with Debian's modules, and an app.

    :param program: the app's text
    """
    made = Layer()
    for path in [NODE, *libraries([NODE])]:
        made.copy(path)
    made.tree("/usr/share/nodejs", LEFT_OUT)
    made.add("/app/server.js", program.encode())
    return made.data()


def save(folder: str, name: str, command: list[str], variables: list[str], files: bytes) -> str:
    """Write an image; the path of its file."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": command, "Env": ["PATH=/usr/bin", *variables]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(files).hexdigest()}"]},
    }
    text = json.dumps(config, sort_keys=True).encode()
    parts = {f"{hashlib.sha256(text).hexdigest()}.json": text, "layer/layer.tar": files}
    manifest = [{"Config": next(iter(parts)), "RepoTags": [name], "Layers": ["layer/layer.tar"]}]
    parts["manifest.json"] = json.dumps(manifest).encode()
    path = f"{folder}/{re.sub(r'[^a-z0-9]+', '-', name.partition('/')[2])}.tar"
    with tarfile.open(path, "w") as archive:
        for part, data in parts.items():
            member = tarfile.TarInfo(part)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def make(folder: str, stand_in: bytes) -> None:
    """Write all images that need Python alone.

    :param stand_in: a tar file of the stand-in's modules
    """
    _save(folder, IMAGES, python_layer(stand_in))


def make_demo(folder: str, stand_in: bytes, program: str) -> None:
    """Write the images of the demo.

    :param stand_in: a tar file of the stand-in's modules
    :param program: the text of the apps
    """
    name = next(iter(IMAGES))
    _save(folder, {name: IMAGES[name]}, python_layer(stand_in))
    _save(folder, NODE_IMAGES, node_layer(program))


def _save(folder: str, images: dict[str, tuple[list[str], list[str]]], files: bytes) -> None:
    os.makedirs(folder, exist_ok=True)
    for name, (command, variables) in images.items():
        print(save(folder, name, command, variables, files), file=sys.stderr)
