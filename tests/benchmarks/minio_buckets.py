# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 200 buckets with policy, encryption, quota, tags and lifecycle cost in one task: made, and again with nothing to change.

  PYTHONPATH=collections python -m tests.benchmarks.minio_buckets [--minio PROGRAM] [--buckets 200] [--rounds 5]

Starts a server of its own with four drives in a temporary folder, with TLS, on loopback. Figures are for people; nothing is asserted.
The host's side runs as on a host, from the controller's bundle on the standard input of a bare Python. Needs root, as the agent does.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.contract import Answer
from ansible_collections.vannah.healthcloud.plugins.module_utils.controller import bundle

REPOSITORY = Path(__file__).resolve().parents[2]
USER, PASSWORD = "bench-root", base64.b32encode(os.urandom(20)).decode()


def program() -> str:
    """The server's program: of the artifacts' cache, or of this system."""
    cache = REPOSITORY / ".cache" / "artifacts"
    manifest = cache / "manifest.json"
    if manifest.is_file():
        known = json.loads(manifest.read_text()).get("minio")
        if known:
            return str(cache / known["path"])
    return shutil.which("minio") or sys.exit("no minio: run make artifacts, or give --minio")


@contextlib.contextmanager
def server(minio: str) -> Iterator[tuple[str, str]]:
    """A running server on loopback: its endpoint and the file with its authority."""
    with tempfile.TemporaryDirectory() as folder:
        certs = Path(folder) / "certs"
        certs.mkdir()
        argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        argv += [
            "-keyout",
            f"{certs}/private.key",
            "-out",
            f"{certs}/public.crt",
            "-subj",
            "/CN=bench",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ]
        subprocess.run(argv, check=True, capture_output=True)
        with socket.socket() as free, socket.socket() as other:
            free.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            port, console = free.getsockname()[1], other.getsockname()[1]
        env = {
            **os.environ,
            "MINIO_CI_CD": "1",  # drives on the root filesystem
            "MINIO_ROOT_USER": USER,
            "MINIO_ROOT_PASSWORD": PASSWORD,
            "MINIO_KMS_SECRET_KEY": "bench:" + base64.b64encode(os.urandom(32)).decode(),
        }
        drives = [f"{folder}/d{number}" for number in range(1, 5)]
        argv = [minio, "server", "--quiet", "--certs-dir", str(certs), "--address", f"127.0.0.1:{port}"]
        with subprocess.Popen([*argv, "--console-address", f"127.0.0.1:{console}", *drives], env=env, stdout=subprocess.DEVNULL) as running:
            try:
                endpoint, ca = f"https://127.0.0.1:{port}", f"{certs}/public.crt"
                _await(endpoint, ca)
                yield endpoint, ca
            finally:
                running.terminate()


def _await(endpoint: str, ca: str) -> None:
    import ssl

    context = ssl.create_default_context(cafile=ca)
    for _again in range(120):
        try:
            with urllib.request.urlopen(f"{endpoint}/minio/health/cluster", timeout=5, context=context):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.5)
    sys.exit("the server did not become healthy")


def buckets(count: int) -> list[dict[str, Any]]:
    """As many buckets with everything on, as Ansible's validation hands them over."""
    spec = documented.entry("minio_buckets", "buckets")
    rule = {name: option.get("default") for name, option in spec["lifecycle"]["options"].items()}
    bucket = {name: option.get("default") for name, option in spec.items()}
    made = {
        "versioning": "enabled",
        "encryption": "sse-s3",
        "quota": "10GiB",
        "policy": "download",
        "tags": {"owner": "radiology"},
        "lifecycle": [{**rule, "id": "old", "prefix": "study/", "expiry_days": 400}, {**rule, "id": "versions", "noncurrent_days": 90}],
    }
    return [{**bucket, **made, "name": f"bench-{number:04d}"} for number in range(count)]


def task(endpoint: str, ca: str, count: int) -> tuple[float, Answer]:
    """The host's side of one task: seconds, and the answer."""
    params = {"endpoint": endpoint, "ca": ca, "access_key": USER, "secret_key": PASSWORD, "region": "us-east-1", "timeout": 60}
    params["own_server"] = False
    payload: Any = {
        "protocol": bundle.PROTOCOL,
        "op": "domain",
        "mode": "apply",
        "diff": False,
        "run": {},
        "policy": {},
        "lease": {"action": "none"},
        "domain": "minio",
        "call": "buckets",
        "params": {**params, "backend": "auto", "buckets": buckets(count)},
    }
    nonce = bundle.new_nonce()
    begun = time.monotonic()
    said = subprocess.run([sys.executable, "-I", "-S", "-"], input=bundle.build(payload, nonce), capture_output=True, check=True)
    seconds = time.monotonic() - begun
    answer = bundle.parse(said.stdout, nonce)
    error = answer["error"] or answer["domain"]["error"]
    if error:
        sys.exit(error["msg"])
    return seconds, answer


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minio", default="", help="the server's program")
    parser.add_argument("--buckets", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with server(options.minio or program()) as (endpoint, ca):
        seconds, answer = task(endpoint, ca, options.buckets)
        print(f"{options.buckets} buckets made: {seconds:.2f} s, {len(answer['domain']['steps'])} steps")
        rounds = [task(endpoint, ca, options.buckets) for _again in range(options.rounds)]
        changed = sum(len(again["domain"]["steps"]) for _seconds, again in rounds)
        cpu = statistics.median(again["cost"]["self"] + again["cost"]["children"] for _seconds, again in rounds)
        text = f"again, nothing to change: median of {len(rounds)} {statistics.median(one for one, _answer in rounds):.2f} s"
        print(f"{text}, {cpu:.2f} s of the host's CPU, {changed} steps")


if __name__ == "__main__":
    main()
