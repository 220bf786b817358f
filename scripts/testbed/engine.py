# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker Engine: use the one that answers, else Debian's, started by systemd or by ourselves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

from . import machine
from .shell import STATE, run, said, say, wait_for

MARK = STATE / "engine.json"
LOG = STATE / "dockerd.log"
PID_FILE = Path("/run/docker.pid")
_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"


def answers() -> bool:
    """Whether an engine answers. A client in PATH says nothing about that, and Debian 13's exits 0 where no engine runs."""
    return bool(said(["docker", "version", "--format", "{{.Server.Version}}"], timeout=20))


def is_there() -> bool:
    """Whether this machine has an engine, running or not."""
    return answers() or shutil.which("dockerd", path=_PATH) is not None


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _is_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def ensure() -> None:
    """Have an engine that answers, and remember whether we started it.

    :raises SetupError: it does not come up; the message carries the end of its log.
    """
    if answers():
        return
    machine.install(machine.missing_packages(machine.ENGINE_PROGRAMS))
    STATE.mkdir(parents=True, exist_ok=True)
    say("Starting a Docker Engine, because none answers")
    if _is_systemd():
        # The package may have started it already: then this changes nothing, and the tests still use it.
        _mark({"how": "systemd"})
        run(["systemctl", "start", "docker.service"])
        wait_for("the Docker Engine answers", answers, seconds=90)
        return
    environment = {**os.environ, "PATH": _PATH}
    # Before it starts: a run that is killed here still leaves word of whose the engine is. The pid is then in its own file.
    _mark({"how": "process", "pid": 0})
    with LOG.open("wb") as log:
        engine = subprocess.Popen(
            ["dockerd", "--pidfile", str(PID_FILE)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _mark({"how": "process", "pid": engine.pid})

    def died() -> str | None:
        if engine.poll() is None:
            return None
        tail = LOG.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:]
        return "dockerd ended:\n" + "\n".join(tail)

    wait_for("the Docker Engine answers", answers, seconds=90, give_up=died)


def _mark(what: dict[str, object]) -> None:
    beside = MARK.with_name(f".{MARK.name}.{os.getpid()}")
    beside.write_text(json.dumps({**what, "boot": _boot()}), encoding="utf-8")
    beside.replace(MARK)


def containers() -> list[str]:
    """The names of the containers that run."""
    return sorted(run(["docker", "ps", "--format", "{{.Names}}"]).split())


def stop() -> bool:
    """Stop the engine if it was started by :func:`ensure` since the machine booted; say whether that was so."""
    if not MARK.is_file():
        return False
    mark = json.loads(MARK.read_text(encoding="utf-8"))
    MARK.unlink()
    if mark.get("boot") != _boot():
        return False
    if mark["how"] == "systemd":
        run(["systemctl", "stop", "docker.socket", "docker.service"])
        return True
    return _end_process(int(mark["pid"]) or _pid_in_file())


def _pid_in_file(path: Path = PID_FILE) -> int:
    """The pid that the engine itself wrote; 0 where there is none."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _end_process(pid: int) -> bool:
    if pid <= 0:
        return False
    comm = Path(f"/proc/{pid}/comm")
    try:
        if comm.read_text(encoding="ascii").strip() != "dockerd":
            return False
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return False
    wait_for("the Docker Engine ends", lambda: _gone(pid), seconds=60)
    return True


def _gone(pid: int) -> bool:
    """Ended, or ended and not yet collected by its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
