# -*- coding: utf-8 -*-
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python3, and sudo where it is needed, on a host that has neither: once in a host's life, before its first call.

A new host may be busy with packages of its own (cloud-init, unattended-upgrades) and its login shell may print what it likes. So the
probe's answer stands between two markers, and a lock of apt or dpkg is waited for.
"""

from __future__ import annotations

import shlex
import time
from typing import Any

from ansible.utils.display import Display

from ..agent.core.model import Result
from ..agent.resources import apt_errors
from ..agent.resources.apt_errors import INTERRUPTED, LOCKED
from . import bundle
from .shell import PYTHON, BareHost, CallError, Done, execute, explain

PROGRAMS = ("python3", "sudo", "apt-get")
#: Seconds to wait for another package manager, as the agent waits (:data:`..agent.apt.LOCK_PATIENCE`).
PATIENCE = 600
#: Seconds between two attempts. apt-get itself waits as long for dpkg's locks, so that a line is printed this often.
PAUSE = 10
#: apt-get's and dpkg's messages are read: they have to be English. A strict umask of root does not reach what packages make.
_BEFORE = "umask 022; export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive;"
#: Without the error mode apt-get ends with 0 where no mirror can be reached, and only reports that there is no such package.
_UPDATE = "apt-get -q -o Acquire::Retries=2 -o APT::Update::Error-Mode=any update"
_CONFIGURE = "dpkg --force-confdef --force-confold --configure -a"


def bootstrap(action: Any, check: bool, minimal: bool = False) -> list[str]:
    """Install python3, and sudo where the login is root and become is set.

    :param minimal: the program python3 is there, its library is not
    :return: the packages
    :raises BareHost: check mode
    :raises CallError: the login user may not install them, or apt fails
    """
    method = getattr(action._connection.become, "name", "").rpartition(".")[2] if action._connection.become else ""
    marker = f"VANNAH-PROBE-{bundle.new_nonce()}"
    probe = execute(action, probe_command(marker), None, sudoable=False)
    lines = between(probe["stdout"], marker)
    if lines is None:
        raise CallError(explain(probe, "the host's login shell does not run a command: try 'ssh <host> id'"))
    root, has = lines[:1] == ["0"], set(lines[1:]) - ({"python3"} if minimal else set())
    missing = [name for name, wanted in (("python3", True), ("sudo", method == "sudo")) if wanted and name not in has]
    if not missing:
        raise CallError(explain(probe, f"{PYTHON} does not run, although a python3 is on the host: set ansible_python_interpreter"))
    if "apt-get" not in has:
        raise CallError(f"the host has no {missing[0]} and no apt-get: this collection works on Debian 12 and newer")
    if check:
        raise BareHost(missing)
    if not root and (not method or "sudo" in missing):
        raise CallError(
            f"the host has no {' and no '.join(missing)}, and the login user is not root: log in as root or with become_method su once"
        )
    _install(action, missing, sudoable=not root)
    return missing


def probe_command(marker: str) -> str:
    """Asks who we are and which programs there are; the answer stands between two lines with the marker."""
    found = f"for p in {' '.join(PROGRAMS)}; do command -v $p >/dev/null 2>&1 && echo $p; done"
    return f"echo; echo {marker}; id -u; {found}; echo {marker}"


def between(text: str, marker: str) -> list[str] | None:
    """The lines between the first two that are the marker; None where there are no two."""
    lines = [line.strip() for line in text.splitlines()]
    if lines.count(marker) < 2:
        return None
    first = lines.index(marker)
    return lines[first + 1 : lines.index(marker, first + 1)]


def _install(action: Any, missing: list[str], sudoable: bool) -> None:
    """A source of packages that cannot be read is no reason to stop: what it is about may come from another one."""
    names = " and ".join(missing)
    lists = _patiently(action, _UPDATE, sudoable, names)
    install = f"apt-get -q -y -o DPkg::Lock::Timeout={PAUSE} --no-install-recommends install {' '.join(missing)}"
    done = _patiently(action, install, sudoable, names)
    trouble = _no_lists(lists) if lists["rc"] != 0 else ""
    if done["rc"] != 0:
        raise CallError((f"{trouble}. Then, " if trouble else "") + explain(done, f"installing {names} failed"))
    if trouble:
        Display().warning(f"{action.host}: {names} installed, although {trouble}")


def _no_lists(done: Done) -> str:
    """Why the package lists could not be fetched."""
    told = apt_errors.explain(Result(done["rc"], done["stdout"], done["stderr"]), "fetch the package lists")
    return explain(done, "apt-get update failed") if told.code == "package-failed" else told.msg


def _patiently(action: Any, command: str, sudoable: bool, names: str) -> Done:
    """Run apt-get, again while another package manager is running, and once more after what it left half done was finished."""
    begun, healed = time.monotonic(), False
    while True:
        done = execute(action, f"/bin/sh -c {shlex.quote(f'{_BEFORE} {command}')}", None, sudoable=sudoable)
        said = f"{done['stdout']}\n{done['stderr']}"
        if done["rc"] == 0:
            return done
        holder = next((line.strip() for line in said.splitlines() if any(words in line for words in LOCKED)), "")
        if holder:
            waited = int(time.monotonic() - begun)
            if waited >= PATIENCE:
                raise CallError(
                    f"installing {names}: another package manager has been running for {waited} s, wait until it ends: {holder}"
                )
            Display().display(f"{action.host}: waits to install {names}, {waited} s of at most {PATIENCE} s: {holder}")
            time.sleep(PAUSE)
        elif not healed and any(words in said for words in INTERRUPTED):
            healed = True
            execute(action, f"/bin/sh -c {shlex.quote(f'{_BEFORE} {_CONFIGURE}')}", None, sudoable=sudoable)
        else:
            return done
