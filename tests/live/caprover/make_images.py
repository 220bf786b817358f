# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of a test server's own Python, in the form of ``docker save``: CapRover's stand-in, an app, and one that ends at once.

Run on the server, which needs no Docker for it: no image can be pulled where the tests run.
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


def libraries(programs: list[str]) -> list[str]:
    """Libraries that programs are linked with."""
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
    return sorted(set(re.findall(r"(?:=> |^\s+)(/\S+\.so\S*)", said, flags=re.MULTILINE)))


def layer(stand_in: bytes) -> bytes:
    """The files of all images, as a tar file that is the same each time."""
    program = os.path.realpath(PYTHON)
    library = f"/usr/lib/{os.path.basename(program)}"
    loaded = [f"{library}/lib-dynload/{name}" for name in sorted(os.listdir(f"{library}/lib-dynload")) if name.endswith(".so")]
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:

        def add(name: str, data: bytes, mode: int = 0o755) -> None:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))

        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(folder)
        for path, name in [(program, PYTHON), *((path, path) for path in libraries([program, *loaded]))]:
            with open(path, "rb") as file:
                add(name.lstrip("/"), file.read())
        for parent, folders, names in os.walk(library):
            folders[:] = sorted(one for one in folders if one not in ("__pycache__", "test", "idlelib", "ensurepip"))
            for name in sorted(names):
                with open(f"{parent}/{name}", "rb") as file:
                    add(f"{parent}/{name}".lstrip("/"), file.read(), 0o644)
        with tarfile.open(fileobj=io.BytesIO(stand_in)) as given:
            for member in sorted(given.getmembers(), key=lambda one: one.name):
                content = given.extractfile(member) if member.isfile() else None
                if content is not None:
                    add(f"standin/{os.path.basename(member.name)}", content.read(), 0o644)
    return made.getvalue()


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
    """Write all images.

    :param stand_in: a tar file of the stand-in's modules
    """
    os.makedirs(folder, exist_ok=True)
    files = layer(stand_in)
    for name, (command, variables) in IMAGES.items():
        print(save(folder, name, command, variables, files), file=sys.stderr)
