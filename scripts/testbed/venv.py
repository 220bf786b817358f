# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environment `.venv` with the locked tools.

`.venv` is a link to a folder `.venv-<hash of the lock>`: another lock makes another folder beside it, and the link is changed once that is
complete. A concurrent run (a converge by cron, while a person pulls and runs make) keeps the folder that it started with.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from ansible_collections.vannah.healthcloud.plugins.module_utils.artifacts import pip as of_pip

from . import lock as lock_of
from . import machine, progress
from .shell import ROOT, SetupError, run, say, succeeds

VENV = ROOT / ".venv"
#: Seconds for which an environment stays that the link no longer leads to: a run may still use it.
KEPT = 86400
#: Seconds that the installation takes on two cores.
EXPECTED = 90.0
LOCK = ROOT / "requirements" / "python.txt"


def _interpreter() -> str:
    """The Python outside of any virtual environment: .venv must not be made by its own."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def stamp_of(lock: str, version: str) -> str:
    """What a finished environment carries: it changes with the lock and with the Python."""
    return hashlib.sha256(f"{version}\n{lock}".encode()).hexdigest()


#: A program of the environment, as pip installs all of them.
PROGRAM = "ansible-playbook"
#: The module that gives Ansible a locale it can run with, and the line that has Python import it when it starts.
LOCALE_MODULE = Path(__file__).with_name("vannah_locale.py")
LOCALE_LINE = "import vannah_locale\n"


def is_current(folder: Path, lock: str) -> bool:
    """Whether the environment was finished with this lock and in this place, and its own Python still runs.

    The python3 that is first in PATH does not matter here: cron's may be another one than a login's.
    """
    try:
        stamp = (folder / "lock.sha256").read_text(encoding="utf-8")
        done = subprocess.run(
            [str(folder / "bin" / "python"), "-I", "-S", "-c", "import sys; print(end=sys.version)"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and stamp == stamp_of(lock, done.stdout) and is_at_home(folder)


def is_at_home(folder: Path) -> bool:
    """Whether the programs of an environment start its own Python: they carry its path, also after the checkout was moved or copied."""
    try:
        with (folder / "bin" / PROGRAM).open(encoding="utf-8", errors="replace") as file:
            begins = file.readline() + file.readline()  # a path with spaces stands in the second one
    except OSError:
        return False
    return any(f"{place}/bin/python" in begins for place in {folder, folder.resolve()})


def give_locale(folder: Path) -> None:
    """Have the environment's Python repair the locale before Ansible looks at it; nothing is written where it is there."""
    for site in folder.glob("lib/python3*/site-packages"):
        for file, text in (
            (site / LOCALE_MODULE.name, LOCALE_MODULE.read_text(encoding="utf-8")),
            (site / "vannah_locale.pth", LOCALE_LINE),
        ):
            if not file.is_file() or file.read_text(encoding="utf-8") != text:
                beside = file.with_name(f".{file.name}.{os.getpid()}")
                beside.write_text(text, encoding="utf-8")
                beside.replace(file)


def ensure() -> Path:
    """Make `.venv`, or bring it to the lock; nothing is done where its stamp says that it is there.

    :raises SetupError: no venv module and no root to install it, or pip failed.
    """
    lock = LOCK.read_text(encoding="utf-8")
    if is_current(VENV, lock):
        give_locale(VENV)
        return VENV
    with lock_of.alone("virtual environment", VENV.parent / ".cache" / "testbed" / "venv.lock"):
        if not is_current(VENV, lock):  # another run may have made it meanwhile
            _make(lock)
    return VENV


def _make(lock: str) -> None:
    python = _interpreter()
    if not succeeds([python, "-c", "import ensurepip, venv"]):
        if not python.startswith("/usr/bin/"):
            raise SetupError(f"{python} has no venv module: put another Python 3.11 or newer first in PATH.")
        machine.install(["python3-venv"])
    home = _home(stamp_of(lock, sys.version))
    if is_current(home, lock):  # of an earlier checkout of the same lock
        switch(VENV, home)
        return
    machine.require_space(VENV.parent, machine.TOOLS_BYTES)
    say("Installing the locked Python tools into .venv (one to two minutes)")
    stamp = home / "lock.sha256"
    stamp.unlink(missing_ok=True)  # a run that dies below leaves an environment that the next run makes again
    with progress.shown("Installing the tools", EXPECTED):
        run([python, "-m", "venv", "--clear", str(home)])
        pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        install = ["install", "--quiet", "--no-input", "--requirement", str(LOCK)]
        done = subprocess.run([*pip, *install], env={**of_pip.environment(pip, os.environ), "PIP_REQUIRE_VIRTUALENV": "1"}, check=False)
    if done.returncode != 0:
        raise SetupError("pip could not install requirements/python.txt; see its own messages above.")
    give_locale(home)
    stamp.write_text(stamp_of(lock, sys.version), encoding="utf-8")
    switch(VENV, home)
    for old in set(VENV.parent.glob(".venv-*")) - {home}:
        if time.time() - old.lstat().st_mtime > KEPT:
            shutil.rmtree(old, ignore_errors=True)


def _home(stamp: str) -> Path:
    """The folder of an environment; another one where the link leads to it already, and it is not usable (a checkout that was moved)."""
    home = VENV.with_name(f".venv-{stamp[:12]}")
    return home if not VENV.exists() or VENV.resolve() != home.resolve() else home.with_name(f"{home.name}-{os.getpid()}")


def switch(link: Path, home: Path) -> None:
    """Let the link lead to a folder beside it, at once. A folder in the link's place, of an older release, stays beside it for a while."""
    if link.is_dir() and not link.is_symlink():
        link.rename(link.with_name(f"{link.name}-before-{os.getpid()}"))
    beside = link.with_name(f"{link.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(home.name)
    beside.replace(link)
