# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs: ``posix_spawn`` with files in memory for input and output.

:mod:`subprocess` costs a host 10 ms to import, and pipes have to be drained while one waits. A file in memory
needs neither, and a daemon that keeps its inherited output open does not keep us waiting for it.
"""

from __future__ import annotations

import os

from .result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Set for every program: messages in English, bytes as UTF-8, times in UTC, nothing that asks or pages.
FIXED = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
#: Of the caller's surroundings these would change what programs say.
DROPPED = ("LANGUAGE", "LC_", "SYSTEMD_", "PYTHON")

#: SIGPIPE and SIGXFSZ: Python ignores them, and programs would inherit that: ``yes | head`` would complain in each
#: maintainer script. Numbers, because importing :mod:`signal` costs a millisecond.
IGNORED = (13, 25)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The surroundings of a program: the agent's own, the task's (``http_proxy`` and the like), then ``extra``."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    env["PATH"] = PATH + ":" + env["PATH"] if env.get("PATH") else PATH
    env.setdefault("HOME", "/root")
    env.update(FIXED)
    env.update(extra or {})
    return env


def which(program: str, path: str = PATH) -> str | None:
    """Where ``program`` lies, or None."""
    if "/" in program:
        return program if os.access(program, os.X_OK) else None
    for directory in path.split(":"):
        found = directory + "/" + program
        if os.path.isfile(found) and os.access(found, os.X_OK):
            return found
    return None


def run(
    argv: list[str],
    *,
    input: str | bytes | None = None,
    timeout: float = 60,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Result:
    """Run ``argv``; see :meth:`.model.Context.run`. Never raises for what the program does."""
    surroundings = environment(env)
    if user:
        import pwd

        try:
            found = pwd.getpwnam(user)
        except KeyError:
            return Result(126, "", f"there is no user {user}")
        surroundings.update(HOME=found.pw_dir, USER=user, LOGNAME=user)  # psql and the like look for files in HOME
        argv = ["setpriv", "--reuid", user, "--regid", str(found.pw_gid), "--init-groups", "--", *argv]
    program = which(argv[0], surroundings["PATH"])
    if program is None:
        return Result(127)
    given, said, complained = (os.memfd_create(name, os.MFD_CLOEXEC) for name in ("in", "out", "err"))
    try:
        if input is not None:
            data = input.encode() if isinstance(input, str) else input
            while data:
                data = data[os.write(given, data) :]
            os.lseek(given, 0, os.SEEK_SET)
        actions = [(os.POSIX_SPAWN_DUP2, descriptor, number) for number, descriptor in enumerate((given, said, complained))]
        try:
            pid = os.posix_spawn(program, argv, surroundings, file_actions=actions, setpgroup=0, setsigdef=IGNORED)
        except OSError as error:
            return Result(126, "", f"{program}: {error.strerror}")
        status = _wait(pid, timeout)
        code = 124 if status is None else os.waitstatus_to_exitcode(status)
        return Result(code if code >= 0 else 128 - code, _text(said), _text(complained))
    finally:
        for descriptor in (given, said, complained):
            os.close(descriptor)


def _wait(pid: int, timeout: float) -> int | None:
    """The wait status of ``pid``; None where it had to be killed, with its process group, after ``timeout`` seconds."""
    import select

    handle = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if poll.poll(timeout * 1000):
            return os.waitpid(pid, 0)[1]
    finally:
        os.close(handle)
    import signal

    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _text(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).decode("utf-8", "replace")
