# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers of an object store together: whether they are healthy, whether one may be interrupted, what one runs with, stop, heal."""

from __future__ import annotations

from ...core.model import AgentError, Step
from ...lib.plural import counted
from .root import UNIT
from .s3 import ADMIN, S3, Refused, Silent, _wire, connect, parse_xml, refusal, unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...core.model import Context
    from ...definition import Json
    from .types import Healed, HealParams, Health, HealthParams, Running, RunningParams, Seen

#: Seconds between two looks.
INTERVAL = 1.0
#: Items of a heal that an answer carries.
SHOWN = 50


def look(s3: S3, maintenance: bool) -> Seen:
    """``/minio/health/cluster`` of one server, which needs no credentials.

    :param maintenance: checks as if this server's own drives were lost
    :return: ``answers``, ``status`` (200: writes are possible), ``healing`` drives, ``quorum``
    """
    path = "/minio/health/cluster" + ("?maintenance=true" if maintenance else "")
    try:
        status, headers, _body = _wire(s3)("GET", path, {"host": s3.host}, b"")
    except Silent as error:
        return {"answers": False, "status": 0, "healing": 0, "quorum": 0, "error": str(error)}
    healing = int(headers.get("x-minio-healing-drives") or 0)
    quorum = int(headers.get("x-minio-write-quorum") or 0)
    return {"answers": True, "status": status, "healing": healing, "quorum": quorum, "error": headers.get("x-minio-server-status", "")}


def age(ctx: Context) -> float:
    """Seconds since this host's server was started; 0 where it does not run."""
    import time

    said = ctx.run(["systemctl", "show", "--property=ActiveState,ActiveEnterTimestampMonotonic", UNIT], check=False).out
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    if found.get("ActiveState") != "active":
        return 0.0
    return time.clock_gettime(time.CLOCK_MONOTONIC) - int(found.get("ActiveEnterTimestampMonotonic") or 0) / 1e6


def serves(seen: Seen) -> bool:
    """Whether a server takes part in the store: one that does not listen, or that still waits for the others, does not.

    It says ``offline`` until it has found its drives and the other servers run with what it runs with (``ClusterCheckHandler`` of MinIO's
    cmd/healthcheck-handler.go).
    """
    if not seen["answers"]:
        return "refused" not in str(seen["error"]).lower()
    return not (seen["status"] == 503 and seen["error"] == "offline" and not seen["quorum"])


def problem(seen: Seen, interrupt: bool) -> str:
    """Why not, in a sentence; empty where all is well."""
    if interrupt and not serves(seen):
        return ""  # its restart interrupts no client, and may be the fix
    if not seen["answers"]:
        return f"this server does not answer ({seen['error']})"
    if seen["status"] == 412 and interrupt:
        return f"without this server the others would have fewer drives than the write quorum of {seen['quorum']}"
    if seen["status"] != 200:
        return f"the store does not accept writes (HTTP {seen['status']}{', ' + seen['error'] if seen['error'] else ''})"
    if interrupt and seen["healing"]:
        return f"{counted(seen['healing'], 'drive is', 'drives are')} being healed"
    return ""


def health(params: HealthParams, ctx: Context) -> tuple[list[Step], Health]:
    """Whether the store takes writes, and with ``interrupt`` whether it would without this host's server.

    :param params: ``endpoint`` of this host's own server, ``ca``, ``interrupt``, ``wait`` seconds, ``settle``: seconds that the server
        has to have run. It looks for drives that it lacked at its start after 15 s, and no interface says that it lacks them
    :return: no steps; ``healthy``, ``healing``, ``problem``
    :raises AgentError: ``store-unhealthy`` where ``interrupt`` or ``wait`` is given and it is not so in time
    """
    import time

    s3 = S3(ctx, params["endpoint"], "", "", params["ca"], timeout=10)
    wait = 0 if ctx.check else params["wait"]
    from ...core import waiting

    begun = time.monotonic()
    deadline = begun + wait
    while True:
        seen = look(s3, params["interrupt"])
        said = problem(seen, params["interrupt"])
        if not said and params["settle"] and age(ctx) < params["settle"]:
            said = f"this server was started less than {params['settle']} s ago"
        if not said or time.monotonic() >= deadline:
            break
        waiting.tell(ctx, "the object store to take writes", begun, wait, said)
        time.sleep(ctx.pause(INTERVAL))
    if said and (params["interrupt"] or params["wait"]) and not ctx.check:
        what = "refused to interrupt this server" if params["interrupt"] else f"the object store is not healthy within {wait} s"
        raise AgentError("store-unhealthy", f"{what}: {said}. Fix: see journalctl -u minio, and playbooks/minio/info.yml")
    return [], {"healthy": not said, "healing": seen["healing"], "problem": said}


# --- what this host's server runs with ------------------------------------------------------------------------------


def running(params: RunningParams, ctx: Context) -> tuple[list[Step], Running]:
    """Whether what is on disk could run beside the servers that run now: they compare binary, environment and layout.

    :param params: ``binary``, ``environment``: their paths; ``endpoint`` of this host's own server, empty where it is not asked; ``ca``
    :return: no steps; ``runs``; ``serves``: whether it takes part in the store, true also where it is not asked; ``binary`` and
        ``environment``: whether they differ; ``settings``: names of those that do (never a value);
        ``together``: whether only a restart of all servers at once can take them over
    """
    import os

    from ...lib import disk
    from . import root

    process = root.process(ctx)
    if not process:
        return [], {"runs": False, "serves": False, "binary": False, "environment": False, "settings": [], "together": False}
    binary, file = ctx.path(params["binary"]), ctx.path(params["environment"])
    try:
        same = os.path.samestat(os.stat(f"{process}/exe"), os.stat(binary)) or disk.digest_file(f"{process}/exe") == disk.digest_file(
            binary
        )
    except OSError:
        same = False
    now = root.environment(process)
    then = root.settings((disk.read(file) or b"").decode(errors="replace"))
    # Secrets are not in the environment, but what follows from each is, by its name.
    differing = sorted({name.removeprefix("VANNAH_") for name in {*now, *then} if now.get(name) != then.get(name)})
    return [], {
        "runs": True,
        "serves": not params["endpoint"] or serves(look(S3(ctx, params["endpoint"], "", "", params["ca"], timeout=10), False)),
        "binary": not same,
        "environment": bool(differing),
        "settings": differing,
        "together": not same or bool(differing),
    }


