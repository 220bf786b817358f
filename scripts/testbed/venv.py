# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environment `.venv` with the locked tools."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from . import machine
from .shell import ROOT, SetupError, run, say, succeeds

VENV = ROOT / ".venv"
LOCK = ROOT / "requirements" / "python.txt"


def _interpreter() -> str:
    """The Python outside of any virtual environment: .venv must not be made by its own."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def stamp_of(lock: str, version: str) -> str:
    """What a finished environment carries: it changes with the lock and with the Python."""
    return hashlib.sha256(f"{version}\n{lock}".encode()).hexdigest()


def ensure() -> Path:
    """Make `.venv`, or bring it to the lock; nothing is done where its stamp says that it is there.

    :raises SetupError: no venv module and no root to install it, or pip failed.
    """
    stamp = VENV / "lock.sha256"
    wanted = stamp_of(LOCK.read_text(encoding="utf-8"), sys.version)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and (VENV / "bin" / "python").exists():
        return VENV
    python = _interpreter()
    if not succeeds([python, "-c", "import ensurepip, venv"]):
        if not python.startswith("/usr/bin/"):
            raise SetupError(f"{python} has no venv module: put another Python 3.11 or newer first in PATH.")
        machine.install(["python3-venv"])
    say("Installing the locked Python tools into .venv (one to two minutes)")
    stamp.unlink(missing_ok=True)  # a run that dies below leaves an environment that the next run makes anew
    run([python, "-m", "venv", "--clear", str(VENV)])
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-input"]
    done = subprocess.run([*pip, "--requirement", str(LOCK)], env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "1"}, check=False)
    if done.returncode != 0:
        raise SetupError("pip could not install requirements/python.txt; its own words stand above.")
    stamp.write_text(wanted, encoding="utf-8")
    return VENV
