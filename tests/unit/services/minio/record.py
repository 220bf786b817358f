# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the recordings in ``data`` again: what two real MinIO servers answer to what ``wanted.yml`` asks.

  PYTHONPATH=collections python -m tests.unit.services.minio.record PROGRAM

Both servers run on loopback with four drives each in a temporary folder; nothing of them is left.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.vannah.healthcloud.plugins.module_utils import documented
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.core.model import AgentError, Context
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio import calls as minio
from ansible_collections.vannah.healthcloud.plugins.module_utils.agent.services.minio.s3 import S3, Kept, Silent, _wire

from tests.unit.services.returned import filled

HERE = Path(__file__).resolve().parent / "data"
WANTED: dict[str, Any] = yaml.safe_load((HERE / "wanted.yml").read_text())


@contextlib.contextmanager
def server(program: str, folder: Path, which: dict[str, str]) -> Iterator[None]:
    """A running server as ``wanted.yml`` names it; drives in ``folder``, certificates in the folder above."""
    drives = [str(folder / f"d{number}") for number in range(1, 5)]
    env = {**os.environ, "MINIO_CI_CD": "1", "MINIO_ROOT_USER": which["access_key"], "MINIO_ROOT_PASSWORD": which["secret_key"]}
    env["MINIO_KMS_SECRET_KEY"] = "vannah:" + base64.b64encode(bytes(32)).decode()
    address = which["endpoint"].removeprefix("https://")
    argv = [program, "server", "--quiet", "--certs-dir", str(folder.parent / "certs"), "--address", address]
    with subprocess.Popen(
        [*argv, "--console-address", "127.0.0.1:0", *drives], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            yield
        finally:
            running.terminate()


def record(name: str, call: str, ca: str, root: Path, where: str = "store", **params: Any) -> None:
    """Do a call and write down everything that was asked and answered; nothing where ``name`` is empty."""
    log: list[dict[str, Any]] = []

    def made(endpoint: str) -> Callable[..., Any]:
        inner = _wire(S3(Context(), endpoint, "", "", ca))

        def send(method: str, target: str, headers: dict[str, str], body: bytes) -> Any:
            status, heads, data = inner(method, target, headers, body)
            try:
                text = {"text": data.decode().replace(str(root), "/srv/minio")}
            except UnicodeDecodeError:
                text = {"base64": base64.b64encode(data).decode()}
            log.append(
                {"endpoint": endpoint, "method": method, "target": target, "status": status, "server": heads.get("server", ""), **text}
            )
            return status, heads, data

        return send

    ctx = Context(diff=True)
    ctx.kept(Kept).wire = made
    try:
        steps, _result = minio.CALLS[call](filled(documented.spec(f"minio_{call}"), {**WANTED[where], "ca": ca, **params}), ctx)
        for step in steps:
            if step.apply is not None:
                step.apply(ctx)
        print(f"{name or call}: {len(steps)} steps, {len(log)} requests")
    except AgentError as error:
        print(f"{name}: {error.code}")
    if name:
        (HERE / f"{name}.json").write_text(json.dumps(log, indent=1) + "\n")


def main(program: str) -> None:
    """Record all."""
    with tempfile.TemporaryDirectory() as folder:
        root, certs = Path(folder), Path(folder) / "certs"
        (certs / "CAs").mkdir(parents=True)
        argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test"]
        argv += ["-keyout", f"{certs}/private.key", "-out", f"{certs}/public.crt", "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run(argv, check=True, capture_output=True)
        ca = f"{certs}/public.crt"
        (certs / "CAs" / "ca.crt").write_bytes((certs / "public.crt").read_bytes())
        with server(program, root / "a", WANTED["store"]), server(program, root / "b", WANTED["remote"]):
            for which in ("store", "remote"):
                await_(WANTED[which]["endpoint"], ca)
            for name, call, where, params in plan():
                record(name, call, ca, root / "a", where, **params)
            (root / "a" / "d4").rename(root / "a" / "gone")
            (root / "a" / "d4").touch()  # or the server would make the drive again
            time.sleep(4)
            record("info_lost_drive", "info", ca, root / "a")


def plan() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Name of the recording, call, server, parameters."""
    without = [{key: value for key, value in bucket.items() if key != "quota"} for bucket in WANTED["buckets"]["buckets"]]
    yield "info_healthy", "info", "store", {}
    yield "", "buckets", "remote", WANTED["cold"]
    yield from ((f"tiers_{when}", "tiers", "store", WANTED["tiers"]) for when in ("new", "again"))
    yield from ((f"buckets_{when}", "buckets", "store", WANTED["buckets"]) for when in ("new", "again"))
    yield "buckets_s3_again", "buckets", "store", {"backend": "s3", "buckets": without}
    yield from ((f"users_{when}", "users", "store", WANTED["users"]) for when in ("new", "again"))
    yield "tier_used", "tiers", "store", {"tiers": [{"name": "COLD", "state": "absent"}]}
    yield "refused_secret", "buckets", "store", {"secret_key": "another", "buckets": [{"name": "plain"}]}


def await_(endpoint: str, ca: str) -> None:
    """Until a server takes writes."""
    for _again in range(120):
        with contextlib.suppress(Silent):
            if _wire(S3(Context(), endpoint, "", "", ca))("GET", "/minio/health/cluster", {}, b"")[0] == 200:
                return
        time.sleep(0.5)
    sys.exit(f"{endpoint} did not become healthy")


if __name__ == "__main__":
    main(sys.argv[1])