def stop(params: object, ctx: Context) -> tuple[list[Step], Json]:  # noqa: ARG001 # all calls have it
    """Stop this host's server; it stays enabled.

    :param params: nothing
    :return: a step where it runs
    """
    state = ctx.run(["systemctl", "show", "--property=ActiveState", "--value", UNIT], check=False).out.strip()
    if state in ("inactive", "failed", ""):
        return [], {}

    def apply(ctx: Context) -> None:
        ctx.run(["systemctl", "stop", UNIT], timeout=300)

    return [Step("unit", UNIT, "stop", "all servers stop together", apply=apply)], {}


# --- heal -----------------------------------------------------------------------------------------------------------


def heal(params: HealParams, ctx: Context) -> tuple[list[Step], Healed]:
    """Look at every object on every drive, and repair what is damaged.

    :param params: as the module ``minio_heal`` documents them; ``token`` of a running heal, empty to start one
    :return: one step; ``scanned``, ``healed``, ``unhealed``, ``damaged`` (up to 50 of those that were damaged): what this call was told,
        not the calls before it; ``finished``, and ``token``
    :raises AgentError: ``minio-unreachable``, ``minio-refused``, ``no-such-bucket``, ``heal-not-finished``
    """
    s3 = connect(ctx, params)
    result: Healed = {"scanned": 0, "healed": 0, "unhealed": 0, "damaged": [], "finished": False, "token": params["token"]}

    if params["bucket"] and not params["token"]:
        _require_bucket(s3, params["bucket"])

    def apply(_ctx: Context) -> None:
        try:
            _heal(s3, params, result)
        except Silent as error:
            raise unreachable(s3, error) from error
        except Refused as error:
            raise refusal(s3, "heal", error) from error

    where = "/".join(part for part in (params["bucket"], params["prefix"]) if part) or "everything"
    return [Step("object store", where, "heal", "deep" if params["deep"] else "", apply=apply)], result


def _require_bucket(s3: S3, bucket: str) -> None:
    """The server's own message for an unknown bucket does not name it, and comes only after the heal has started."""
    import difflib

    found = parse_xml(s3.insist("list its buckets", "GET").data).iter("Name")
    names = sorted(str(name.text) for name in found)
    if bucket in names:
        return
    guess = difflib.get_close_matches(bucket, names, 1)
    hint = f" Did you mean {guess[0]}?" if guess else ""
    fix = f"use one of {', '.join(names[:SHOWN])}, or none for all" if names else "create a bucket first: the store has none"
    raise AgentError("no-such-bucket", f"bucket: the object store has no bucket {bucket}.{hint} Nothing is healed. Fix: {fix}")


def _heal(s3: S3, params: HealParams, result: Healed) -> None:
    import json
    import time

    path = ADMIN + "heal/" + "/".join(part for part in (params["bucket"], params["prefix"]) if part)
    options = {
        "recursive": True,
        "dryRun": False,
        "remove": False,
        "recreate": False,
        "scanMode": 2 if params["deep"] else 1,
        "nolock": False,
    }
    body = json.dumps(options).encode()
    if not result["token"]:
        # One that runs already is taken over from the start: its own starter has what it said until now.
        result["token"] = s3.ask("POST", path, {"forceStart": "true"}, body).json().get("clientToken", "")
    from ...core import waiting

    begun = time.monotonic()
    deadline = begun + params["wait"]
    while True:
        # The server writes these names with capitals (healSequenceStatus), its own client takes them either way.
        said = {name.lower(): value for name, value in s3.ask("POST", path, {"clientToken": result["token"]}).json().items()}
        for item in said.get("items") or []:
            count(item, result)
        summary = said.get("summary")
        if summary == "finished":
            result["finished"] = True
            return
        if summary == "stopped":
            why = said.get("detail") or "no reason"
            text = f"the heal stopped before its end; the object store says: {why}. Fix: run it again; journalctl -u minio says more"
            raise AgentError("heal-not-finished", text)
        if time.monotonic() >= deadline:
            return
        waiting.tell(s3.ctx, "the heal to end", begun, params["wait"], f"{result['scanned']} items checked")
        time.sleep(s3.ctx.pause(INTERVAL))


def count(item: Json, result: Healed) -> None:
    """Add one item of a heal's answer (madmin's ``HealResultItem``) to the result."""
    before, after = (drives(item, moment) for moment in ("before", "after"))
    result["scanned"] += 1
    if all(state == "ok" for state in before.values()):
        return
    sound = all(state == "ok" for state in after.values())
    result["healed" if sound else "unhealed"] += 1
    if len(result["damaged"]) < SHOWN:
        name = "/".join(part for part in (item.get("bucket", ""), item.get("object", "")) if part) or item.get("type", "")
        wrong = {drive: state for drive, state in before.items() if state != "ok"}
        result["damaged"].append({"name": name, "drives": wrong, "healed": sound})


def drives(item: Json, moment: str) -> dict[str, str]:
    """State by drive."""
    found = item.get(moment) or {}
    return {str(drive.get("endpoint", "")): str(drive.get("state", "")) for drive in found.get("drives") or []}
